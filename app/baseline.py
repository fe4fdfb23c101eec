"""The sequential baseline: how fast this machine plays this league's matches in one process, one after another."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from app.session import League
from app.tournament import DEFAULT_GAME
from game.batch import MATCH_DTYPE
from game.executors.base import MatchRows, RunControl, RunState
from game.executors.serial import SerialExecutor
from game.games import game as game_named
from game.match import is_compiled
from game.seeding import pair_seed
from league.errors import LeagueError
from league.home import Home, write_atomic

FILE_NAME: Final = "baseline.json"
DEFAULT_SECONDS: Final = 2.0
_SEED: Final = 1
_PAIRS_A_BLOCK: Final = 8


class BaselineError(LeagueError):
    """The baseline cannot be measured or read."""


@dataclass(frozen=True)
class Baseline:
    """What was measured: matches between every two of ``players`` compiled players, in one process."""

    matches_per_s: float
    ticks_per_s: float
    matches: int
    seconds: float
    players: int
    measured: str
    """Clock time, ISO 8601 with the zone."""


def baseline_path(home: Home) -> Path:
    """Return where the league in ``home`` keeps its baseline."""
    return home.folder / FILE_NAME


def read_baseline(home: Home) -> Baseline | None:
    """Return the baseline of ``home``; None if none was measured, or what is there cannot be read."""
    try:
        fields = json.loads(baseline_path(home).read_bytes())
        found = Baseline(**fields)
        datetime.fromisoformat(found.measured)
    except (OSError, ValueError, TypeError):
        return None
    numbers = (found.matches_per_s, found.ticks_per_s, found.seconds)
    return found if all(isinstance(number, int | float) and number > 0 for number in numbers) else None


def save_baseline(home: Home, baseline: Baseline) -> None:
    """Keep ``baseline``; ``HomeError`` if it cannot be written."""
    write_atomic(baseline_path(home), json.dumps(asdict(baseline), indent=1).encode() + b"\n")


def measure_baseline(
    league: League,
    *,
    seconds: float = DEFAULT_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
    today: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    control: RunControl | None = None,
) -> Baseline:
    """Play the league's compiled players against each other for about ``seconds``, serially.

    Python bots are left out: their time is their own. ``BaselineError`` without two compiled players, or if it was
    stopped before a match was played.
    """
    policies = [policy for policy in league.library.policies(league.library.players()) if is_compiled(policy)]
    if len(policies) < 2:
        raise BaselineError(f"the league has {len(policies)} compiled players, two are needed: import some")
    control = control or RunControl()
    game = game_named(DEFAULT_GAME)
    matches = ticks = 0
    with SerialExecutor() as executor:
        for _ in executor.play(game, policies, [_block(len(policies), 0, game.default_points)]):
            pass  # what is compiled or paged in only once is no part of the rate
        begin = clock()
        spent = 0.0
        for chunk in executor.play(game, policies, _blocks(len(policies), game.default_points), control):
            matches += len(chunk.results)
            ticks += int(chunk.results["ticks"].sum())
            spent = clock() - begin
            if spent >= seconds:
                control.set(RunState.CANCELLED)
    if not matches or not spent:
        raise BaselineError("the measurement was stopped before a match was played: start it again")
    return Baseline(
        matches / spent, ticks / spent, matches, spent, len(policies), today().isoformat(timespec="seconds")
    )


def _blocks(players: int, points: int) -> Iterator[MatchRows]:
    number = 0
    while True:
        yield _block(players, number, points)
        number += 1


def _block(players: int, number: int, points: int) -> MatchRows:
    """Return some pairs of matches between every two players; blocks of different numbers have different seeds."""
    pairings = [(i, j) for i in range(players) for j in range(i)]
    each = [_pairing(pairing, number, points) for pairing in pairings]
    rows = np.concatenate(each)
    rows["match_id"] = number * len(rows) + np.arange(len(rows))
    return rows


def _pairing(seats: Sequence[int], number: int, points: int) -> MatchRows:
    rows = np.zeros(2 * _PAIRS_A_BLOCK, MATCH_DTYPE)
    rows["left"][0::2] = rows["right"][1::2] = seats[0]
    rows["right"][0::2] = rows["left"][1::2] = seats[1]
    first = number * _PAIRS_A_BLOCK
    rows["seed"] = np.repeat([pair_seed(_SEED, first + pair) for pair in range(_PAIRS_A_BLOCK)], 2)
    rows["points"] = points
    return rows
