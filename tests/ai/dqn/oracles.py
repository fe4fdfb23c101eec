"""The formulas of value learning as their papers write them, in float64 and plain Python: what the kernels are held against."""

import itertools

import numpy as np


def shape_of(network):
    """Return the name of a network."""
    kinds = ("dueling" if network.is_dueling else "plain", "normalised" if network.is_normalised else "")
    return " ".join(("-".join(map(str, network.sizes)), *kinds)).strip()


def layers_of(network, parameters):
    """Return (weights, biases) of the hidden layers, and the rest of the flat parameters."""
    at, layers = 0, []
    for inputs, outputs in itertools.pairwise(network.sizes[:-1]):
        weights = parameters[at : at + outputs * inputs].reshape(outputs, inputs)
        layers.append((weights, parameters[at + outputs * inputs : at + outputs * (inputs + 1)]))
        at += outputs * (inputs + 1)
    return layers, parameters[at:]


def values_of(network, parameters, observations):
    """Return Q [B, actions] by equation 9 of Wang et al. 2016, stream by stream; layers normalised if that is asked for."""
    layers, head = layers_of(network, np.asarray(parameters, np.float64))
    hidden = np.asarray(observations, np.float64)
    for weights, biases in layers:
        sums = hidden @ weights.T + biases
        hidden = np.maximum(normalised(sums) if network.is_normalised else sums, 0.0)
    width, actions = network.sizes[-2:]
    if not network.is_dueling:
        return hidden @ head[: actions * width].reshape(actions, width).T + head[actions * width :]
    half = width // 2
    state_value = hidden[:, :half] @ head[:half] + head[half]
    rest = head[half + 1 :]
    weights = rest[: actions * (width - half)].reshape(actions, width - half)
    advantages = hidden[:, half:] @ weights.T + rest[actions * (width - half) :]
    return state_value[:, None] + advantages - advantages.mean(axis=1, keepdims=True)


def normalised(sums):
    """J. L. Ba et al. 2016, equation 3, without gain and bias."""
    magnitudes = sums - sums.mean(axis=1, keepdims=True)
    return magnitudes / np.sqrt((magnitudes**2).mean(axis=1, keepdims=True) + 1e-5)


def huber(errors, delta):
    """P. J. Huber 1964: quadratic within delta, linear beyond."""
    size = np.abs(errors)
    return np.where(size <= delta, 0.5 * size**2, delta * (size - 0.5 * delta))


def loss_of(network, parameters, samples, delta):
    """Return the mean weighted Huber loss of (observations, actions, targets, weights)."""
    observations, actions, targets, weights = samples
    values = values_of(network, parameters, observations)[np.arange(len(actions)), actions]
    return float(np.mean(weights * huber(values - targets, delta)))


def slope_of(function, place, step=1e-6):
    """Return the gradient of ``function`` by central differences."""
    gradient = np.zeros(len(place))
    for i in range(len(place)):
        shift = np.zeros(len(place))
        shift[i] = step
        gradient[i] = (function(place + shift) - function(place - shift)) / (2 * step)
    return gradient


class Adam:
    """Algorithm 1 of D. P. Kingma, J. Ba 2015; each parameter's steps may have a scale of their own."""

    def __init__(self, parameters, epsilon, scales=1.0):
        self.scales = scales
        self.theta = np.asarray(parameters, np.float64).copy()
        self.m, self.v, self.t, self.epsilon = np.zeros_like(self.theta), np.zeros_like(self.theta), 0, epsilon

    def step(self, gradient, rate):
        self.t += 1
        self.m = 0.9 * self.m + 0.1 * gradient
        self.v = 0.999 * self.v + 0.001 * gradient**2
        m_hat, v_hat = self.m / (1 - 0.9**self.t), self.v / (1 - 0.999**self.t)
        self.theta = self.theta - self.scales * rate * m_hat / (np.sqrt(v_hat) + self.epsilon)


def clipped(gradient, most):
    """Return ``gradient``, no longer than ``most``."""
    norm = np.linalg.norm(gradient)
    return gradient * min(1.0, most / norm) if norm > 0 else gradient


def td_targets(networks, is_double, returns, discounts, observations):
    """Return the targets of (network, online, target parameters); van Hasselt et al. 2016, equations 3 and 4."""
    network, online, target = networks
    judged = values_of(network, target, observations)
    chosen = values_of(network, online, observations) if is_double else judged
    best = judged[np.arange(len(judged)), chosen.argmax(axis=1)]
    return returns + discounts * best


def n_step(steps, begin, n, gamma):
    """Return (return, discount, row of the next state) of a transition over ``steps``, a list of (reward, flag) without end.

    It stops at a terminal step, whose next state counts nothing, and before a truncated one.
    """
    total, power = 0.0, 1.0
    for row in range(begin, begin + n):
        reward, flag = steps[row]
        if flag == 2:
            return total, power, row
        total += power * reward
        power *= gamma
        if flag == 1:
            return total, 0.0, None
    return total, power, begin + n


def lambda_return(rewards, flags, best, gamma, trace):
    """Return the lambda return of the first step as the mixture of all n-step returns, (1 - trace) * sum of trace^(n-1) G_n.

    Sutton, Barto 2018, equation 12.3. ``best[t]`` is max Q of the state before step t. The rollout's end and the last step
    before a truncation cut the mixture: the longest return takes all that is left of the weights.
    """
    returns, total = [], 0.0
    for t, (reward, flag) in enumerate(zip(rewards, flags, strict=True)):
        total += gamma**t * reward
        if flag == 1:
            returns.append(total)
            break
        returns.append(total + gamma ** (t + 1) * best[t + 1])
        if flag == 2:
            raise AssertionError("a truncated step is not part of a mixture")
    weights = [(1 - trace) * trace**n for n in range(len(returns))]
    weights[-1] = trace ** (len(returns) - 1)
    return float(np.dot(weights, returns))
