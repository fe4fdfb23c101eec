"""The compiled engine: BLAS and fused loops on a few threads, for small networks the fastest there is on a processor."""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ai.dense import kernels as dense
from ai.dense.adam import BETA_1, BETA_2
from ai.dense.blas import use_one_blas_thread
from ai.selfplay import kernels
from ai.selfplay.engine import (
    STATE_NAMES,
    LossSettings,
    Minibatch,
    UpdateStats,
    checked_parameters,
    checked_state,
    normalisation,
)
from ai.selfplay.network import ActorCritic, Parameters

SHARD: Final = 1024
"""Samples that a thread works on at once; they and their work space fit the cache of a core. Another number changes results."""

MOST_SHARDS: Final = 16
"""Gradients that are kept apart; shards of larger minibatches are worked through in several goes."""

_Rules: TypeAlias = tuple[np.float32, np.float32, np.float32, np.float32, np.float32, np.float32]
_Work: TypeAlias = tuple[Parameters, Parameters, Parameters, Parameters, Parameters]


class _Space:
    """What one thread at a time works with: a copy of some samples, and all that is computed from them."""

    def __init__(self, network: ActorCritic) -> None:
        widths = network.sizes[1:]
        self._width = sum(widths)
        self._samples = Minibatch(
            np.zeros((SHARD, network.observations), np.float32),
            np.zeros(SHARD, np.uint8),
            *(np.zeros(SHARD, np.float32) for _ in range(3)),
        )
        lengths = (self._width, max(widths), max(widths))
        self._values, *deltas = (np.zeros(SHARD * length, np.float32) for length in lengths)
        norms, logs = np.zeros(network.norms_size(SHARD), np.float32), np.zeros(network.actions, np.float32)
        self._others = (norms, deltas[0], deltas[1], logs)

    def of(self, count: int) -> tuple[Minibatch, _Work]:
        """Return the room for ``count`` samples, and the work space that they take; see ``kernels.add_policy_gradient``."""
        observations, actions, logs, advantages, returns = self._samples
        samples = Minibatch(observations[:count], actions[:count], logs[:count], advantages[:count], returns[:count])
        return samples, (self._values[: count * self._width], *self._others)


class CompiledEngine:
    """``ai.selfplay.engine.PolicyEngine`` on the threads of ``pool``, or on the caller's.

    A minibatch is cut into shards by its size alone, and their gradients are added up in order: results are the same bits for any
    number of threads. ``scales``: see ``ActorCritic.step_scales``. The pool stays the caller's.
    """

    def __init__(
        self,
        network: ActorCritic,
        parameters: Parameters,
        settings: LossSettings,
        *,
        scales: Parameters | None = None,
        pool: Executor | None = None,
    ) -> None:
        self._network, self._settings, self._pool = network, settings, pool
        self._sizes = np.array(network.sizes, np.int64)
        self._parameters = checked_parameters("parameters", parameters, network).copy()
        self._scales = np.ones_like(parameters) if scales is None else checked_parameters("scales", scales, network)
        self._head = network.head(self._parameters)
        self._moments = (np.zeros_like(self._parameters), np.zeros_like(self._parameters))
        self._updates = 0
        self._spaces: list[_Space] = []
        use_one_blas_thread()

    @property
    def parameters(self) -> Parameters:
        """A copy of the parameters."""
        return self._parameters.copy()

    def update(self, batch: Minibatch, learning_rate: float, entropy_weight: float) -> UpdateStats:
        """See ``PolicyEngine.update``."""
        return self.update_rows(batch, np.arange(len(batch.actions)), learning_rate, entropy_weight)

    def update_rows(
        self, samples: Minibatch, places: NDArray[np.int64], learning_rate: float, entropy_weight: float
    ) -> UpdateStats:
        """See ``PolicyEngine.update_rows``."""
        settings, count = self._settings, len(places)
        norms = normalisation(samples.advantages[places], is_normalising=settings.is_normalising)
        weights = (np.float32(settings.value_weight), np.float32(entropy_weight))
        rules = (np.float32(settings.clip_range), *weights, *norms, np.float32(1.0 / count))
        parts = min(-(-count // SHARD), MOST_SHARDS)
        gradients, sums = np.zeros((parts, self._network.size), np.float32), np.zeros((parts, kernels.N_SUMS))

        def work(part: int) -> None:
            some = places[count * part // parts : count * (part + 1) // parts]
            self._differentiate(samples, some, rules, gradients[part], sums[part])

        for _ in map(work, range(parts)) if self._pool is None else self._pool.map(work, range(parts)):
            pass
        for part in range(1, parts):
            gradients[0] += gradients[part]
            sums[0] += sums[part]
        policy_loss, value_loss, entropy, kl, clipped = (sums[0] / count).tolist()
        return UpdateStats(policy_loss, value_loss, entropy, kl, clipped, self._step(gradients[0], learning_rate))

    def _differentiate(
        self,
        samples: Minibatch,
        places: NDArray[np.int64],
        rules: _Rules,
        gradient: Parameters,
        sums: NDArray[np.float64],
    ) -> None:
        """Add the gradient of a shard, and its sums."""
        try:
            space = self._spaces.pop()  # the last that was used: it is in the cache
        except IndexError:
            space = _Space(self._network)
        for begin in range(0, len(places), SHARD):
            some = places[begin : begin + SHARD]
            batch, work = space.of(len(some))
            kernels.gather(some, samples[:], batch[:])
            network = (self._parameters, self._head)
            kernels.add_policy_gradient(network, self._sizes, rules, batch[:], work, gradient, sums)
        self._spaces.append(space)

    def _step(self, gradient: Parameters, learning_rate: float) -> float:
        """Make one step of Adam and return the norm of the gradient."""
        self._updates += 1
        settings = self._settings
        return dense.adam(
            self._parameters,
            gradient,
            self._moments,
            (np.float32(learning_rate), np.float32(BETA_1), np.float32(BETA_2), np.float32(settings.adam_epsilon)),
            (np.float32(1.0 - BETA_1**self._updates), np.float32(1.0 - BETA_2**self._updates)),
            np.float32(settings.max_grad_norm),
            self._scales,
        )

    def set_scales(self, scales: Parameters) -> None:
        """See ``PolicyEngine.set_scales``."""
        self._scales = checked_parameters("scales", scales, self._network)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """See ``PolicyEngine.state``."""
        arrays = (self._parameters, *self._moments)
        kept: dict[str, NDArray[np.generic]] = {
            name: array.copy() for name, array in zip(STATE_NAMES, arrays, strict=True)
        }
        return {**kept, "updates": np.array([self._updates], np.int64)}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """See ``PolicyEngine.restore``."""
        kept = checked_state(arrays, self._network.size)
        for name, array in zip(STATE_NAMES, (self._parameters, *self._moments), strict=True):
            array[:] = kept[name]
        self._updates = int(kept["updates"][0])

    def close(self) -> None:
        """Free the work space."""
        self._spaces.clear()
