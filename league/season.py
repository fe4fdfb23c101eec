"""One season: schedule -> executor -> store -> ratings; paused, stopped, killed and resumed without loss.

A season is a pure function of its configuration. Matches are numbered in the order in which the schedule produces them:
pair number p of the season is matches 2p (``Pairing.first`` sits left) and 2p + 1 (seats swapped). Resuming runs the same
schedule again, takes from the store what was played, and plays the rest.
"""

import bisect
import functools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from game.batch import MATCH_DTYPE
from game.executors.base import Executor, FaultReport, MatchRows, PlayedChunk, RunControl
from game.games import game as game_named
from game.policies.bank import Policy
from game.seeding import pair_seeds
from game.spec import Results
from league.config import SeasonConfig
from league.errors import SeasonError
from league.ratings.bradley_terry import BradleyTerryConfig
from league.ratings.standings import Standing, standings
from league.schedules import schedule
from league.schedules.base import Pairing
from league.season_progress import Clock, Progress, ProgressCallback, Watch
from league.store import FaultRow, PlayerRow, RatingPoint, SeasonRow, SeasonState, Store
from league.stored_matches import StoredMatches
from league.tally import Encounters, History, LiveRatings, Totals

__all__ = ["HISTORY_POINTS", "STORE_S", "Progress", "ProgressCallback", "Season", "SeasonError", "StoredCallback"]

HISTORY_POINTS: Final = 200
"""About how many points of the live ratings a season keeps."""

STORE_S: Final = 0.25
"""Seconds that results wait to be stored together."""

_STORE_ROWS: Final = 4096


StoredCallback: TypeAlias = Callable[[Results, Sequence[FaultRow]], None]
"""Told of matches, in match order, once they and their faults are stored and added up."""


@dataclass
class _Planned:
    """An encounter with the number of its first pair in the season."""

    pairing: Pairing
    first_number: int


@dataclass
class _Buffer:
    """Results on their way to the store."""

    rows: list[Results] = field(default_factory=list)
    faults: list[FaultReport] = field(default_factory=list)
    count: int = 0


class Season:
    """A stored season and everything its results add up to."""

    def __init__(
        self,
        store: Store,
        row: SeasonRow,
        players: Sequence[PlayerRow],
        *,
        clock: Clock = time.monotonic,
    ) -> None:
        self.row = row
        self.config = SeasonConfig.from_json(row.config_json)
        self.players = tuple(players)
        self.game = game_named(self.config.game)
        self.totals = Totals()
        self.played = Totals()
        self._store = store
        self._clock = clock
        self._points = self.config.points or self.game.default_points
        self._expected = 2 * self.config.most_pairs()
        self._exact = self.config.planned_pairs()
        self._state: SeasonState = row.state
        self._faults = 0
        self._stored_before = 0
        self._on_stored: StoredCallback | None = None
        self._store_s = STORE_S
        self._reset()

    def _reset(self) -> None:
        step = max(1, self._expected // HISTORY_POINTS)
        n = len(self.players)
        self.encounters = Encounters(n)
        self.live = LiveRatings(n, initial=self.config.initial_rating, k_factor=self.config.k_factor, history_step=step)
        self.totals = Totals()
        self._planned: list[_Planned] = []
        self._history: History = []
        self._is_round_planned = False
        self._stored = StoredMatches(self._store, self.row.id)

    @classmethod
    def create(cls, store: Store, config: SeasonConfig, name: str, *, clock: Clock = time.monotonic) -> "Season":
        """Store a new season of ``config``, whose players must be in the store."""
        players = []
        for content_hash in config.players:
            player = store.player_by_hash(content_hash)
            if player is None:
                raise SeasonError(f"player {content_hash[:12]} is not in the league: import it first")
            players.append(player)
        game = game_named(config.game)
        planned = config.planned_pairs()
        row = SeasonRow(
            key=config.key(),
            name=name,
            config_json=config.to_json(),
            game=game.name,
            game_version=game.version,
            seed=config.seed,
            planned_matches=None if planned is None else 2 * planned,
        )
        return cls(store, store.create_season(row, players), players, clock=clock)

    @classmethod
    def load(cls, store: Store, season_id: int, *, clock: Clock = time.monotonic) -> "Season":
        """Return the stored season ``season_id``, to be resumed or looked at.

        Raises
        ------
        SeasonError
            If another version of its game played it.
        """
        row = store.season(season_id)
        version = game_named(row.game).version
        if row.game_version != version:
            raise SeasonError(
                f"season {row.id} was played with {row.game} version {row.game_version}, this program plays version "
                f"{version}: its table can be shown, but it cannot go on"
            )
        return cls(store, row, store.season_players(season_id), clock=clock)

    @property
    def is_complete(self) -> bool:
        """Whether every match of the season is stored."""
        return self._state == "complete"

    def run(
        self,
        executor: Executor,
        policies: Sequence[Policy],
        *,
        control: RunControl | None = None,
        on_progress: ProgressCallback | None = None,
        on_stored: StoredCallback | None = None,
        store_s: float = STORE_S,
    ) -> bool:
        """Play what is not stored yet; return whether the season is complete.

        ``policies`` are those of ``players``, in their order. May be called again, with another executor too: nothing is
        played twice. The holder of the store's ``writer_lock`` calls it. Results wait up to ``store_s`` to be stored
        together: 0 stores each chunk before the next one is asked for.
        """
        control = control or RunControl()
        self._on_stored, self._store_s = on_stored, store_s
        self._reset()
        self.played, self._faults = Totals(), 0
        watch = Watch(functools.partial(self.progress, executor), on_progress, self._clock)
        self._set_state("running")
        self._stored_before = self._store.count_matches(self.row.id)
        watch.report()
        try:
            is_complete = self._run_rounds(executor, policies, control, watch)
        except BaseException:
            self._set_state("stopped")
            raise
        self._set_state("complete" if is_complete else "stopped")
        watch.report()
        return is_complete

    def _run_rounds(self, executor: Executor, policies: Sequence[Policy], control: RunControl, watch: Watch) -> bool:
        rounds = schedule(self.config.format).rounds(len(self.players), self.config, self.encounters)
        for pairings in rounds:
            buffer = _Buffer()
            stored_at = self._clock()
            self._is_round_planned = False
            chunks = executor.play(self.game, policies, self._missing(pairings), control)
            try:
                for chunk in chunks:
                    self._take(chunk, buffer)
                    watch.tick()
                    if buffer.count >= _STORE_ROWS or self._clock() - stored_at >= self._store_s:
                        self._save(buffer)
                        stored_at = self._clock()
            finally:
                self._save(buffer)
            self._save_history()
            if not self._is_round_complete():
                return False
        return True

    def planned_rows(self) -> Iterator[MatchRows]:
        """Yield the matches of the first round, stored or not, in match order: what an executor would be handed."""
        number = 0
        for pairing in next(iter(schedule(self.config.format).rounds(len(self.players), self.config, self.encounters))):
            yield self._matches(pairing, number)
            number += pairing.pairs

    def replay_stored(self) -> None:
        """Add up what is stored, without playing: for tables and reports of a season."""
        self._reset()
        for pairings in schedule(self.config.format).rounds(len(self.players), self.config, self.encounters):
            for _ in self._missing(pairings):
                pass
            if not self._is_round_complete():
                return

    def _is_round_complete(self) -> bool:
        """Whether the round was planned to its end, and every match planned so far has a result."""
        last = self._planned[-1] if self._planned else None
        planned = 2 * (last.first_number + last.pairing.pairs) if last else 0
        return self._is_round_planned and self.totals.matches == planned

    def _missing(self, pairings: Iterable[Pairing]) -> Iterator[MatchRows]:
        """Yield the matches of ``pairings`` that are not stored; those that are go into the sums."""
        for pairing in pairings:
            last = self._planned[-1] if self._planned else None
            number = last.first_number + last.pairing.pairs if last else 0
            self._planned.append(_Planned(pairing, number))
            self.encounters.plan(pairing)
            rows = self._matches(pairing, number)
            stored = self._stored.take(2 * number, 2 * (number + pairing.pairs))
            if len(stored):
                self._check_stored(rows, stored)
                self._history += self._add_up(stored)
                rows = rows[~np.isin(rows["match_id"], stored["match_id"])]
            if len(rows):
                yield rows
        self._is_round_planned = True

    def _matches(self, pairing: Pairing, number: int) -> MatchRows:
        rows = np.empty(2 * pairing.pairs, MATCH_DTYPE)
        rows["match_id"] = np.arange(2 * number, 2 * (number + pairing.pairs))
        for seat, swapped in (("left", False), ("right", True)):
            rows[seat][0::2] = pairing.second if swapped else pairing.first
            rows[seat][1::2] = pairing.first if swapped else pairing.second
        rows["seed"] = np.repeat(pair_seeds(self.config.seed, pairing.first_pair, pairing.pairs), 2)
        rows["points"] = self._points
        return rows

    def _check_stored(self, planned: MatchRows, stored: Results) -> None:
        """Refuse stored matches that this configuration would not have played."""
        expected = planned[np.isin(planned["match_id"], stored["match_id"])]
        for name in ("match_id", "left", "right", "seed"):
            wrong = np.flatnonzero(expected[name] != stored[name])
            if len(wrong):
                raise SeasonError(
                    f"match {stored['match_id'][wrong[0]]} of season {self.row.id} has {name} {stored[name][wrong[0]]} in "
                    f"the store, the configuration says {expected[name][wrong[0]]}: start the season anew with --new"
                )

    def _take(self, chunk: PlayedChunk, buffer: _Buffer) -> None:
        buffer.rows.append(chunk.results)
        buffer.faults += chunk.faults
        buffer.count += len(chunk.results)
        self.played.add(chunk.results)
        self._faults += len(chunk.faults)

    def _save(self, buffer: _Buffer) -> None:
        """Store what is in ``buffer`` in one transaction, then add it up: the sums never run ahead of the store."""
        if not buffer.count:
            return
        rows = np.concatenate(buffer.rows)
        rows = rows[np.argsort(rows["match_id"], kind="stable")]
        by_id = {int(row["match_id"]): row for row in rows[rows["termination"].any(axis=1)]}
        faults = [
            FaultRow(
                match_id=fault.match_id,
                seat=fault.seat,
                position=int(by_id[fault.match_id][fault.seat.name.lower()]),
                termination=fault.termination,
                detail=fault.detail,
            )
            for fault in buffer.faults
        ]
        self._store.add_matches(self.row.id, rows, faults)
        buffer.rows, buffer.faults, buffer.count = [], [], 0
        self._history += self._add_up(rows)
        self._save_history()
        if self._on_stored is not None:
            self._on_stored(rows, faults)

    def _save_history(self) -> None:
        """Store the points of the live ratings; those of matches stored before a kill may be new, too."""
        self._store.add_rating_points(self.row.id, _points(self._history))
        self._history = []

    def _add_up(self, rows: Results) -> History:
        numbers = rows["match_id"] // 2
        firsts = [planned.first_number for planned in self._planned_of(int(numbers[0]), int(numbers[-1]))]
        start = bisect.bisect_right(self._planned, int(numbers[0]), key=lambda planned: planned.first_number) - 1
        places = np.searchsorted(firsts, numbers, side="right") - 1
        for place in np.unique(places):
            planned = self._planned[start + int(place)]
            of_it = places == place
            pairs = numbers[of_it] - planned.first_number + planned.pairing.first_pair
            self.encounters.add(planned.pairing, pairs, rows[of_it])
        self.totals.add(rows)
        return self.live.add(rows)

    def _planned_of(self, first: int, last: int) -> list[_Planned]:
        """Return the encounters that hold the pairs numbered ``first`` to ``last``."""
        begin = bisect.bisect_right(self._planned, first, key=lambda planned: planned.first_number) - 1
        end = bisect.bisect_right(self._planned, last, key=lambda planned: planned.first_number)
        return self._planned[begin:end]

    def _set_state(self, state: SeasonState) -> None:
        self._state = state
        self._store.set_season_state(self.row.id, state)

    @property
    def rating_model(self) -> BradleyTerryConfig:
        """What the fit of the ratings assumes."""
        positions = {content_hash: i for i, content_hash in enumerate(self.config.players)}
        return BradleyTerryConfig(
            prior_draws=self.config.prior_draws,
            seat_advantage=self.config.prior_draws > 0,
            mean_rating=self.config.initial_rating,
            anchors={positions[content_hash]: rating for content_hash, rating in self.config.anchors},
        )

    def standings(self, *, resamples: int | None = None) -> list[Standing]:
        """Return the table: joint Bradley-Terry ratings with intervals from resampled pairs, best first.

        ``resamples`` is how many, by default as configured; 0 leaves the intervals empty and takes no time.
        """
        rng = np.random.default_rng(self.config.seed)
        count = self.config.resamples if resamples is None else resamples
        return standings(self.encounters.table(), rng=rng, resamples=count, config=self.rating_model)

    def placement(self) -> list[int] | None:
        """Return the positions as the format itself ranks them, best first; None if it does not, or not yet."""
        return schedule(self.config.format).placement(len(self.players), self.config, self.encounters)

    def progress(self, executor: Executor, seconds: float) -> Progress:
        """Return how far the season is, with what this run has added."""
        return Progress(
            done=self._stored_before + self.played.matches,
            expected=self._expected,
            is_exact=self._exact is not None,
            played=self.played.matches,
            ticks=self.played.ticks,
            seconds=seconds,
            faults=self._faults,
            workers=executor.workers,
        )


def _points(history: History) -> list[RatingPoint]:
    return [
        RatingPoint(match_id, position, float(rating))
        for match_id, ratings in history
        for position, rating in enumerate(ratings)
    ]
