"""The learner of the (1+lambda) evolution strategy.

Source: the (1+lambda) part of C. Igel, N. Hansen, S. Roth: "Covariance Matrix Adaptation for Multi-objective Optimization",
Evolutionary Computation 15(1), 2007, section 2.1 (algorithms 1 to 3: the success rule in its smoothed form, after
I. Rechenberg's 1/5 rule). Deviations:

- No covariance matrix: mutations are isotropic.
- Mirrored sampling: half of the mutations are the other half, negated (D. Brockhoff et al., "Mirrored Sampling and
  Sequential Selection for Evolution Strategies", PPSN 2010).
- The fitness is noisy, and an elitist strategy keeps what was lucky once. So nothing is kept: every generation has seeds of
  its own, on which parent and children all play (common random numbers), and the best children must beat the parent once
  more on further new seeds before one of them takes its place.
- The step size is bounded above: under noise half of the children of a large step may seem better.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.dense.parameters import dense_builder
from ai.errors import TrainingError
from ai.es import EsConfig
from ai.evaluation import CandidateSides, pair_rows
from ai.trainer import Champion, LearnerState, StepReport, TrainContext, rng_state, set_rng_state
from game.seeding import pair_seed, pair_seeds

_FIRST_SPREAD: Final = 0.5
"""Standard deviation of the first parent's parameters."""

_EVALUATION_STREAM: Final = 2**62
"""Index of the seed of all evaluation seeds: far beyond the pairs of any training."""

_NUMBERS: Final = ("generation", "step_size", "success", "best_score")

Vector = NDArray[np.float64]


class EsLearner:
    """One run of the strategy."""

    def __init__(self, config: EsConfig, context: TrainContext) -> None:
        self._config = config
        self._context = context
        self._opponents = context.opponents(config.opponents)
        game = context.game
        self._build, size = dense_builder((game.n_observations, *config.hidden, game.n_actions))
        self._rng = np.random.default_rng(context.seed)
        self._parent: Vector = self._rng.standard_normal(size) * _FIRST_SPREAD
        self._generation = 0
        self._step_size = config.step_size
        self._rule = _SuccessRule(size, config.children)
        self._success = self._rule.target
        self._best_score = -1.0
        self._work = {"matches": 0, "ticks": 0}

    def step(self) -> StepReport:
        """Train one generation."""
        config = self._config
        self._work = {"matches": 0, "ticks": 0}
        step_size = self._step_size
        children = self._parent + step_size * self._mutations()
        seeds = self._seeds()
        fitness = self._fitness([self._parent, *children], seeds[: config.pairs])
        parent, others = fitness[0], fitness[1:]
        success_rate = float((others > parent).mean())
        finalists = children[np.argsort(-others, kind="stable")[: config.finalists]]
        self._select(finalists, seeds[config.pairs :])
        self._success = self._rule.smoothed(self._success, success_rate)
        self._step_size = min(step_size * self._rule.factor(self._success), config.max_step_size)
        self._generation += 1
        values = {
            "best": float(others.max()),
            "mean": float(others.mean()),
            "parent": float(parent),
            "step_size": step_size,
            "success_rate": success_rate,
        }
        champion = None
        if self._generation % config.evaluate_every == 0 or self._generation == config.generations:
            champion = self._evaluate(values)
        return StepReport(self._generation, config.generations, values, self._work, champion)

    def state(self) -> LearnerState:
        """Return parent, step size, success rate, counters and the generator's state."""
        numbers = (self._generation, self._step_size, self._success, self._best_score)
        return LearnerState(
            {"parent": self._parent.copy()},
            {**dict(zip(_NUMBERS, numbers, strict=True)), "rng": rng_state(self._rng)},
        )

    def restore(self, state: LearnerState) -> None:
        """Go back to ``state``; see ``Learner.restore``."""
        parent = state.arrays.get("parent")
        if parent is None or parent.shape != self._parent.shape or parent.dtype != self._parent.dtype:
            found = None if parent is None else parent.shape
            raise TrainingError(f"the checkpoint's parent is {found}: the configuration needs {self._parent.shape}")
        numbers = [float(value) for name in _NUMBERS if isinstance(value := state.numbers.get(name), int | float)]
        if len(numbers) < len(_NUMBERS):
            raise TrainingError(f"the checkpoint lacks one of {', '.join(_NUMBERS)}: resume from another one")
        generation, self._step_size, self._success, self._best_score = numbers
        self._generation = int(generation)
        self._parent = parent.astype(np.float64)
        set_rng_state(self._rng, state.numbers.get("rng"))

    def close(self) -> None:
        """Nothing is held."""

    def _mutations(self) -> NDArray[np.float64]:
        """Return a standard normal vector for each child, mirrored in pairs."""
        count = self._config.children
        half = self._rng.standard_normal((count - count // 2, len(self._parent)))
        return np.concatenate([half, -half[: count // 2]])

    def _seeds(self) -> NDArray[np.int64]:
        """Return this generation's seeds: for all children, then for the finalists."""
        count = self._config.pairs + self._config.final_pairs
        return pair_seeds(self._context.seed, self._generation * count, count)

    def _select(self, finalists: NDArray[np.float64], seeds: NDArray[np.int64]) -> None:
        """Put the best finalist in the parent's place if it is better than the parent on new seeds."""
        fitness = self._fitness([self._parent, *finalists], seeds)
        best = int(np.argmax(fitness))
        if best:
            self._parent = finalists[best - 1]

    def _fitness(self, candidates: Sequence[Vector], seeds: NDArray[np.int64]) -> Vector:
        return self._play(candidates, seeds, self._config.points).fitness(self._config.contact_weight)

    def _evaluate(self, values: dict[str, float]) -> Champion | None:
        """Add the parent's scores on the evaluation seeds to ``values``; return it if it scores better than any before."""
        first = pair_seed(self._context.seed, _EVALUATION_STREAM)
        seeds = pair_seeds(first, 0, self._config.evaluation_pairs)
        sides = self._play([self._parent], seeds, self._context.game.default_points)
        scores = sides.score[0].mean(axis=(1, 2))
        for opponent, score in zip(self._opponents, scores, strict=True):
            values[f"score_against/{opponent.name}"] = float(score)
        score = values["score"] = float(scores.mean())
        if score <= self._best_score:
            return None
        self._best_score = score
        return Champion(self._build(self._parent.astype(np.float32)), score)

    def _play(self, candidates: Sequence[Vector], seeds: NDArray[np.int64], points: int) -> CandidateSides:
        """Play ``candidates`` against every opponent, a pair a seed."""
        policies = [self._build(candidate.astype(np.float32)) for candidate in candidates]
        rows = pair_rows(len(policies), len(self._opponents), seeds, points)
        results = self._context.play([*policies, *(opponent.policy for opponent in self._opponents)], rows)
        self._work["matches"] += len(results)
        self._work["ticks"] += int(results["ticks"].sum())
        return CandidateSides.of(results, len(policies), len(self._opponents))


class _SuccessRule:
    """How the step size follows the share of better children: Igel et al. 2007, table 1 and algorithm 2."""

    def __init__(self, size: int, children: int) -> None:
        self.target = 1.0 / (5.0 + math.sqrt(children) / 2.0)
        self._damping = 1.0 + size / (2.0 * children)
        self._rate = self.target * children / (2.0 + self.target * children)

    def smoothed(self, success: float, share: float) -> float:
        """Return the smoothed success rate after a generation in which ``share`` of the children were better."""
        return (1.0 - self._rate) * success + self._rate * share

    def factor(self, success: float) -> float:
        """Return what to multiply the step size with."""
        return math.exp((success - self.target) / (1.0 - self.target) / self._damping)
