"""The first genomes are connected as neat-python's, and their numbers are drawn as there."""

from typing import get_args

import neat
import numpy as np
import pytest

from ai.errors import TrainingError
from ai.neat.config import EvolutionConfig, InitialConnection
from ai.neat.first_genomes import first_genomes
from ai.neat.functions import IDENTITY
from ai.neat.genomes import Genomes
from ai.neat.operators import Counters
from ai.neat.rates import rates_of
from tests.ai.neat.evolution import INPUTS, OUTPUTS, VARIED, pairs_of, same_bits, their_config
from tests.ai.neat.neat_files import seeded

COUNT = 300


def ours_of(config: EvolutionConfig, seed: int = 1, count: int = COUNT) -> tuple[Genomes, Counters]:
    rates = rates_of(config, INPUTS, OUTPUTS)
    return first_genomes(config, rates, np.arange(count), np.random.default_rng(seed))


def theirs_of(config: EvolutionConfig) -> list[neat.DefaultGenome]:
    theirs = their_config(config).genome_config
    theirs.innovation_tracker = neat.InnovationTracker()
    genomes = []
    with seeded(2):
        for key in range(COUNT):
            genome = neat.DefaultGenome(key)
            theirs.node_indexer = None
            genome.configure_new(theirs)
            genomes.append(genome)
    return genomes


@pytest.mark.parametrize("feed_forward", [True, False], ids=["feed-forward", "recurrent"])
@pytest.mark.parametrize("num_hidden", [0, 3])
@pytest.mark.parametrize("scheme", get_args(InitialConnection))
def test_connections_are_those_of_neat_python(scheme, num_hidden, feed_forward):
    config = VARIED.model_copy(
        update={
            "initial_connection": scheme,
            "num_hidden": num_hidden,
            "feed_forward": feed_forward,
            "connection_fraction": 0.43,
        }
    )
    ours, counters = ours_of(config)
    theirs = theirs_of(config)
    mine = [frozenset(pairs_of(ours, place)) for place in range(COUNT)]
    their = [frozenset(genome.connections) for genome in theirs]
    assert {len(pairs) for pairs in mine} == {len(pairs) for pairs in their}
    assert frozenset().union(*mine) == frozenset().union(*their)
    if not scheme.startswith("partial"):  # those choose from too many sets
        assert set(mine) == set(their)
    else:
        assert len(set(mine)) > COUNT / 2
    for place in (0, COUNT - 1):
        assert ours.node[ours.nodes_of(place)].tolist() == sorted(theirs[place].nodes)
    assert counters.node == OUTPUTS + num_hidden
    assert counters.innovation > int(ours.innovation.max(initial=-1))


@pytest.mark.parametrize("scheme", get_args(InitialConnection))
def test_the_same_connection_has_the_same_number_in_all_and_connections_are_sorted(scheme):
    genomes, _ = ours_of(VARIED.model_copy(update={"initial_connection": scheme, "num_hidden": 2}))
    numbers: dict[tuple[int, int], int] = {}
    for place in range(COUNT):
        pairs = pairs_of(genomes, place)
        assert pairs == sorted(pairs, key=lambda pair: (pair[1], pair[0]))
        for pair, number in zip(pairs, genomes.innovation[genomes.connections_of(place)].tolist(), strict=True):
            assert numbers.setdefault(pair, number) == number
    assert len(set(numbers.values())) == len(numbers)


@pytest.mark.parametrize("kind", ["gaussian", "uniform"])
@pytest.mark.parametrize(("low", "high"), [(-3.0, 3.0), (-0.4, 0.9)])
def test_numbers_are_drawn_as_in_neat_python(kind, low, high):
    fields = {"init_mean": 0.2, "init_stdev": 0.8, "init_type": kind, "min_value": low, "max_value": high}
    names = ("weight", "bias", "response")
    config = VARIED.model_copy(
        update={
            "initial_connection": "full_direct",
            **{f"{name}_{field}": value for name in names for field, value in fields.items()},
        }
    )
    ours, _ = ours_of(config)
    theirs = theirs_of(config)
    for name in names:
        genes = [
            gene for genome in theirs for gene in (genome.connections if name == "weight" else genome.nodes).values()
        ]
        mine, their = getattr(ours, name).astype(float), np.array([getattr(gene, name) for gene in genes])
        assert mine.size == their.size
        for share in (0.02, 0.25, 0.5, 0.75, 0.98):
            assert np.quantile(mine, share) == pytest.approx(np.quantile(their, share), abs=0.25), (name, share)
        assert mine.min() >= np.float32(low)
        assert mine.max() <= np.float32(high)


def test_functions_are_the_default_or_any_of_the_options():
    plain, _ = ours_of(VARIED.model_copy(update={"activation_default": "relu"}))
    assert len(set(plain.function.tolist())) == 1
    drawn, _ = ours_of(VARIED)
    shares = np.bincount(drawn.function) / len(drawn.function)
    assert shares[shares > 0.0] == pytest.approx(1 / len(VARIED.activation_options), abs=0.05)
    linear, _ = ours_of(VARIED.model_copy(update={"linear_outputs": True, "num_hidden": 1}))
    assert (linear.function[linear.node < OUTPUTS] == IDENTITY).all()
    assert len(set(linear.function[linear.node >= OUTPUTS].tolist())) > 3


@pytest.mark.parametrize("is_enabled", [True, False])
def test_connections_begin_enabled_or_not(is_enabled):
    genomes, _ = ours_of(VARIED.model_copy(update={"enabled_default": is_enabled}))
    assert (genomes.enabled == is_enabled).all()


def test_one_seed_makes_one_population():
    assert same_bits(ours_of(VARIED, 4)[0], ours_of(VARIED, 4)[0])
    assert not same_bits(ours_of(VARIED, 4)[0], ours_of(VARIED, 5)[0])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"max_nodes": 6, "num_hidden": 4}, "max_nodes is 6, and the first genomes would have 7"),
        ({"max_connections": 23}, "max_connections is 23, and the first genomes would have 24"),
    ],
)
def test_first_genomes_beyond_the_limits_are_refused(values, says):
    with pytest.raises(TrainingError, match=says):
        ours_of(VARIED.model_copy(update={"initial_connection": "full_direct", **values}))
