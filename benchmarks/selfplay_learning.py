"""How soon self-play beats the bots from scratch with its standard preset, whether it only rises, and which algorithm wins."""

import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from ai.evaluation import CandidateSides, pair_rows
from ai.selfplay import TRAINER, SelfPlayConfig
from ai.selfplay.learner import SelfPlayLearner
from ai.selfplay.roles import Role
from ai.trainer import StepReport, TrainContext
from benchmarks.field import GAME
from benchmarks.learners import context_of, learner_of
from benchmarks.neat_learning import confirmed
from benchmarks.selfplay_throughput import steps_per_s
from benchmarks.suite import Row, at_least, at_most
from game.batch import play_batch
from game.executors.base import ExecutorSettings, usable_cores
from game.executors.pool import PoolExecutor
from game.policies.bank import Policy, build_bank
from game.policies.scripted import ScriptedPolicy
from game.seeding import pair_seeds
from league.gate import GateConfig, gate_pairs, judge

_BOT: Final = "predictor"
_STRONG: Final = "aimer"
_SHARE: Final = 0.9
_TARGET_S: Final = 300.0
_WON: Final = 0.6
"""Share of pairs that the final agent is to win against each of its old selves."""

_LASTING_DROP: Final = 50.0
"""Elo: the standard error of one rating is about half of that."""

_LASTING: Final = 0.2
"""Share of the training for which a drop lasts."""

_GATE: Final = GateConfig(alpha=0.05, beta=0.05, elo1=30.0, max_pairs=2000)
"""With 500 pairs a player that is better by elo1 is undecided in a quarter of the tests."""

_GATE_SEEDS: Final = (2**41 + 1, 2**41 + 2)
"""Two tests on different matches; no training sees them."""

_MEETING_SEED: Final = 2**41 + 3
_MEETING_PAIRS: Final = 100

_EQUAL_S: Final = 60.0
_PACE_S: Final = 3.0
_NEVER: Final = 10**12
_UNSEEN: Final[Mapping[str, object]] = {"evaluate_steps": _NEVER, "gate_steps": _NEVER}
"""No evaluations but the last."""

_PRESETS: Final[Mapping[str, str]] = {"ppo": "standard", "pqn": "fast"}

Tell = Callable[[str], None]


@dataclass
class Course:
    """What one training has come to."""

    seed: int
    bot_s: float = math.inf
    """Seconds of training until the bot was beaten."""
    strong_s: float = math.inf
    total_s: float = 0.0
    elos: list[float] = field(default_factory=list)
    """The run's own rating against its anchors, evaluation by evaluation."""
    old_selves: dict[str, Policy] = field(default_factory=dict)
    """The main agent's snapshots of the first half."""
    final: Policy | None = None


class _Learning:
    title = (
        f"Self-play from scratch: seconds of training until {_SHARE:.0%} of 100 pairs are won against {_BOT}, twice, and until "
        f"better than {_STRONG} by two SPRTs at 5 %; the rating's course; old selves; algorithms"
    )

    def rows(self, *, is_quick: bool) -> list[Row]:
        """Train every seed to its end; then let the algorithms train for equal seconds and play each other."""
        preset, seeds = ("quick", (1,)) if is_quick else ("standard", (1, 2, 3))
        courses = [trained(preset, seed, 2.0 if is_quick else 5.0, _tell) for seed in seeds]
        rows = _times(preset, courses, f"90 % against {_BOT}", [each.bot_s for each in courses], _TARGET_S)
        rows += _times(preset, courses, f"better than {_STRONG}", [each.strong_s for each in courses], None)
        rows += _times(preset, courses, "the whole training", [each.total_s for each in courses], None)
        for each in courses:
            rows += _risen(each, is_judged=not is_quick)
        equal_s = 10.0 if is_quick else _EQUAL_S
        scores = [ppo_against_pqn(seed, equal_s, _tell) for seed in seeds]
        name = f"ppo against pqn after {equal_s:.0f} s each, share of pairs won less lost"
        rows += [Row(f"{name}, seed {seed}", score, "") for seed, score in zip(seeds, scores, strict=True)]
        return rows


def _times(
    preset: str, courses: Sequence[Course], what: str, seconds: Sequence[float], target: float | None
) -> list[Row]:
    rows = [Row(f"{preset}, {what}, seed {each.seed}", s, "s") for each, s in zip(courses, seconds, strict=True)]
    if len(rows) > 1 and target is not None:
        rows.append(at_most(f"{preset}, {what}, median", statistics.median(seconds), "s", target))
    return rows


def _risen(course: Course, *, is_judged: bool) -> list[Row]:
    """Return the rows about one course's rating and its old selves; where it is not judged nothing is a target.

    Who is the hardest is asked for each measure anew: a player that draws most pairs is hard to win against, and not to lose to.
    """
    assert course.final is not None
    drop = at_most(
        f"largest drop that lasts a fifth of the training, seed {course.seed}",
        lasting_drop(course.elos),
        "Elo",
        _LASTING_DROP,
    )
    rows = [Row(f"Elo at the end, seed {course.seed}", course.elos[-1], "Elo"), drop]
    if course.old_selves:
        meetings = met(course.final, course.old_selves)
        name = f"against the hardest of {len(meetings)} old selves, seed {course.seed}"
        rows.append(at_least(f"pairs won {name}", min(each.won for each in meetings), "", _WON))
        rows.append(Row(f"pairs won less lost {name}", min(each.won - each.lost for each in meetings), ""))
        rows.append(Row(f"score, a draw counts half, {name}", min(each.points for each in meetings), ""))
    return rows if is_judged else [Row(row.name, row.value, row.unit) for row in rows]


def lasting_drop(ratings: Sequence[float]) -> float:
    """Return by how much all ratings of a fifth of the course lie below one that came before them, at most; 0 if none do."""
    found, window = np.array(ratings), max(2, math.ceil(_LASTING * len(ratings)))
    best = np.maximum.accumulate(found)
    drops = [best[i] - found[i + 1 : i + 1 + window].max() for i in range(len(found) - window)]
    return max(0.0, *drops) if drops else 0.0


# Meetings


class Meeting(NamedTuple):
    """Shares of the pairs against one player that were won and lost, and of the matches, a draw being half."""

    won: float
    lost: float
    points: float


def met(policy: Policy, others: Mapping[str, Policy]) -> tuple[Meeting, ...]:
    """Return how ``policy`` does in 100 pairs against each, to the game's own points; a pair is won by more than half of it."""
    rows = pair_rows(1, len(others), pair_seeds(_MEETING_SEED, 0, _MEETING_PAIRS), GAME.default_points)
    results = play_batch(GAME, build_bank([policy, *others.values()]), rows)
    pairs = CandidateSides.of(results, 1, len(others)).score[0].sum(axis=2)
    return tuple(
        Meeting(float((each > 1.0).mean()), float((each < 1.0).mean()), float(each.mean()) / 2) for each in pairs
    )


# Training


def _never(_: Course) -> bool:
    return False


def trained(preset: str, seed: int, look_s: float, tell: Tell, is_enough: Callable[[Course], bool] = _never) -> Course:
    """Train a preset to its end, on all cores, its own evaluations included, and look at the agent every ``look_s`` seconds.

    Looks cost no training time, and use seeds that training never sees. After a look that finds that it ``is_enough``, no more is
    trained.
    """
    course, looked = Course(seed), 0.0
    with PoolExecutor(settings=ExecutorSettings(workers=usable_cores())) as pool:
        context = context_of(GAME, seed, pool)
        with closing(SelfPlayLearner(_config(preset), context)) as learner:
            for report in _steps(learner, course):
                _note(course, learner, report)
                if course.total_s - looked >= look_s or report.step == report.expected:
                    looked = course.total_s
                    _look(course, learner.policy, context, tell)
                    if is_enough(course):
                        break
            course.final = learner.policy
    return course


def _steps(learner: SelfPlayLearner, course: Course) -> Iterator[StepReport]:
    """Train to the end; only the steps themselves are timed."""
    while True:
        begin = time.perf_counter()
        report = learner.step()
        course.total_s += time.perf_counter() - begin
        yield report
        if report.step == report.expected:
            return


def _note(course: Course, learner: SelfPlayLearner, report: StepReport) -> None:
    """Keep the rating, if there is a new one, and the snapshots of the first half."""
    if "elo" in report.values:
        course.elos.append(report.values["elo"])
    assert report.expected is not None
    if 2 * report.step <= report.expected:
        policies = learner.population.policies()
        mine = [each.name for each in learner.population.pool.snapshots if each.role is Role.MAIN]
        course.old_selves.update({name: policies[name] for name in mine})


def _look(course: Course, policy: Policy, context: TrainContext, tell: Tell) -> None:
    """See whether the bots are beaten that have not been."""
    said = [f"seed {course.seed}, {course.total_s:.0f} s: Elo {course.elos[-1]:.0f}" if course.elos else ""]
    if math.isinf(course.bot_s):
        share = confirmed(policy, {_BOT: ScriptedPolicy.of(GAME, _BOT)})[_BOT]
        said.append(f"{_BOT} {share:.0%}")
        if share >= _SHARE:
            course.bot_s = course.total_s
    if math.isinf(course.strong_s):
        champion = ScriptedPolicy.of(GAME, _STRONG)
        for seed in _GATE_SEEDS:
            pairs = gate_pairs(context.play, policy, champion, seed=seed, points=GAME.default_points)
            verdict = judge(pairs, _GATE)
            said.append(f"{_STRONG} {verdict.score:.0%} of {verdict.pairs} pairs")
            if not verdict.is_better:
                break
        else:
            course.strong_s = course.total_s
    tell(", ".join(part for part in said if part))


# Algorithms


def ppo_against_pqn(seed: int, seconds: float, tell: Tell) -> float:
    """Return the share of 100 pairs that ppo wins less that it loses, after as many seconds of training each.

    Each gets as many steps as it makes in that time, so that both come to the end of their schedules.
    """
    agents = {}
    for algorithm, preset in _PRESETS.items():
        steps = int(seconds * steps_per_s(preset, usable_cores(), _PACE_S))
        config = _config(preset, steps=steps, **_UNSEEN)
        course = Course(seed)
        with learner_of(GAME, partial(SelfPlayLearner, config), seed, usable_cores()) as learner:
            for _ in _steps(learner, course):
                pass
            agents[algorithm] = learner.policy
        tell(f"seed {seed}, {algorithm}: {steps:,} steps in {course.total_s:.0f} s")
    [meeting] = met(agents["ppo"], {"pqn": agents["pqn"]})
    return meeting.won - meeting.lost


def _config(preset: str, **values: object) -> SelfPlayConfig:
    config = TRAINER.configure(values, preset)
    assert isinstance(config, SelfPlayConfig)
    return config


def _tell(line: str) -> None:
    sys.stderr.write(f"  {line}\n")


BENCHMARK = _Learning()
