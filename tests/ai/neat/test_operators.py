"""Crossover and mutation: children are valid, inherit as they should, and mutate as often and as far as neat-python's."""

import random

import neat
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ai.neat.config import EvolutionConfig
from ai.neat.functions import FUNCTION_CODES, IDENTITY
from ai.neat.genomes import Genomes, joined
from ai.neat.operators import Counters, make_children
from ai.neat.rates import rates_of
from tests.ai.neat.evolution import (
    INPUTS,
    OUTPUTS,
    VARIED,
    evolved,
    genome_of,
    pairs_of,
    same_bits,
    their_config,
    their_genomes,
)
from tests.ai.neat.neat_files import seeded

STILL = EvolutionConfig(
    linear_outputs=False, conn_add_prob=0.0, conn_delete_prob=0.0, node_add_prob=0.0, node_delete_prob=0.0,
    weight_mutate_rate=0.0, weight_replace_rate=0.0, bias_mutate_rate=0.0, bias_replace_rate=0.0, enabled_mutate_rate=0.0,
    activation_mutate_rate=0.0,
)  # fmt: skip
"""Nothing mutates."""

PLAIN = [(key, 0.0, 1.0, "identity") for key in range(OUTPUTS)]


def behind(genomes: Genomes) -> Counters:
    """Return counters above everything in ``genomes``."""
    return Counters(int(genomes.node.max(initial=0)) + 1, int(genomes.innovation.max(initial=-1)) + 1)


def children_of(
    parents: Genomes, pairs: list[tuple[int, int]], config: EvolutionConfig, seed: int = 1
) -> tuple[Genomes, Counters]:
    """Return a child of each pair of places."""
    rates = rates_of(config, INPUTS, OUTPUTS)
    keys = np.arange(1000, 1000 + len(pairs))
    places = np.array(pairs, np.int64).reshape(-1, 2)
    return make_children(parents, places, keys, rates, behind(parents), np.random.default_rng(seed))


def clones(genome: Genomes, count: int, config: EvolutionConfig, seed: int = 1) -> Genomes:
    """Return children of one genome with itself."""
    return children_of(genome, [(0, 0)] * count, config, seed)[0]


def is_acyclic(pairs: list[tuple[int, int]]) -> bool:
    """Whether connections, enabled or not, lead nowhere in a circle."""
    left = set(pairs)
    while left:
        ends = {target for _, target in left} - {source for source, _ in left}
        kept = {pair for pair in left if pair[1] not in ends}
        if len(kept) == len(left):
            return False
        left = kept
    return True


def assert_valid(genomes: Genomes, config: EvolutionConfig) -> None:
    """Every genome is sorted, without duplicates, complete, and within the limits."""
    assert np.isfinite(genomes.weight).all()
    assert np.isfinite(genomes.bias).all()
    for name in ("weight", "bias", "response"):
        values = getattr(genomes, name)
        low, high = getattr(config, f"{name}_min_value"), getattr(config, f"{name}_max_value")
        assert ((values >= np.float32(low)) & (values <= np.float32(high))).all()
    for place in range(genomes.size):
        nodes = genomes.node[genomes.nodes_of(place)].tolist()
        pairs = pairs_of(genomes, place)
        innovations = genomes.innovation[genomes.connections_of(place)].tolist()
        assert nodes == sorted(set(nodes))
        assert nodes[:OUTPUTS] == list(range(OUTPUTS))
        assert [(target, source) for source, target in pairs] == sorted({(target, source) for source, target in pairs})
        assert len(set(innovations)) == len(pairs)
        assert all(
            target in nodes and source >= -INPUTS and (source < 0 or source in nodes) for source, target in pairs
        )
        assert len(nodes) <= config.max_nodes
        assert len(pairs) <= config.max_connections
        assert not config.feed_forward or is_acyclic(pairs)


RATE = st.sampled_from([0.0, 0.3, 1.0])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    feed_forward=st.booleans(),
    initial=st.sampled_from(["unconnected", "fs_neat_hidden", "full_direct", "partial_nodirect"]),
    num_hidden=st.sampled_from([0, 2]),
    rates=st.tuples(RATE, RATE, RATE, RATE),
    single=st.booleans(),
    surer=st.sampled_from(["default", "true", "false"]),
    limits=st.sampled_from([(128, 1024), (6, 52)]),
    uniform=st.booleans(),
)
def test_generations_of_children_are_valid(
    seed, feed_forward, initial, num_hidden, rates, single, surer, limits, uniform
):
    config = EvolutionConfig.model_validate(
        {
            **VARIED.model_dump(),
            **dict(zip(("conn_add_prob", "conn_delete_prob", "node_add_prob", "node_delete_prob"), rates, strict=True)),
            "population": 12, "feed_forward": feed_forward, "initial_connection": initial, "num_hidden": num_hidden,
            "single_structural_mutation": single, "structural_mutation_surer": surer, "max_nodes": limits[0],
            "max_connections": limits[1], "weight_init_type": "uniform" if uniform else "gaussian",
        }
    )  # fmt: skip
    population = evolved(config, 0, seed)
    luck, meanings = np.random.default_rng(seed), {}
    for _ in range(8):
        population.reproduce(luck.random(12))
        genomes = population.genomes
        assert_valid(genomes, config)
        for place in range(genomes.size):  # an innovation number means one connection, in every genome of a run
            genes = genomes.connections_of(place)
            for number, pair in zip(genomes.innovation[genes].tolist(), pairs_of(genomes, place), strict=True):
                assert meanings.setdefault(number, pair) == pair


@pytest.mark.parametrize("feed_forward", [True, False])
def test_a_long_evolution_stays_valid(feed_forward):
    config = VARIED.model_copy(update={"feed_forward": feed_forward, "node_delete_prob": 0.05, "conn_delete_prob": 0.1})
    genomes = evolved(config, 40, seed=2).genomes
    assert genomes.hidden_counts(OUTPUTS).mean() > 5
    assert_valid(genomes, config)


def test_growth_stops_at_the_limits():
    config = VARIED.model_copy(
        update={"node_delete_prob": 0.0, "conn_delete_prob": 0.0, "max_nodes": 7, "max_connections": 30}
    )
    genomes = evolved(config, 40, seed=3).genomes
    assert np.diff(genomes.node_row).max() == 7
    assert np.diff(genomes.conn_row).max() == 30


def test_one_seed_makes_one_generation_and_the_parents_stay_as_they_are():
    genomes = evolved(VARIED, 8).genomes
    before = genomes.take(np.arange(genomes.size))
    pairs = [(place, (3 * place + 1) % genomes.size) for place in range(genomes.size)]
    one, behind_one = children_of(genomes, pairs, VARIED, seed=5)
    again, behind_again = children_of(genomes, pairs, VARIED, seed=5)
    other, _ = children_of(genomes, pairs, VARIED, seed=6)
    assert same_bits(genomes, before)
    assert same_bits(one, again)
    assert behind_one == behind_again
    assert not same_bits(one, other)
    assert one.keys.tolist() == list(range(1000, 1000 + genomes.size))
    assert all(not np.shares_memory(a, b) for a, b in zip(genomes, one, strict=True))


def test_no_parents_have_no_children():
    genomes = evolved(VARIED, 1).genomes
    children, counters = children_of(genomes, [], VARIED)
    assert children.size == len(children.node) == 0
    assert counters == behind(genomes)


# Crossover

FIT = genome_of(
    [*PLAIN, (3, 0.5, 1.0, "tanh"), (5, 0.5, 1.0, "tanh")],
    [(-1, 0, 1.0, True), (-2, 0, 1.0, True), (-1, 3, 1.0, True), (3, 0, 1.0, True), (-3, 5, 1.0, True)],
)
OTHER = genome_of(
    [*PLAIN, (3, -0.5, 0.5, "abs"), (9, 0.0, 1.0, "relu")],
    [(-1, 0, -1.0, True), (-2, 0, -1.0, False), (-1, 3, -1.0, True), (3, 0, -1.0, False), (-7, 9, -1.0, True)],
)
SHARED = [(-1, 0), (-2, 0), (-1, 3), (3, 0)]


def with_same_innovations(genomes: list[Genomes]) -> Genomes:
    """Return ``genomes`` together; the same connection has the same number in all."""
    numbers = {}
    columns = []
    for genome in genomes:
        pairs = pairs_of(genome, 0)
        columns.append(np.array([numbers.setdefault(pair, len(numbers)) for pair in pairs], np.int32))
    return joined([genome._replace(innovation=column) for genome, column in zip(genomes, columns, strict=True)])


PARENTS = with_same_innovations([FIT, OTHER])


def test_children_have_the_structure_of_the_fitter_parent():
    for first, second in ((0, 1), (1, 0)):
        children, counters = children_of(PARENTS, [(first, second)] * 50, STILL)
        for place in range(50):
            assert pairs_of(children, place) == pairs_of(PARENTS, first)
            nodes = children.node[children.nodes_of(place)].tolist()
            assert nodes == PARENTS.node[PARENTS.nodes_of(first)].tolist()
            genes = children.connections_of(place)
            assert children.innovation[genes].tolist() == PARENTS.innovation[PARENTS.connections_of(first)].tolist()
        assert counters == behind(PARENTS)


def test_attributes_of_shared_genes_come_from_both_parents_by_half_and_others_from_the_fitter():
    count = 4000
    children, _ = children_of(PARENTS, [(0, 1)] * count, STILL)
    weights = children.weight.reshape(count, -1)
    for column, pair in enumerate(pairs_of(PARENTS, 0)):
        share = (weights[:, column] == 1.0).mean()
        assert share == (pytest.approx(0.5, abs=0.04) if pair in SHARED else 1.0)
    for name, own in (("bias", 0.5), ("response", 1.0), ("function", FUNCTION_CODES["tanh"])):
        column = getattr(children, name).reshape(count, -1)
        assert (column[:, 3] == own).mean() == pytest.approx(0.5, abs=0.04)
        assert (column[:, 4] == own).all()
    bias, response = (getattr(children, name).reshape(count, -1)[:, 3] for name in ("bias", "response"))
    assert np.corrcoef(bias, response)[0, 1] == pytest.approx(0.0, abs=0.06)  # each attribute for itself


def test_a_gene_that_one_parent_has_disabled_is_disabled_in_three_of_four_children_and_in_half_of_the_rest():
    count = 8000
    children, _ = children_of(PARENTS, [(0, 1)] * count, STILL)
    enabled = children.enabled.reshape(count, -1).mean(axis=0)
    by_pair = dict(zip(pairs_of(PARENTS, 0), enabled.tolist(), strict=True))
    assert by_pair[-1, 0] == by_pair[-1, 3] == by_pair[-3, 5] == 1.0
    for pair in ((-2, 0), (3, 0)):
        assert by_pair[pair] == pytest.approx(0.25 * 0.5, abs=0.02)
    both, _ = children_of(joined([OTHER, OTHER]), [(0, 1)] * 200, STILL)
    by_pair = dict(zip(pairs_of(OTHER, 0), both.enabled.reshape(200, -1).mean(axis=0).tolist(), strict=True))
    assert by_pair == {(-1, 0): 1.0, (-2, 0): 0.0, (-1, 3): 1.0, (3, 0): 0.0, (-7, 9): 1.0}


def test_a_connection_that_came_up_twice_is_two_genes():
    """As in neat-python, where genes are lined up by innovation number."""
    strangers = joined([FIT, OTHER._replace(innovation=OTHER.innovation + 100)])
    children, _ = children_of(strangers, [(0, 1)] * 100, STILL)
    assert (children.weight == 1.0).all()
    assert children.enabled.all()


@pytest.mark.parametrize("attribute", ["weight", "enabled", "bias"])
def test_crossover_is_that_of_neat_python_on_average(attribute):
    genomes, config = evolved(VARIED, 12).genomes, their_config(VARIED)
    genomes = genomes.take([4, 17])
    count = 3000
    ours, _ = children_of(genomes, [(0, 1)] * count, STILL)
    one, other = their_genomes(genomes)
    one.fitness, other.fitness = 2.0, 1.0
    theirs = []
    with seeded(4):
        for key in range(count):
            child = neat.DefaultGenome(key)
            child.configure_crossover(one, other, config.genome_config)
            genes = child.nodes if attribute == "bias" else child.connections
            keys = sorted(genes) if attribute == "bias" else sorted(genes, key=lambda pair: pair[::-1])
            theirs.append([float(getattr(genes[key], attribute)) for key in keys])
    means = getattr(ours, attribute).reshape(count, -1).astype(float).mean(axis=0)
    spread = np.std(theirs, axis=0) / np.sqrt(count)
    assert np.all(np.abs(means - np.mean(theirs, axis=0)) <= 5 * np.sqrt(2) * spread + 1e-6)


# Mutation


def test_a_split_keeps_what_the_connection_did():
    parent = genome_of(PLAIN, [(-1, 0, 0.7, True)])
    child = clones(parent, 1, STILL.model_copy(update={"node_add_prob": 1.0}))
    assert pairs_of(child, 0) == [(-1, 0), (3, 0), (-1, 3)]
    weight, enabled = (
        dict(zip(pairs_of(child, 0), column.tolist(), strict=True)) for column in (child.weight, child.enabled)
    )
    assert weight == {(-1, 0): np.float32(0.7), (-1, 3): 1.0, (3, 0): np.float32(0.7)}
    assert enabled == {(-1, 0): False, (-1, 3): True, (3, 0): True}
    assert child.node.tolist() == [0, 1, 2, 3]
    assert child.bias[3] == 0.0
    assert child.response[3] == 1.0
    assert child.innovation.tolist() == [0, 2, 1]


def test_the_same_change_in_one_generation_has_the_same_numbers():
    parent = genome_of(PLAIN, [(-1, 0, 0.7, True)])
    splits, counters = children_of(parent, [(0, 0)] * 5, STILL.model_copy(update={"node_add_prob": 1.0}))
    for name in ("node", "innovation"):
        rows = getattr(splits, name).reshape(5, -1)
        assert (rows == rows[0]).all()
    assert counters == Counters(4, 3)
    config = STILL.model_copy(update={"conn_add_prob": 1.0})
    grown, counters = children_of(parent, [(0, 0)] * 400, config)
    numbers: dict[int, tuple[int, int]] = {}
    for place in range(400):
        for number, pair in zip(
            grown.innovation[grown.connections_of(place)].tolist(), pairs_of(grown, place), strict=True
        ):
            assert numbers.setdefault(number, pair) == pair
    assert len(set(numbers.values())) == len(numbers) == INPUTS * OUTPUTS
    assert counters == Counters(3, INPUTS * OUTPUTS)


def test_the_same_change_in_a_later_generation_is_a_new_one():
    parent = genome_of(PLAIN, [(-1, 0, 0.7, True)])
    config = STILL.model_copy(update={"node_add_prob": 1.0})
    rates, rng = rates_of(config, INPUTS, OUTPUTS), np.random.default_rng(1)
    pair, counters = np.array([[0, 0]]), behind(parent)
    first, counters = make_children(parent, pair, np.array([1]), rates, counters, rng)
    second, counters = make_children(parent, pair, np.array([2]), rates, counters, rng)
    assert first.node.tolist() == [0, 1, 2, 3]
    assert second.node.tolist() == [0, 1, 2, 4]
    assert set(first.innovation[1:].tolist()).isdisjoint(second.innovation[1:].tolist())
    assert counters == Counters(5, 5)


def test_a_deleted_node_takes_its_connections_along_and_outputs_stay():
    parent = genome_of([*PLAIN, (3, 0.0, 1.0, "tanh")], [(-1, 0, 1.0, True), (-1, 3, 1.0, True), (3, 0, 1.0, False)])
    child = clones(parent, 1, STILL.model_copy(update={"node_delete_prob": 1.0}))
    assert child.node.tolist() == [0, 1, 2]
    assert pairs_of(child, 0) == [(-1, 0)]
    again = clones(child, 1, STILL.model_copy(update={"node_delete_prob": 1.0}))
    assert again.node.tolist() == [0, 1, 2]


def test_surer_changes_do_something_where_the_drawn_one_is_impossible():
    bare = genome_of(PLAIN, [])
    config = STILL.model_copy(update={"node_add_prob": 1.0})
    assert len(clones(bare, 20, config).weight) == 0
    assert len(clones(bare, 20, config.model_copy(update={"structural_mutation_surer": "true"})).weight) == 20
    single = config.model_copy(update={"single_structural_mutation": True})
    assert len(clones(bare, 20, single).weight) == 20
    everything = [(source, target, 1.0, False) for source in range(-INPUTS, 0) for target in range(OUTPUTS)]
    full, config = genome_of(PLAIN, everything), STILL.model_copy(update={"conn_add_prob": 1.0})
    assert clones(full, 20, config).enabled.sum() == 0
    assert clones(full, 20, config.model_copy(update={"structural_mutation_surer": "true"})).enabled.sum() == 20


def test_linear_outputs_keep_their_function():
    config = VARIED.model_copy(update={"linear_outputs": True, "activation_mutate_rate": 1.0})
    genomes = evolved(config, 10).genomes
    is_output = genomes.node < OUTPUTS
    assert (genomes.function[is_output] == IDENTITY).all()
    assert len(set(genomes.function[~is_output].tolist())) > 3


STRUCTURE = ("conn_add_prob", "conn_delete_prob", "node_add_prob", "node_delete_prob")


def their_children(parent: neat.DefaultGenome, config: neat.Config, count: int) -> list[neat.DefaultGenome]:
    """Return children of one genome that neat-python has mutated."""
    genome_config = config.genome_config
    genome_config.innovation_tracker = neat.InnovationTracker(10_000)
    genome_config.node_indexer = None
    children = []
    parent.fitness = 1.0
    with seeded(9):
        for key in range(count):
            genome_config.innovation_tracker.reset_generation()
            child = neat.DefaultGenome(key)
            child.configure_crossover(parent, parent, genome_config)
            child.mutate(genome_config)
            children.append(child)
    return children


@pytest.mark.parametrize("feed_forward", [True, False], ids=["feed-forward", "recurrent"])
@pytest.mark.parametrize(("single", "surer"), [(False, "default"), (True, "default"), (True, "false"), (False, "true")])
def test_structure_changes_as_often_as_in_neat_python(feed_forward, single, surer):
    rates = dict(zip(STRUCTURE, (0.5, 0.4, 0.3, 0.2), strict=True))
    config = VARIED.model_copy(
        update={
            **rates,
            "feed_forward": feed_forward,
            "single_structural_mutation": single,
            "structural_mutation_surer": surer,
        }
    )
    parent = evolved(VARIED.model_copy(update={"feed_forward": feed_forward}), 10, seed=7).genomes.take([11])
    assert parent.hidden_counts(OUTPUTS)[0] > 1
    count = 3000
    ours = clones(parent, count, config)
    theirs = their_children(their_genomes(parent)[0], their_config(config), count)
    compared = {
        "nodes": (np.diff(ours.node_row), [len(child.nodes) for child in theirs]),
        "connections": (np.diff(ours.conn_row), [len(child.connections) for child in theirs]),
        "enabled": (
            ours.enabled_counts(),
            [sum(gene.enabled for gene in child.connections.values()) for child in theirs],
        ),
    }
    for name, (mine, their) in compared.items():
        assert np.std(their) > 0.0, name
        error = np.sqrt((np.var(mine) + np.var(their)) / count)
        assert abs(np.mean(mine) - np.mean(their)) <= 4.5 * error, name
        assert np.std(mine) == pytest.approx(np.std(their), rel=0.1), name


def largest_gap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest distance of two samples' distribution functions (Kolmogorov, Smirnov)."""
    samples = [np.sort(np.round(sample.ravel(), 5)) for sample in (one, other)]
    values = np.concatenate(samples)
    shares = [np.searchsorted(sample, values, side="right") / len(sample) for sample in samples]
    return float(np.abs(shares[0] - shares[1]).max())


@pytest.mark.parametrize("kind", ["gaussian", "uniform"])
def test_numbers_change_as_often_and_as_far_as_in_neat_python(kind):
    config = VARIED.model_copy(
        update={
            **dict.fromkeys(STRUCTURE, 0.0),
            "weight_mutate_rate": 0.5, "weight_replace_rate": 0.2, "weight_mutate_power": 0.4, "weight_init_type": kind,
            "weight_init_mean": 0.3, "weight_init_stdev": 0.7,
            "bias_mutate_rate": 0.3, "bias_replace_rate": 0.1, "bias_init_type": kind, "response_init_type": kind,
        }
    )  # fmt: skip
    parent = evolved(VARIED, 10, seed=7).genomes.take([11])
    parent = parent._replace(enabled=np.ones_like(parent.enabled))
    count = 3000
    ours = clones(parent, count, config)
    theirs = their_children(their_genomes(parent)[0], their_config(config), count)
    orders = {
        "weight": [(child.connections, sorted(child.connections, key=lambda pair: pair[::-1])) for child in theirs],
        "bias": [(child.nodes, sorted(child.nodes)) for child in theirs],
    }
    orders["response"], orders["enabled"] = orders["bias"], orders["weight"]
    for name in ("weight", "bias", "response", "enabled"):
        before = getattr(parent, name).astype(float)
        mine = getattr(ours, name).reshape(count, -1).astype(float) - before
        their = np.array([[float(getattr(genes[key], name)) for key in keys] for genes, keys in orders[name]]) - before
        for share in ((mine != 0.0).mean() - (np.abs(their) > 1e-9).mean(), mine.mean() - their.mean()):
            assert share == pytest.approx(0.0, abs=0.012), name
        assert largest_gap(mine, their) < 0.012, name


def test_functions_are_drawn_anew_as_often_as_in_neat_python():
    config = VARIED.model_copy(update={**dict.fromkeys(STRUCTURE, 0.0), "activation_mutate_rate": 0.4})
    options = len(VARIED.activation_options)
    parent = evolved(VARIED, 10, seed=7).genomes.take([11])
    ours = clones(parent, 3000, config).function.reshape(3000, -1)
    changed = (ours != parent.function).mean()
    assert changed == pytest.approx(0.4 * (1 - 1 / options), abs=0.02)
    counts = np.bincount(ours[ours != np.broadcast_to(parent.function, ours.shape)])
    assert np.count_nonzero(counts) == options


def test_enabling_and_disabling_have_rates_of_their_own():
    parent = genome_of(PLAIN, [(-1, 0, 1.0, True), (-2, 0, 1.0, False)])
    config = STILL.model_copy(update={"enabled_rate_to_true_add": 0.6, "enabled_mutate_rate": 0.2})
    enabled = clones(parent, 6000, config).enabled.reshape(6000, 2).mean(axis=0)
    by_pair = dict(zip(pairs_of(parent, 0), enabled.tolist(), strict=True))
    assert by_pair[-1, 0] == pytest.approx(1.0 - 0.2 / 2, abs=0.02)
    assert by_pair[-2, 0] == pytest.approx((0.2 + 0.6) / 2, abs=0.03)


def test_the_random_numbers_of_python_are_left_alone():
    random.seed(1)
    before = random.getstate()
    evolved(VARIED, 2)
    assert random.getstate() == before
