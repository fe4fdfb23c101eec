"""What a run tells in detail: the species of a generation, the champion's genome."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ai.neat.functions import FUNCTIONS
from ai.neat.genomes import Genomes
from ai.neat.population import Population
from ai.trainer import Json


def species_details(population: Population, fitness: NDArray[np.float64]) -> list[Json]:
    """Return a row for each species of ``population``, by its key; ``fitness`` by place."""
    hidden = population.genomes.hidden_counts(population.rates.n_outputs)
    enabled = population.genomes.enabled_counts()
    return [
        {
            "id": species.key,
            "size": len(species.places),
            "age": population.generation - species.created,
            "stagnant": population.generation - species.last_improved,
            "best": float(fitness[species.places].max()),
            "mean": float(fitness[species.places].mean()),
            "nodes": float(hidden[species.places].mean()),
            "connections": float(enabled[species.places].mean()),
        }
        for species in population.species
    ]


def genome_details(  # the facts of one genome
    genomes: Genomes,
    place: int,
    generation: int,
    fitness: float,
    names: tuple[Sequence[str], Sequence[str]],
    *,
    is_recurrent: bool,
) -> dict[str, Json]:
    """Return one genome, node by node and connection by connection; ``names`` are those of the inputs and the outputs."""
    nodes, connections = genomes.nodes_of(place), genomes.connections_of(place)
    return {
        "id": int(genomes.keys[place]),
        "generation": generation,
        "fitness": fitness,
        "is_recurrent": is_recurrent,
        "inputs": list(names[0]),
        "outputs": list(names[1]),
        "nodes": [
            {"id": int(key), "bias": float(bias), "response": float(response), "activation": FUNCTIONS[code].name}
            for key, bias, response, code in zip(*(array[nodes] for array in genomes.node_arrays), strict=True)
        ],
        "connections": [
            {
                "from": int(source),
                "to": int(target),
                "weight": float(weight),
                "enabled": bool(enabled),
                "innovation": int(innovation),
            }
            for source, target, innovation, weight, enabled in zip(
                *(array[connections] for array in genomes.connection_arrays), strict=True
            )
        ],
    }
