"""A run's details as tables, of every shape that JSON has, and the window that shows them."""

import pytest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from ai.runs import Plan, Run, Runs
from ai.trainer import Detail, Json, trainer
from app.desktop.context import Desktop
from app.desktop.panels import run_details
from app.desktop.training.details import MAX_ROWS, table_of
from app.desktop.training.details_dialog import DetailsDialog
from app.desktop.training.run_details import RunDetailsView
from app.desktop.training.run_panel import RunPanel
from app.session import open_league
from game.games import game as game_named
from tests.app.desktop.evolution_samples import Evolution, genome


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
def view(desktop: Desktop, run: Run, qtbot: QtBot) -> RunDetailsView:
    made = RunDetailsView(desktop)
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    made.show_run(run.id)
    return made


def settle(desktop: Desktop, qtbot: QtBot) -> None:
    """Wait until everything that was asked is answered."""
    answered: list[int] = []
    desktop.reader.ask(lambda _league: 1, answered.append)
    qtbot.waitUntil(lambda: bool(answered))


def says(desktop: Desktop, run: str, step: int, **details: Json) -> None:
    """Let the job of a run report details."""
    desktop.hub.run_message.emit({"event": "details", "run": run, "step": step, "details": details})


def tab_titles(view: RunDetailsView) -> list[str]:
    return [view.tabs.tabText(place) for place in range(view.tabs.count())]


def clipboard(view: RunDetailsView) -> str:
    view.copy_button.click()
    return QApplication.clipboard().text()


def test_without_a_run_it_says_what_will_be_there(desktop: Desktop, qtbot: QtBot) -> None:
    made = RunDetailsView(desktop)
    qtbot.addWidget(made)
    assert "Start a run" in made.hint.text()
    assert made.run == ""


def test_it_follows_what_the_run_says(view: RunDetailsView, desktop: Desktop, run: Run, qtbot: QtBot) -> None:
    settle(desktop, qtbot)
    assert "no details" in view.hint.text()
    for step, size in ((5, 10), (6, 12)):
        says(desktop, run.id, step, sizes=[{"id": 1, "size": size}])
        assert tab_titles(view) == ["Sizes"]
        assert view.heading.full_text() == f"Ada, after {step} generations"
        assert clipboard(view) == f"Id\tSize\n1\t{size}"
    says(desktop, run.id, 7, rank=3)
    assert tab_titles(view) == ["Sizes", "Rank"]
    assert view.heading.full_text() == "Ada, after 6 generations"  # the tab in front is of then


def test_what_a_stored_run_has_reported_is_read(view: RunDetailsView, desktop: Desktop, run: Run, qtbot: QtBot) -> None:
    run.folder.write_details({name: Detail(120, value) for name, value in Evolution(120).details().items()})
    view.refresh()
    settle(desktop, qtbot)
    assert tab_titles(view) == ["Species", "Genome", "Ancestry"]
    assert view.heading.full_text() == "Ada, after 120 generations"


def test_a_run_of_another_program_is_looked_at_now_and_then(
    view: RunDetailsView, desktop: Desktop, run: Run, qtbot: QtBot
) -> None:
    settle(desktop, qtbot)
    assert view._slow.isActive()
    run.folder.write_details({"rank": Detail(3, 1)})
    view._slow.timeout.emit()
    settle(desktop, qtbot)
    assert tab_titles(view) == ["Rank"]
    view.hide()
    assert not view._slow.isActive()
    run.folder.write_details({"rank": Detail(4, 2)})
    view.show()
    qtbot.waitUntil(lambda: view.heading.full_text() == "Ada, after 4 generations")


def test_details_that_were_taken_back_are_gone(view: RunDetailsView, desktop: Desktop, run: Run, qtbot: QtBot) -> None:
    run.folder.write_details({"rank": Detail(3, 1)})
    view.refresh()
    settle(desktop, qtbot)
    run.folder.write_details({})
    desktop.hub.run_message.emit({"event": "run_started", "run": run.id, "step": 0})
    settle(desktop, qtbot)
    assert "no details" in view.hint.text()
    assert not view.tabs.isVisible()


def test_other_runs_and_other_messages_change_nothing(
    view: RunDetailsView, desktop: Desktop, run: Run, qtbot: QtBot
) -> None:
    settle(desktop, qtbot)
    says(desktop, "other", 5, rank=1)
    desktop.hub.run_message.emit({"event": "metrics", "run": run.id, "step": 5})
    settle(desktop, qtbot)
    assert tab_titles(view) == []


def test_another_run_is_read_and_its_name_said(view: RunDetailsView, desktop: Desktop, run: Run, qtbot: QtBot) -> None:
    run.folder.write_details({"rank": Detail(3, 1)})
    view.refresh()
    settle(desktop, qtbot)
    view.show_run("")
    assert "Start a run" in view.hint.text()
    view.show_run(run.id)
    settle(desktop, qtbot)
    assert tab_titles(view) == ["Rank"]


def test_a_detail_may_change_its_shape(view: RunDetailsView, desktop: Desktop, run: Run, qtbot: QtBot) -> None:
    settle(desktop, qtbot)
    says(desktop, run.id, 1, genome=3)
    assert clipboard(view) == "Value\n3"
    says(desktop, run.id, 2, genome=genome(hidden=2, connections=6))
    assert tab_titles(view) == ["Genome"]
    assert "2 hidden nodes" in clipboard(view)


def test_a_detail_that_cannot_be_shown_says_why_until_it_can(
    view: RunDetailsView, desktop: Desktop, run: Run, qtbot: QtBot
) -> None:
    settle(desktop, qtbot)
    broken: Json = {"inputs": ["x"], "outputs": ["y"], "nodes": [{"no": "id"}], "connections": []}
    says(desktop, run.id, 1, genome=broken)
    assert "cannot be drawn" in visible_text(view)
    says(desktop, run.id, 2, genome=genome())
    assert "cannot be drawn" not in visible_text(view)


def visible_text(view: RunDetailsView) -> str:
    return " ".join(label.text() for label in view.findChildren(QLabel) if label.isVisible())


def test_the_tab_that_the_user_looks_at_is_kept(view: RunDetailsView, desktop: Desktop, run: Run, qtbot: QtBot) -> None:
    settle(desktop, qtbot)
    says(desktop, run.id, 1, **Evolution(5).details())
    view.tabs.setCurrentIndex(1)
    other = RunDetailsView(desktop)
    qtbot.addWidget(other)
    other.show()
    other.show_run(run.id)
    settle(desktop, qtbot)
    says(desktop, run.id, 2, **Evolution(6).details())
    assert other.tabs.tabText(other.tabs.currentIndex()) == "Genome"


def test_details_that_cannot_be_read_are_said(view: RunDetailsView, run: Run, qtbot: QtBot) -> None:
    (run.folder.path / "details.json").write_text("{")
    view.refresh()
    qtbot.waitUntil(lambda: "cannot be read" in view.hint.text())


def test_the_panel_shows_the_newest_run_and_then_the_selected_one(desktop: Desktop, run: Run, qtbot: QtBot) -> None:
    es = trainer("es")
    with open_league(str(desktop.home.folder)) as league:
        newer = Runs(league.home, league.store).create(Plan(es, es.configure({}), game_named("rally"), 3, "Bea"))
    panel = run_details.PANEL.create(desktop)
    assert isinstance(panel, RunPanel)
    qtbot.addWidget(panel)
    qtbot.waitUntil(lambda: panel.view.run == newer.id)
    desktop.hub.run_selected.emit(run.id)
    desktop.hub.runs_changed.emit()
    settle(desktop, qtbot)
    assert panel.view.run == run.id


def test_the_panel_waits_for_the_first_run(desktop: Desktop, qtbot: QtBot) -> None:
    panel = RunPanel(desktop)
    qtbot.addWidget(panel)
    settle(desktop, qtbot)
    assert panel.view.run == ""
    es = trainer("es")
    with open_league(str(desktop.home.folder)) as league:
        first = Runs(league.home, league.store).create(Plan(es, es.configure({}), game_named("rally"), 3, "Bea"))
    desktop.hub.runs_changed.emit()
    qtbot.waitUntil(lambda: panel.view.run == first.id)


def test_the_window_of_its_own_shows_the_same(desktop: Desktop, run: Run, qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    dialog = DetailsDialog(desktop, run.id, "Ada", window)
    dialog.show()
    settle(desktop, qtbot)
    says(desktop, run.id, 5, rank=1)
    assert tab_titles(dialog.view) == ["Rank"]
    window.close()
