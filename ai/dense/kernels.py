"""The compiled arithmetic of dense networks: forwards, backwards, Adam.

Matrix products are BLAS calls (``numpy.dot``), everything else is fused loops between them. A network's hidden layers are read
from its flat parameters, its head apart from them: a dueling head is *folded* into one layer first (``fold_head``). All is
float32; on one machine, with one BLAS thread, the same call gives the same bits.
"""

import numpy as np
from numpy.typing import NDArray

from game.jit import entry, kernel

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_HALF = np.float32(0.5)
NORM_EPSILON = np.float32(1e-5)
"""Added to the variance of a layer before its root is taken."""

Floats = NDArray[np.float32]


@kernel
def head_offset(sizes: NDArray[np.int64]) -> int:
    """Return where the head's parameters begin."""
    at = 0
    for layer in range(len(sizes) - 2):
        at += sizes[layer + 1] * (sizes[layer] + 1)
    return at


@entry
def fold_head(parameters: Floats, sizes: NDArray[np.int64], is_dueling: int, head: Floats) -> None:
    """Write the folded head to ``head``: weights [actions, h] row by row, then biases; as ``Network.folded_head``."""
    width, actions = sizes[-2], sizes[-1]
    own = parameters[head_offset(sizes) :]
    if is_dueling == 0:
        head[:] = own
        return
    half = width // 2
    rest = width - half
    advantages = half + 1
    per_action = np.float32(1.0 / actions)
    for k in range(half):
        for a in range(actions):
            head[a * width + k] = own[k]
    for k in range(rest):
        total = own[advantages + k]
        for a in range(1, actions):
            total = total + own[advantages + a * rest + k]
        mean = total * per_action
        for a in range(actions):
            head[a * width + half + k] = own[advantages + a * rest + k] - mean
    biases = advantages + actions * rest
    total = own[biases]
    for a in range(1, actions):
        total = total + own[biases + a]
    for a in range(actions):
        head[actions * width + a] = own[half] + (own[biases + a] - total * per_action)


@entry
def _unfold_gradient(folded: Floats, sizes: NDArray[np.int64], is_dueling: int, gradient: Floats) -> None:
    """Add the gradient of the folded head to that of the head as it is learned: the transpose of ``fold_head``."""
    width, actions = sizes[-2], sizes[-1]
    if is_dueling == 0:
        for i in range(len(folded)):
            gradient[i] += folded[i]
        return
    half = width // 2
    rest = width - half
    advantages = half + 1
    per_action = np.float32(1.0 / actions)
    for a in range(actions):
        for k in range(half):
            gradient[k] += folded[a * width + k]
        gradient[half] += folded[actions * width + a]
    for k in range(rest):
        total = _ZERO
        for a in range(actions):
            total += folded[a * width + half + k]
        for a in range(actions):
            gradient[advantages + a * rest + k] += folded[a * width + half + k] - total * per_action
    biases = advantages + actions * rest
    total = _ZERO
    for a in range(actions):
        total += folded[actions * width + a]
    for a in range(actions):
        gradient[biases + a] += folded[actions * width + a] - total * per_action


@kernel
def _total(row: Floats, width: int) -> np.float32:
    """Return the sum of a row in eight sums side by side: a fixed order, which the compiler can vectorise."""
    s0, s1, s2, s3, s4, s5, s6, s7 = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    whole = width // 8 * 8
    for o in range(0, whole, 8):
        s0 += row[o]
        s1 += row[o + 1]
        s2 += row[o + 2]
        s3 += row[o + 3]
        s4 += row[o + 4]
        s5 += row[o + 5]
        s6 += row[o + 6]
        s7 += row[o + 7]
    for o in range(whole, width):
        s0 += row[o]
    return np.float32(((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)))


@kernel
def _product(one: Floats, other: Floats, width: int) -> np.float32:
    """Return the sum of products of two rows, in the order of ``_total``."""
    s0, s1, s2, s3, s4, s5, s6, s7 = _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO, _ZERO
    whole = width // 8 * 8
    for o in range(0, whole, 8):
        s0 += one[o] * other[o]
        s1 += one[o + 1] * other[o + 1]
        s2 += one[o + 2] * other[o + 2]
        s3 += one[o + 3] * other[o + 3]
        s4 += one[o + 4] * other[o + 4]
        s5 += one[o + 5] * other[o + 5]
        s6 += one[o + 6] * other[o + 6]
        s7 += one[o + 7] * other[o + 7]
    for o in range(whole, width):
        s0 += one[o] * other[o]
    return np.float32(((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)))


@kernel
def _normalise_rows(sums: Floats, bias: Floats, normals: Floats, factors: Floats) -> None:
    """Add the biases to rows of sums [B, width], normalise each row into ``normals``, and put its ReLU in the place of the sums.

    (x - mean) * factor with factor = 1 / sqrt(variance + 1e-5). Source: J. L. Ba et al.: "Layer Normalization", 2016, without
    gain and bias.
    """
    batch, width = sums.shape
    per_width = _ONE / np.float32(width)
    for i in range(batch):
        row = sums[i]
        normal = normals[i * width : (i + 1) * width]
        for o in range(width):
            normal[o] = row[o] + bias[o]
        mean = _total(normal, width) * per_width
        for o in range(width):
            normal[o] = normal[o] - mean
        factor = np.float32(_ONE / np.sqrt(_product(normal, normal, width) * per_width + NORM_EPSILON))
        factors[i] = factor
        for o in range(width):
            value = normal[o] * factor
            normal[o] = value
            row[o] = (value + abs(value)) * _HALF


@kernel
def _through_norms(slopes: Floats, normals: Floats, factors: Floats) -> None:
    """Replace slopes [B, width] behind normalisation and ReLU by those before: factor * (s - mean(s) - n * mean(s * n))."""
    batch, width = slopes.shape
    per_width = _ONE / np.float32(width)
    for i in range(batch):
        row = slopes[i]
        normal = normals[i * width : (i + 1) * width]
        for k in range(width):
            row[k] = row[k] if normal[k] > _ZERO else _ZERO
        mean = _total(row, width) * per_width
        part = _product(row, normal, width) * per_width
        factor = factors[i]
        for k in range(width):
            row[k] = factor * (row[k] - mean - normal[k] * part)


@kernel
def _rectify_rows(sums: Floats, bias: Floats) -> None:
    """Replace rows of sums [B, width] by the ReLU of them and their biases, without a branch."""
    batch, width = sums.shape
    for i in range(batch):
        for o in range(width):
            value = sums[i, o] + bias[o]
            sums[i, o] = (value + abs(value)) * _HALF


@kernel
def _through_relus(slopes: Floats, values: Floats) -> None:
    """Replace slopes [B, width] behind ReLUs by those before them."""
    batch, width = slopes.shape
    for i in range(batch):
        for k in range(width):
            slopes[i, k] = slopes[i, k] if values[i, k] > _ZERO else _ZERO


@kernel
def _add_bias(rows: Floats, bias: Floats) -> None:
    batch, width = rows.shape
    for i in range(batch):
        for o in range(width):
            rows[i, o] += bias[o]


@kernel
def _add_columns(rows: Floats, sums: Floats) -> None:
    """Add up the rows [B, width] into ``sums``."""
    batch, width = rows.shape
    for i in range(batch):
        for o in range(width):
            sums[o] += rows[i, o]


@entry
def forward(
    parameters: Floats, head: Floats, sizes: NDArray[np.int64], observations: Floats, activations: Floats, norms: Floats
) -> None:
    """Write the values of all layers behind the observations [B, inputs] to ``activations``, layer by layer [B, outputs].

    With ``norms`` of some length the hidden layers are normalised; there go their normalised sums, as long as the hidden
    activations, and behind them the factors of each layer's rows.
    """
    batch = len(observations)
    source = observations
    at = to = 0
    is_normalised = len(norms) > 0
    factors = batch * (sizes[1:-1].sum())
    for layer in range(1, len(sizes)):
        inputs, outputs = sizes[layer - 1], sizes[layer]
        is_head = layer == len(sizes) - 1
        numbers = head if is_head else parameters[at:]
        target = activations[to : to + batch * outputs].reshape(batch, outputs)
        np.dot(source, numbers[: outputs * inputs].reshape(outputs, inputs).T, target)
        bias = numbers[outputs * inputs : outputs * inputs + outputs]
        if is_head:
            _add_bias(target, bias)
        elif is_normalised:
            _normalise_rows(target, bias, norms[to : to + batch * outputs], norms[factors : factors + batch])
            factors += batch
        else:
            _rectify_rows(target, bias)
        source = target
        at += outputs * (inputs + 1)
        to += batch * outputs


@entry
def backward(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    parameters: Floats,
    head: Floats,
    sizes: NDArray[np.int64],
    is_dueling: int,
    observations: Floats,
    work: tuple[Floats, Floats, Floats, Floats],
    gradient: Floats,
) -> None:
    """Add the gradient of all parameters to ``gradient``.

    ``work`` = (activations, norms, two deltas); the first delta holds the gradient of the values [B, actions] at the start.
    """
    activations, norms = work[0], work[1]
    batch = len(observations)
    layers = len(sizes) - 1
    is_normalised = len(norms) > 0
    folded = np.empty(len(head), np.float32)
    at = head_offset(sizes)
    to = 0
    for layer in range(1, layers):
        to += batch * sizes[layer]
    factors = to + (layers - 1) * batch
    for layer in range(layers, 0, -1):
        inputs, outputs = sizes[layer - 1], sizes[layer]
        delta = work[2 + (layers - layer) % 2][: batch * outputs].reshape(batch, outputs)
        to -= batch * inputs
        is_head = layer == layers
        source = observations if layer == 1 else activations[to : to + batch * inputs].reshape(batch, inputs)
        part = folded if is_head else gradient[at : at + outputs * (inputs + 1)]
        product = np.dot(delta.T, source)
        weights = part[: outputs * inputs].reshape(outputs, inputs)
        biases = part[outputs * inputs :]
        if is_head:
            weights[:] = product
            biases[:] = _ZERO
        else:
            weights += product
        _add_columns(delta, biases)
        if layer > 1:
            numbers = head if is_head else parameters[at:]
            before = work[2 + (layers - layer + 1) % 2][: batch * inputs].reshape(batch, inputs)
            np.dot(delta, numbers[: outputs * inputs].reshape(outputs, inputs), before)
            if is_normalised:
                factors -= batch
                _through_norms(before, norms[to : to + batch * inputs], norms[factors : factors + batch])
            else:
                _through_relus(before, source)
            at -= inputs * (sizes[layer - 2] + 1)
    _unfold_gradient(folded, sizes, is_dueling, gradient[head_offset(sizes) :])


@entry
def adam(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    parameters: Floats,
    gradient: Floats,
    moments: tuple[Floats, Floats],
    rates: tuple[np.float32, np.float32, np.float32, np.float32],
    powers: tuple[np.float32, np.float32],
    max_norm: np.float32,
    scales: Floats,
) -> float:
    """Clip ``gradient`` to ``max_norm``, make one step of Adam, and return the norm that the gradient had.

    ``scales`` multiply the steps of the parameters.

    ``rates`` = (learning rate, beta 1, beta 2, epsilon); ``powers`` = 1 - beta ** updates, for both betas.
    """
    rate, beta_1, beta_2, epsilon = rates
    first, second = moments
    norm = np.sqrt(np.dot(gradient, gradient))
    scale = max_norm / (norm + np.float32(1e-6)) if norm > max_norm else _ONE
    step = rate / powers[0]
    root = np.float32(_ONE / np.sqrt(powers[1]))
    for i in range(len(parameters)):
        slope = gradient[i] * scale
        m = beta_1 * first[i] + (_ONE - beta_1) * slope
        v = beta_2 * second[i] + (_ONE - beta_2) * slope * slope
        first[i] = m
        second[i] = v
        parameters[i] -= scales[i] * step * m / (np.sqrt(v) * root + epsilon)
    return float(norm)
