"""A run's details as tables, of every shape that JSON has, and the window that shows them."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ai.runs import Plan, Run, Runs
from ai.trainer import Detail, Json, trainer
from app.desktop.context import Desktop
from app.desktop.training.details import MAX_ROWS, table_of
from app.desktop.training.details_dialog import DetailsDialog
from app.session import open_league
from game.games import game as game_named


@pytest.mark.parametrize(
    ("value", "head", "rows"),
    [
        (3, ("Value",), (("3",),)),
        (None, ("Value",), (("",),)),
        ({"species_count": 12345, "is_stale": False}, ("Name", "Value"), (("Species count", "12,345"), ("Is stale", "no"))),
        (["a", 0.123456], ("Value",), (("a",), ("0.1235",))),
        ([], ("Value",), ()),
        ([{"id": 1}, {"id": 2, "age": 7}], ("Id", "Age"), (("1", ""), ("2", "7"))),
        ([[1, 2], [3]], ("1", "2"), (("1", "2"), ("3", ""))),
        ({"layers": [16, 8]}, ("Name", "Value"), (("Layers", "[16, 8]"),)),
    ],
)  # fmt: skip
def test_every_value_is_a_table(value: Json, head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    table = table_of("species", Detail(7, value))
    assert (table.title, table.step, table.head, table.rows) == ("Species", 7, head, rows)


def test_a_long_list_and_a_long_cell_are_cut() -> None:
    table = table_of("genomes", Detail(1, ["x" * 1000] * (MAX_ROWS + 3)))
    assert (len(table.rows), table.left_out) == (MAX_ROWS, 3)
    assert table.rows[0][0].endswith("…")
    assert len(table.rows[0][0]) == 200


@pytest.fixture
def run(desktop: Desktop) -> Run:
    """A run that has reported nothing yet."""
    es = trainer("es")
    with open_league(str(desktop.home.folder)) as league:
        return Runs(league.home, league.store).create(Plan(es, es.configure({}), game_named("rally"), 3, "Ada"))


@pytest.fixture
def dialog(desktop: Desktop, run: Run, qtbot: QtBot) -> Iterator[DetailsDialog]:
    window = QWidget()
    qtbot.addWidget(window)
    made = DetailsDialog(desktop, run.id, "Ada", window)
    made.show()
    yield made
    window.close()


def test_the_window_follows_the_run(dialog: DetailsDialog, desktop: Desktop, run: Run, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog.copy_button.isEnabled())
    assert "no details" in dialog.hint.text()
    for step, size in ((5, 10), (6, 12)):
        run.folder.write_details({"species": Detail(step, [{"id": 1, "size": size}])})
        desktop.hub.run_message.emit({"event": "details", "run": run.id, "step": step})
        qtbot.waitUntil(lambda s=step: dialog.step.text() == f"As of step {s}.")  # type: ignore[misc]
        assert dialog.tabs.count() == 1
        dialog.copy_button.click()
        assert QApplication.clipboard().text() == f"Id\tSize\n1\t{size}"


def test_the_window_reads_nothing_for_other_runs(
    dialog: DetailsDialog, desktop: Desktop, run: Run, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: not dialog.copy_button.isEnabled())
    run.folder.write_details({"species": Detail(5, 1)})
    desktop.hub.run_message.emit({"event": "details", "run": "other", "step": 5})
    desktop.hub.run_message.emit({"event": "metrics", "run": run.id, "step": 5})
    answered: list[int] = []
    desktop.reader.ask(lambda _league: 1, answered.append)
    qtbot.waitUntil(lambda: bool(answered))
    assert dialog.tabs.count() == 0


def test_details_that_cannot_be_read_are_said(dialog: DetailsDialog, run: Run, qtbot: QtBot) -> None:
    (run.folder.path / "details.json").write_text("{")
    dialog.refresh()
    qtbot.waitUntil(lambda: "cannot be read" in dialog.hint.text())
