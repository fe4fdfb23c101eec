"""Gradient steps on NEAT graphs, compiled: forward, backward and Adam on a graph's own nodes and edges.

Points go through a graph in blocks of ``BLOCK``; the values of a block, and the gradients with respect to them, stay in the L1
cache of a core. Values are those of the network that plays (``ai.neat.networks.graph_policies``), bit for bit: scale and response
are folded into weights and biases in float32.

Derivatives at kinks: relu and abs have 0 at 0; functions that limit their argument (clamped, sin, square, gauss) have 0 from the
limit on.

Source: D. P. Kingma, J. Ba: "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1, bias corrections included. The
gradient is that of the cross-entropy plus ``l2 / 2`` times the squared weights (not biases). If its norm over a genome is above
``clip``, it is scaled down to it: R. Pascanu, T. Mikolov, Y. Bengio: "On the difficulty of training recurrent neural networks",
ICML 2013, algorithm 1.
"""

import math
from typing import Final

import numpy as np

from ai.neat_backprop.layout import BLOCK, Blocks, Graphs, Learned, Numbers, Rules, Share, Work
from ai.neat_backprop.row_functions import activated, exponential, is_sum_kept, logarithm, through_activation
from ai.neat_backprop.rows import PARTS, POINTS, Reals, add_parts, choose, load, root, spread, store, sum_parts
from game.jit import entry, kernel
from game.policies.activation import Activation

SOURCES_DIGEST: Final = "12180a9c66af4ebfe6923cd699c1eec0a3f4f6b97f5bd7a23a65469586e690c7"
"""SHA-256 of ``rows.py``, ``row_functions.py`` and ``layout.py``: see ``rows.py``."""

STATES: Final = 7
_VALUE: Final = 0
_PREVIOUS: Final = 1
_FACTOR: Final = 2
_FOLDED: Final = 3
_GRADIENT: Final = 4
_MOMENT: Final = 5
_SQUARE: Final = 6

_BETA_1: Final = 0.9
_BETA_2: Final = 0.999
_EPSILON: Final = np.float32(1e-8)

_IDENTITY: Final = int(Activation.IDENTITY)

_NEXT: Final = np.uint64(1)
_ZERO: Final = np.float32(0)
_ONE: Final = np.float32(1)


@kernel
def _forward(work: Work, nodes: int, edges: int, folded: Reals, x: Reals, x_at: int) -> None:
    """Write the values of the nodes at the points whose inputs begin at ``x[x_at]``."""
    values, place, first = work.values, work.place, work.first
    for m in range(np.uint64(nodes)):
        at = m * np.uint64(BLOCK)
        for shift in range(np.uint64(0), np.uint64(BLOCK), np.uint64(POINTS)):
            total = spread(folded[np.uint64(edges) + m])
            for e in range(np.uint64(first[m]), np.uint64(first[m + _NEXT])):
                p = place[e]
                value = load(values, p + shift) if p >= 0 else load(x, x_at - 1 - p + shift)
                total = total + value * folded[e]
            store(values, at + shift, activated(work.code[m], total))
            if is_sum_kept(work.code[m]):
                store(work.slopes, at + shift, total)


@kernel
def _compare(blocks: Blocks, b: int, shift: int, work: Work, loss_at: int) -> None:
    """Add the cross-entropy of the row at ``shift`` of block ``b`` to the partial sums at ``loss_at``.

    Leaves exp(output - largest output) in the rows of ``work.odds``, and after them their sum.
    """
    output = work.output
    best = load(work.values, output[0] + shift)
    for k in range(1, blocks.classes):
        value = load(work.values, output[k] + shift)
        best = choose(best, value, value, best)
    total, miss = spread(_ZERO), spread(_ZERO)
    for k in range(blocks.classes):
        value = load(work.values, output[k] + shift) - best
        odds = exponential(value)
        store(work.odds, k * POINTS, odds)
        total = total + odds
        miss = miss - load(blocks.is_class, (b * blocks.classes + k) * BLOCK + shift) * value
    store(work.odds, blocks.classes * POINTS, total)
    add_parts(work.sums, loss_at, load(blocks.share, b * BLOCK + shift) * (logarithm(total) + miss))


@kernel
def _output_deltas(blocks: Blocks, b: int, shift: int, work: Work, nodes: int) -> None:
    """Write the gradient of that row's cross-entropy with respect to the values of all nodes: 0 where a node is no output."""
    for m in range(nodes):
        store(work.deltas, m * BLOCK + shift, _ZERO)
    share = load(blocks.share, b * BLOCK + shift)
    shrink = _ONE / load(work.odds, blocks.classes * POINTS)
    for k in range(blocks.classes):
        chance = load(work.odds, k * POINTS) * shrink
        wrong = chance - load(blocks.is_class, (b * blocks.classes + k) * BLOCK + shift)
        at = work.output[k] + shift
        store(work.deltas, at, load(work.deltas, at) + wrong * share)


@kernel
def _backward(work: Work, nodes: int, edges: int, folded: Reals, x: Reals, x_at: int) -> None:
    """Add the gradient with respect to the folded parameters to the partial sums; the deltas of the outputs are there."""
    values, deltas, sums, place, first = work.values, work.deltas, work.sums, work.place, work.first
    parts = np.uint64(PARTS)
    for m in range(nodes - 1, -1, -1):
        for shift in range(np.uint64(0), np.uint64(BLOCK), np.uint64(POINTS)):
            at = np.uint64(m * BLOCK) + shift
            delta = through_activation(work.code[m], load(deltas, at), load(values, at), work.slopes, at)
            add_parts(sums, np.uint64(edges + m) * parts, delta)
            for e in range(np.uint64(first[m]), np.uint64(first[m + 1])):
                p = place[e]
                if p < 0:
                    add_parts(sums, e * parts, delta * load(x, x_at - 1 - p + shift))
                else:
                    add_parts(sums, e * parts, delta * load(values, p + shift))
                    store(deltas, p + shift, load(deltas, p + shift) + delta * folded[e])


@kernel
def _width(parameters: int) -> int:
    """Return the length of a vector of the state: whole rows."""
    return (parameters + POINTS - 1) // POINTS * POINTS


@kernel
def _begin(graphs: Graphs, g: int, inputs: int, work: Work, width: int) -> None:
    """Write the shape of network ``g``, and its parameters with the factors by which they are folded."""
    state = work.state
    for i in range(STATES * width):
        state[i] = _ZERO
    n0, n1 = graphs.node_row[g], graphs.node_row[g + 1]
    e0, edges = graphs.edge_row[n0], graphs.edge_row[n1] - graphs.edge_row[n0]
    work.first[n1 - n0] = edges
    for m in range(n0, n1):
        gene = graphs.gene[m]
        work.code[m - n0] = _IDENTITY
        work.first[m - n0] = graphs.edge_row[m] - e0
        for e in range(graphs.edge_row[m], graphs.edge_row[m + 1]):
            source = graphs.source[e]
            work.place[e - e0] = (source - inputs) * BLOCK if source >= inputs else -1 - source * BLOCK
        if gene >= 0:
            function = graphs.function[gene]
            scale = graphs.scales[function]
            work.code[m - n0] = graphs.activations[function]
            state[_VALUE * width + edges + m - n0] = graphs.bias[gene]
            state[_FACTOR * width + edges + m - n0] = scale
            for e in range(graphs.edge_row[m], graphs.edge_row[m + 1]):
                state[_VALUE * width + e - e0] = graphs.weight[graphs.edge_gene[e]]
                state[_FACTOR * width + e - e0] = scale * graphs.response[gene]
    for k in range(graphs.output.shape[1]):
        work.output[k] = (graphs.output[g, k] - inputs) * BLOCK


@kernel
def _fold(state: Reals, width: int) -> None:
    """Fold scale and response into the parameters."""
    for i in range(0, width, POINTS):
        store(state, _FOLDED * width + i, load(state, _FACTOR * width + i) * load(state, _VALUE * width + i))


@kernel
def _add_batch(blocks: Blocks, batch: int, work: Work, nodes: int, edges: int, folded: Reals) -> np.float32:
    """Return the cross-entropy of a batch, and leave the partial sums of its gradient."""
    parameters = nodes + edges
    for i in range((parameters + 1) * PARTS):
        work.sums[i] = _ZERO
    for b in range(blocks.batch_row[batch], blocks.batch_row[batch + 1]):
        x_at = b * blocks.inputs * BLOCK
        _forward(work, nodes, edges, folded, blocks.x, x_at)
        for shift in range(0, BLOCK, POINTS):
            _compare(blocks, b, shift, work, parameters * PARTS)
            _output_deltas(blocks, b, shift, work, nodes)
        _backward(work, nodes, edges, folded, blocks.x, x_at)
    return sum_parts(work.sums, parameters * PARTS)


@kernel
def _gradient_norm(work: Work, width: int, edges: int, parameters: int, l2: np.float32) -> float:
    """Write the gradient with respect to the genes; return its norm."""
    state = work.state
    square = 0.0
    for i in range(parameters):
        gradient = sum_parts(work.sums, i * PARTS) * state[_FACTOR * width + i]
        if i < edges:
            gradient += l2 * state[_VALUE * width + i]
        state[_GRADIENT * width + i] = gradient
        square += float(gradient) * float(gradient)
    return math.sqrt(square)


@kernel
def _adam(
    state: Reals, width: int, scale: np.float32, rate: np.float32, corrections: tuple[np.float32, np.float32]
) -> None:
    """Make one step, the gradient times ``scale``; ``corrections`` = 1 / (1 - beta**t) of both moments."""
    keep, keep_square = np.float32(_BETA_1), np.float32(_BETA_2)
    for i in range(0, width, POINTS):
        gradient = load(state, _GRADIENT * width + i) * scale
        moment = load(state, _MOMENT * width + i) * keep + gradient * (_ONE - keep)
        square = load(state, _SQUARE * width + i) * keep_square + (gradient * gradient) * (_ONE - keep_square)
        store(state, _MOMENT * width + i, moment)
        store(state, _SQUARE * width + i, square)
        value = load(state, _VALUE * width + i)
        store(state, _PREVIOUS * width + i, value)
        step = (moment * corrections[0]) / (root(square * corrections[1]) + _EPSILON)
        store(state, _VALUE * width + i, value - step * rate)


@kernel
def _mean_loss(blocks: Blocks, work: Work, nodes: int, edges: int, folded: Reals) -> float:
    """Return the cross-entropy of all points."""
    mean = 0.0
    for batch in range(len(blocks.batch_share)):
        for i in range(PARTS):
            work.sums[i] = _ZERO
        for b in range(blocks.batch_row[batch], blocks.batch_row[batch + 1]):
            _forward(work, nodes, edges, folded, blocks.x, b * blocks.inputs * BLOCK)
            for shift in range(0, BLOCK, POINTS):
                _compare(blocks, b, shift, work, 0)
        mean += blocks.batch_share[batch] * float(sum_parts(work.sums, 0))
    return mean


@kernel
def _restore(state: Reals, width: int) -> None:
    for i in range(0, width, POINTS):
        store(state, _VALUE * width + i, load(state, _PREVIOUS * width + i))
    _fold(state, width)


@kernel
def _descend(blocks: Blocks, rules: Rules, work: Work, nodes: int, edges: int, width: int) -> tuple[int, bool]:
    """Train the network in ``work``; return how many steps its parameters have gone, and whether it stayed finite."""
    state = work.state
    folded = state[_FOLDED * width : (_FOLDED + 1) * width]
    best, waited = math.inf, 0
    power_1 = power_2 = 1.0
    for step in range(rules.steps):
        loss = float(_add_batch(blocks, step % len(blocks.batch_share), work, nodes, edges, folded))
        norm = _gradient_norm(work, width, edges, edges + nodes, np.float32(rules.l2))
        if not math.isfinite(loss + norm):
            if step == 0:
                return 0, False
            _restore(state, width)
            return step - 1, False
        if loss < best - rules.min_gain:
            best, waited = loss, 0
        else:
            waited += 1
        if 0 < rules.patience <= waited:
            return step, True
        power_1 *= _BETA_1
        power_2 *= _BETA_2
        scale = rules.clip / norm if 0.0 < rules.clip < norm else 1.0
        corrections = (np.float32(1.0 / (1.0 - power_1)), np.float32(1.0 / (1.0 - power_2)))
        _adam(state, width, np.float32(scale), np.float32(rules.lr), corrections)
        _fold(state, width)
    return rules.steps, True


@kernel
def _train_one(
    graphs: Graphs, place: tuple[int, int], blocks: Blocks, rules: Rules, work: Work, learned: Learned
) -> None:
    """Train the network ``place[0]``; write its genes, and what became of it to the row ``place[1]``."""
    g, row = place
    n0, n1 = graphs.node_row[g], graphs.node_row[g + 1]
    e0, edges = graphs.edge_row[n0], graphs.edge_row[n1] - graphs.edge_row[n0]
    width = _width(edges + n1 - n0)
    state = work.state
    folded = state[_FOLDED * width : (_FOLDED + 1) * width]
    _begin(graphs, g, blocks.inputs, work, width)
    _fold(state, width)
    steps, is_finite = _descend(blocks, rules, work, n1 - n0, edges, width)
    loss = _mean_loss(blocks, work, n1 - n0, edges, folded)
    if is_finite and steps > 0 and not math.isfinite(loss):
        _restore(state, width)
        steps, is_finite = steps - 1, False
        loss = _mean_loss(blocks, work, n1 - n0, edges, folded)
    if steps > 0:
        for e in range(edges):
            learned.weight[graphs.edge_gene[e0 + e]] = state[_VALUE * width + e]
        for m in range(n0, n1):
            if graphs.gene[m] >= 0:
                learned.bias[graphs.gene[m]] = state[_VALUE * width + edges + m - n0]
    learned.loss[row] = loss
    learned.steps[row] = steps
    learned.is_finite[row] = is_finite and math.isfinite(loss)


@entry
def train(graphs: Graphs, share: Share, blocks: Blocks, rules: Rules, work: Work, learned: Learned) -> None:
    """Train networks."""
    for row in range(share.first, share.last):
        _train_one(graphs, (share.chosen[row], row), blocks, rules, work, learned)


@kernel
def _count_hits(blocks: Blocks, b: int, shift: int, work: Work, at: int) -> None:
    """Add to the partial sums at ``at`` the points of the row whose largest output, the first of equals, is their class."""
    output = work.output
    best = load(work.values, output[0] + shift)
    hit = load(blocks.is_class, b * blocks.classes * BLOCK + shift)
    for k in range(1, blocks.classes):
        value = load(work.values, output[k] + shift)
        hit = choose(best, value, load(blocks.is_class, (b * blocks.classes + k) * BLOCK + shift), hit)
        best = choose(best, value, value, best)
    add_parts(work.sums, at, hit)


@entry
def score(graphs: Graphs, share: Share, blocks: Blocks, work: Work, hits: Numbers, loss: Numbers) -> None:
    """Write hits and cross-entropy of networks."""
    for row in range(share.first, share.last):
        g = share.chosen[row]
        n0, n1 = graphs.node_row[g], graphs.node_row[g + 1]
        edges = graphs.edge_row[n1] - graphs.edge_row[n0]
        width = _width(edges + n1 - n0)
        _begin(graphs, g, blocks.inputs, work, width)
        _fold(work.state, width)
        folded = work.state[_FOLDED * width : (_FOLDED + 1) * width]
        hits[row] = loss[row] = 0.0
        for batch in range(len(blocks.batch_share)):
            for i in range(2 * PARTS):
                work.sums[i] = _ZERO
            for b in range(blocks.batch_row[batch], blocks.batch_row[batch + 1]):
                _forward(work, n1 - n0, edges, folded, blocks.x, b * blocks.inputs * BLOCK)
                for shift in range(0, BLOCK, POINTS):
                    _compare(blocks, b, shift, work, 0)
                    _count_hits(blocks, b, shift, work, PARTS)
            loss[row] += blocks.batch_share[batch] * float(sum_parts(work.sums, 0))
            hits[row] += float(sum_parts(work.sums, PARTS))
