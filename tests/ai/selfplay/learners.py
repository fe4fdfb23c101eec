"""Populations small enough for tests, and what they need."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import numpy as np

from ai.selfplay import TRAINER, SelfPlayConfig
from ai.selfplay.algorithm import Courts
from ai.selfplay.learner import SelfPlayLearner
from ai.selfplay.population import Population
from ai.trainer import Opponent, StepReport, TrainContext
from game.executors.serial import SerialExecutor
from game.games.rally import GAME
from game.policies.bank import Policy
from tests.ai.dqn.learners import context_of
from tests.ai.fakes import find_opponent

SMALL: Mapping[str, object] = {
    "engine": "compiled",
    "steps": 24_000,
    "report_steps": 1_000,
    "courts": 16,
    "rollout_steps": 8,
    "frame_skip": 4,
    "hidden": (8,),
    "epochs": 2,
    "minibatch_size": 64,
    "snapshot_steps": 800,
    "pool_size": 3,
    "min_games": 2,
    "opponents": ("tracker",),
    "main_exploiters": 1,
    "league_exploiters": 1,
    "exploiter_share": 0.2,
    "exploiter_steps": 600,
    "self_share": 0.5,
    "past_share": 0.4,
    "hard_share": 0.1,
    "fixed_share": 0.0,
    "anchors": ("still", "tracker"),
    "evaluate_steps": 2_000,
    "evaluation_pairs": 1,
    "gate_steps": 4_000,
    "gate_pairs": 20,
    "payoff_size": 4,
    "payoff_pairs": 1,
}
"""All roles; snapshots, evictions, restarts and gates within some thousand steps."""

ONE = {"main_exploiters": 0, "league_exploiters": 0, "opponents": ()}
"""The main agent alone."""

PQN = {"algorithm": "pqn", "epochs": 1}


class Workers(SerialExecutor):
    """Says that it has ``count`` workers."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    @property
    def workers(self) -> int:
        return self._count


def config_of(**changes: object) -> SelfPlayConfig:
    """Return a small configuration."""
    config = TRAINER.configure({**SMALL, **changes})
    assert isinstance(config, SelfPlayConfig)
    return config


def learner_of(seed: int = 3, workers: int = 1, find: Callable[[str], Opponent] = find_opponent, **changes: object):
    """Return a learner of a small configuration."""
    context: TrainContext = replace(context_of(seed, find), executor=Workers(workers))
    return SelfPlayLearner(config_of(**changes), context)


def population_of(seed: int = 3, players: Sequence[str] = (), **changes: object) -> Population:
    """Return a population of a small configuration, whose observations are of magnitude 1."""
    config = config_of(**{"opponents": tuple(players), **changes})
    found = tuple(find_opponent(name) for name in players)
    return Population(config, context_of(seed), found, magnitudes(), threads())


def courts_of(groups: int, agents: int) -> Courts:
    """Return what an algorithm learns on."""
    return Courts(GAME, groups, agents, magnitudes())


def magnitudes() -> np.ndarray:
    """Return magnitudes of observations, all alike."""
    return np.ones(GAME.n_observations, np.float32)


def threads() -> ThreadPoolExecutor:
    """Return a thread; it is started when it is needed."""
    return ThreadPoolExecutor(1)


def one_by_one(learner: SelfPlayLearner, count: int) -> Iterator[StepReport]:
    """Yield the reports of ``count`` steps, each as soon as it is made."""
    for _ in range(count):
        yield learner.step()


def to_the_end(learner: SelfPlayLearner, most: int = 1000) -> list[StepReport]:
    """Return the reports of a run to its end."""
    reports = [learner.step()]
    while reports[-1].step != reports[-1].expected and len(reports) < most:
        reports.append(learner.step())
    return reports


def start_player(**changes: object) -> Policy:
    """Return the player that a short run has made."""
    with closing(learner_of(9, **{**ONE, **changes})) as learner:
        list(one_by_one(learner, 2))
        return learner.policy


def finder(policy: Policy, name: str = "veteran") -> Callable[[str], Opponent]:
    """Return a lookup of opponents that knows ``policy``, too."""

    def find(wanted: str) -> Opponent:
        return Opponent(wanted, f"hash of {wanted}", policy) if wanted == name else find_opponent(wanted)

    return find
