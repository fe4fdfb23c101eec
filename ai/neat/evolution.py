"""What every trainer with NEAT genomes does around judging them: the species' control, who descends from whom, what is told."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.errors import TrainingError
from ai.neat.ancestry import NOBODY, Ancestor, Ancestry, line_details
from ai.neat.config import EvolutionConfig
from ai.neat.details import genome_details, species_details
from ai.neat.genomes import Genomes
from ai.neat.population import Population
from ai.neat.species_control import ControlSettings, SpeciesControl
from ai.trainer import Json, LearnerState
from game.jit import is_compiled

_ANCESTORS_SHOWN: Final = 200

_KERNELS: Final = ("make", "_speciate", "_express")
"""Of the operators: where they are compiled, all of this package's kernels are."""

Vector = NDArray[np.float64]


class Evolution:
    """A population, its species control and its ancestry."""

    def __init__(
        self,
        config: EvolutionConfig,
        names: tuple[Sequence[str], Sequence[str]],
        rng: np.random.Generator,
        say: Callable[[str], None],
    ) -> None:
        """Begin with new genomes for networks whose inputs and outputs have ``names``."""
        self._config = config
        self._names = names
        self._rng = rng
        self._say = say
        if not is_compiled(*_KERNELS):
            say("compiling what evolves networks: once on this machine, some 20 seconds")
        self.population = Population(config, len(names[0]), len(names[1]), rng)
        self._control = SpeciesControl(control_settings(config))
        self._ancestry = Ancestry()
        self._parents = np.full((config.population, 2), NOBODY)

    @property
    def genomes(self) -> Genomes:
        """The genomes of this generation."""
        return self.population.genomes

    def note(self, fitness: Vector, others: Sequence[int]) -> None:
        """Take note of this generation's genomes as ancestors; forget who is one neither of them nor of ``others``, by key."""
        population, genomes = self.population, self.genomes
        hidden, enabled = genomes.hidden_counts(population.rates.n_outputs), genomes.enabled_counts()
        for place, key in enumerate(genomes.keys.tolist()):
            if key not in self._ancestry:
                one, other = self._parents[place].tolist()
                species = int(population.species_of[place])
                sizes = int(hidden[place]), int(enabled[place])
                self._ancestry.add(
                    Ancestor(key, population.generation, float(fitness[place]), (one, other), species, *sizes)
                )
        self._ancestry.forget_but([*genomes.keys.tolist(), *others])

    def line(self, key: int) -> list[int]:
        """Return the keys of the genome's ancestors by the fitter parent, the nearest first."""
        return [each.key for each in self._ancestry.line(key)[1:]]

    def breed(self, fitness: Vector, yardstick: float | None, spread: float) -> NDArray[np.int64]:
        """Replace the population by the next generation; return where each genome was before, -1 for a new one.

        ``yardstick`` is how good the best is, by a measure that stays the same, or None where it was not measured; ``spread`` is
        what the population differs by, in its unit.
        """
        population = self.population
        self._control.update(len(population.species), yardstick, spread, self._rng)
        population.threshold = self._control.threshold
        before = self.genomes.keys
        birth = population.reproduce(fitness)
        if birth.is_extinct:
            self._say(f"every species has died out in generation {population.generation}: the population begins anew")
        self._parents = birth.parents
        places = np.minimum(np.searchsorted(before, self.genomes.keys), len(before) - 1)
        return np.where(before[places] == self.genomes.keys, places, -1)

    def values(self, fitness: Vector, champion: Genomes) -> dict[str, float]:
        """Return the metrics of this generation; ``champion`` is one genome."""
        population, n_outputs = self.population, self.population.rates.n_outputs
        values = {
            "best": float(fitness.max()),
            "mean": float(fitness.mean()),
            "sd": float(fitness.std()),
            "species_count": float(len(population.species)),
            "threshold": population.threshold,
            "champion_nodes": float(champion.hidden_counts(n_outputs)[0]),
            "champion_connections": float(champion.enabled_counts()[0]),
            "mean_nodes": float(self.genomes.hidden_counts(n_outputs).mean()),
            "mean_connections": float(self.genomes.enabled_counts().mean()),
            **{f"species/{species.key}": float(len(species.places)) for species in population.species},
        }
        if self._config.species_target_mode != "fixed":
            values["species_target"] = self._control.target
        return values

    def species_details(self, fitness: Vector) -> list[Json]:
        """Return a row for each species."""
        return species_details(self.population, fitness)

    def champion_details(self, champion: Genomes, fitness: float) -> dict[str, Json]:
        """Return the genome and the ancestry of a champion."""
        line = self._ancestry.line(int(champion.keys[0]))
        newest = line[0]._replace(fitness=fitness)  # it was judged again since it was born
        is_recurrent = not self._config.feed_forward
        return {
            "genome": genome_details(champion, 0, newest.generation, fitness, self._names, is_recurrent=is_recurrent),
            "ancestry": line_details([newest, *line[1:]], _ANCESTORS_SHOWN),
        }

    def state(self) -> LearnerState:
        """Return population, control and ancestry."""
        population = self.population.state()
        arrays = {**population.arrays, **self._ancestry.to_arrays(), "parents": self._parents.copy()}
        return LearnerState(arrays, {**population.numbers, "control": dict(self._control.state())})

    def restore(self, state: LearnerState) -> None:
        """Go back to a state; ``TrainingError`` if it does not fit the configuration."""
        self.population.restore(state.arrays, state.numbers)
        self._ancestry.restore(state.arrays)
        self._control.restore(mapping_of(state.numbers, "control"))
        self._parents = array_of(state.arrays, "parents", (self.genomes.size, 2)).astype(np.int64)


def control_settings(config: EvolutionConfig) -> ControlSettings:
    """Return the numbers of the species control."""
    return ControlSettings(
        mode=config.species_target_mode,
        target=config.species_target,
        target_min=config.species_target_min,
        target_max=config.species_target_max,
        kp=config.pid_kp,
        ki=config.pid_ki,
        kd=config.pid_kd,
        threshold=config.compatibility_threshold,
        threshold_min=config.threshold_min,
        threshold_max=config.threshold_max,
        population=config.population,
    )


def quartile_range(values: Vector) -> float:
    """Return the distance between the first and the third quartile."""
    return float(np.subtract(*np.percentile(values, [75, 25])))


def mapping_of(numbers: Mapping[str, Json], name: str) -> dict[str, Json]:
    """Return an object of a checkpoint's numbers; ``TrainingError`` if it is not there."""
    value = numbers.get(name)
    if not isinstance(value, dict):
        raise TrainingError(f"the checkpoint lacks '{name}': resume from another one")
    return value


def whole_of(numbers: Mapping[str, Json], name: str) -> int:
    """Return a whole number of a checkpoint; ``TrainingError`` if it is not there."""
    value = numbers.get(name)
    if not isinstance(value, int) or value < 0:
        raise TrainingError(
            f"the checkpoint's '{name}' is {value!r}, a whole number is needed: resume from another one"
        )
    return value


def array_of(arrays: Mapping[str, NDArray[np.generic]], name: str, shape: tuple[int, ...]) -> NDArray[np.generic]:
    """Return an array of a checkpoint; ``TrainingError`` if it is not there in this shape."""
    array = arrays.get(name)
    if array is None or array.shape != shape:
        found = None if array is None else array.shape
        raise TrainingError(f"the checkpoint's '{name}' is {found}: the configuration needs {shape}")
    return array
