"""A season's table as its job sends it, read into values: standings, cross table, live ratings. No Qt here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:  # the window paints before the store and the kernels are imported
    from app.jobs.message import Message

UNRATED: Final = 1500.0
"""Live rating (Elo) of a player before its first match, unless a season says otherwise."""

PERSON: Final = -1
"""The position of a person, who is in no season."""


@dataclass(frozen=True, slots=True)
class TableLine:
    """One line of the standings. Ratings are Elo; ``low`` to ``high`` is the rating's 95 % interval.

    ``position`` is the player's in the season, or ``PERSON``. ``place`` is the rank by the season's format where it gives
    one. ``trend`` are its live ratings, the oldest first.
    """

    position: int
    rank: int
    band: str
    name: str
    hash: str
    kind: str
    rating: float
    low: float
    high: float
    too_few: bool
    games: int
    wins: int
    draws: int
    losses: int
    score: float
    faults: int
    live: float | None = None
    place: int | None = None
    trend: tuple[float, ...] = ()
    is_quick: bool = False
    """Whether the interval is still being added up."""

    @property
    def is_person(self) -> bool:
        """Whether this is a person's line."""
        return self.position == PERSON

    @property
    def record(self) -> str:
        """Wins, draws and losses in one word."""
        return f"{self.wins:,}-{self.draws:,}-{self.losses:,}"

    @property
    def interval(self) -> str:
        """The rating's interval in words."""
        if self.is_quick:
            return "still being added up"
        return "too few matches for an interval" if self.too_few else f"{self.low:.0f} to {self.high:.0f}"


@dataclass(frozen=True, slots=True)
class CrossCell:
    """How one player did against another. ``elo`` and its ``error`` (half a 95 % interval) are None with too few pairs."""

    wins: int
    draws: int
    losses: int
    score: float
    elo: float | None
    error: float | None
    los: float | None

    @property
    def record(self) -> str:
        """Wins, draws and losses in one word."""
        return f"{self.wins:,}-{self.draws:,}-{self.losses:,}"

    def turned(self) -> "CrossCell":
        """Return the same as the opponent sees it."""
        return CrossCell(
            wins=self.losses,
            draws=self.draws,
            losses=self.wins,
            score=1.0 - self.score,
            elo=None if self.elo is None else -self.elo,
            error=self.error,
            los=None if self.los is None else 1.0 - self.los,
        )


@dataclass(frozen=True)
class SeasonTable:
    """Everything that the panels show of a season. ``problem`` says why there are no ratings, else it is empty."""

    season_id: int
    lines: tuple[TableLine, ...]
    cells: Mapping[tuple[int, int], CrossCell]
    names: tuple[str, ...]
    hashes: tuple[str, ...]
    matches: int
    problem: str

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The positions of all players, best first; without ratings as the season has them."""
        return tuple(line.position for line in self.lines) or tuple(range(len(self.names)))

    @cached_property
    def ratings(self) -> tuple[float, ...]:
        """The ratings by position, 0 where there are none."""
        found = [0.0] * len(self.names)
        for line in self.lines:
            found[line.position] = line.rating
        return tuple(found)

    def cell(self, player: int, opponent: int) -> CrossCell | None:
        """Return how ``player`` did against ``opponent``; None if they have not met."""
        return self.cells.get((player, opponent))

    def position(self, content_hash: str) -> int | None:
        """Return the position of a player; None if it does not play here."""
        return self.hashes.index(content_hash) if content_hash in self.hashes else None


def read_table(message: "Message") -> SeasonTable:
    """Return the table that ``message`` holds."""
    told: Mapping[str, Any] = message
    players: Sequence[Mapping[str, Any]] = told["players"]
    places = {position: place for place, position in enumerate(told.get("placement") or (), start=1)}
    trends = _trends(told.get("history") or (), len(players))
    is_quick = bool(told.get("quick"))
    cells = _cells(told["cells"])
    lines = tuple(replace(_line(each, players, places, trends), is_quick=is_quick) for each in told["lines"])
    return SeasonTable(
        season_id=int(told["season"]),
        lines=lines or _provisional(players, cells, trends),
        cells=cells,
        names=tuple(player["name"] for player in players),
        hashes=tuple(player["hash"] for player in players),
        matches=int(told["matches"]),
        problem=str(told.get("problem") or ""),
    )


def with_live_ratings(table: SeasonTable, ratings: Sequence[float]) -> SeasonTable:
    """Return ``table`` with newer live ratings, by position, at the end of the trends."""
    lines = (
        replace(line, live=ratings[line.position], trend=(*line.trend, ratings[line.position]))
        if 0 <= line.position < len(ratings)
        else line
        for line in table.lines
    )
    return replace(table, lines=tuple(lines))


def _line(
    told: Mapping[str, Any],
    players: Sequence[Mapping[str, Any]],
    places: Mapping[int, int],
    trends: Sequence[tuple[float, ...]],
) -> TableLine:
    position = int(told["position"])
    player = players[position]
    return TableLine(
        position=position,
        rank=told["rank"],
        band=told["band"],
        name=player["name"],
        hash=player["hash"],
        kind=player["kind"],
        rating=told["rating"],
        low=told["low"],
        high=told["high"],
        too_few=told["too_few"],
        games=told["games"],
        wins=told["wins"],
        draws=told["draws"],
        losses=told["losses"],
        score=told["score"],
        faults=told["faults"],
        live=told["live"],
        place=places.get(position),
        trend=trends[position],
    )


def _provisional(
    players: Sequence[Mapping[str, Any]],
    cells: Mapping[tuple[int, int], CrossCell],
    trends: Sequence[tuple[float, ...]],
) -> tuple[TableLine, ...]:
    """Return lines by live rating, for a season that has too few results for a table; none without a result."""
    if not cells:
        return ()
    live = [trend[-1] if trend else UNRATED for trend in trends]
    order = sorted(range(len(players)), key=lambda position: -live[position])
    return tuple(
        _provisional_line(position, rank, players[position], cells, live[position])
        for rank, position in enumerate(order, start=1)
    )


def _provisional_line(
    position: int, rank: int, player: Mapping[str, Any], cells: Mapping[tuple[int, int], CrossCell], live: float
) -> TableLine:
    own = [cell for (row, _), cell in cells.items() if row == position]
    wins, draws, losses = (sum(getattr(cell, name) for cell in own) for name in ("wins", "draws", "losses"))
    games = wins + draws + losses
    return TableLine(
        position=position,
        rank=rank,
        band="",
        name=player["name"],
        hash=player["hash"],
        kind=player["kind"],
        rating=live,
        low=live,
        high=live,
        too_few=True,
        games=games,
        wins=wins,
        draws=draws,
        losses=losses,
        score=(wins + 0.5 * draws) / games if games else 0.5,
        faults=0,
        live=live,
    )


def _trends(history: Iterable[Sequence[Any]], players: int) -> list[tuple[float, ...]]:
    """Return every position's live ratings, oldest first."""
    points = [ratings for _match, ratings in history]
    return [
        tuple(ratings[position] for ratings in points if ratings[position] is not None) for position in range(players)
    ]


def _cells(told: Iterable[Mapping[str, Any]]) -> dict[tuple[int, int], CrossCell]:
    cells: dict[tuple[int, int], CrossCell] = {}
    for each in told:
        has_estimate = not each["too_few"]
        cell = CrossCell(
            wins=each["wins"],
            draws=each["draws"],
            losses=each["losses"],
            score=each["score"],
            elo=each["elo"] if has_estimate else None,
            error=each["error"] if has_estimate else None,
            los=each["los"] if has_estimate else None,
        )
        row, column = int(each["row"]), int(each["column"])
        cells[row, column] = cell
        cells[column, row] = cell.turned()
    return cells
