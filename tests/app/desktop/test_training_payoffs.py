"""The payoffs of a run: what is read, in which words, and the heat map that shows them."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ai.trainer import Detail, Json
from app.desktop.context import Desktop
from app.desktop.heat_grid import score_colour
from app.desktop.training.detail_view import view_of
from app.desktop.training.payoffs import is_payoffs, read_payoffs
from app.desktop.training.views.payoffs import LEGEND, PayoffsBody
from tests.app.desktop.population_samples import payoffs

SMALL: dict[str, Json] = {
    "players": ["tracker", "main-1", "main-2"],
    "score": [[0.5, 0.25, 0.9], [0.75, 0.5, None], [0.1, None, 0.5]],
    "pairs": 20,
    "nash": [0.2, 0.8, 0.0],
    "skill": [0.0, -0.05, -0.3],
    "cycles": [["tracker", "main-2", "main-1"]],
}


@pytest.fixture
def body(desktop: Desktop, qtbot: QtBot) -> PayoffsBody:
    made = view_of("payoffs", SMALL).create(desktop, "payoffs")
    assert isinstance(made, PayoffsBody)
    qtbot.addWidget(made)
    made.resize(700, 400)
    made.show()
    made.show_detail(Detail(1, SMALL))
    return made


# The values


def test_a_cell_says_what_the_row_scores_and_what_a_draw_is() -> None:
    grid = read_payoffs(SMALL)
    assert grid.sentence(1, 0) == "main-1 scores 75 % in 40 matches against tracker; a draw counts half"
    assert grid.sentence(1, 2) == "main-1 against main-2: not measured yet"
    assert grid.sentence(1, 1) == "main-1: nobody plays against itself"
    assert grid.score(0, 0) is None
    assert grid.lines(0, 1, room=3) == ["25"]
    assert grid.described(1) == "main-1, 80 % of the Nash mixture, scores 45 % against it"


def test_the_strongest_come_first_and_take_their_cells_along() -> None:
    grid = read_payoffs({**SMALL, "skill": [-0.3, 0.0, -0.1]}).by_strength()
    assert grid.names == ("main-1", "main-2", "tracker")
    assert grid.shares == (0.8, 0.0, 0.2)
    assert grid.score(0, 2) == 0.75
    assert grid.score(2, 1) == 0.9
    without = read_payoffs({**SMALL, "skill": []}).by_strength()
    assert without.names == ("main-1", "tracker", "main-2")


def test_circles_are_told_as_sentences() -> None:
    assert read_payoffs(SMALL).circles() == (
        "In a circle: tracker beats main-2, main-2 beats main-1, main-1 beats tracker."
    )
    assert read_payoffs({**SMALL, "cycles": []}).circles() == "No three players beat one another in a circle."
    assert read_payoffs(payoffs(9, cycles=5)).circles().endswith("; and others.")


def test_the_copied_text_is_a_table_in_percent() -> None:
    lines = read_payoffs(SMALL).as_text().split("\n")
    assert lines[0].split("\t") == ["", "Nash", "tracker", "main-1", "main-2"]
    assert lines[1].split("\t") == ["tracker", "20.0", "", "25.0", "90.0"]
    assert lines[2].split("\t") == ["main-1", "80.0", "75.0", "", ""]
    assert lines[-1].startswith("In a circle")


@pytest.mark.parametrize(
    "change",
    [
        {"score": [[0.5, 0.5], [0.5, 0.5]]},
        {"score": [[0.5, 0.5, 0.5]]},
        {"players": ["a", "a", "b"]},
        {"score": None},
    ],
)
def test_payoffs_that_do_not_fit_together_are_refused(change: dict[str, Json]) -> None:
    with pytest.raises(ValueError, match="these payoffs cannot be shown"):
        read_payoffs({**SMALL, **change})


def test_other_values_are_no_payoffs() -> None:
    assert is_payoffs(SMALL)
    assert not is_payoffs({"players": []})
    assert not is_payoffs([[0.5]])


# The map


def centre(body: PayoffsBody, row: int, column: int) -> QPoint:
    return body.map.cell_rect(row, column).center()


def test_cells_have_the_colours_of_the_cross_table(body: PayoffsBody, desktop: Desktop) -> None:
    image = body.map.viewport().grab().toImage()
    neutral = desktop.theme.theme.colour("panel")
    place = body.map.cell_rect(1, 0).topLeft() + QPoint(3, 3)
    wanted = score_colour(0.75, (neutral.red(), neutral.green(), neutral.blue()))
    assert QColor(image.pixel(place)).getRgb()[:3] == wanted


def test_a_share_of_the_mixture_is_a_bar_as_long_as_it(body: PayoffsBody, desktop: Desktop) -> None:
    image = body.map.viewport().grab().toImage()
    accent = desktop.theme.theme.colour("accent").rgb()

    def length(row: int) -> int:
        y = body.map.cell_rect(row, 0).center().y()
        return sum(image.pixel(x, y) == accent for x in range(body.map.cell_rect(row, 0).left()))

    few, most, none = (length(row) for row in range(3))
    assert none == 0
    assert 0 < 3 * few < most


def test_mouse_and_keys_say_a_cell_in_words(body: PayoffsBody, qtbot: QtBot) -> None:
    assert body.words.full_text() == LEGEND
    qtbot.mouseMove(body.map.viewport(), centre(body, 1, 0))
    qtbot.waitUntil(
        lambda: body.words.full_text() == "main-1 scores 75 % in 40 matches against tracker; a draw counts half"
    )
    body.map.setFocus()
    qtbot.keyClick(body.map, Qt.Key.Key_Right)
    assert body.map.accessibleDescription() == "tracker scores 25 % in 40 matches against main-1; a draw counts half"
    assert (
        body.map.told_at(centre(body, 0, 2)) == "tracker scores 90 % in 40 matches against main-2; a draw counts half"
    )
    assert body.map.told_at(QPoint(3, centre(body, 1, 0).y())).startswith("main-1, 80 %")
    assert body.map.told_at(QPoint(centre(body, 0, 2).x(), 3)).startswith("main-2, 0 %")
    assert body.map.told_at(QPoint(3, 3)) == ""


def test_the_current_cell_stays_with_its_players(body: PayoffsBody) -> None:
    body.map.go_to((1, 0))
    body.by_strength.setChecked(True)
    assert body.grid.names[0] == "tracker"
    newer: dict[str, Json] = {**SMALL, "skill": [-0.4, 0.0, -0.3]}
    body.show_detail(Detail(2, newer))
    assert body.grid.names == ("main-1", "main-2", "tracker")
    assert body.map._current == (0, 2)
    body.show_detail(Detail(3, payoffs(3)))
    assert body.map._current is None


def test_the_order_is_remembered(body: PayoffsBody, desktop: Desktop, qtbot: QtBot) -> None:
    body.by_strength.setChecked(True)
    again: Any = view_of("payoffs", SMALL).create(desktop, "payoffs")
    qtbot.addWidget(again)
    assert again.by_strength.isChecked()


@pytest.mark.parametrize("members", [1, 40])
@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
def test_one_and_forty_members_are_drawn(body: PayoffsBody, desktop: Desktop, members: int, theme: str) -> None:
    desktop.theme.use(theme)
    body.show_detail(Detail(2, payoffs(members, cycles=0)))
    assert body.map.grab().width() > 0
    last = members - 1
    body.map.go_to((last, last))
    assert body.map.cell_at(centre(body, last, last)) == (last, last)
    assert (body.map.horizontalScrollBar().maximum() > 0) is (members == 40)


def test_before_anybody_is_measured_there_is_a_hint(body: PayoffsBody) -> None:
    assert body.map.isVisible()
    body.show_detail(Detail(2, {"players": [], "score": [], "pairs": 20, "nash": [], "skill": [], "cycles": []}))
    assert not body.map.isVisible()
    body.show_detail(Detail(3, SMALL))
    assert body.map.isVisible()


def test_where_there_is_little_room_the_map_has_it(body: PayoffsBody) -> None:
    assert body.circles.isVisible()
    body.resize(330, 160)
    assert not body.circles.isVisible()
    assert "In a circle" in body.as_text()


def test_the_map_is_saved_as_a_picture(body: PayoffsBody, desktop: Desktop, tmp_path: Path, qtbot: QtBot) -> None:
    body.export_png()
    dialog = body.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    path = tmp_path / "payoffs.png"
    dialog.fileSelected.emit(str(path))
    dialog.close()
    assert QImage(str(path)).width() > 2 * body.map.cell_rect(0, 2).right()
    body._write_png(tmp_path / "nowhere" / "payoffs.png")
    assert desktop.toasts.texts()[-1].endswith("cannot be written: choose another folder.")
