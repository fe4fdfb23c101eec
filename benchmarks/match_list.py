"""How long a list of matches, and a player's profile, take to read from a large season."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.field import GAME
from benchmarks.suite import Row, at_most, seconds_of
from game.spec import RESULT_DTYPE, MatchEnd, Results, Termination
from league.schema import PlayerRow, SeasonRow
from league.store import MatchFilter, MatchOrder, Store

_PLAYERS: Final = 50
_BATCH: Final = 10_000
_PAGE: Final = 200
_REPEATS: Final = 10
_RATINGS: Final = tuple(np.linspace(1000.0, 2000.0, _PLAYERS).tolist())

_LISTS: Final = {
    "a player": (MatchFilter(player=3), MatchOrder()),
    "a player's wins against another": (MatchFilter(player=3, opponent=4, outcome="won"), MatchOrder()),
    "faults": (MatchFilter(faults_only=True), MatchOrder()),
    "nearly all, by rally": (MatchFilter(min_longest_rally=1), MatchOrder()),
    "all, longest first": (MatchFilter(), MatchOrder("ticks", is_descending=True)),
    "upsets by 100 Elo": (MatchFilter(upset_by=100.0), MatchOrder()),
    "all, largest upset first": (MatchFilter(), MatchOrder("upset", is_descending=True)),
}


class _MatchList:
    title = "The match list of a stored season: ids by filter and order, a page of rows, a player's record"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Read made-up seasons of 100,000 and, unless quick, 1,000,000 matches."""
        rows: list[Row] = []
        for size in (100_000,) if is_quick else (100_000, 1_000_000):
            with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "league.db") as store:
                rows += _measured(store, _season(store, size), size)
        return rows


def _measured(store: Store, season_id: int, size: int) -> list[Row]:
    """Return the times in milliseconds; the limits are those of 100,000 matches, and grow with the season."""
    growth = size / 100_000

    def row(name: str, work: Callable[[], object], most: float) -> Row:
        return at_most(f"{size:,} matches: {name}", 1e3 * seconds_of(work, _REPEATS), "ms", most)

    def find(wanted: MatchFilter, order: MatchOrder) -> Callable[[], object]:
        return lambda: store.find_match_ids(season_id, wanted, order, ratings=_RATINGS)

    page = np.random.default_rng(2).choice(store.find_match_ids(season_id), _PAGE)
    player_id = store.players()[3].id
    return [
        row("ids of all", find(MatchFilter(), MatchOrder()), 30.0 * growth),
        *(row(name, find(wanted, order), 100.0 * growth) for name, (wanted, order) in _LISTS.items()),
        row(f"a page of {_PAGE} rows from all over", lambda: store.match_rows(season_id, page), 5.0),
        row("a player's record against everybody", lambda: store.player_record(player_id), 100.0 * growth),
        row("whether anything changed", store.data_version, 1.0),
    ]


def _season(store: Store, size: int) -> int:
    """Store a season of ``size`` made-up matches and return its id."""
    players = [
        store.add_player(PlayerRow(name=f"p{i}", hash=f"{i:x}", kind="dense", game=GAME.name, game_version=1, path=""))
        for i in range(_PLAYERS)
    ]
    row = SeasonRow(key="made up", name="made up", config_json="{}", game=GAME.name, game_version=1, seed=1)
    season_id = store.create_season(row, players).id
    for first in range(0, size, _BATCH):
        store.add_matches(season_id, _made_up(first))
    return season_id


def _made_up(first: int) -> Results:
    rng = np.random.default_rng(first)
    rows = np.zeros(_BATCH, RESULT_DTYPE)
    rows["match_id"] = first + np.arange(_BATCH)
    rows["left"] = rng.integers(0, _PLAYERS, _BATCH)
    rows["right"] = (rows["left"] + rng.integers(1, _PLAYERS, _BATCH)) % _PLAYERS
    for name in ("seed", "state_hash"):
        rows[name] = rng.integers(0, 2**62, _BATCH)
    rows["outcome"] = rng.integers(-1, 2, _BATCH)
    rows["ticks"] = rng.integers(500, 8_000, _BATCH)
    rows["longest_rally"] = rng.integers(0, 60, _BATCH)
    rows["end"] = rng.choice([MatchEnd.POINTS, MatchEnd.FORFEIT], _BATCH, p=[0.98, 0.02])
    rows["termination"][:, 0] = np.where(rows["end"] == MatchEnd.FORFEIT, Termination.RAISED, Termination.OK)
    for name in ("mean_rally", "distance", "mean_reaction", "mean_offset"):
        rows[name] = rng.random(rows[name].shape)
    return rows


BENCHMARK: Final = _MatchList()
