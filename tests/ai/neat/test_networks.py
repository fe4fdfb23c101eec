"""What genomes express is what neat-python's networks compute: number by number, and action by action in whole matches."""

from collections.abc import Sequence
from pathlib import Path

import neat
import numpy as np
import pytest
from numpy.typing import NDArray

from ai.neat import NeatConfig
from ai.neat.functions import FUNCTIONS
from ai.neat.genomes import Genomes
from ai.neat.interchange import genome_to_neat
from ai.neat.networks import express, graph_policies
from app.desktop.arena.screening import open_course
from app.desktop.context import Contender, MatchRequest
from game.executors.serial import SerialExecutor
from game.match import Match, compiled_players
from game.policies.file import PlayerFile, to_bytes
from game.policies.graph import GraphPolicy
from game.spec import Seat
from league.config import SeasonConfig
from league.season import Season
from tests.ai.neat.evolution import (
    INPUTS,
    OUTPUTS,
    THEIR_FUNCTIONS,
    VARIED,
    evolved,
    genome_of,
    learner_of,
    their_config,
    their_genomes,
)
from tests.league.seasons import GAME, library, open_store
from tests.oracle.policies import PlainGraph

POINTS = 2
LIMIT = 500.0
TIE = 1e-5
"""Two outputs nearer than this may come in the other order, as float32 rounds."""

PLAIN_OUTPUTS = [(0, 0.1, 1.0, "identity"), (1, 0.2, 1.0, "identity"), (2, 0.3, 1.0, "identity")]


def policies_of(genomes: Genomes, *, is_recurrent: bool) -> list[GraphPolicy]:
    networks = express(genomes, INPUTS, OUTPUTS, is_recurrent=is_recurrent)
    return graph_policies(genomes, networks, INPUTS, is_recurrent=is_recurrent)


def their_network(genome: neat.DefaultGenome, config: neat.Config, *, is_recurrent: bool):
    kind = neat.nn.RecurrentNetwork if is_recurrent else neat.nn.FeedForwardNetwork
    return kind.create(genome, config)


def compare(policy: GraphPolicy, network, observations: NDArray[np.float64]) -> float:
    """Return how far the outputs are apart at most, for numbers of the size that they have.

    It ends where a value of a recurrent network goes beyond what our squares are limited to.
    """
    plain, worst = PlainGraph(policy), 0.0
    for observation in observations:
        theirs = np.array(network.activate(observation.tolist()))
        if policy.is_recurrent and max(map(abs, network.values[network.active].values())) > LIMIT:
            break
        ours = np.array(plain.outputs(observation.tolist()), np.float64)
        worst = max(worst, float(np.max(np.abs(ours - theirs) / np.maximum(1.0, np.abs(theirs)))))
    return worst


@pytest.mark.parametrize("is_recurrent", [False, True], ids=["feed-forward", "recurrent"])
@pytest.mark.parametrize("function", ["all", *THEIR_FUNCTIONS])
def test_outputs_are_those_of_neat_python(function, is_recurrent):
    options = THEIR_FUNCTIONS if function == "all" else (function,)
    config = VARIED.model_copy(update={"feed_forward": not is_recurrent, "activation_options": options})
    genomes = evolved(config, 12, seed=len(function)).genomes
    assert not genomes.enabled.all()
    assert genomes.hidden_counts(OUTPUTS).max() > 2
    observations = np.random.default_rng(5).uniform(-1.0, 1.0, (5, INPUTS)).astype(np.float32).astype(np.float64)
    theirs = their_config(config)
    outputs = []
    for policy, genome in zip(policies_of(genomes, is_recurrent=is_recurrent), their_genomes(genomes), strict=True):
        assert policy.is_recurrent == is_recurrent
        network = their_network(genome, theirs, is_recurrent=is_recurrent)
        assert compare(policy, network, observations) < 2e-4
        outputs.append(PlainGraph(policy).outputs(observations[0].tolist()))
    assert np.std(np.array(outputs, np.float64), axis=0).max() > 0.01


def test_our_own_function_is_what_it_says():
    genome = genome_of([(0, 0.5, 2.0, "rational"), *PLAIN_OUTPUTS[1:]], [(-1, 0, 1.5, True)])
    policy = policies_of(genome, is_recurrent=False)[0]
    total = 0.5 + 2.0 * 1.5 * 0.25
    assert PlainGraph(policy).outputs([0.25] + [0.0] * 7)[0] == pytest.approx(total / (1.0 + total))
    assert [function.name for function in FUNCTIONS if not function.is_in_neat_python] == ["rational"]


HIDDEN = [*PLAIN_OUTPUTS, (3, 0.4, 1.0, "identity"), (4, 0.7, 1.0, "identity"), (7, 0.9, 1.0, "identity")]


@pytest.mark.parametrize(
    ("connections", "nodes", "feed_forward", "recurrent"),
    [
        ([], 3, [0.1, 0.2, 0.3], [0.0, 0.0, 0.0]),
        ([(-1, 0, 2.0, False)], 3, [0.1, 0.2, 0.3], [0.0, 0.0, 0.0]),
        ([(-1, 0, 2.0, True)], 3, [2.1, 0.2, 0.3], [2.1, 0.0, 0.0]),
        ([(3, 0, 2.0, True)], 4, [0.9, 0.2, 0.3], [0.1, 0.0, 0.0]),  # 3 has no inputs: its bias, or 0
        ([(3, 0, 2.0, False), (-1, 3, 1.0, True)], 3, [0.1, 0.2, 0.3], [0.0, 0.0, 0.0]),  # 3 reaches nobody
        ([(-1, 4, 1.0, True), (4, 7, 1.0, True)], 3, [0.1, 0.2, 0.3], [0.0, 0.0, 0.0]),  # nor do 4 and 7
        ([(-1, 7, 1.0, True), (7, 3, 1.0, True), (3, 1, 1.0, True)], 5, [0.1, 2.5, 0.3], [0.0, 0.2, 0.0]),
    ],
)
def test_what_reaches_no_output_is_left_out_and_what_nobody_feeds_is_worth_its_bias(
    connections, nodes, feed_forward, recurrent
):
    genome = genome_of(HIDDEN, connections)
    observation = [1.0] + [0.0] * 7
    for is_recurrent, expected in ((False, feed_forward), (True, recurrent)):
        policy = policies_of(genome, is_recurrent=is_recurrent)[0]
        assert len(policy.bias) == nodes
        assert PlainGraph(policy).outputs(observation) == pytest.approx(expected)
        config = their_config(VARIED.model_copy(update={"feed_forward": not is_recurrent}))
        network = their_network(genome_to_neat(genome, 0), config, is_recurrent=is_recurrent)
        assert network.activate(observation) == pytest.approx(expected)


def test_a_recurrent_network_remembers_the_tick_before():
    genome = genome_of(PLAIN_OUTPUTS, [(-1, 0, 1.0, True), (0, 0, 0.5, True), (0, 1, 1.0, True)])
    plain = PlainGraph(policies_of(genome, is_recurrent=True)[0])
    seen = [plain.outputs([value] + [0.0] * 7)[:2] for value in (1.0, 0.0, 0.0)]
    assert seen[0] == pytest.approx([1.1, 0.2])
    assert seen[1] == pytest.approx([0.1 + 0.55, 0.2 + 1.1])
    assert seen[2] == pytest.approx([0.1 + 0.325, 0.2 + 0.65])


def test_networks_know_which_genes_they_are_made_of():
    genomes = evolved(VARIED, 10).genomes
    networks = express(genomes, INPUTS, OUTPUTS)
    assert networks.size == genomes.size
    for place in range(genomes.size):
        nodes = slice(networks.node_row[place], networks.node_row[place + 1])
        genes = networks.gene[nodes]
        own = genomes.nodes_of(place)
        assert ((genes >= own.start) & (genes < own.stop)).all()
        shown = genomes.node[genes[networks.output[place] - INPUTS]]
        assert shown.tolist() == list(range(OUTPUTS))
        edges = networks.edge_gene[networks.edge_row[nodes.start] : networks.edge_row[nodes.stop]]
        assert genomes.enabled[edges].all()
        targets = np.repeat(genomes.node[genes], np.diff(networks.edge_row[nodes.start : nodes.stop + 1]))
        assert genomes.target[edges].tolist() == targets.tolist()


# Whole matches

PLAYED = NeatConfig(
    population=24, generations=20, opponents=("random",), pairs=1, points=1, finalists=3, final_pairs=1, evaluate_every=5,
    evaluation_pairs=2, activation_default="random", activation_options=("tanh", "sigmoid", "relu", "abs"),
    node_add_prob=0.5, conn_add_prob=0.6, response_init_stdev=0.3, response_mutate_rate=0.3, response_mutate_power=0.1,
    hindsight_steps=0,
)  # fmt: skip

BOUNDED = {
    "feed_forward": False, "activation_options": ("tanh", "sigmoid", "clamped"), "weight_min_value": -0.8,
    "weight_max_value": 0.8, "response_min_value": -1.2, "response_max_value": 1.2,
}  # fmt: skip
"""Recurrent networks whose values do not grow without end: an output's own weight is below 1."""


class TheirPlayer:
    """neat-python's own network of a genome beside a match's player: what it would have done, and how often that is not certain.

    A recurrent one begins each tick with what the player remembers of the last, and is then to remember the same: such
    networks may be chaotic, so that without this the rounding of float32 grows from tick to tick.
    """

    def __init__(self, genome: Genomes, config: NeatConfig) -> None:
        is_recurrent = not config.feed_forward
        self._network = their_network(genome_to_neat(genome, 0), their_config(config), is_recurrent=is_recurrent)
        genes = express(genome, INPUTS, OUTPUTS, is_recurrent=is_recurrent).gene
        self._keys = [int(genome.node[gene]) if gene >= 0 else None for gene in genes] if is_recurrent else []
        self.used: set[int] = set()
        self.decisions = self.ties = self.differences = 0

    def rest(self) -> None:
        """Forget everything: a match begins."""
        if self._keys:
            self._network.reset()

    def see(self, observation: Sequence[float], action: int, memories: tuple[list[float], list[float]]) -> None:
        """Look at a decision; ``memories`` are the player's before and after it."""
        self._remember(memories[0])
        outputs = self._network.activate(observation)
        best, second = sorted(outputs, reverse=True)[:2]
        self.used.add(action)
        self.decisions += 1
        if best - second <= TIE * max(1.0, abs(best)):
            self.ties += 1
        elif outputs.index(best) != action:
            self.differences += 1
        if self._keys:
            theirs = self._network.values[self._network.active]
            known = [(theirs[key], mine) for key, mine in zip(self._keys, memories[1], strict=True) if key in theirs]
            assert len(known) >= OUTPUTS
            np.testing.assert_allclose(*zip(*known, strict=True), rtol=1e-4, atol=1e-4)

    def _remember(self, memory: list[float]) -> None:
        if self._keys:
            values = self._network.values[self._network.active]
            values.update({key: value for key, value in zip(self._keys, memory, strict=True) if key in values})


def champion_of(config: NeatConfig) -> tuple[GraphPolicy, Genomes]:
    """Return the last champion of a short run, as the player that it hands over and as its genome."""
    learner, policy = learner_of(config), None
    for _ in range(config.generations):
        champion = learner.step().champion
        policy = policy if champion is None else champion.policy
    assert isinstance(policy, GraphPolicy)
    return policy, learner._champion.genome


@pytest.mark.slow
@pytest.mark.parametrize("is_recurrent", [False, True], ids=["feed-forward", "recurrent"])
def test_the_network_that_learned_is_the_network_that_plays(is_recurrent, tmp_path: Path):
    config = PLAYED.model_copy(update=BOUNDED if is_recurrent else {})
    policy, genome = champion_of(config)
    assert genome.hidden_counts(OUTPUTS)[0] > 0
    file = tmp_path / "champion.safetensors"
    file.write_bytes(to_bytes(PlayerFile("champion", GAME.name, GAME.version, policy)))
    with open_store(tmp_path) as store:
        players = library(tmp_path, store)
        rows = [players.import_file(file), players.find("random"), players.find("tracker")]
        season = Season.create(
            store, SeasonConfig(players=tuple(row.hash for row in rows), pairs=2, points=POINTS, resamples=100), "all"
        )
        assert season.run(SerialExecutor(), players.policies(season.players))
        place = next(place for place, row in enumerate(season.players) if row.hash == rows[0].hash)
        stored = [row for page in store.match_pages(season.row.id) for row in page]
        played = players.policies(season.players)
    mine = [row for row in stored if place in (row["left"], row["right"])]
    assert len(mine) == 8
    network = TheirPlayer(genome, config)
    for row in mine:
        sides = played[row["left"]], played[row["right"]]
        seat = Seat.LEFT if row["left"] == place else Seat.RIGHT
        actions = follow(network, sides, row, seat)
        assert screen_actions(sides, row) == actions
    assert network.differences == 0
    assert len(network.used) > 1
    assert network.decisions > 2000
    assert network.ties < network.decisions / 200


def follow(network: TheirPlayer, sides, row: np.void, seat: Seat) -> list[tuple[int, int]]:
    """Play a stored match again, step by step, with neat-python's network beside it; return the actions."""
    match = Match(GAME, int(row["seed"]), POINTS)
    players = compiled_players(GAME, sides, int(row["seed"]))
    actions = []
    network.rest()
    while not match.is_over:
        before = players[seat].keyframe()[0].tolist()
        seen = [match.observation(each) for each in Seat]
        chosen = tuple(player.decide(view) for player, view in zip(players, seen, strict=True))
        network.see(seen[seat].tolist(), chosen[seat], (before, players[seat].keyframe()[0].tolist()))
        match.step(*chosen)
        actions.append(chosen)
    again = match.result(int(row["match_id"]), int(row["left"]), int(row["right"]))[0]
    assert again["state_hash"] == row["state_hash"]
    assert again["ticks"] == row["ticks"]
    return actions


def screen_actions(sides, row: np.void) -> list[tuple[int, int]]:
    """Return the actions of the match on the screen, step by step, and after seeks; it is the stored one."""
    left, right = (Contender(str(number), policy) for number, policy in enumerate(sides))
    course = open_course(MatchRequest(left, right, int(row["seed"]), POINTS))
    assert course.verify(row).is_same
    actions = []
    while course.step():
        actions.append(course.actions)
    for tick in (len(actions) // 2, 1, len(actions)):
        course.seek(tick)
        assert course.actions == actions[tick - 1]
    return actions
