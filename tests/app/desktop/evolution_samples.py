"""What an evolving population reports, made up: species that come and go, a champion's genome that grows, its ancestors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ai.run_folder import MetricRow
from ai.trainer import Json, MetricSpec

INPUTS = ("ball x", "ball y", "ball vx", "ball vy", "spin", "own y", "own v", "other y")
OUTPUTS = ("up", "stay", "down")
METRICS = (
    MetricSpec("best", "Best", "Fitness", "Fitness of the best genome.", is_headline=True),
    MetricSpec("mean", "Mean", "Fitness", "Mean fitness of the population.", is_headline=True),
    MetricSpec("sd", "Standard deviation", "Fitness", "Of the fitness."),
    MetricSpec("species", "Species", "Species", "Genomes of a species.", is_family=True, is_part=True),
    MetricSpec("species_count", "Species", "Number of species", "How many there are."),
    MetricSpec("species_target", "Target", "Number of species", "How many there ought to be."),
    MetricSpec(
        "threshold", "Threshold", "Compatibility threshold", "Distance at which two genomes are of one species."
    ),
    MetricSpec("champion_nodes", "Nodes of the champion", "Complexity", "Hidden nodes of the champion."),
    MetricSpec("mean_connections", "Mean connections", "Complexity", "Mean enabled connections."),
)


@dataclass
class _Species:
    id: int
    born: int
    dies: int
    size: int = 0


class Evolution:
    """A made-up run of ``generations`` whose species live for ``life`` of them on average; about ``alive`` at a time."""

    def __init__(
        self, generations: int, *, alive: int = 11, life: int = 40, population: int = 150, seed: int = 1
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.alive, self.life, self.population = alive, life, population
        self.rows: list[MetricRow] = []
        self._species: list[_Species] = []
        self._born = 0
        for generation in range(1, generations + 1):
            self._step(generation)
        self.generation = generations

    def _step(self, generation: int) -> None:
        self._species = [each for each in self._species if each.dies > generation]
        while len(self._species) < max(2, round(self.alive + 3 * np.sin(generation / 9))):
            self._born += 1
            self._species.append(
                _Species(self._born, generation, generation + 1 + int(self.rng.exponential(self.life)))
            )
        weights = np.array([self._weight(each, generation) for each in self._species])
        sizes = self.rng.multinomial(self.population, weights / weights.sum())
        for each, size in zip(self._species, sizes, strict=True):
            each.size = int(size)
        self.rows.append(MetricRow(generation, self._values(generation), {"matches": 1500}, 0.21))

    def _weight(self, species: _Species, generation: int) -> float:
        age, left = generation - species.born + 1, species.dies - generation
        return min(age, left, 12) * (1.0 + species.id % 4)

    def _values(self, generation: int) -> Mapping[str, float]:
        mean = 1 - np.exp(-generation / 60) + float(self.rng.normal(0, 0.01))
        return {
            "best": mean + 0.25 + 0.002 * generation**0.5,
            "mean": mean,
            "sd": 0.12 + 0.03 * float(self.rng.random()),
            "species_count": len(self._species),
            "species_target": float(self.alive),
            "threshold": 3.0 + 0.5 * np.sin(generation / 9),
            "champion_nodes": generation // 10,
            "mean_connections": 24 + generation / 6,
            **{f"species/{each.id}": each.size for each in self._species if each.size},
        }

    def details(self) -> dict[str, Json]:
        """Return what is reported with the last generation."""
        return {
            "species": [self._about(each) for each in self._species],
            "genome": genome(generation=self.generation),
            "ancestry": ancestry(self.generation),
        }

    def _about(self, species: _Species) -> Json:
        best = 0.5 + 0.4 * float(self.rng.random())
        return {
            "id": species.id,
            "size": species.size,
            "age": self.generation - species.born,
            "stagnant": int(self.rng.integers(0, 15)),
            "best": best,
            "mean": best - 0.2,
            "nodes": 12 * float(self.rng.random()),
            "connections": 24 + 20 * float(self.rng.random()),
        }


def genome(
    generation: int = 120, *, hidden: int = 12, connections: int = 45, is_recurrent: bool = False, seed: int = 3
) -> Json:
    """Return a genome with ``hidden`` nodes and about ``connections``, every seventh of them disabled."""
    rng = np.random.default_rng(seed)
    n_outputs = len(OUTPUTS)
    inner = list(range(n_outputs, n_outputs + hidden))
    pairs = {(-1 - int(rng.integers(len(INPUTS))), node) for node in inner}
    pairs |= {(node, int(rng.integers(n_outputs))) for node in inner}
    order = [*range(-len(INPUTS), 0), *inner, *range(n_outputs)]
    while len(pairs) < connections:
        one, other = sorted(int(at) for at in rng.choice(len(order), 2, replace=False))
        if order[other] >= 0 and not (order[one] >= 0 and order[one] < n_outputs):
            pairs.add((order[one], order[other]))
    if is_recurrent:
        pairs |= {(inner[-1], inner[0]), (inner[1], inner[1]), (0, inner[2])}
    return {
        "id": 17342,
        "generation": generation,
        "fitness": 0.8731,
        "is_recurrent": is_recurrent,
        "inputs": list(INPUTS),
        "outputs": list(OUTPUTS),
        "nodes": [
            {"id": node, "bias": float(rng.normal()), "response": 1.0, "activation": "tanh" if node % 3 else "rational"}
            for node in [*range(n_outputs), *inner]
        ],
        "connections": [
            {
                "from": source,
                "to": target,
                "weight": float(rng.normal(0, 1.5)),
                "enabled": number % 7 != 3,
                "innovation": number,
            }
            for number, (source, target) in enumerate(sorted(pairs))
        ],
    }


def ancestry(generation: int = 120, *, seed: int = 4) -> Json:
    """Return a champion's line of ancestors, the newest first."""
    rng = np.random.default_rng(seed)
    line: list[Json] = []
    at, number, nodes, connections, fitness, species = 1, 40, 0, 24, 0.02, 1
    while at <= generation:
        parents: list[Json] = [number - 1, number - 2] if line else []
        line.append(
            {
                "id": number,
                "generation": at,
                "fitness": fitness,
                "parents": parents,
                "species": species,
                "nodes": nodes,
                "connections": connections,
            }
        )
        at += int(rng.integers(1, 6))
        number += int(rng.integers(150, 900))
        fitness += float(rng.normal(0.02, 0.02))
        nodes += int(rng.random() < 0.3)
        connections += int(rng.integers(-1, 3))
        species += int(rng.random() < 0.08) * 7
    return line[::-1]
