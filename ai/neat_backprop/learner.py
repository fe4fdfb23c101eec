"""NEAT with backpropagation in training: a generation a step."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.evaluation_pool import EvaluationPool
from ai.evaluation_settings import PoolSettings
from ai.neat.evolution import Evolution, mapping_of, quartile_range, whole_of
from ai.neat.genomes import Genomes, check_structure, from_arrays, to_arrays
from ai.neat.interchange import policy_to_json
from ai.neat.networks import express, graph_policies
from ai.neat_backprop import NeatBackpropConfig
from ai.neat_backprop.backprop import block_points, scores
from ai.neat_backprop.data_files import read_dataset
from ai.neat_backprop.datasets import Dataset
from ai.neat_backprop.fitness import GENOMES, ROWS, FitnessBackpropShared
from ai.neat_backprop.match_data import Recording, record_matches
from ai.neat_backprop.tasks import TASKS
from ai.trainer import Champion, Json, LearnerState, StepReport, TrainContext
from game.policies.file import PlayerFile
from game.policies.graph import GraphPolicy

_Judged: TypeAlias = dict[str, NDArray[np.float64]]


@dataclass
class _Crown:
    """The champion: its genome with what it has learned, and how good that is."""

    genome: Genomes
    generation: int
    fitness: float
    validation: float
    loss: float
    accuracy: float


class NeatBackpropLearner:
    """A population that learns from a dataset; see ``ai.trainer.Learner``."""

    def __init__(self, config: NeatBackpropConfig, context: TrainContext) -> None:
        self._config = config
        self._context = context
        self._rng = np.random.default_rng([context.seed, 0])
        settings = pool_settings(config, os.environ, context.workers)
        self._data = _dataset(config, context)
        self._names = (self._data.feature_names, self._data.class_names)
        self._evolution = Evolution(config, self._names, self._rng, context.say)
        self._fitness = FitnessBackpropShared(
            n_inputs=self._data.n_features,
            n_classes=self._data.n_classes,
            steps=config.steps,
            lr=config.lr,
            l2=config.l2,
            clip=config.clip,
            batch=config.batch,
            alpha_nodes=config.alpha_nodes,
            alpha_edges=config.alpha_edges,
        )
        self._pool = self._new_pool(self._fitness, settings)
        self._elite_pool = self._new_pool(replace(self._fitness, steps=config.elite_steps), settings)
        self._crown: _Crown | None = None
        self._hashes: dict[int, str] = {}
        self._step = 0

    def _new_pool(self, fitness: FitnessBackpropShared, settings: PoolSettings) -> EvaluationPool:
        control = self._context.control
        return EvaluationPool(
            fitness, self._data.arrays, settings, say=self._context.say, cancelled=lambda: control.is_cancelled
        )

    def step(self) -> StepReport:
        """Let a generation learn and judge it, crown its champion, and breed the next one."""
        config, evolution = self._config, self._evolution
        learned, judged = self._learn()
        fitness = judged["fitness"]
        evolution.note(fitness, self._crown.genome.keys.tolist() if self._crown is not None else [])
        is_new = self._crown_champion(learned, judged)
        crown = self._champion
        values = {
            **evolution.values(fitness, crown.genome),
            "accuracy": crown.accuracy,
            "validation": crown.validation,
            "loss": crown.loss,
            "mean_loss": float(np.minimum(judged["loss"], 1e6).mean()),
        }
        details: dict[str, Json] = {"species": evolution.species_details(fitness)}
        champion = None
        if is_new:
            details.update(evolution.champion_details(crown.genome, crown.fitness))
            policy = self._policy(crown.genome)
            details["network"] = self._network(policy)
            champion = self._player(policy) if config.task == "imitation" else None
        elites = self._elites(fitness)
        work = {
            "evaluations": len(fitness),
            "updates": config.steps * len(fitness) + config.elite_steps * len(elites),
        }
        self._step += 1
        self._inherit(learned)
        evolution.breed(fitness, crown.fitness, quartile_range(fitness))
        return StepReport(self._step, config.generations, values, work, champion, details)

    def _learn(self) -> tuple[Genomes, _Judged]:
        """Train everybody, then the best once more from what they have learned; return the genomes, and what they are worth."""
        rows = self._drawn_rows()
        learned, judged = self._evaluated(self._pool, self._evolution.genomes, rows)
        elites = self._elites(judged["fitness"]) if self._config.elite_steps else np.zeros(0, np.int64)
        if len(elites):
            some, better = self._evaluated(self._elite_pool, learned.take(elites), rows)
            learned = learned.with_values_of(some, elites)
            for name, values in better.items():
                judged[name][elites] = values
        return learned, judged

    def _drawn_rows(self) -> NDArray[np.int64]:
        """Return the training rows of this generation, in the order in which batches take them; none for all in their own."""
        config, there = self._config, len(self._data.y_train)
        wanted = min(config.rows or there, there)
        if 0 < config.batch < wanted:
            return self._rng.choice(there, wanted, replace=False)
        if wanted == there:
            return np.zeros(0, np.int64)
        return np.sort(self._rng.choice(there, wanted, replace=False))

    def _evaluated(self, pool: EvaluationPool, genomes: Genomes, rows: NDArray[np.int64]) -> tuple[Genomes, _Judged]:
        """Return ``genomes`` with what they have learned from ``rows``, and what they are worth."""
        found = pool.evaluate({**to_arrays(genomes, GENOMES), ROWS: rows}, genomes.size)
        learned = genomes._replace(weight=found.pop("weight"), bias=found.pop("bias"))
        return self._limited(learned), found

    def _limited(self, genomes: Genomes) -> Genomes:
        """Return ``genomes`` with weights and biases in their ranges."""
        config = self._config
        return genomes._replace(
            weight=np.clip(genomes.weight, config.weight_min_value, config.weight_max_value).astype(np.float32),
            bias=np.clip(genomes.bias, config.bias_min_value, config.bias_max_value).astype(np.float32),
        )

    def _elites(self, fitness: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the places of the best genomes, sorted."""
        count = round(self._config.elite_share * len(fitness))
        return np.sort(np.argsort(-fitness, kind="stable")[:count])

    def _inherit(self, learned: Genomes) -> None:
        """Let genomes keep what they have learned, before they have children."""
        config, population = self._config, self._evolution.population
        if config.inheritance == "lamarck":
            kept = np.flatnonzero(self._rng.random(learned.size) < config.write_back)
            population.genomes = population.genomes.with_values_of(learned.take(kept), kept)

    def _crown_champion(self, learned: Genomes, judged: _Judged) -> bool:
        """Crown the best genome if it is better than the champion; return whether it is."""
        best = int(np.argmax(judged["fitness"]))
        fitness = float(judged["fitness"][best])
        if self._crown is not None and fitness <= self._crown.fitness:
            return False
        genome = learned.take([best])
        networks = express(genome, self._data.n_features, self._data.n_classes)
        test = scores(genome, networks, block_points(self._data.x_test, self._data.y_test, self._data.n_classes))
        self._crown = _Crown(
            genome,
            self._evolution.population.generation,
            fitness,
            float(judged["accuracy"][best]),
            min(float(judged["loss"][best]), 1e6),
            float(test.accuracy[0]),
        )
        return True

    @property
    def _champion(self) -> _Crown:
        assert self._crown is not None  # noqa: S101  # the first generation has crowned one
        return self._crown

    def _policy(self, genome: Genomes) -> GraphPolicy:
        networks = express(genome, self._data.n_features, self._data.n_classes)
        return graph_policies(genome, networks, self._data.n_features)[0]

    def _network(self, policy: GraphPolicy) -> Json:
        """Return the champion's network as neat-python's JSON, with what its user needs to know.

        That is what it tells apart, and how its inputs are made.
        """
        data, crown = self._data, self._champion
        facts: dict[str, Json] = {
            "fitness": crown.fitness,
            "accuracy": crown.accuracy,
            "features": list(data.feature_names),
            "classes": list(data.class_names),
            "feature_mean": [float(value) for value in data.mean],
            "feature_scale": [float(value) for value in data.scale],
        }
        network: dict[str, dict[str, Json]] = json.loads(policy_to_json(policy, facts))
        del network["metadata"]["created_timestamp"]  # a run that is resumed says the same again
        return {**network}

    def _player(self, policy: GraphPolicy) -> Champion:
        """Return the champion as a player, with the champions among its ancestors."""
        game, crown = self._context.game, self._champion
        key = int(crown.genome.keys[0])
        lineage = tuple(self._hashes[each] for each in self._evolution.line(key) if each in self._hashes)
        self._hashes[key] = PlayerFile("", game.name, game.version, policy).hash
        return Champion(policy, crown.fitness, lineage)

    # State

    def state(self) -> LearnerState:
        """Return evolution and champion; the data are made again from configuration and seed."""
        evolution, crown = self._evolution.state(), self._crown
        arrays, numbers = dict(evolution.arrays), dict(evolution.numbers)
        numbers.update(
            step=self._step,
            data=self._data.digest(),
            hashes={str(key): value for key, value in self._hashes.items()},
        )
        if crown is not None:
            arrays.update(to_arrays(crown.genome, "crown"))
            numbers["crown"] = {name: getattr(crown, name) for name in _CROWN_NUMBERS}
        return LearnerState(arrays, numbers)

    def restore(self, state: LearnerState) -> None:
        """Go back to ``state``; see ``Learner.restore``."""
        numbers = state.numbers
        if numbers.get("data") != self._data.digest():
            raise TrainingError(
                f"the data of the task '{self._config.task}' are not those that the run began with: put the file, or the player, "
                "back as it was, or start a new run"
            )
        self._evolution.restore(state)
        self._step = whole_of(numbers, "step")
        hashes = mapping_of(numbers, "hashes")
        if not all(key.isdecimal() and isinstance(value, str) for key, value in hashes.items()):
            raise TrainingError("the checkpoint's 'hashes' are none of genomes: resume from another one")
        self._hashes = {int(key): str(value) for key, value in hashes.items()}
        self._crown = self._crown_of(state) if "crown" in numbers else None

    def _crown_of(self, state: LearnerState) -> _Crown:
        """Return the champion of a state; ``TrainingError`` if it is none of these data."""
        genome, fields = from_arrays(state.arrays, "crown"), mapping_of(state.numbers, "crown")
        check_structure(genome, self._data.n_features, self._data.n_classes)
        found = [fields.get(name) for name in _CROWN_NUMBERS]
        values = [float(value) for value in found if isinstance(value, int | float)]
        if genome.size != 1 or len(values) < len(_CROWN_NUMBERS):
            raise TrainingError("the checkpoint's champion is not complete: resume from another one")
        return _Crown(genome, int(values[0]), *values[1:])

    def close(self) -> None:
        """End the workers and free the shared data."""
        self._pool.close()
        self._elite_pool.close()


_CROWN_NUMBERS: Final = ("generation", "fitness", "validation", "loss", "accuracy")


def pool_settings(config: NeatBackpropConfig, environ: Mapping[str, str], workers: int) -> PoolSettings:
    """Return how genomes are trained: as the configuration says, else the environment, else with ``workers`` threads.

    Processes stay from generation to generation unless told otherwise: a new one loads the kernels for seconds.
    """
    settings = PoolSettings.from_environment(environ, PoolSettings(workers=workers, keepalive=True))
    given: dict[str, Any] = {  # a field's own type each
        "workers": config.eval_workers,
        "backend": config.backend,
        "start_method": config.start_method,
        "restart_every": config.restart_every,
    }
    given = {name: value for name, value in given.items() if value}
    if config.keepalive:
        given["keepalive"] = config.keepalive == "yes"
    return replace(settings, **given)


def _dataset(config: NeatBackpropConfig, context: TrainContext) -> Dataset:
    """Return the data of the task; the same for the same configuration and seed."""
    rng = np.random.default_rng([context.seed, 1])
    if config.task == "imitation":
        teacher = context.opponent(config.teacher).policy
        opponents = [opponent.policy for opponent in context.opponents(config.opponents)]
        context.say(f"recording matches of '{config.teacher}'")
        recording = Recording(config.match_pairs, context.seed, config.record_every, config.disturbance)
        return record_matches(context.game, teacher, opponents, recording)
    if config.task == "file":
        return read_dataset(Path(config.data_file), rng)
    task = TASKS[config.task]
    noise = task.noise if config.task_noise < 0 else config.task_noise
    return task.make(config.task_points or task.points, noise, rng)
