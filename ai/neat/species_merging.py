"""Species that have come close to each other become one.

neat-python only ends a species that stagnates, so that a higher threshold would leave all species as they are. A control of their
number needs both directions.
"""

import numpy as np

from ai.neat.distance import Coefficients, Partition, distances
from ai.neat.genomes import Genomes


def merged(genomes: Genomes, partition: Partition, threshold: float, coefficients: Coefficients) -> Partition:
    """Return ``partition`` of ``genomes`` with no two representatives nearer than ``threshold``.

    Species keep their numbers. In their order each joins the nearest one before it that is nearer than ``threshold``; its
    representative is then -1, as that of a species without genomes.
    """
    representatives = partition.representatives.copy()
    living = np.flatnonzero(representatives >= 0)
    those = genomes.take(representatives[living])
    between = distances(those, those, coefficients)
    into = np.arange(len(representatives))
    kept: list[int] = []
    for number in range(len(living)):
        before = between[number, kept]
        if len(kept) and before.min() < threshold:
            into[living[number]] = living[kept[int(before.argmin())]]
            representatives[living[number]] = -1
        else:
            kept.append(number)
    return Partition(into[partition.species], representatives)
