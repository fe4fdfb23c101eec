"""The compiled arithmetic of policy gradients: acting, advantages, the gradient of the loss. Networks: ``ai.dense.kernels``."""

import numpy as np
from numpy.typing import NDArray

from ai.dense.kernels import Floats, backward, forward
from game import seeding
from game.jit import entry, kernel
from game.policies.bank import Bank
from game.vector import Courts, Outcome, Work, step_courts

_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)
_TRUNCATED = np.uint8(2)

N_SUMS = 5
"""Policy loss, value loss, entropy, approximate KL divergence, clipped samples."""


# Acting


@kernel
def _softmax(outputs: Floats, begin: int, actions: int, logs: Floats, probabilities: Floats) -> None:
    """Write the probabilities of the logits ``outputs[begin : begin + actions]``, from ``begin`` on, and their logarithms.

    ``probabilities`` may be ``outputs``.
    """
    top = outputs[begin]
    for a in range(1, actions):
        top = max(top, outputs[begin + a])
    total = _ZERO
    for a in range(actions):
        logs[a] = outputs[begin + a] - top
        probabilities[begin + a] = np.exp(logs[a])
        total += probabilities[begin + a]
    shift = np.log(total)
    share = _ONE / total
    for a in range(actions):
        logs[a] -= shift
        probabilities[begin + a] *= share


@kernel
def _draw(probabilities: Floats, begin: int, actions: int, unit: np.float32) -> int:
    """Return the action whose share of [0, 1) holds ``unit``."""
    reached = _ZERO
    for a in range(actions - 1):
        reached += probabilities[begin + a]
        if unit < reached:
            return a
    return actions - 1


@entry
def collect(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    courts: Courts,
    bank: Bank,
    shaping: tuple[np.float32, np.float32],
    network: tuple[Floats, Floats, NDArray[np.int64]],
    randoms: NDArray[np.uint64],
    rollout: tuple[Floats, NDArray[np.uint8], Floats, NDArray[np.uint8], Floats, Floats],
    outcome: Outcome,
    work: tuple[Work, Floats, Floats, NDArray[np.int32], Floats],
    tallies: tuple[NDArray[np.int64], NDArray[np.float64]],
) -> None:
    """Play a rollout of T steps of a group of courts, every action drawn from the policy, and write it down.

    ``network`` = (parameters, head, sizes), the last of whose outputs is the state value; ``rollout`` = (observations
    [T + 1, agents, n], actions, rewards, flags [T, agents], logarithms of the probabilities of the actions [T, agents], values
    [T + 1, agents]) with the first observations given; ``tallies`` = (won, drawn, played by opponent [policies, 3]; sum of
    rewards, episodes, ticks of ended episodes).
    """
    observations, taken, rewards, flags, log_probabilities, values = rollout
    parameters, head, sizes = network
    env_work, activations, norms, actions, logs = work
    steps, agents = taken.shape
    width = sizes[-1]
    outputs = activations[len(activations) - agents * width :]
    for step in range(steps + 1):
        forward(parameters, head, sizes, observations[step], activations, norms)
        for i in range(agents):
            values[step, i] = outputs[i * width + width - 1]
        if step == steps:
            break
        for i in range(agents):
            _softmax(outputs, i * width, width - 1, logs, outputs)
            randoms[i] = seeding.advance_state(randoms[i])
            action = _draw(outputs, i * width, width - 1, seeding.unit_float(seeding.mix(randoms[i])))
            actions[i] = action
            taken[step, i] = action
            log_probabilities[step, i] = logs[action]
        step_courts(courts, bank, actions, shaping, observations[step + 1], outcome, env_work)
        for i in range(agents):
            rewards[step, i] = outcome.rewards[i]
            flags[step, i] = outcome.terminated[i] + 2 * outcome.truncated[i]
        _tally(courts, outcome, tallies)


@kernel
def _tally(courts: Courts, outcome: Outcome, tallies: tuple[NDArray[np.int64], NDArray[np.float64]]) -> None:
    """Count the episodes that have just ended, and the rewards of the left seats."""
    by_opponent, sums = tallies
    for i in range(len(courts.opponents)):
        sums[0] += outcome.rewards[i]
        if outcome.terminated[i] + outcome.truncated[i] != 0:
            sums[1] += 1.0
            sums[2] += outcome.ticks[i]
            opponent = outcome.opponents[i]
            if opponent >= 0:
                by_opponent[opponent, 0] += 1 if outcome.leads[i] > 0 else 0
                by_opponent[opponent, 1] += 1 if outcome.leads[i] == 0 else 0
                by_opponent[opponent, 2] += 1


# Learning


@entry
def advantages(
    rewards: Floats,
    flags: NDArray[np.uint8],
    values: Floats,
    rates: tuple[np.float32, np.float32],
    found: Floats,
    returns: Floats,
) -> None:
    """Write generalised advantage estimates and the returns that values are to reach, [T, agents].

    ``rates`` = (gamma of a step, lambda). Source: J. Schulman et al.: "High-Dimensional Continuous Control Using Generalized
    Advantage Estimation", 2016, equation 16. The state behind a truncated step is not kept: its value is that of the one before.
    """
    steps, agents = rewards.shape
    gamma, trace = rates
    for i in range(agents):
        carried = _ZERO
        for t in range(steps - 1, -1, -1):
            flag = flags[t, i]
            if flag != 0:
                carried = _ZERO
            following = values[t + 1, i]
            if flag == _TRUNCATED:
                following = values[t, i]
            elif flag != 0:
                following = _ZERO
            error = rewards[t, i] + gamma * following - values[t, i]
            carried = error + gamma * trace * carried
            found[t, i] = carried
            returns[t, i] = carried + values[t, i]


@entry
def gather(
    places: NDArray[np.int64],
    samples: tuple[Floats, NDArray[np.uint8], Floats, Floats, Floats],
    batch: tuple[Floats, NDArray[np.uint8], Floats, Floats, Floats],
) -> None:
    """Copy the samples at ``places`` to ``batch``: observations [N, n], actions, log probabilities, advantages, returns [N]."""
    for i in range(len(places)):
        batch[0][i] = samples[0][places[i]]
    for i in range(len(places)):
        at = places[i]
        batch[1][i] = samples[1][at]
        batch[2][i] = samples[2][at]
        batch[3][i] = samples[3][at]
        batch[4][i] = samples[4][at]


@entry
def add_policy_gradient(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    network: tuple[Floats, Floats],
    sizes: NDArray[np.int64],
    rules: tuple[np.float32, np.float32, np.float32, np.float32, np.float32, np.float32],
    batch: tuple[Floats, NDArray[np.uint8], Floats, Floats, Floats],
    work: tuple[Floats, Floats, Floats, Floats, Floats],
    gradient: Floats,
    sums: NDArray[np.float64],
) -> None:
    """Add the gradient of the loss of some samples to ``gradient``, and to ``sums`` what ``N_SUMS`` names.

    The loss is that of J. Schulman et al.: "Proximal Policy Optimization Algorithms", 2017, equation 9, with the clipped
    surrogate of equation 7. ``rules`` = (clip range, value weight, entropy weight, mean and 1 / deviation of the advantages,
    1 / size of the whole minibatch); ``work`` = (activations, norms, two deltas, row of one number an action). The KL divergence
    is estimated by (r - 1) - log r (J. Schulman: "Approximating KL Divergence", 2020).
    """
    observations, taken, old_logs, advantage, returns = batch
    clip, value_weight, entropy_weight, mean, factor, scale = rules
    n, width = len(taken), sizes[-1]
    actions = width - 1
    activations, logs = work[0], work[4]
    forward(network[0], network[1], sizes, observations, activations, work[1])
    outputs = activations[len(activations) - n * width :]
    slopes = work[2]
    for i in range(n):
        begin = i * width
        _softmax(outputs, begin, actions, logs, slopes)
        action = np.int64(taken[i])
        change = logs[action] - old_logs[i]
        ratio = np.exp(change)
        gain = (advantage[i] - mean) * factor
        bounded = max(min(ratio, _ONE + clip), _ONE - clip)
        is_clipped = ratio * gain > bounded * gain
        entropy = _ZERO
        for a in range(actions):
            entropy -= slopes[begin + a] * logs[a]
        slope = _ZERO if is_clipped else -ratio * gain
        for a in range(actions):
            probability = slopes[begin + a]
            towards = (_ONE if a == action else _ZERO) - probability
            slopes[begin + a] = (slope * towards + entropy_weight * probability * (logs[a] + entropy)) * scale
        error = outputs[begin + actions] - returns[i]
        slopes[begin + actions] = value_weight * error * scale
        sums[0] -= min(ratio * gain, bounded * gain)
        sums[1] += _HALF * error * error
        sums[2] += entropy
        sums[3] += (ratio - _ONE) - change
        sums[4] += 1.0 if abs(ratio - _ONE) > clip else 0.0
    backward(network[0], network[1], sizes, 0, observations, work[:4], gradient)
