"""Learning from hindsight: what the champion should have done in its own matches, learned by gradient steps.

Nobody teaches: the labels come from what happened afterwards (``GameSpec.hindsight``). The champion's matches are recorded,
added to the rows of earlier champions, and learned by everybody who is born, as in dataset aggregation, with hindsight in the
expert's place (S. Ross, G. Gordon, D. Bagnell: "A Reduction of Imitation Learning and Structured Prediction to No-Regret Online
Learning", 2011).
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.match_record import MAX_ROWS, MatchRecorder, NoAnswerError, RecordedMatch, recording_bank
from ai.neat import NeatConfig
from ai.neat.genomes import Genomes
from ai.neat.networks import express
from ai.neat_backprop.backprop import BackpropSettings, block_points, train_population
from game.match import is_compiled
from game.policies.bank import Policy
from game.spec import GameSpec, Hindsight

_X, _Y, _NEXT = "hindsight/observations", "hindsight/actions", "hindsight/next"

_PAIRS_AT_ONCE: Final = 25
"""Pairs that are recorded in one go: every tick of them is in memory."""


def lessons(
    game: GameSpec,
    hindsight: Hindsight,
    players: tuple[Policy, Sequence[Policy]],
    seeds: Sequence[int],
    points: int,
    every: int,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Return what the first of ``players`` saw in matches against each of the others, and what was right to do.

    It plays a pair of matches on each seed against each opponent; every ``every``-th tick with a known action is returned.
    """
    player, opponents = players
    compiled = [opponent for opponent in opponents if is_compiled(opponent)]
    found: list[tuple[NDArray[np.float32], NDArray[np.int32]]] = []
    for opponent in compiled:
        bank = recording_bank(game, (player, opponent))
        for first in range(0, len(seeds), _PAIRS_AT_ONCE):
            some = seeds[first : first + _PAIRS_AT_ONCE]
            matches = [
                RecordedMatch(1, place, seed, swapped) for place, seed in enumerate(some) for swapped in (False, True)
            ]
            record = MatchRecorder(game, bank, matches, points).record(1, MAX_ROWS)
            for rows in np.split(np.arange(len(record.jobs)), np.flatnonzero(np.diff(record.jobs)) + 1):
                observations = record.observations[rows]
                actions = hindsight(observations)
                chosen = np.flatnonzero(actions >= 0)[::every]
                found.append((observations[chosen], actions[chosen]))
    if not found:
        return np.zeros((0, game.n_observations), np.float32), np.zeros(0, np.int32)
    observations, actions = (np.concatenate(column) for column in zip(*found, strict=True))
    return observations, actions


class Lessons:
    """The newest ``capacity`` rows: observations and the actions that would have been right."""

    def __init__(self, capacity: int, n_observations: int, n_actions: int) -> None:
        self._observations = np.zeros((capacity, n_observations), np.float32)
        self._actions = np.zeros(capacity, np.int32)
        self._n_actions = n_actions
        self._next = 0
        self.count = 0
        """How many rows there are."""

    def add(self, observations: NDArray[np.float32], actions: NDArray[np.int32]) -> None:
        """Add rows in the place of the oldest ones."""
        capacity = len(self._actions)
        observations, actions = observations[-capacity:], actions[-capacity:]
        places = (self._next + np.arange(len(actions))) % capacity
        self._observations[places], self._actions[places] = observations, actions
        self._next = (self._next + len(actions)) % capacity
        self.count = min(capacity, self.count + len(actions))

    def draw(self, rows: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """Return ``rows`` drawn rows; there is at least one."""
        places = rng.integers(self.count, size=rows)
        return self._observations[places], self._actions[places]

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the rows as arrays of a checkpoint."""
        return {
            _X: self._observations[: self.count].copy(),
            _Y: self._actions[: self.count].copy(),
            _NEXT: np.array([self._next], np.int64),
        }

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to what ``to_arrays`` has written; ``TrainingError`` if it does not fit."""
        x, y, place = (arrays.get(name) for name in (_X, _Y, _NEXT))
        if x is None or y is None or place is None or place.shape != (1,) or not self._fit(x, y):
            raise TrainingError(
                "the checkpoint's rows of hindsight do not fit the configuration: resume from another one"
            )
        self.count, self._next = len(y), int(place[0])
        self._observations[: self.count], self._actions[: self.count] = x, y

    def _fit(self, x: NDArray[np.generic], y: NDArray[np.generic]) -> bool:
        """Whether ``x`` and ``y`` can be observations and actions that are kept here."""
        capacity, width = self._observations.shape
        if y.ndim != 1 or len(y) > capacity or x.shape != (len(y), width):
            return False
        if x.dtype != self._observations.dtype or y.dtype != self._actions.dtype:
            return False
        return bool(np.isfinite(x.astype(np.float32)).all() and np.isin(y, np.arange(self._n_actions)).all())


class Study:
    """How the genomes of a run learn from hindsight."""

    def __init__(self, config: NeatConfig, game: GameSpec, workers: int) -> None:
        self._config = config
        self._game = game
        self._workers = workers
        self._settings = BackpropSettings(steps=config.hindsight_steps, lr=config.hindsight_lr)
        self._lessons = Lessons(config.hindsight_capacity, game.n_observations, game.n_actions)

    def teach(self, genomes: Genomes, learners: NDArray[np.int64], rng: np.random.Generator) -> Genomes:
        """Return ``genomes`` after those at the places ``learners`` have learned from rows drawn for this generation."""
        config, game = self._config, self._game
        if not self._lessons.count or not len(learners):
            return genomes
        x, y = self._lessons.draw(config.hindsight_rows, rng)
        points = block_points(x, y, game.n_actions, batch=config.hindsight_batch)
        networks = express(genomes, game.n_observations, game.n_actions)
        learned = train_population(genomes, networks, points, self._settings, chosen=learners, threads=self._workers)
        return genomes._replace(
            weight=np.clip(learned.weight, config.weight_min_value, config.weight_max_value).astype(np.float32),
            bias=np.clip(learned.bias, config.bias_min_value, config.bias_max_value).astype(np.float32),
        )

    def look_back(self, champion: Policy, rivals: Sequence[Policy], seeds: Sequence[int]) -> None:
        """Add what ``champion`` should have done against each of ``rivals``; one that answers NaN teaches nothing."""
        hindsight, config = self._game.hindsight, self._config
        if hindsight is not None:
            players = champion, rivals
            with contextlib.suppress(NoAnswerError):
                self._lessons.add(
                    *lessons(self._game, hindsight, players, seeds, config.points, config.hindsight_record_every)
                )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays of the state."""
        return self._lessons.to_arrays()

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to a state."""
        self._lessons.restore(arrays)
