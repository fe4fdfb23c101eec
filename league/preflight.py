"""The preflight of a player: what would go wrong in a season is found before one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from game.executors.base import FaultReport
from game.executors.chunk import ChunkPlayer
from game.match import match_array
from game.policies.bank import Policy, build_bank
from game.policies.python_bot import PythonPolicy, TimeLimits
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seed
from game.spec import RESULT_DTYPE, GameSpec, MatchSpec, Results

_SEED: Final = 20260101
_PAIRS: Final = 8
_SLOW_PAIRS: Final = 1
_SLOW_POINTS: Final = 1

Clock = Callable[[], float]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: its name, whether it is as it should be, and what was seen."""

    name: str
    is_ok: bool
    text: str


@dataclass(frozen=True)
class Preflight:
    """All checks of a player."""

    checks: tuple[Check, ...]

    @property
    def is_ok(self) -> bool:
        """Whether the player can enter a season."""
        return all(check.is_ok for check in self.checks)


def preflight(
    game: GameSpec, policy: Policy, *, limits: TimeLimits | None = None, clock: Clock = time.perf_counter
) -> Preflight:
    """Let ``policy`` play itself and a scripted bot on both sides, twice, and look at what it does."""
    limits = limits or TimeLimits()
    is_slow = isinstance(policy, PythonPolicy)
    pairs, points = (_SLOW_PAIRS, _SLOW_POINTS) if is_slow else (_PAIRS, game.default_points)
    opponent = ScriptedPolicy.of(game, game.bots[-1].name)
    policies = (policy, opponent)
    specs = [
        MatchSpec(match_id, left, right, pair_seed(_SEED, match_id // 3), points)
        for match_id, (left, right) in enumerate([(0, 0), (0, 1), (1, 0)] * pairs)
    ]
    rows = match_array(specs)
    with ChunkPlayer(game, build_bank(policies), policies, limits) as player:
        begin = clock()
        first = player.play(rows)
        seconds = clock() - begin
        second = player.play(rows)
    return Preflight(
        (
            _faults(first.results, first.faults),
            _determinism(first.results, second.results),
            _both_sides(first.results),
            _decision_time(first.results, seconds, limits, is_slow=is_slow),
        )
    )


def _faults(results: Results, faults: tuple[FaultReport, ...]) -> Check:
    if not faults:
        return Check("faults", is_ok=True, text=f"none in {len(results)} matches")
    first = faults[0]
    text = f"{first.termination.text} in {len(faults)} of {len(results)} matches ({first.detail})"
    return Check("faults", is_ok=False, text=text)


def _determinism(first: Results, second: Results) -> Check:
    different = [i for i in range(len(first)) if first[i].tobytes() != second[i].tobytes()]
    if not different:
        return Check("determinism", is_ok=True, text="every match played twice was the same, bit for bit")
    text = (
        f"{len(different)} of {len(first)} matches differed when they were played again: its replays cannot be verified"
    )
    return Check("determinism", is_ok=False, text=text)


def _both_sides(results: Results) -> Check:
    left, right = results[results["left"] == 0], results[(results["right"] == 0) & (results["left"] == 1)]
    played = np.concatenate([left, right]) if len(right) else np.zeros(0, RESULT_DTYPE)
    hits = int(left["hits"][:, 0].sum()), int(right["hits"][:, 1].sum())
    text = f"{hits[0]} contacts on the left, {hits[1]} on the right in {len(played)} matches"
    is_ok = len(left) > 0 and len(right) > 0
    return Check("both sides", is_ok=is_ok, text=text)


def _decision_time(results: Results, seconds: float, limits: TimeLimits, *, is_slow: bool) -> Check:
    decisions = 2 * int(results["ticks"].sum())
    each_us = seconds / max(decisions, 1) * 1e6
    text = f"{each_us:,.2f} us a decision on average" + (
        f", limit {limits.decision_s * 1e6:,.0f} us" if is_slow else ""
    )
    return Check("decision time", is_ok=not is_slow or each_us < limits.decision_s * 1e6, text=text)
