"""What a season adds to a match, and whether a large one stays flat in time and memory."""

import tempfile
import time
from pathlib import Path
from typing import Final

import psutil

from benchmarks.field import GAME, league_field
from benchmarks.suite import Row, at_most
from game.executors.serial import SerialExecutor
from game.policies.bank import Policy
from game.policies.file import PlayerFile
from league.config import SeasonConfig
from league.home import Home
from league.library import Library
from league.season import Season
from league.store import Store
from league.summary import summarise

_PLAYERS: Final = 50
_PAIRINGS: Final = _PLAYERS * (_PLAYERS - 1) // 2


class _SeasonCost:
    title = "Seasons of 50 players: cost beside play, time a match by size, memory, final table"

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Play seasons of growing size with the serial executor in this process."""
        policies = league_field(_PLAYERS)
        sizes = (2_450, 10_000, 100_000) if is_quick else (2_450, 10_000, 100_000, 1_000_000)
        rows: list[Row] = []
        added: list[float] = []
        whole: list[float] = []
        with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "league.db") as store:
            library = Library(Home.find(folder), store)
            hashes = tuple(
                library.add(PlayerFile(f"player {i}", GAME.name, GAME.version, policy)).hash
                for i, policy in enumerate(policies)
            )
            _play(store, SeasonConfig(players=hashes, pairs=1), library)  # kernels are loaded, caches warm
            for size in sizes:
                pairs = max(1, round(size / (2 * _PAIRINGS)))
                config = SeasonConfig(players=hashes, pairs=pairs, seed=size)
                season, seconds, playing = _play(store, config, library)
                count = season.totals.matches
                added.append((seconds - playing) / count * 1e6)
                whole.append(seconds / count * 1e6)
                rows.append(Row(f"{count:,} matches: whole season, a match", whole[-1], "us"))
                rows.append(at_most(f"{count:,} matches: beside play, a match", added[-1], "us", 60.0))
            rows.append(at_most("time a match, largest / smallest season", whole[-1] / whole[0], "", 1.1))
            begin = time.perf_counter()
            summarise(store, season)
            rows.append(at_most("final table, 1,000 resamples, rows digest", time.perf_counter() - begin, "s", 10.0))
        rows.append(at_most("memory of this process, peak", _peak_mib(), "MiB", 1024.0))
        return rows


def _play(store: Store, config: SeasonConfig, library: Library) -> tuple[Season, float, float]:
    """Return the season, its wall seconds, and the seconds that the same matches take without a season.

    Bare play is measured before and after the season, so that a machine whose speed drifts does not favour one of them.
    """
    season = Season.create(store, config, "benchmark")
    policies: tuple[Policy, ...] = library.policies(season.players)
    before = _bare_seconds(season, policies)
    begin = time.perf_counter()
    season.run(SerialExecutor(), policies)
    seconds = time.perf_counter() - begin
    return season, seconds, (before + _bare_seconds(season, policies)) / 2


def _bare_seconds(season: Season, policies: tuple[Policy, ...]) -> float:
    """Return the time of the same matches played by the executor alone."""
    rows = list(season.planned_rows())
    matches = 0
    begin = time.perf_counter()
    for chunk in SerialExecutor().play(GAME, policies, rows):
        matches += len(chunk.results)
    return time.perf_counter() - begin


def _peak_mib() -> float:
    usage = psutil.Process().memory_full_info()
    peak = getattr(usage, "peak_wset", 0)
    if not peak:
        import resource  # not on Windows

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return float(peak) / 2**20


BENCHMARK: Final = _SeasonCost()
