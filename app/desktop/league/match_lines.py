"""Matches as a list shows them: values made from stored rows, page by page. No Qt here."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from app.desktop.league.columns import Column
from game.spec import MatchEnd, Results, Termination

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from league.store import PersonMatchRow

PAGE: Final = 200
"""Rows that are read at a time."""

_KEPT_PAGES: Final = 60
_NO_IDS: Final = np.empty(0, np.int64)

_END: Final = {
    MatchEnd.POINTS: "points",
    MatchEnd.TICK_LIMIT: "tick limit",
    MatchEnd.FORFEIT: "forfeit",
}


@dataclass(frozen=True)
class Seats:
    """Whose matches are listed: names and ratings (Elo, empty if unknown) by position, and the length of a tick."""

    names: tuple[str, ...]
    ratings: tuple[float, ...] = ()
    tick_s: float = 1 / 60


@dataclass(frozen=True)
class MatchLine:
    """A match in a list. ``outcome`` is +1 if left has won, 0 for a draw, -1 if right has.

    ``upset`` is by how many Elo the loser was rated above the winner, None if unknown or no upset. ``person_match`` is the
    number of a person's match, which belongs to no season.
    """

    match_id: int
    names: tuple[str, str]
    points: tuple[int, int]
    outcome: int
    end: str
    seconds: float
    longest_rally: int
    seed: int
    upset: float | None = None
    person_match: int | None = None

    @property
    def score(self) -> str:
        """The score as it is read out."""
        return f"{self.points[0]} : {self.points[1]}"

    @property
    def time(self) -> str:
        """The length in minutes and seconds."""
        whole = round(self.seconds)
        return f"{whole // 60}:{whole % 60:02d}"

    def winner(self) -> int | None:
        """Return the seat that has won, 0 for left; None for a draw."""
        return {1: 0, -1: 1}.get(self.outcome)


COLUMNS: Final[tuple[Column[MatchLine], ...]] = (
    Column(
        "Left", "Who played on the left; the winner is bold", 84, lambda line: line.names[0], is_number=False, stretch=2
    ),
    Column(
        "Right",
        "Who played on the right; the winner is bold",
        84,
        lambda line: line.names[1],
        is_number=False,
        stretch=2,
    ),
    Column("Score", "Points of left and right", 52, lambda line: line.score),
    Column("Length", "Minutes and seconds of play", 52, lambda line: line.time, gives_way=1),
    Column("Rally", "Contacts of the longest rally", 46, lambda line: f"{line.longest_rally:,}", gives_way=2),
    Column(
        "Upset",
        "By how much the loser is rated above the winner, Elo",
        50,
        lambda line: "" if line.upset is None else f"{line.upset:.0f}",
        gives_way=4,
    ),
    Column("End", "How the match ended", 120, lambda line: line.end, gives_way=5, is_number=False, stretch=1),
    Column("Match", "Number in the season", 64, lambda line: f"{line.match_id:,}", gives_way=3),
    Column("Seed", "Seed from which the match follows", 172, lambda line: str(line.seed), gives_way=6),
)
LEFT, RIGHT, LENGTH, RALLY, UPSET, MATCH = 0, 1, 3, 4, 5, 7


def match_lines(rows: Results, seats: Seats) -> list[MatchLine]:
    """Return the lines of a season's ``rows``."""
    return [_line(row, seats) for row in rows]


def person_lines(matches: "Sequence[PersonMatchRow]", names: dict[str, str], tick_s: float) -> list[MatchLine]:
    """Return a person's matches, the newest first; ``names`` are the players' by content hash."""
    lines = []
    for match in reversed(matches):
        opponent = match.opponent_person or names.get(match.opponent_hash or "", "a player that is gone")
        sides = (match.person, opponent) if match.seat == 0 else (opponent, match.person)
        line = _line(match.result, Seats(sides, (), tick_s), positions=(0, 1))
        lines.append(replace(line, match_id=match.id, person_match=match.id))
    return lines


def _line(row: np.void, seats: Seats, *, positions: tuple[int, int] | None = None) -> MatchLine:
    left, right = positions or (int(row["left"]), int(row["right"]))
    outcome = int(row["outcome"])
    upset = outcome * (seats.ratings[right] - seats.ratings[left]) if seats.ratings else 0.0
    return MatchLine(
        match_id=int(row["match_id"]),
        names=(seats.names[left], seats.names[right]),
        points=(int(row["points"][0]), int(row["points"][1])),
        outcome=outcome,
        end=_end(row),
        seconds=int(row["ticks"]) * seats.tick_s,
        longest_rally=int(row["longest_rally"]),
        seed=int(row["seed"]),
        upset=upset if upset > 0 else None,
    )


def _end(row: np.void) -> str:
    end = MatchEnd(int(row["end"]))
    if end is not MatchEnd.FORFEIT:
        return _END[end]
    faults = [Termination(int(code)).text for code in row["termination"] if code]
    return f"forfeit: {' / '.join(faults)}" if faults else _END[end]


class MatchPages:
    """A long list of matches of which only the pages that are looked at are in memory.

    ``line`` notes what is missing; ``wanted`` is the page that was missed last, since that is what is on the screen now.
    """

    def __init__(self, ids: NDArray[np.int64] = _NO_IDS) -> None:
        self.ids = ids
        self._pages: OrderedDict[int, list[MatchLine]] = OrderedDict()
        self._missed: OrderedDict[int, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of_lines(cls, lines: Sequence[MatchLine]) -> "MatchPages":
        """Return a list whose lines are all known."""
        pages = cls(np.array([line.match_id for line in lines], np.int64))
        for number in range(0, len(lines), PAGE):
            pages._pages[number // PAGE] = list(lines[number : number + PAGE])  # its own class
        return pages

    def line(self, row: int) -> MatchLine | None:
        """Return a line; None if its page has to be read first."""
        number = row // PAGE
        page = self._pages.get(number)
        if page is None:
            self._missed[number] = None
            self._missed.move_to_end(number)
            while len(self._missed) > 3:
                self._missed.popitem(last=False)
            return None
        self._pages.move_to_end(number)
        return page[row % PAGE]

    def wanted(self) -> int | None:
        """Return the page to read next; None if nothing is missing on the screen."""
        return next(reversed(self._missed), None)

    def ids_of(self, page: int) -> NDArray[np.int64]:
        """Return the matches of a page."""
        return self.ids[page * PAGE : (page + 1) * PAGE]

    def put(self, page: int, lines: list[MatchLine]) -> range:
        """Take a page that was read; return the rows that are known now."""
        self._missed.pop(page, None)
        self._pages[page] = lines
        if len(self._pages) > _KEPT_PAGES:
            self._pages.popitem(last=False)
        return range(page * PAGE, page * PAGE + len(lines))

    def grown(self, ids: NDArray[np.int64]) -> "MatchPages":
        """Return the list of ``ids``, which begin with these; full pages stay known."""
        pages = MatchPages(ids)
        full = len(self.ids) // PAGE
        pages._pages.update({number: page for number, page in self._pages.items() if number < full})
        return pages

    def is_begin_of(self, ids: NDArray[np.int64]) -> bool:
        """Whether ``ids`` are these and more."""
        return len(ids) >= len(self.ids) and bool(np.array_equal(ids[: len(self.ids)], self.ids))
