"""What a season has come to, ready to be printed, written as JSON or CSV, or drawn: one value for all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from game.spec import MatchEnd
from league.ratings.bradley_terry import PairTable, RatingsError
from league.ratings.cycles import nash_average, significant_cycles
from league.ratings.standings import HeadToHead, Standing, head_to_head
from league.season import Season
from league.store import FaultRow, PlayerRow, RatingPoint, SeasonRow, Store

NASH_PLAYERS: Final = 60
"""Nash averaging is shown up to this many players."""


@dataclass(frozen=True)
class Line:
    """A line of the standings with the player's own data."""

    standing: Standing
    player: PlayerRow
    live_rating: float
    faults: int

    @property
    def score(self) -> float:
        """Share of the points, a draw being half of one; 0.5 without a match."""
        s = self.standing
        return (s.wins + 0.5 * s.draws) / s.games if s.games else 0.5

    @property
    def band(self) -> str:
        """The ranks that the evidence leaves open: '2' or '2-4'."""
        s = self.standing
        return str(s.best_rank) if s.best_rank == s.worst_rank else f"{s.best_rank}-{s.worst_rank}"


@dataclass(frozen=True)
class Summary:
    """A season's table, cross table, outcomes and faults.

    ``problem`` says in a sentence why there are no ratings, else it is empty. ``order`` are the positions in the order of
    the table. ``nash`` is the Nash mixture by position, None where it is not shown.
    """

    season: SeasonRow
    players: tuple[PlayerRow, ...]
    lines: tuple[Line, ...]
    problem: str
    table: PairTable
    matches: int
    ticks: int
    is_complete: bool
    outcomes: Mapping[str, int]
    faults: tuple[FaultRow, ...]
    fault_lines: tuple[str, ...]
    cycles: tuple[str, ...]
    nash: NDArray[np.float64] | None
    history: tuple[RatingPoint, ...]
    rows_sha256: str
    placement: tuple[int, ...]

    @property
    def order(self) -> tuple[int, ...]:
        """Positions of the players, best first."""
        return tuple(line.standing.player for line in self.lines)

    def cell(self, player: int, opponent: int) -> HeadToHead | None:
        """Return how ``player`` did against ``opponent`` (positions); None if they have not met."""
        found = head_to_head(self.table, player, opponent)
        return found if found.wins + found.draws + found.losses else None


def summarise(store: Store, season: Season, *, resamples: int | None = None) -> Summary:
    """Return the summary of ``season``, whose results must be added up (``run`` or ``replay_stored``).

    ``resamples`` is as for ``Season.standings``.
    """
    table = season.encounters.table()
    standings, problem = _standings(season, resamples)
    faults = tuple(store.faults(season.row.id))
    return Summary(
        season=store.season(season.row.id),
        players=season.players,
        lines=_lines(season, standings, faults),
        problem=problem,
        table=table,
        matches=season.totals.matches,
        ticks=season.totals.ticks,
        is_complete=season.is_complete,
        outcomes=_outcomes(season),
        faults=faults,
        fault_lines=tuple(_fault_lines(faults, season.players)),
        cycles=_cycles(table, season.players),
        nash=_nash(table),
        history=tuple(store.rating_history(season.row.id)),
        rows_sha256=store.rows_sha256(season.row.id),
        placement=tuple(season.placement() or ()),
    )


def _standings(season: Season, resamples: int | None) -> tuple[list[Standing], str]:
    """Return the standings, or none and why there are none."""
    if not season.totals.matches:
        return [], "no match of this season is stored yet"
    try:
        return season.standings(resamples=resamples), ""
    except RatingsError as error:
        return [], f"no ratings: {error}"


def _lines(season: Season, standings: Sequence[Standing], faults: Sequence[FaultRow]) -> tuple[Line, ...]:
    by_player = np.bincount([fault.position for fault in faults], minlength=len(season.players))
    return tuple(
        Line(s, season.players[s.player], float(season.live.ratings[s.player]), int(by_player[s.player]))
        for s in standings
    )


def _cycles(table: PairTable, players: Sequence[PlayerRow]) -> tuple[str, ...]:
    return tuple(
        " > ".join(players[position].name for position in (*cycle.players, cycle.players[0]))
        for cycle in significant_cycles(table)
    )


def _outcomes(season: Season) -> Mapping[str, int]:
    counted = season.totals.outcomes
    words = {
        MatchEnd.POINTS: "ended by points",
        MatchEnd.TICK_LIMIT: "ended by the tick limit",
        MatchEnd.FORFEIT: "forfeited",
    }
    seats = {name: counted.get(name, 0) for name in ("left won", "draw", "right won")}
    return {**seats, **{text: counted.get(f"end {end.value}", 0) for end, text in words.items()}}


def _nash(table: PairTable) -> NDArray[np.float64] | None:
    """Return the Nash mixture over the mean scores; pairings that were not played count as even."""
    if not 2 <= table.n_players <= NASH_PLAYERS or not len(table.first):
        return None
    outcomes = table.outcomes().sum(axis=1)
    games = np.maximum(outcomes.sum(axis=1), 1)
    edge = (outcomes[:, 2] - outcomes[:, 0]) / games
    matrix = np.zeros((table.n_players, table.n_players))
    matrix[table.first, table.second] = edge
    matrix[table.second, table.first] = -edge
    return nash_average(matrix).p


def _fault_lines(faults: Iterable[FaultRow], players: Sequence[PlayerRow]) -> list[str]:
    """Return one line a player and kind of fault: how often, and the first one's words."""
    grouped: dict[tuple[int, int], list[FaultRow]] = {}
    for fault in faults:
        grouped.setdefault((fault.position, fault.termination), []).append(fault)
    return [
        f"{players[position].name}: {len(group)} x {group[0].termination.text} ({group[0].detail})"
        for (position, _), group in sorted(grouped.items())
    ]
