"""A season is a pure function of its configuration, however often and wherever it is interrupted."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from game.executors.base import ExecutorSettings, MatchRows, PlayedChunk, RunControl, RunState
from game.executors.pool import PoolExecutor
from game.executors.serial import SerialExecutor
from game.policies.bank import Policy
from game.seeding import pair_seed, pair_seeds, stream_state
from game.spec import GameSpec
from league.config import SeasonConfig
from league.errors import DiskFullError
from league.ratings.sprt import SprtConfig
from league.season import Progress, Season, SeasonError
from league.store import Store
from league.summary import summarise
from tests.league.seasons import hashes, library, open_store, python_bot


class StoppingExecutor(SerialExecutor):
    """Plays chunks of a few matches and, after some of them, asks for ``state``."""

    def __init__(self, after: int, state: RunState) -> None:
        super().__init__(ExecutorSettings(batch_size=7))
        self._after = after
        self._state = state

    def play(
        self, game: GameSpec, policies: Sequence[Policy], rows: Iterable[MatchRows], control: RunControl | None = None
    ) -> Iterator[PlayedChunk]:
        assert control is not None
        for chunk in super().play(game, policies, rows, control):
            self._after -= 1
            if self._after == 0:
                control.set(self._state)
            yield chunk


class ScramblingExecutor(SerialExecutor):
    """Gives results back in another order than they were asked for, in chunks that mix pairings."""

    def play(
        self, game: GameSpec, policies: Sequence[Policy], rows: Iterable[MatchRows], control: RunControl | None = None
    ) -> Iterator[PlayedChunk]:
        played = list(super().play(game, policies, rows, control))
        results = np.concatenate([chunk.results for chunk in played])
        order = np.random.default_rng(5).permutation(len(results))
        for part in np.array_split(results[order], 9):
            yield PlayedChunk(part)


def play(
    folder: Path, config_fields: dict[str, object], executor: SerialExecutor | PoolExecutor | None = None
) -> tuple[str, object]:
    """Play a whole season in a new league in ``folder``; return its rows' digest and its table."""
    with open_store(folder) as store:
        players = library(folder, store)
        config = SeasonConfig(players=hashes(players.players()), **config_fields)  # type: ignore[arg-type]
        season = Season.create(store, config, "test")
        assert season.run(executor or SerialExecutor(), players.policies(season.players))
        return store.rows_sha256(season.row.id), season.standings()


FORMATS: list[dict[str, object]] = [
    {"format": "round_robin", "pairs": 6},
    {"format": "double_round_robin", "pairs": 3},
    {"format": "gauntlet", "pairs": 5, "gauntlet_size": 2},
    {"format": "swiss", "pairs": 3, "rounds": 4},
    {"format": "knockout", "pairs": 3},
    {"format": "ladder", "pairs": 2, "rounds": 6},
    {"format": "round_robin", "pairs": 40, "sprt": SprtConfig(elo0=0, elo1=30), "sprt_block": 10},
]


@pytest.mark.parametrize("fields", FORMATS, ids=lambda fields: f"{fields['format']}{'-sprt' * ('sprt' in fields)}")
def test_interrupted_season_equals_unbroken_one(tmp_path: Path, fields: dict[str, object]) -> None:
    unbroken = play(tmp_path / "whole", fields)
    folder = tmp_path / "broken"
    with open_store(folder_of(folder)) as store:
        players = library(folder, store)
        config = SeasonConfig(players=hashes(players.players()), **fields)  # type: ignore[arg-type]
        season_id = Season.create(store, config, "test").row.id
    runs = 0
    is_complete = False
    while not is_complete:
        runs += 1
        assert runs < 500
        state = (RunState.STOPPING, RunState.CANCELLED)[runs % 2]
        with open_store(folder) as store:
            season = Season.load(store, season_id)
            before = store.count_matches(season_id)
            is_complete = season.run(
                StoppingExecutor(2, state), players_policies(folder, store, season), control=RunControl()
            )
            assert store.count_matches(season_id) > before or is_complete
            assert season.row.id == season_id
            assert store.season(season_id).state == ("complete" if is_complete else "stopped")
            result = store.rows_sha256(season_id), season.standings()
    assert runs >= 2
    assert result == unbroken


def folder_of(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def players_policies(folder: Path, store: Store, season: Season) -> tuple[Policy, ...]:
    from league.home import Home
    from league.library import Library

    return Library(Home.find(str(folder)), store).policies(season.players)


def test_any_executor_and_order_gives_the_same_season(tmp_path: Path) -> None:
    fields: dict[str, object] = {"pairs": 40}
    expected = play(folder_of(tmp_path / "serial"), fields)
    assert play(folder_of(tmp_path / "scrambled"), fields, ScramblingExecutor()) == expected
    for workers in (1, 2, 3):
        with PoolExecutor(settings=ExecutorSettings(workers=workers)) as pool:
            assert play(folder_of(tmp_path / f"pool{workers}"), fields, pool) == expected


def test_live_ratings_fold_in_match_order_whatever_order_results_come_in(tmp_path: Path) -> None:
    histories = []
    for name, executor in (("serial", SerialExecutor()), ("scrambled", ScramblingExecutor())):
        folder = folder_of(tmp_path / name)
        with open_store(folder) as store:
            players = library(folder, store)
            season = Season.create(store, SeasonConfig(players=hashes(players.players()), pairs=8), "test")
            season.run(executor, players.policies(season.players))
            histories.append((season.live.ratings.tolist(), store.rating_history(season.row.id)))
    assert histories[0] == histories[1]
    assert len({round(rating) for rating in histories[0][0]}) == 5
    assert len(histories[0][1]) >= 5 * 50


def test_both_matches_of_a_pair_are_on_one_seed_and_every_pairing_has_the_same_list(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        players = library(tmp_path, store)
        season = Season.create(store, SeasonConfig(players=hashes(players.players()), pairs=4, seed=9), "test")
        season.run(SerialExecutor(), players.policies(season.players))
        rows = np.concatenate(list(store.match_pages(season.row.id)))
    first, second = rows[0::2], rows[1::2]
    assert (first["seed"] == second["seed"]).all()
    assert (first["left"] == second["right"]).all()
    assert (first["right"] == second["left"]).all()
    expected = [pair_seed(9, index) for index in range(4)]
    assert first["seed"].reshape(-1, 4).tolist() == [expected] * 10


def test_progress_counts_up_to_the_whole_season(tmp_path: Path) -> None:
    seen: list[Progress] = []
    ticks = iter(range(10_000))
    with open_store(tmp_path) as store:
        players = library(tmp_path, store)
        config = SeasonConfig(players=hashes(players.players()), pairs=8)
        season = Season.create(store, config, "test", clock=lambda: float(next(ticks)))
        season.run(
            SerialExecutor(ExecutorSettings(batch_size=16)), players.policies(season.players), on_progress=seen.append
        )
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert len(set(done)) > 5
    assert (done[-1], seen[-1].expected, seen[-1].is_exact) == (160, 160, True)
    assert seen[2].eta_s is not None
    assert seen[2].eta_s > 0


def test_faulty_bot_forfeits_and_the_season_goes_on(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        players = library(tmp_path, store)
        bad = players.add(python_bot("class Bot:\n def decide(self, o):\n  raise ValueError('broken')\n", "bad"))
        chosen = [bad.hash, players.find("tracker").hash, players.find("still").hash]
        season = Season.create(store, SeasonConfig(players=tuple(chosen), pairs=1, points=1), "test")
        assert season.run(SerialExecutor(), players.policies(season.players))
        summary = summarise(store, season)
    assert len(summary.faults) == 4
    line = next(line for line in summary.lines if line.player.name == "bad")
    assert (line.standing.losses, line.faults) == (4, 4)
    assert summary.fault_lines == ("bad: 4 x raised an exception (ValueError: broken (bot.py, line 3))",)
    assert summary.outcomes["forfeited"] == 4


def test_stored_matches_of_another_configuration_are_refused(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        players = library(tmp_path, store)
        config = SeasonConfig(players=hashes(players.players()), pairs=2)
        one = Season.create(store, config, "one")
        other = Season.create(store, config.model_copy(update={"seed": 2}), "other")
        one.run(SerialExecutor(), players.policies(one.players))
        store.add_matches(other.row.id, next(store.match_pages(one.row.id))[:3])
        with pytest.raises(SeasonError, match="match 0 of season 2 has seed"):
            other.run(SerialExecutor(), players.policies(other.players))


def test_full_disk_keeps_what_was_stored_and_the_season_goes_on_later(tmp_path: Path) -> None:
    expected = play(folder_of(tmp_path / "whole"), {"pairs": 60})
    folder = folder_of(tmp_path / "full")
    seconds = iter(range(100_000))  # with every look at the clock a second passes: every chunk is stored at once
    with open_store(folder) as store:
        players = library(folder, store)
        config = SeasonConfig(players=hashes(players.players()), pairs=60)
        season = Season.create(store, config, "test", clock=lambda: float(next(seconds)))
        policies = players.policies(season.players)
        with pytest.raises(DiskFullError, match="full"):
            season.run(_FillingExecutor(store), policies)
        stored = store.count_matches(season.row.id)
        assert 0 < stored < 1200
    with open_store(folder) as store:
        season = Season.load(store, season.row.id)
        assert season.run(SerialExecutor(), policies)
        assert (store.rows_sha256(season.row.id), season.standings()) == expected
        assert store.rating_history(season.row.id)[-1].match_id == 1199


class _FillingExecutor(SerialExecutor):
    """Plays chunks of a few matches; after the twentieth the database cannot grow any more, as on a full disk."""

    def __init__(self, store: Store) -> None:
        super().__init__(ExecutorSettings(batch_size=16))
        self._store = store

    def play(
        self, game: GameSpec, policies: Sequence[Policy], rows: Iterable[MatchRows], control: RunControl | None = None
    ) -> Iterator[PlayedChunk]:
        for number, chunk in enumerate(super().play(game, policies, rows, control)):
            if number == 20:
                with self._store._database.writing() as connection:
                    connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite makes it the present size
            yield chunk


def test_seed_lists_are_the_generators_own_streams() -> None:
    mask = 2**64 - 1
    for season_seed in (0, 1, 2**63 - 1):
        state = np.uint64((season_seed * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) & mask)
        expected = [int(stream_state(state, np.uint64(index))) & (2**63 - 1) for index in range(5, 50)]
        assert pair_seeds(season_seed, 5, 45).tolist() == expected


def test_what_is_left_takes_as_long_as_this_runs_rate_says() -> None:
    progress = Progress(done=30, expected=90, is_exact=True, played=20, ticks=0, seconds=4.0, faults=0, workers=1)
    assert (progress.matches_per_s, progress.eta_s) == (5.0, 12.0)
    assert replace(progress, played=0).eta_s is None
    assert replace(progress, seconds=0.0).eta_s is None  # a clock that has not moved yet
