"""A population of genomes in species: evaluated from outside, reproduced and put into species here.

Spawn counts and stagnation are neat-python's own (``neat.reproduction``, ``neat.stagnation``); so is the order of what happens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

import neat
import numpy as np
from numpy.typing import NDArray

from ai.errors import RunFailedError, TrainingError
from ai.neat.config import EvolutionConfig
from ai.neat.distance import Coefficients, distances, speciate
from ai.neat.first_genomes import first_genomes
from ai.neat.genomes import Genomes, check_structure, from_arrays, joined, to_arrays
from ai.neat.operators import Counters, make_children
from ai.neat.rates import rates_of
from ai.trainer import Json, LearnerState, rng_state, set_rng_state

_HISTORY: Final = "history"


class Species(neat.species.Species):  # type: ignore[misc]  # neat-python is not typed
    """A species as neat-python's stagnation sees it: its members are places in the population."""

    def __init__(self, key: int, generation: int) -> None:
        super().__init__(key, generation)
        self.places: NDArray[np.int64] = np.zeros(0, np.int64)
        self.fitnesses: NDArray[np.float64] = np.zeros(0)

    def get_fitnesses(self) -> list[float]:
        """Return the members' fitness."""
        fitnesses: list[float] = self.fitnesses.tolist()
        return fitnesses


@dataclass(frozen=True)
class Birth:
    """What a generation came from: for each genome its parents' keys, [n, 2]; -1 where it has none or lives on."""

    parents: NDArray[np.int64]
    is_extinct: bool = False
    """Whether everybody had died out and the population was made anew."""


class Population:
    """Genomes, sorted by key, with their species."""

    def __init__(self, config: EvolutionConfig, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> None:
        self._config = config
        self._rng = rng
        self.rates = rates_of(config, n_inputs, n_outputs)
        self.threshold = config.compatibility_threshold
        self.generation = 0
        self.species: list[Species] = []
        self._representatives: Genomes
        self._next_key = 1
        self._next_species = 1
        self._stagnation = neat.DefaultStagnation(config, neat.reporting.ReporterSet())
        self._create()

    def _create(self) -> None:
        """Fill the population with new genomes."""
        count = self._config.population
        genomes, self._counters = first_genomes(self._config, self.rates, self._new_keys(count), self._rng)
        self._settle(genomes)

    def begin_with(self, seeds: Genomes) -> None:
        """Put ``seeds`` and mutated children of theirs in the place of the first genomes."""
        count = self._config.population
        parent = self._rng.integers(seeds.size, size=count - min(seeds.size, count))
        self._counters = Counters(
            int(max(seeds.node.max(initial=0) + 1, self._counters.node)),
            int(max(seeds.innovation.max(initial=-1) + 1, self._counters.innovation)),
        )
        kept = seeds.take(np.arange(min(seeds.size, count)))._replace(keys=self._new_keys(min(seeds.size, count)))
        children, self._counters = make_children(
            seeds,
            np.stack([parent, parent], axis=1),
            self._new_keys(len(parent)),
            self.rates,
            self._counters,
            self._rng,
        )
        self.species = []
        self._settle(joined([kept, children]))

    def reproduce(self, fitness: NDArray[np.float64]) -> Birth:
        """Replace the population by the next generation, in species; ``fitness`` is this one's, by place.

        Raises
        ------
        RunFailedError
            If every species has died out and the configuration does not allow to begin anew.
        """
        for species in self.species:
            species.fitnesses = fitness[species.places]
        living = self._living_species()
        self.generation += 1
        if not living:
            if not self._config.reset_on_extinction:
                raise RunFailedError(
                    f"every species has died out in generation {self.generation}: start a run that allows more with "
                    "max_stagnation, protects some with species_elitism, or begins anew with reset_on_extinction"
                )
            self.species = []
            self._create()
            return Birth(np.full((self.genomes.size, 2), -1), is_extinct=True)
        elites, pairs = self._parents(living, fitness)
        kept = self.genomes.take(np.sort(elites))
        keys = self._new_keys(len(pairs))
        children, self._counters = make_children(self.genomes, pairs, keys, self.rates, self._counters, self._rng)
        parents = np.concatenate([np.full((kept.size, 2), -1), self.genomes.keys[pairs]])
        alive = np.isin([species.key for species in self.species], [species.key for species in living])
        self._representatives = self._representatives.take(np.flatnonzero(alive))
        self.species = living
        self._settle(joined([kept, children]))
        return Birth(parents)

    def _living_species(self) -> list[Species]:
        """Return the species that go on, by key: those that are not stagnant, as many as the population has room for."""
        by_key = SimpleNamespace(species={species.key: species for species in self.species})
        judged = self._stagnation.update(by_key, self.generation)
        for species in self.species:
            species.fitness_history = [max(species.fitness_history)]  # nothing else of it is ever read
        living = [species for _, species, is_stagnant in judged if not is_stagnant]
        most = self._config.population // self._least_size
        best = sorted(living, key=lambda species: (-species.fitness, species.key))[:most]
        return sorted(best, key=lambda species: species.key)

    @property
    def _least_size(self) -> int:
        return max(self._config.min_species_size, self._config.elitism)

    def _parents(
        self, living: list[Species], fitness: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places of the elites, and those of both parents of each child, the fitter first."""
        adjusted = self._adjusted([float(species.fitnesses.mean()) for species in living], fitness, living)
        sizes = [len(species.places) for species in living]
        count, least = self._config.population, self._least_size
        spawn = exact_spawn(neat.DefaultReproduction.compute_spawn(adjusted, sizes, count, least), count, least)
        elites: list[NDArray[np.int64]] = []
        pairs: list[NDArray[np.int64]] = []
        for species, share in zip(living, spawn, strict=True):
            order = np.lexsort((-species.places, -species.fitnesses))
            ranked = species.places[order]
            elites.append(ranked[: self._config.elitism])
            survivors = ranked[: max(2, int(np.ceil(self._config.survival_threshold * len(ranked))))]
            drawn = self._rng.integers(len(survivors), size=(max(0, share - len(elites[-1])), 2))
            is_alone = self._rng.random(len(drawn)) >= self._config.crossover_prob
            drawn[is_alone, 1] = drawn[is_alone, 0]
            pairs.append(survivors[drawn])
        chosen = np.concatenate(pairs)
        is_second_fitter = fitness[chosen[:, 1]] >= fitness[chosen[:, 0]]  # neat-python: of equals the second
        chosen[is_second_fitter] = chosen[is_second_fitter][:, ::-1]
        return np.concatenate(elites), chosen

    @staticmethod
    def _adjusted(means: list[float], fitness: NDArray[np.float64], living: list[Species]) -> list[float]:
        """Return the species' mean fitness, from 0 for the worst genome of all to at most 1; as neat-python does."""
        members = np.concatenate([fitness[species.places] for species in living])
        low, span = float(members.min()), max(1.0, float(members.max() - members.min()))
        return [(mean - low) / span for mean in means]

    def _settle(self, genomes: Genomes) -> None:
        """Take ``genomes`` as the population and put them into species."""
        self.genomes = genomes
        coefficients = Coefficients(
            self._config.compatibility_disjoint_coefficient, self._config.compatibility_weight_coefficient
        )
        old = self._representatives if self.species else genomes.take([])
        if self._config.species_target_mode != "fixed":
            old = self._merged(old, coefficients)
        partition = speciate(genomes, old, self.threshold, coefficients)
        new = len(partition.representatives) - len(self.species)
        self.species += [Species(self._next_species + i, self.generation) for i in range(new)]
        self._next_species += new
        order = np.argsort(partition.species, kind="stable")
        ends = np.searchsorted(partition.species[order], np.arange(1, len(self.species) + 1))
        for species, places in zip(self.species, np.split(order, ends[:-1]), strict=True):
            species.places = places
        self.species = [species for species in self.species if len(species.places)]
        self._representatives = genomes.take(partition.representatives[partition.representatives >= 0])
        self.species_of = np.zeros(genomes.size, np.int64)
        for species in self.species:
            self.species_of[species.places] = species.key

    def _merged(self, representatives: Genomes, coefficients: Coefficients) -> Genomes:
        """End species whose representative is nearer to that of an older one than the threshold; return those that are left.

        neat-python's species never join: without this, a higher threshold makes no fewer of them until they stagnate.
        """
        near = distances(representatives, representatives, coefficients) < self.threshold
        kept: list[int] = []
        for place in range(len(self.species)):
            if not near[place, kept].any():
                kept.append(place)
        self.species = [self.species[place] for place in kept]
        return representatives.take(kept)

    def _new_keys(self, count: int) -> NDArray[np.int64]:
        first = self._next_key
        self._next_key += count
        return np.arange(first, first + count, dtype=np.int64)

    # State

    def state(self) -> LearnerState:
        """Return everything, as a checkpoint keeps it."""
        arrays = {
            **to_arrays(self.genomes, "genomes"),
            **to_arrays(self._representatives, "representatives"),
            "species": self._place_species(),
        }
        species: list[Json] = [
            {
                "key": each.key,
                "created": each.created,
                "last_improved": each.last_improved,
                _HISTORY: [float(value) for value in each.fitness_history],
            }
            for each in self.species
        ]
        numbers: dict[str, Json] = {
            "generation": self.generation,
            "threshold": self.threshold,
            "next_key": self._next_key,
            "next_species": self._next_species,
            "next_node": self._counters.node,
            "next_innovation": self._counters.innovation,
            "species": species,
            "rng": rng_state(self._rng),
        }
        return LearnerState(arrays, numbers)

    def _place_species(self) -> NDArray[np.int64]:
        """Return for each genome the place of its species."""
        places = np.zeros(self.genomes.size, np.int64)
        for number, species in enumerate(self.species):
            places[species.places] = number
        return places

    def restore(self, arrays: Mapping[str, NDArray[np.generic]], numbers: Mapping[str, Json]) -> None:
        """Go back to a state; ``TrainingError`` if it is none of this configuration."""
        genomes, representatives = from_arrays(arrays, "genomes"), from_arrays(arrays, "representatives")
        for each in (genomes, representatives):
            check_structure(each, self.rates.n_inputs, self.rates.n_outputs)
        try:
            species = [self._restored_species(fields) for fields in _entries(numbers["species"])]
            counts = [_whole(numbers[name]) for name in ("generation", "next_key", "next_species")]
            counters = Counters(_whole(numbers["next_node"]), _whole(numbers["next_innovation"]))
            threshold = float(numbers["threshold"])  # type: ignore[arg-type]  # TypeError is caught
            places = np.asarray(arrays["species"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TrainingError(
                f"the checkpoint's population cannot be used ({error}): resume from another one"
            ) from error
        if genomes.size != self._config.population or places.shape != (genomes.size,):
            raise TrainingError(
                f"the checkpoint has {genomes.size} genomes: the configuration needs {self._config.population}"
            )
        if len(species) != representatives.size or not np.isin(places, np.arange(len(species))).all():
            raise TrainingError("the checkpoint's species do not fit its genomes: resume from another one")
        for number, each in enumerate(species):
            each.places = np.flatnonzero(places == number)
        self.genomes, self._representatives, self.species = genomes, representatives, species
        self.species_of = np.array([species[int(place)].key for place in places], np.int64)
        self.generation, self._next_key, self._next_species = counts
        self._counters, self.threshold = counters, threshold
        set_rng_state(self._rng, numbers.get("rng"))

    @staticmethod
    def _restored_species(fields: Mapping[str, Json]) -> Species:
        species = Species(_whole(fields["key"]), _whole(fields["created"]))
        species.last_improved = _whole(fields["last_improved"])
        history = fields[_HISTORY]
        if not isinstance(history, list):
            raise TypeError(f"{_HISTORY} is {history!r}")
        species.fitness_history = [float(value) for value in history]  # type: ignore[arg-type]  # TypeError is caught
        return species


def exact_spawn(spawn: Sequence[int], count: int, least: int) -> list[int]:
    """Return the sizes ``spawn`` of species changed so that they add up to ``count``, none of them below ``least``.

    Small species grow first, large ones shrink first, each by one a round, as in neat-python's ``_adjust_spawn_exact``; that
    gives up after a round in which it has shrunk species, with an error. There must be room for all.
    """
    exact = list(spawn)
    surplus = sum(exact) - count
    order = sorted(range(len(exact)), key=exact.__getitem__, reverse=surplus > 0)
    while surplus != 0:
        for place in order:
            if surplus < 0:
                exact[place] += 1
                surplus += 1
            elif surplus > 0 and exact[place] > least:
                exact[place] -= 1
                surplus -= 1
    return exact


def _entries(value: Json) -> list[dict[str, Json]]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise TypeError("species is no list of objects")
    return value  # type: ignore[return-value]  # looked at above


def _whole(value: Json) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    return value
