"""neat-python's genomes in, plain records out: what they play is what its own networks decide, in the order of the pairs."""

import json
import math

import neat
import numpy as np
import pytest

from ai.concurrent_training import ConcurrentTrainingExecutor
from ai.errors import TrainingError
from ai.neat.interchange import genomes_from_neat
from game.errors import ExecutorError, UnknownNameError
from game.seeding import pair_seeds
from game.spec import Seat
from tests.ai.neat.neat_files import COMPLETE, changed, config_of, neat_config, random_genomes, seeded
from tests.oracle.policies import first_largest
from tests.oracle.rally import OracleMatch

CALM = {
    "weight_init_stdev": "0.05", "bias_init_stdev": "0.05", "weight_max_value": "4", "weight_min_value": "-4",
    "weight_mutate_power": "0.1", "weight_replace_rate": "0.0", "activation_options": "tanh relu abs",
    "initial_connection": "full_direct", "num_hidden": "0",
}  # fmt: skip
"""Genomes whose outputs are seldom the same: neat-python computes in float64, the kernel in float32."""

FOLLOWING = {(-2, 0): 0.3, (-6, 0): -0.3, (-2, 2): -0.3, (-6, 2): 0.3}
"""Weights with which up and down go after the ball's height."""


def genomes_of(config: neat.Config, count: int, seed: int) -> list[neat.DefaultGenome]:
    """Return random genomes that go after the ball, more or less."""
    genomes = random_genomes(config, count, 0, seed)
    for genome in genomes:
        for pair, weight in FOLLOWING.items():
            genome.connections[pair].weight += weight
        with seeded(seed):
            genome.mutate_add_node(config.genome_config)
            genome.mutate_add_connection(config.genome_config)
        for key in (0, 1, 2):
            genome.nodes[key].activation = "tanh"
    return genomes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A configuration, its file, and genomes."""
    folder = tmp_path_factory.mktemp("neat")
    config = config_of(folder, **CALM)
    return config, folder / "neat.ini", genomes_of(config, 6, 3)


@pytest.fixture(scope="module")
def executor(made):
    with ConcurrentTrainingExecutor(config_path=made[1], max_workers=1, points=1, seed=9) as executor:
        yield executor


class NeatPlayer:
    """neat-python's network as a player."""

    def __init__(self, genome: neat.DefaultGenome, config: neat.Config) -> None:
        kind = neat.nn.FeedForwardNetwork if config.genome_config.feed_forward else neat.nn.RecurrentNetwork
        self._network = kind.create(genome, config)

    def decide(self, observation) -> int:
        return first_largest(self._network.activate([float(value) for value in observation]))


def by_hand(pair, config: neat.Config, seed: int, points: int) -> OracleMatch:
    """Play a pair by the plain-Python rules, with neat-python's ``activate``."""
    match = OracleMatch(seed, points)
    left, right = (NeatPlayer(genome, config) for genome in pair)
    while not match.is_over:
        match.step(left.decide(match.observe(Seat.LEFT)), right.decide(match.observe(Seat.RIGHT)))
    return match


def assert_as_by_hand(record, pair, config, seed, points):
    match = by_hand(pair, config, seed, points)
    result, metrics = record["match_result"], record["contact_metrics"]
    assert result["state_hash"] == match.state_hash
    assert (result["seed"], result["ticks"], result["points"]) == (seed, match.ticks, match.points)
    assert metrics["hits"] == {"player1": match.hits[0], "player2": match.hits[1]}
    lead = match.points[0] - match.points[1]
    assert result["winner"] == ("player1" if lead > 0 else "player2" if lead < 0 else "draw")


def test_matches_are_what_neat_python_and_the_plain_rules_play(made, executor):
    config, _, genomes = made
    pairs = [(genomes[n % 6], genomes[(n + 1 + n // 6) % 6]) for n in range(10)]
    seeds = pair_seeds(9, 0, 10).tolist()
    records = executor.execute_matches(pairs)
    assert sum(record["contact_metrics"]["hits"]["player1"] for record in records) > 5
    for place, (record, pair) in enumerate(zip(records, pairs, strict=True)):
        assert record["match_result"]["match_id"] == place
        assert_as_by_hand(record, pair, config, seeds[place], 1)
    assert json.loads(json.dumps(records)) == records


def test_recurrent_networks_play_as_recurrent_networks(tmp_path):
    config = config_of(tmp_path, feed_forward="False", **CALM)
    genomes = genomes_of(config, 4, 5)
    for genome in genomes:  # a loop that matters
        genome.connections[1, 1] = gene = neat.DefaultConnectionGene((1, 1), innovation=900)
        gene.weight, gene.enabled = 0.7, True
    pairs = [(genomes[n], genomes[(n + 1) % 4]) for n in range(4)]
    with ConcurrentTrainingExecutor(tmp_path / "neat.ini", 1, 1) as executor:
        records = executor.execute_matches(pairs)
    seeds = pair_seeds(0, 0, 4).tolist()
    for record, pair, seed in zip(records, pairs, seeds, strict=True):
        assert_as_by_hand(record, pair, config, seed, 1)


def test_a_match_follows_from_seed_and_place_alone(made, executor):
    genomes = made[2]
    pairs = [(genomes[n % 6], genomes[(n + 1) % 6]) for n in range(12)]
    records = executor.execute_matches(pairs)
    assert executor.execute_matches(pairs) == records
    assert executor.execute_matches(pairs[:5]) == records[:5]
    other = executor.execute_matches(pairs, seed=10)
    assert [each["match_result"]["seed"] for each in other] == pair_seeds(10, 0, 12).tolist()
    assert other != records
    with ConcurrentTrainingExecutor(made[1], 2, 1, seed=9) as two:
        assert two.execute_matches(pairs) == records


def test_packed_genomes_play_too(made, executor):
    genomes = made[2]
    packed = genomes_from_neat(genomes)
    mixed = [(packed.take([0]), genomes[1]), (genomes[2], packed.take([3]))]
    plain = [(genomes[0], genomes[1]), (genomes[2], genomes[3])]
    assert executor.execute_matches(mixed) == executor.execute_matches(plain)


def test_a_pair_that_cannot_be_played_is_an_error_of_its_own(made, executor):
    config, _, genomes = made

    def broken(change):
        (genome,) = genomes_of(config, 1, 8)
        change(genome)
        return genome

    def loop(genome):
        for pair in ((50, 51), (51, 50)):
            genome.connections[pair] = gene = neat.DefaultConnectionGene(pair, innovation=sum(pair) + pair[0])
            gene.weight, gene.enabled = 1.0, True
        for key in (50, 51):
            genome.nodes[key] = neat.DefaultNodeGene(key)
            vars(genome.nodes[key]).update({**vars(genome.nodes[0]), "key": key})

    def wide(genome):
        genome.connections[-9, 0] = gene = neat.DefaultConnectionGene((-9, 0), innovation=77)
        gene.weight, gene.enabled = 1.0, True

    good = genomes[0]
    bad = [
        ((broken(lambda g: vars(g.nodes[1]).update(activation="elu")), good), "has the activation 'elu', and players know tanh"),
        ((good, broken(lambda g: vars(g.nodes[1]).update(aggregation="product"))), "has the aggregation 'product'"),
        ((good, broken(lambda g: vars(g.nodes[1]).update(bias=math.nan))), "node 1 of genome 1 has the number nan"),
        ((broken(loop), good), "genome 1 has a cycle of connections, and the configuration says feed_forward"),
        ((broken(wide), good), "genome 1 reads input -9, and the configuration has 8 inputs"),
        ((broken(lambda g: g.nodes.pop(2) and [g.connections.pop(k) for k in list(g.connections) if k[1] == 2]), good),
         "genome 1 lacks nodes of the 3 outputs, whose keys are 0 to 2"),
        ((good, "genome"), "a genome is 'genome': one of neat-python, or one packed genome is needed"),
        ((good, genomes_from_neat(genomes)), "one of neat-python, or one packed genome is needed"),
        ((good,), "two genomes are needed"),
        ("ab", "a pair is 'ab': two genomes are needed"),
        (None, "a pair is None: two genomes are needed"),
    ]  # fmt: skip
    pairs = [pair for pair, _ in bad]
    records = executor.execute_matches([*pairs, (good, genomes[1])])  # type: ignore[list-item]
    for record, (_, says) in zip(records, bad, strict=False):
        assert list(record) == ["error"]
        assert says in record["error"]
        assert record["error"].isprintable()
    assert records[-1]["match_result"]["match_id"] == len(bad)
    assert records[-1]["match_result"]["seed"] == pair_seeds(9, 0, 100)[len(bad)]
    assert executor.execute_matches([]) == []


def test_a_genome_that_changes_between_calls_plays_as_it_is_now(made, executor):
    config, _, genomes = made
    (changing,) = genomes_of(config, 1, 21)
    before = executor.execute_matches([(changing, genomes[1])])
    for gene in changing.connections.values():
        gene.weight = -gene.weight
    after = executor.execute_matches([(changing, genomes[1])])
    assert before != after


def test_the_configuration_may_ask_for_functions_that_no_genome_here_has(tmp_path):
    path = tmp_path / "wide.ini"
    path.write_text(
        changed(COMPLETE, activation_options="tanh sin gauss", activation_default="tanh", aggregation_options="sum max")
    )
    genomes = random_genomes(neat_config(path), 2, 0, 1)
    with ConcurrentTrainingExecutor(str(path), 1, 1) as executor:
        assert "match_result" in executor.execute_matches([tuple(genomes)])[0]


def test_impossible_settings_are_refused(tmp_path, made):
    path = made[1]
    with pytest.raises(TrainingError, match=r"none.ini cannot be used: it cannot be read"):
        ConcurrentTrainingExecutor(tmp_path / "none.ini")
    small = tmp_path / "small.ini"
    small.write_text(changed(COMPLETE, num_inputs="2"))
    with pytest.raises(
        TrainingError, match=r"has num_inputs 2 and num_outputs 3: rally has 8 observations and 3 actions"
    ):
        ConcurrentTrainingExecutor(small)
    for points in (0, 22, True, 2.5):
        with pytest.raises(TrainingError, match=rf"points is {points}: 1 to 21 are allowed"):
            ConcurrentTrainingExecutor(path, points=points)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="seed is -1: 0 to"):
        ConcurrentTrainingExecutor(path, seed=-1)
    with pytest.raises(ExecutorError, match="workers is 0"):
        ConcurrentTrainingExecutor(path, max_workers=0)
    with pytest.raises(UnknownNameError, match="did you mean 'rally'"):
        ConcurrentTrainingExecutor(path, game="raly")
    with ConcurrentTrainingExecutor(path, 1) as closed:
        pass
    with pytest.raises(ExecutorError, match="is closed"):
        closed.execute_matches([(made[2][0], made[2][1])])


def test_rounding_decides_nothing_here(made):
    """The comparison above is one of actions: outputs that are nearly the same would make it a lottery."""
    config, _, genomes = made
    rng = np.random.default_rng(0)
    for genome in genomes:
        network = neat.nn.FeedForwardNetwork.create(genome, config)
        outputs = np.array([network.activate(rng.uniform(-1, 1, 8).tolist()) for _ in range(200)])
        ordered = np.sort(outputs, axis=1)
        assert np.mean(ordered[:, 2] - ordered[:, 1] > 1e-4) > 0.97
