"""The wall: several matches at once, each on its own; into the arena from where they are."""

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.desktop.arena.playback import HOLD_S
from app.desktop.arena.wall import Wall
from app.desktop.context import Contender, Desktop, MatchRequest
from app.session import open_league
from league.home import Home
from tests.app.desktop.arena_matches import request_of
from tests.app.desktop.doubles import FakeClock


class Costs:
    """A clock of what frames cost, which a test sets."""

    def __init__(self) -> None:
        self.now = self.step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def costs() -> Costs:
    return Costs()


@pytest.fixture
def wall(desktop: Desktop, costs: Costs, qtbot: QtBot) -> Iterator[Wall]:
    """A wall that is full."""
    made = Wall(desktop, cost_clock=costs)
    qtbot.addWidget(made)
    made.resize(800, 500)
    made.show()
    qtbot.waitUntil(lambda: is_full(made), timeout=60_000)
    yield made
    desktop.hub.closing.emit()


@pytest.fixture
def frames(wall: Wall, clock: FakeClock) -> Callable[[float], None]:
    """Let seconds pass, frame by frame."""

    def pass_by(seconds: float) -> None:
        for _ in range(round(seconds * 30)):
            clock.tick(1 / 30)
            wall.next_frame()

    return pass_by


def is_full(wall: Wall) -> bool:
    return wall._tiles is not None and all(request is not None for request in requests(wall))


def requests(wall: Wall) -> list[MatchRequest | None]:
    assert wall._tiles is not None
    found = []
    for number in range(len(wall._tiles)):
        screening = wall._tiles[number].screening
        found.append(screening.request if screening is not None else None)
    return found


def ticks(wall: Wall) -> list[int]:
    assert wall._tiles is not None
    return [wall._tiles[number].screening.course.tick for number in range(len(wall._tiles))]  # type: ignore[union-attr]


def test_different_pairings_run_at_once(wall: Wall, frames: Callable[[float], None]) -> None:
    pairs = {frozenset((each.left.name, each.right.name)) for each in requests(wall) if each is not None}
    assert len(pairs) == 4
    frames(1.0)
    assert ticks(wall) == pytest.approx([60] * 4, abs=2)


def test_size_and_speed_are_remembered(
    wall: Wall, desktop: Desktop, frames: Callable[[float], None], qtbot: QtBot
) -> None:
    wall.side.activated.emit(2)
    assert len(wall.widgets) == 16
    qtbot.waitUntil(lambda: is_full(wall))
    wall.speed.activated.emit(3)
    before = ticks(wall)[0]
    frames(0.5)
    assert ticks(wall)[0] - before == pytest.approx(120, abs=5)
    assert desktop.settings.get("wall/side", 0) == 4
    assert desktop.settings.get("wall/speed", 0.0) == 4.0
    wall.side.activated.emit(0)
    assert len(wall.widgets) == 4


def test_pause_stops_all_and_the_timer(wall: Wall, frames: Callable[[float], None], qtbot: QtBot) -> None:
    assert wall._timer.isActive()
    qtbot.mouseClick(wall.pause, Qt.MouseButton.LeftButton)
    before = ticks(wall)
    frames(1.0)
    assert ticks(wall) == before
    assert not wall._timer.isActive()
    assert wall.pause.accessibleName() == "Play all"
    qtbot.mouseClick(wall.pause, Qt.MouseButton.LeftButton)
    assert wall._timer.isActive()
    wall.hide()
    assert not wall._timer.isActive()


def test_click_and_enter_bring_a_match_into_the_arena_from_where_it_is(
    wall: Wall, desktop: Desktop, frames: Callable[[float], None], qtbot: QtBot
) -> None:
    shown: list[MatchRequest] = []
    desktop.hub.show_match.connect(shown.append)
    frames(1.0)
    qtbot.mouseClick(wall.widgets[1].canvas, Qt.MouseButton.LeftButton)
    wall.widgets[2].setFocus()
    qtbot.keyClick(wall.widgets[2], Qt.Key.Key_Return)
    of_wall = requests(wall)
    assert [(each.seed, each.left.name) for each in shown] == [
        (each.seed, each.left.name) for each in of_wall[1:3] if each is not None
    ]
    assert [each.begin_tick for each in shown] == ticks(wall)[1:3]


def test_an_ended_match_makes_room_for_another(
    wall: Wall, frames: Callable[[float], None], qtbot: QtBot, home: Home
) -> None:
    assert wall._tiles is not None
    short = request_of(home, "still", "random", points=1)
    wall._tiles.put(0, short)
    before = requests(wall)
    frames(60.0 + HOLD_S)
    qtbot.waitUntil(lambda: requests(wall)[0] is not short)
    assert before[0] is short


def test_chosen_matches_fill_the_wall_and_begin_again(
    wall: Wall, desktop: Desktop, home: Home, frames: Callable[[float], None]
) -> None:
    chosen = [request_of(home, "still", "random", seed=seed, points=1) for seed in range(5)]
    desktop.hub.watch_beside.emit(chosen)
    assert len(wall.widgets) == 9
    assert requests(wall)[:5] == chosen
    frames(40.0)
    assert requests(wall)[:5] == chosen


def test_new_matches_replace_all(wall: Wall, desktop: Desktop, home: Home, qtbot: QtBot) -> None:
    chosen = [request_of(home, "still", "random", seed=seed) for seed in range(4)]
    desktop.hub.watch_beside.emit(chosen)
    qtbot.mouseClick(wall.renew, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: is_full(wall) and not any(each in chosen for each in requests(wall)))


def test_a_frame_keeps_to_its_budget_and_every_tile_gets_its_turn(wall: Wall, costs: Costs, clock: FakeClock) -> None:
    costs.step = 0.004  # a look at the clock for each tile: three of them fill the budget of 10 ms
    drawn: list[int] = []
    paint = wall._paint
    wall._paint = lambda number: (drawn.append(number), paint(number))[1]  # type: ignore[method-assign,func-returns-value]
    for _ in range(4):
        clock.tick(1 / 30)
        wall.next_frame()
    assert drawn == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]


def test_a_match_that_cannot_be_shown_is_a_note_on_its_tile(wall: Wall, desktop: Desktop, home: Home) -> None:
    broken = MatchRequest(Contender("somebody"), Contender("nobody"), 1, 5)
    desktop.hub.watch_beside.emit([broken, request_of(home)])
    assert "cannot be shown" in wall.widgets[0].canvas.note
    assert requests(wall)[1] is not None


def test_without_players_the_wall_says_what_to_do(desktop: Desktop, home: Home, qtbot: QtBot) -> None:
    with open_league(str(home.folder)) as league:
        for row in league.library.players():
            league.store.set_archived(row.id, archived=True)
    made = Wall(desktop)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: "import a player" in made.widgets[0].canvas.note, timeout=60_000)
    desktop.hub.closing.emit()


def test_tiles_are_described_for_those_who_do_not_see_them(wall: Wall, frames: Callable[[float], None]) -> None:
    frames(0.1)
    assert all(" against " in widget.accessibleDescription() for widget in wall.widgets)
