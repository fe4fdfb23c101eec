"""Backpropagation through NEAT graphs: the gradients, the steps, and what must not change."""

import copy
import hashlib
import itertools

import numpy as np
import pytest

from ai.neat.functions import FUNCTION_CODES, FUNCTIONS
from ai.neat.networks import express, graph_policies
from ai.neat_backprop.backprop import (
    BackpropSettings,
    block_points,
    scores,
    train_population,
    with_learned,
)
from ai.neat_backprop.layout import BLOCK
from tests.oracle.backprop import NumpyGraph, packed, random_genomes, train
from tests.oracle.policies import PlainGraph, first_largest

NAMES = [function.name for function in FUNCTIONS]


def rng(seed=1):
    return np.random.default_rng(seed)


def quadrants(n=300, seed=2):
    x = rng(seed).normal(size=(n, 2)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(np.int32)


def population(count=6, functions=NAMES, seed=3, outputs=2):
    """Return genomes with small weights, because chains of squares explode, and their networks."""
    genomes = random_genomes(count, (2, outputs), rng(seed), functions=functions)
    genomes = genomes._replace(weight=genomes.weight * np.float32(0.4))
    return genomes, express(genomes, 2, outputs)


def learned_of(learned, networks, g):
    """Return the weights by edge and the biases by node that network ``g`` has learned."""
    nodes = slice(networks.node_row[g], networks.node_row[g + 1])
    edges = slice(networks.edge_row[nodes.start], networks.edge_row[nodes.stop])
    return learned.weight[networks.edge_gene[edges]], learned.bias[networks.gene[nodes]]


def same_bits(left, right):
    return left.dtype == right.dtype and left.tobytes() == right.tobytes()


def compiled_gradient(genomes, networks, g, points, l2=0.0):
    """Return the gradient of network ``g``, seen through one step of Adam.

    With a loss 1e8 times smaller, epsilon = 1e-8 is as large as the gradient d: a step of rate 1 goes by -d / (|d| + 1).
    """
    tiny = points._replace(share=points.share * np.float32(1e-8))
    learned = train_population(genomes, networks, tiny, BackpropSettings(steps=1, lr=1.0, l2=l2 * 1e-8, clip=0.0))
    old = NumpyGraph(genomes, networks, g, points.inputs)
    new = learned_of(learned, networks, g)
    steps = [before - after for before, after in zip((old.weight, old.bias), new, strict=True)]
    return [step / (1 - np.abs(step)) for step in steps]


class TestGradients:
    @pytest.mark.parametrize("name", NAMES)
    def test_oracle_agrees_with_finite_differences(self, name):
        genomes, networks = population(1, [name, "tanh"])
        x, y = quadrants(40)
        graph = NumpyGraph(genomes, networks, 0, 2)
        x = x.T.astype(np.float64)
        for genes, gradient in zip((graph.weight, graph.bias), graph.gradient(x, y, 0.01), strict=True):
            for i in range(len(genes)):
                kept, losses = genes[i], []
                for step in (1e-6, -1e-6):
                    genes[i] = kept + step
                    losses.append(graph.loss(x, y, 0.01))
                genes[i] = kept
                assert gradient[i] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5, abs=1e-8)

    @pytest.mark.parametrize("name", NAMES)
    def test_compiled_gradient_is_the_oracles(self, name):
        genomes, networks = population(3, [name, "tanh"])
        assert not np.any(genomes.response == 1)
        x, y = quadrants(300)
        points = block_points(x, y, 2)
        for g in range(3):
            expected = NumpyGraph(genomes, networks, g, 2).gradient(x.T, y, 0.01)
            found = compiled_gradient(genomes, networks, g, points, 0.01)
            assert np.abs(expected[0]).max() > 0.01
            for e, f in zip(expected, found, strict=True):
                assert f == pytest.approx(e, rel=1e-4, abs=5e-6)

    def test_outputs_with_every_function_and_readers(self):
        names = {0: "tanh", 1: "sigmoid", 2: "rational", 3: "abs"}
        edges = {(-1, 3): 0.7, (-2, 3): -0.4, (3, 0): 1.1, (0, 4): 0.8, (-1, 1): 0.3, (4, 2): 0.9, (-2, 2): 0.2}
        genomes = packed([(range(5), edges, names)], rng())
        networks = express(genomes, 2, 3)
        x, _ = quadrants(90)
        y = rng(5).integers(0, 3, 90).astype(np.int32)
        found = compiled_gradient(genomes, networks, 0, block_points(x, y, 3))
        for e, f in zip(NumpyGraph(genomes, networks, 0, 2).gradient(x.T, y), found, strict=True):
            assert f == pytest.approx(e, rel=1e-4, abs=5e-6)

    def test_kinks_have_the_stated_derivatives(self):
        hidden = {2: "relu", 3: "abs", 4: "clamped"}
        edges = {(-1, h): 1.0 for h in hidden} | {(h, 0): 1.0 for h in hidden} | {(-1, 1): 1.0}
        genomes = packed([(range(5), edges, hidden | {0: "identity", 1: "identity"})], rng())
        ones = np.ones(5, np.float32)
        for at, slopes in ((0.0, [0, 0, 1]), (1.0, [1, 1, 0]), (-1.0, [0, -1, 0])):
            flat = genomes._replace(bias=0 * ones, response=ones)
            networks = express(flat, 1, 2)
            x = np.full((8, 1), at, np.float32)
            bias = compiled_gradient(flat, networks, 0, block_points(x, np.zeros(8, int), 2))[1]
            by_node = dict(zip(flat.node[networks.gene].tolist(), bias, strict=True))
            assert [by_node[h] / by_node[0] for h in (2, 3, 4)] == pytest.approx(slopes, abs=1e-6)

    def test_torch_agrees(self):
        import torch

        names = {0: "identity", 1: "identity", 2: "tanh", 3: "sigmoid"}
        edges = {(-1, 2): 0.9, (-2, 2): -0.5, (2, 3): 0.8, (-1, 3): 0.4, (3, 0): 1.2, (2, 1): -0.7, (-2, 1): 0.1}
        genomes = packed([(range(4), edges, names)], rng(4))
        networks = express(genomes, 2, 2)
        x, y = quadrants(64)
        weight = torch.tensor(genomes.weight.astype(np.float64), requires_grad=True)
        bias = torch.tensor(genomes.bias.astype(np.float64), requires_grad=True)
        loss = torch.nn.functional.cross_entropy(torch_graph(torch, genomes, weight, bias, x), torch.tensor(y).long())
        loss.backward()
        found = compiled_gradient(genomes, networks, 0, block_points(x, y, 2))
        assert found[0] == pytest.approx(weight.grad.numpy()[networks.edge_gene], rel=3e-5, abs=3e-6)
        assert found[1] == pytest.approx(bias.grad.numpy()[networks.gene], rel=3e-5, abs=3e-6)


def torch_graph(torch, genomes, weight, bias, x):
    """Return the outputs of a genome whose hidden nodes are 2 (tanh) and 3 (sigmoid), in this order; outputs are identities."""
    values = {-1: torch.tensor(x[:, 0]).double(), -2: torch.tensor(x[:, 1]).double()}
    for node in (2, 3, 0, 1):
        place = genomes.node.tolist().index(node)
        total = sum(weight[e] * values[int(genomes.source[e])] for e in np.flatnonzero(genomes.target == node).tolist())
        z = bias[place] + float(genomes.response[place]) * total
        values[node] = {2: lambda v: torch.tanh(2.5 * v), 3: lambda v: torch.sigmoid(5 * v)}.get(node, lambda v: v)(z)
    return torch.stack([values[0], values[1]], dim=1)


class TestSteps:
    @pytest.mark.parametrize(
        ("functions", "tolerance"), [(["tanh", "sigmoid", "identity", "rational"], 3e-5), (NAMES, 5e-4)]
    )
    def test_forty_steps_are_the_oracles(self, functions, tolerance):
        genomes, networks = population(8, functions)
        x, y = quadrants(1000)
        learned = train_population(genomes, networks, block_points(x, y, 2), BackpropSettings())
        for g in range(8):
            graph = NumpyGraph(genomes, networks, g, 2)
            before = graph.loss(x.T, y)
            train(graph, x.T, y)
            weight, bias = learned_of(learned, networks, g)
            assert weight == pytest.approx(graph.weight, abs=tolerance)
            assert bias == pytest.approx(graph.bias, abs=tolerance)
            assert learned.loss[g] == pytest.approx(graph.loss(x.T, y), abs=tolerance)
            assert learned.loss[g] < before
        assert learned.steps.tolist() == [40] * 8
        assert learned.is_finite.all()

    def test_adam_and_clipping_are_torchs(self):
        import torch

        names = {0: "identity", 1: "identity", 2: "tanh", 3: "sigmoid"}
        edges = {(-1, 2): 0.9, (-2, 2): -0.5, (2, 3): 0.8, (-1, 3): 0.4, (3, 0): 1.2, (2, 1): -0.7, (-2, 1): 0.1}
        genomes = packed([(range(4), edges, names)], rng(4))
        networks = express(genomes, 2, 2)
        x, y = quadrants(64)
        weight = torch.tensor(genomes.weight.astype(np.float64), requires_grad=True)
        bias = torch.tensor(genomes.bias.astype(np.float64), requires_grad=True)
        optimizer = torch.optim.Adam([weight, bias], lr=0.02)
        norms = []
        for _ in range(12):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(
                torch_graph(torch, genomes, weight, bias, x), torch.tensor(y).long()
            )
            (loss + 0.05 * weight.square().sum()).backward()
            norms.append(float(torch.nn.utils.clip_grad_norm_([weight, bias], 0.6)))
            optimizer.step()
        assert min(norms) < 0.6 < max(norms)
        settings = BackpropSettings(steps=12, lr=0.02, l2=0.1, clip=0.6)
        learned = train_population(genomes, networks, block_points(x, y, 2), settings)
        assert learned.weight == pytest.approx(weight.detach().numpy(), abs=2e-5)
        assert learned.bias == pytest.approx(bias.detach().numpy(), abs=2e-5)

    def test_batches_take_turns(self):
        genomes, networks = population(2)
        x, y = quadrants(300)
        one_step = BackpropSettings(steps=1, l2=0.0)
        batched = block_points(x, y, 2, batch=200)
        first = train_population(genomes, networks, batched, one_step)
        alone = train_population(genomes, networks, block_points(x[:200], y[:200], 2), one_step)
        assert same_bits(first.weight, alone.weight)
        both = train_population(genomes, networks, batched, BackpropSettings(steps=2, l2=0.0))
        assert not same_bits(both.weight, first.weight)
        assert scores(genomes, networks, batched).cross_entropy == pytest.approx(
            scores(genomes, networks, block_points(x, y, 2)).cross_entropy, abs=1e-6
        )
        assert first.loss == pytest.approx(
            scores(with_learned(genomes, first), networks, batched).cross_entropy, abs=1e-6
        )

    def test_shuffling_keeps_the_points(self):
        genomes, networks = population(2)
        x, y = quadrants(300)
        mixed = block_points(x, y, 2, batch=100, rng=rng(8))
        assert not same_bits(mixed.x, block_points(x, y, 2, batch=100).x)
        found, expected = scores(genomes, networks, mixed), scores(genomes, networks, block_points(x, y, 2))
        assert found.accuracy.tolist() == expected.accuracy.tolist()
        assert found.cross_entropy == pytest.approx(expected.cross_entropy, abs=1e-6)

    def test_patience_stops_where_nothing_is_gained(self):
        genomes, networks = population(4)
        x, y = quadrants(200)
        points = block_points(x, y, 2)
        learned = train_population(genomes, networks, points, BackpropSettings(patience=3, min_gain=10.0))
        assert learned.steps.tolist() == [3] * 4
        three = train_population(genomes, networks, points, BackpropSettings(steps=3))
        assert same_bits(learned.weight, three.weight)

    def test_goes_on_from_what_was_learned(self):
        genomes, networks = population(6)
        points = block_points(*quadrants(200), 2)
        once = train_population(genomes, networks, points, BackpropSettings(steps=20))
        twice = train_population(with_learned(genomes, once), networks, points, BackpropSettings(steps=20))
        assert twice.loss.mean() < once.loss.mean()
        assert (twice.loss < once.loss).sum() >= 5


class TestScores:
    def test_are_those_of_the_network_that_plays(self):
        genomes, networks = population(5, outputs=3, seed=7)
        x, _ = quadrants(70)
        y = rng(6).integers(0, 3, 70).astype(np.int32)
        found = scores(genomes, networks, block_points(x, y, 3))
        for g, policy in enumerate(graph_policies(genomes, networks, 2)):
            outputs = np.array([PlainGraph(policy).outputs(point) for point in x])
            hits = [first_largest(row) == label for row, label in zip(outputs, y, strict=True)]
            assert found.accuracy[g] == pytest.approx(np.mean(hits), abs=1e-12)
            wide = outputs.astype(np.float64)
            losses = np.log(np.exp(wide).sum(axis=1)) - wide[np.arange(70), y]
            assert found.cross_entropy[g] == pytest.approx(losses.mean(), rel=1e-6)

    @pytest.mark.parametrize("n", [1, 63, 64, BLOCK - 1, BLOCK, BLOCK + 1])
    def test_copies_that_fill_a_block_do_not_count(self, n):
        genomes, networks = population(2)
        x, y = quadrants(n)
        found = scores(genomes, networks, block_points(x, y, 2))
        for g in range(2):
            graph = NumpyGraph(genomes, networks, g, 2)
            outputs = graph.forward(x.T)[0][graph.outputs]
            assert found.accuracy[g] == pytest.approx((outputs.argmax(axis=0) == y).mean(), abs=1e-12)
            assert found.cross_entropy[g] == pytest.approx(graph.loss(x.T, y), rel=1e-5)


class TestWhatMustNotChange:
    def test_no_argument_is_written_to(self):
        genomes, networks = population()
        for array in (*genomes, *networks):
            array.flags.writeable = False
        points = block_points(*quadrants(), 2)
        copies = copy.deepcopy((genomes, networks, points))
        learned = train_population(genomes, networks, points, BackpropSettings(steps=3))
        scores(genomes, networks, points)
        for before, after in zip(copies, (genomes, networks, points), strict=True):
            assert all(same_bits(np.asarray(a), np.asarray(b)) for a, b in zip(before, after, strict=True))
        assert not np.shares_memory(learned.weight, genomes.weight)
        assert not np.shares_memory(learned.bias, genomes.bias)

    def test_genes_that_are_not_expressed_keep_their_bits(self):
        edges = {(-1, 2): 0.5, (2, 0): 0.8, (-2, 1): 0.3, (-1, 3): 0.7, (-2, 2): -0.6}
        genomes = packed([(range(5), edges, {})], rng())
        enabled = (genomes.source != -2) | (genomes.target != 2)
        genomes = genomes._replace(enabled=enabled)
        networks = express(genomes, 2, 2)
        learned = train_population(genomes, networks, block_points(*quadrants(), 2), BackpropSettings())
        is_silent = ~enabled | (genomes.target == 3)  # node 3 leads nowhere, node 4 has no connections
        assert is_silent.sum() == 2
        assert same_bits(learned.weight[is_silent], genomes.weight[is_silent])
        assert np.all(learned.weight[~is_silent] != genomes.weight[~is_silent])
        assert same_bits(learned.bias[3:], genomes.bias[3:])
        assert np.all(learned.bias[:3] != genomes.bias[:3])

    def test_others_and_threads_change_no_bit(self):
        genomes, networks = population(12)
        points = block_points(*quadrants(), 2)
        settings = BackpropSettings(steps=10)
        together = train_population(genomes, networks, points, settings)
        threaded = train_population(genomes, networks, points, settings, threads=3)
        assert all(same_bits(a, b) for a, b in zip(together, threaded, strict=True))
        for g in (0, 7, 11):
            single = genomes.take([g])
            alone = train_population(single, express(single, 2, 2), points, settings)
            assert same_bits(alone.weight, together.weight[genomes.connections_of(g)])
            assert same_bits(alone.bias, together.bias[genomes.nodes_of(g)])
            assert alone.loss[0] == together.loss[g]

    def test_only_the_chosen_learn(self):
        genomes, networks = population(6)
        points = block_points(*quadrants(), 2)
        settings = BackpropSettings(steps=5)
        everyone = train_population(genomes, networks, points, settings)
        some = train_population(genomes, networks, points, settings, chosen=[4, 1], threads=2)
        assert some.loss.tolist() == everyone.loss[[4, 1]].tolist()
        for g in range(6):
            source = everyone if g in {1, 4} else genomes
            part = genomes.connections_of(g)
            assert same_bits(some.weight[part], source.weight[part])
        assert (
            scores(genomes, networks, points, chosen=[4, 1]).accuracy.tolist()
            == scores(genomes, networks, points).accuracy[[4, 1]].tolist()
        )

    def test_no_steps_change_no_bit(self):
        genomes, networks = population()
        learned = train_population(genomes, networks, block_points(*quadrants(), 2), BackpropSettings(steps=0))
        assert same_bits(learned.weight, genomes.weight)
        assert same_bits(learned.bias, genomes.bias)


class TestMachines:
    def test_genes_learn_the_same_bits_on_every_machine(self):
        """The digest came out of code for AVX-512, for AVX2 with fused operations at hand, and for SSE2."""
        layers = [[-1, -2], list(range(2, 12)), list(range(12, 22)), [0, 1]]
        ends = [(s, t) for a, b in itertools.pairwise(layers) for s in a for t in b]
        weights = {end: (37 * i % 101 - 50) / 80 for i, end in enumerate(ends)}
        names = {node: NAMES[node % 10] for node in range(2, 22)} | {0: "identity", 1: "identity"}
        genomes = packed([(range(22), weights, names)], rng())
        i = np.arange(22)
        genomes = genomes._replace(
            bias=((i * 29 % 23 - 11) / 32).astype(np.float32), response=(0.75 + i % 5 / 8).astype(np.float32)
        )
        i = np.arange(700)
        x = np.stack([i * 7919 % 2003 / 1024 - 1, i * 104729 % 1999 / 1024 - 1], axis=1)
        points = block_points(x, (i * 31 % 17) % 2, 2, batch=300)
        learned = train_population(genomes, express(genomes, 2, 2), points, BackpropSettings())
        digest = hashlib.sha256(b"".join(array.tobytes() for array in learned)).hexdigest()
        assert digest == "50b32d81d884a490d5c165b14650d76eb3803532309a9bb3b286135a91c5c3eb"


class TestDivergence:
    def test_stops_at_the_last_finite_genes_and_spoils_no_other(self):
        genomes, networks = population(4, ["identity", "relu"])
        points = block_points(*quadrants(), 2)
        settings = BackpropSettings(steps=30)
        wild = genomes._replace(weight=genomes.weight.copy())
        wild.weight[wild.connections_of(1)] *= np.float32(1e30)
        learned = train_population(wild, networks, points, settings)
        assert learned.is_finite.tolist() == [True, False, True, True]
        assert learned.steps[1] == 0
        part = wild.connections_of(1)
        assert same_bits(learned.weight[part], wild.weight[part])
        calm = train_population(genomes, networks, points, settings)
        for g in (0, 2, 3):
            assert same_bits(learned.weight[genomes.connections_of(g)], calm.weight[genomes.connections_of(g)])
        assert scores(wild, networks, points).cross_entropy[1] == np.inf

    def test_a_step_too_far_is_taken_back(self):
        genomes, networks = population(3, ["identity"])
        points = block_points(*quadrants(), 2)
        learned = train_population(genomes, networks, points, BackpropSettings(lr=1e30, l2=0.0))
        assert not learned.is_finite.any()
        assert np.isfinite(learned.weight).all()
        assert np.isfinite(learned.bias).all()
        assert np.isfinite(learned.loss).all()
        for g, steps in enumerate(learned.steps.tolist()):
            again = train_population(genomes, networks, points, BackpropSettings(steps=steps, lr=1e30, l2=0.0))
            part = genomes.connections_of(g)
            assert same_bits(learned.weight[part], again.weight[part])

    def test_the_last_step_is_taken_back_too(self):
        genomes, networks = population(3, ["identity"])
        points = block_points(*quadrants(), 2)
        learned = train_population(genomes, networks, points, BackpropSettings(steps=1, lr=1e30))
        assert learned.steps.tolist() == [0, 0, 0]
        assert not learned.is_finite.any()
        assert same_bits(learned.weight, genomes.weight)
        assert learned.loss == pytest.approx(scores(genomes, networks, points).cross_entropy, rel=1e-6)


class TestLearning:
    def test_two_hidden_nodes_learn_xor(self):
        draw, ends = rng(12), [(s, t) for t in (2, 3) for s in (-1, -2)] + [(s, t) for t in (0, 1) for s in (2, 3)]
        names = {0: "identity", 1: "identity"}
        genomes = packed(
            [(range(4), {end: float(draw.normal(0, 0.5)) for end in ends}, names) for _ in range(16)], draw
        )
        networks = express(genomes, 2, 2)
        points = block_points([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], 2)
        assert scores(genomes, networks, points).accuracy.max() < 1
        learned = train_population(genomes, networks, points, BackpropSettings(steps=400, lr=0.05))
        accuracy = scores(with_learned(genomes, learned), networks, points).accuracy
        assert (accuracy == 1).sum() >= 4, "two hidden nodes often end where two points share an answer, but not always"
        assert learned.loss.min() < 0.05

    def test_layered_graphs_learn_two_spirals(self):
        draw, names = rng(3), {0: "identity", 1: "identity"}
        layers = [[-1, -2], list(range(2, 18)), list(range(18, 34)), [0, 1]]
        ends = [(s, t) for a, b in itertools.pairwise(layers) for s in a for t in b]
        genomes = packed(
            [(range(34), {end: float(draw.normal(0, 0.3)) for end in ends}, names) for _ in range(3)], draw
        )
        networks = express(genomes, 2, 2)
        points = block_points(*spirals(), 2)
        learned = train_population(genomes, networks, points, BackpropSettings(steps=1500))
        accuracy = scores(with_learned(genomes, learned), networks, points).accuracy
        assert accuracy.min() > 0.95
        assert accuracy.max() > 0.99


def spirals(per_arm=97):
    """Return the training points of two spirals: K. Lang, M. Witbrock, "Learning to Tell Two Spirals Apart", 1988."""
    i = np.arange(per_arm)
    angle, radius = i * np.pi / 16, 6.5 * (104 - i) / 104
    arm = np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)
    return np.concatenate([arm, -arm]) / 4, np.repeat([0, 1], per_arm)


class TestRefusals:
    def test_classes_outside_the_range(self):
        with pytest.raises(ValueError, match="0 to 1 are allowed"):
            block_points(np.zeros((3, 2)), [0, 1, 2], 2)

    def test_points_that_do_not_fit(self):
        with pytest.raises(ValueError, match=r"\[n, d\] and \[n\]"):
            block_points(np.zeros((3, 2)), [0, 1], 2)

    def test_outputs_that_are_no_classes(self):
        genomes, networks = population(outputs=3)
        with pytest.raises(ValueError, match="3 outputs"):
            train_population(genomes, networks, block_points(*quadrants(), 2), BackpropSettings())

    def test_recurrent_networks(self):
        edges = {(-1, 2): 1.0, (2, 3): 1.0, (3, 2): 1.0, (3, 0): 1.0, (-1, 1): 1.0}
        genomes = packed([(range(4), edges, {})], rng())
        networks = express(genomes, 1, 2, is_recurrent=True)
        points = block_points(np.zeros((4, 1)), [0, 1, 0, 1], 2)
        with pytest.raises(ValueError, match="feed-forward"):
            train_population(genomes, networks, points, BackpropSettings())

    def test_places_outside_the_population(self):
        genomes, networks = population(3)
        with pytest.raises(ValueError, match="0 to 2 are allowed"):
            scores(genomes, networks, block_points(*quadrants(), 2), chosen=[3])

    def test_every_function_is_known_here(self):
        assert set(NAMES) == set(FUNCTION_CODES)
