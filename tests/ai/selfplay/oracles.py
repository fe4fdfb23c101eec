"""The formulas of policy gradients as their papers write them, in float64: what kernels and engines are held against."""

import numpy as np

from ai.dqn.network import Network
from tests.ai.dqn import oracles

_MASK = (1 << 64) - 1


def shape_of(network):
    """Return the name of a network."""
    return "-".join(map(str, network.sizes)) + (" normalised" if network.is_normalised else "")


def outputs_of(network, parameters, observations):
    """Return logits and state values [B, actions + 1]: a network without streams is that of value learning."""
    plain = Network(network.sizes, is_dueling=False, is_normalised=network.is_normalised)
    return oracles.values_of(plain, parameters, observations)


def log_probabilities_of(network, parameters, observations):
    """Return the logarithms of the softmax of the logits, [B, actions]."""
    logits = outputs_of(network, parameters, observations)[:, :-1]
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def normal(advantages, *, is_normalising):
    """Return advantages of mean 0 and deviation 1, or as they are."""
    advantages = np.asarray(advantages, np.float64)
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8) if is_normalising else advantages


def torch_outputs(network, flat, observations):
    """Return logits and values of ``flat``, a float64 tensor, differentiably."""
    import torch

    hidden, at = torch.tensor(observations, dtype=torch.float64), 0
    for inputs, width in zip(network.sizes[:-1], network.sizes[1:], strict=True):
        weights = flat[at : at + inputs * width].reshape(width, inputs)
        hidden = hidden @ weights.T + flat[at + inputs * width : at + (inputs + 1) * width]
        at += (inputs + 1) * width
        if at == len(flat):
            break
        if network.is_normalised:
            shifted = hidden - hidden.mean(1, keepdim=True)
            hidden = shifted / (shifted.square().mean(1, keepdim=True) + 1e-5).sqrt()
        hidden = torch.relu(hidden)
    return hidden


def loss_and_gradient(network, parameters, samples, settings, entropy_weight):
    """Return the parts of the loss (policy, value, entropy, KL, clipped), and its gradient by autograd, all in float64.

    J. Schulman et al. 2017: the clipped surrogate of equation 7 in equation 9, with the value's loss halved; its entropy by
    torch's own distribution.
    """
    import torch

    flat = torch.tensor(parameters, dtype=torch.float64, requires_grad=True)
    outputs = torch_outputs(network, flat, samples.observations)
    choice = torch.distributions.Categorical(logits=outputs[:, :-1])
    old = torch.tensor(samples.log_probabilities, dtype=torch.float64)
    new = choice.log_prob(torch.tensor(samples.actions, dtype=torch.int64))
    ratio = torch.exp(new - old)
    gain = torch.tensor(normal(samples.advantages, is_normalising=settings.is_normalising))
    bounded = torch.clamp(ratio, 1 - settings.clip_range, 1 + settings.clip_range)
    policy = -torch.mean(torch.minimum(ratio * gain, bounded * gain))
    value = 0.5 * torch.mean((outputs[:, -1] - torch.tensor(samples.returns, dtype=torch.float64)) ** 2)
    entropy = torch.mean(choice.entropy())
    (policy + settings.value_weight * value - entropy_weight * entropy).backward()
    kl = torch.mean(ratio - 1 - (new - old))
    clipped = torch.mean((torch.abs(ratio - 1) > settings.clip_range).double())
    parts = [part.item() for part in (policy, value, entropy, kl, clipped)]
    return np.array(parts), flat.grad.numpy()


def advantage(rewards, flags, values, gamma, trace):
    """Return the advantage of the first step: (1 - trace) * sum of trace^(k-1) A^(k), A^(k) the estimate over k steps.

    J. Schulman et al. 2016, equations 11 to 16. An episode's end and the rollout's cut the mixture: the longest estimate takes
    all that is left of the weights. Behind a truncated step, the value is that of the state before it.
    """
    estimates, total = [], -values[0]
    for t, (reward, flag) in enumerate(zip(rewards, flags, strict=True)):
        total += gamma**t * reward
        following = {0: values[t + 1], 1: 0.0, 2: values[t]}[flag]
        estimates.append(total + gamma ** (t + 1) * following)
        if flag:
            break
    weights = [(1 - trace) * trace**k for k in range(len(estimates))]
    weights[-1] = trace ** (len(estimates) - 1)
    return float(np.dot(weights, estimates))


def split_mix(state):
    """Return the next state of SplitMix64 and its number in [0, 1), of 24 bits; plain integers."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    z ^= z >> 31
    return state, (z >> 40) / 2**24
