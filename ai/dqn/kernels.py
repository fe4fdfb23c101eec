"""The compiled arithmetic of value learning: targets, the gradient of the loss, acting. Networks: ``ai.dense.kernels``."""

import numpy as np
from numpy.typing import NDArray

from ai.dense.kernels import Floats, backward, forward
from game import seeding
from game.jit import entry, kernel
from game.policies.bank import Bank
from game.vector import Courts, Outcome, Work, step_courts

_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_SHIFT_16 = np.uint64(16)
_LOW_16 = np.uint64(0xFFFF)


@kernel
def _best(values: Floats, row: int, actions: int) -> int:
    """Return the first best action of row number ``row`` of ``values`` [B, actions], which is flat."""
    best = 0
    for a in range(1, actions):
        if values[row * actions + a] > values[row * actions + best]:
            best = a
    return best


# Updates


@entry
def td_targets(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    networks: tuple[Floats, Floats, Floats, Floats],
    sizes: NDArray[np.int64],
    is_double: int,
    batch: tuple[Floats, Floats, Floats],
    activations: tuple[Floats, Floats],
    norms: Floats,
    targets: Floats,
) -> None:
    """Write returns + discounts * Q(next) to ``targets``.

    ``networks`` = (parameters, folded head) of the online and of the target network; ``batch`` = (returns, discounts, next
    observations).
    """
    returns, discounts, next_observations = batch
    n, actions = len(returns), sizes[-1]
    forward(networks[2], networks[3], sizes, next_observations, activations[1], norms)
    last = len(activations[1]) - n * actions
    judged = activations[1][last:]
    chosen = judged
    if is_double != 0:
        forward(networks[0], networks[1], sizes, next_observations, activations[0], norms)
        chosen = activations[0][last:]
    for i in range(n):
        action = _best(chosen, i, actions)
        targets[i] = returns[i] + discounts[i] * judged[i * actions + action]


@entry
def add_gradient(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    network: tuple[Floats, Floats],
    sizes: NDArray[np.int64],
    rules: tuple[int, np.float32, np.float32],
    samples: tuple[Floats, NDArray[np.int32], Floats, Floats],
    work: tuple[Floats, Floats, Floats, Floats],
    errors: Floats,
    gradient: Floats,
) -> tuple[float, float]:
    """Add the gradient of the Huber loss of some samples; return the sums of their losses and of the values of their actions.

    ``rules`` = (is dueling, Huber's delta, 1 / size of the whole batch); ``samples`` = (observations, actions, targets, weights);
    ``work`` = (activations, norms, two deltas). ``errors`` becomes value less target.
    """
    observations, taken, targets, weights = samples
    is_dueling, delta, scale = rules
    n, actions = len(taken), sizes[-1]
    activations = work[0]
    forward(network[0], network[1], sizes, observations, activations, work[1])
    values = activations[len(activations) - n * actions :]
    slopes = work[2][: n * actions]
    slopes[:] = _ZERO
    loss = total = 0.0
    for i in range(n):
        value = values[i * actions + taken[i]]
        error = value - targets[i]
        size = abs(error)
        inside = min(size, delta)
        loss += weights[i] * (_HALF * inside * inside + delta * (size - inside))
        total += value
        errors[i] = error
        slopes[i * actions + taken[i]] = weights[i] * max(min(error, delta), -delta) * scale
    backward(network[0], network[1], sizes, is_dueling, observations, work, gradient)
    return loss, total


# Acting


@entry
def collect(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    courts: Courts,
    bank: Bank,
    shaping: tuple[np.float32, np.float32],
    network: tuple[Floats, Floats, NDArray[np.int64]],
    exploring: tuple[Floats, NDArray[np.uint64]],
    columns: tuple[Floats, NDArray[np.uint8], Floats, NDArray[np.uint8]],
    place: tuple[int, int],
    outcome: Outcome,
    work: tuple[Work, Floats, Floats, NDArray[np.int32]],
    tallies: tuple[NDArray[np.int64], NDArray[np.float64]],
) -> None:
    """Play ``place[1]`` steps of a group of courts, greedily but for random actions, and write them from row ``place[0]`` on.

    ``network`` = (parameters, folded head, sizes); ``exploring`` = (epsilon, random state) of each agent; ``columns`` are one
    group's; ``tallies`` = (won, played by opponent [policies, 2]; sum of rewards, episodes, ticks of ended episodes).
    """
    observations, taken, rewards, flags = columns
    parameters, head, sizes = network
    epsilons, randoms = exploring
    env_work, activations, norms, actions = work
    rows, agents = taken.shape
    width = sizes[-1]
    values = activations[len(activations) - agents * width :]
    for step in range(place[1]):
        row = (place[0] + step) % rows
        forward(parameters, head, sizes, observations[row], activations, norms)
        for i in range(agents):
            randoms[i] = seeding.advance_state(randoms[i])
            bits = seeding.mix(randoms[i])
            action = _best(values, i, width)
            if seeding.unit_float(bits) < epsilons[i]:
                action = int(((bits & _LOW_16) * np.uint64(width)) >> _SHIFT_16)
            actions[i] = action
            taken[row, i] = action
        step_courts(courts, bank, actions, shaping, observations[(row + 1) % rows], outcome, env_work)
        for i in range(agents):
            rewards[row, i] = outcome.rewards[i]
            flags[row, i] = outcome.terminated[i] + 2 * outcome.truncated[i]
        _tally(courts, outcome, tallies)


@kernel
def _tally(courts: Courts, outcome: Outcome, tallies: tuple[NDArray[np.int64], NDArray[np.float64]]) -> None:
    """Count the episodes that have just ended, and the rewards."""
    by_opponent, sums = tallies
    for i in range(len(courts.opponents)):
        sums[0] += outcome.rewards[i]
        if outcome.terminated[i] + outcome.truncated[i] != 0:
            sums[1] += 1.0
            sums[2] += outcome.ticks[i]
            opponent = outcome.opponents[i]
            if opponent >= 0:
                by_opponent[opponent, 0] += 1 if outcome.leads[i] > 0 else 0
                by_opponent[opponent, 1] += 1
