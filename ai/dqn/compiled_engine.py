"""The compiled engine: BLAS and fused loops on one core, for small networks the fastest there is on a processor."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ai.dense import kernels as dense
from ai.dense.adam import BETA_1, BETA_2
from ai.dense.blas import use_one_blas_thread
from ai.dqn import kernels
from ai.dqn.engine import STATE_NAMES, Batch, EngineSettings, UpdateStats, checked_state
from ai.dqn.network import Network, Parameters


class _Space:
    """Work space for batches of one size."""

    def __init__(self, network: Network, batch: int) -> None:
        widths = network.sizes[1:]
        self.activations = (np.zeros(batch * sum(widths), np.float32), np.zeros(batch * sum(widths), np.float32))
        self.norms = np.zeros(network.norms_size(batch), np.float32)
        self.deltas = (np.zeros(batch * max(widths), np.float32), np.zeros(batch * max(widths), np.float32))
        self.targets = np.zeros(batch, np.float32)
        self.errors = np.zeros(batch, np.float32)


class CompiledEngine:
    """``ai.dqn.engine.Engine`` on one core."""

    def __init__(
        self, network: Network, parameters: Parameters, settings: EngineSettings, scales: Parameters | None = None
    ) -> None:
        self._network = network
        self._settings = settings
        self._sizes = np.array(network.sizes, np.int64)
        self._parameters = np.array(parameters, np.float32)
        self._target = self._parameters.copy()
        self._moments = (np.zeros_like(self._parameters), np.zeros_like(self._parameters))
        self._scales = np.ones_like(self._parameters) if scales is None else scales
        self._gradient = np.zeros_like(self._parameters)
        self._head = np.zeros(network.folded_size, np.float32)
        self._target_head = np.zeros(network.folded_size, np.float32)
        self._updates = 0
        self._spaces: dict[int, _Space] = {}
        use_one_blas_thread()
        self._fold(self._parameters, self._head)
        self._fold(self._target, self._target_head)

    @property
    def parameters(self) -> Parameters:
        """A copy of the parameters."""
        return self._parameters.copy()

    def values(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """See ``Engine.values``."""
        count, actions = len(observations), self._network.sizes[-1]
        space = self._space(count)
        activations = space.activations[0]
        dense.forward(self._parameters, self._head, self._sizes, observations, activations, space.norms)
        return activations[len(activations) - count * actions :].reshape(count, actions)

    def update(self, batch: Batch, learning_rate: float) -> UpdateStats:
        """See ``Engine.update``."""
        space = self._space(len(batch.actions))
        kernels.td_targets(
            (self._parameters, self._head, self._target, self._target_head),
            self._sizes,
            int(self._settings.is_double),
            (batch.returns, batch.discounts, batch.next_observations),
            space.activations,
            space.norms,
            space.targets,
        )
        return self._descend(batch.observations, batch.actions, space.targets, batch.weights, learning_rate)

    def fit(
        self,
        observations: NDArray[np.float32],
        actions: NDArray[np.int32],
        targets: NDArray[np.float32],
        learning_rate: float,
    ) -> UpdateStats:
        """See ``Engine.fit``."""
        weights = np.ones(len(actions), np.float32)
        return self._descend(observations, actions, targets, weights, learning_rate)

    def _descend(
        self,
        observations: NDArray[np.float32],
        actions: NDArray[np.int32],
        targets: NDArray[np.float32],
        weights: NDArray[np.float32],
        learning_rate: float,
    ) -> UpdateStats:
        """Make one step of Adam on the samples' loss."""
        settings, count = self._settings, len(actions)
        errors = self._space(count).errors
        self._gradient[:] = 0.0
        loss = total = 0.0
        for part in np.array_split(np.arange(count), settings.micro_batches):
            if not len(part):
                continue
            some = slice(int(part[0]), int(part[-1]) + 1)
            space = self._space(len(part))
            sums = kernels.add_gradient(
                (self._parameters, self._head),
                self._sizes,
                (int(self._network.is_dueling), np.float32(settings.huber_delta), np.float32(1.0 / count)),
                (observations[some], actions[some], targets[some], weights[some]),
                (space.activations[0], space.norms, *space.deltas),
                errors[some],
                self._gradient,
            )
            loss, total = loss + sums[0], total + sums[1]
        norm = self._step(learning_rate)
        return UpdateStats(loss / count, total / count, norm, errors)

    def _step(self, learning_rate: float) -> float:
        self._updates += 1
        settings = self._settings
        norm = dense.adam(
            self._parameters,
            self._gradient,
            self._moments,
            (np.float32(learning_rate), np.float32(BETA_1), np.float32(BETA_2), np.float32(settings.adam_epsilon)),
            (np.float32(1.0 - BETA_1**self._updates), np.float32(1.0 - BETA_2**self._updates)),
            np.float32(settings.max_grad_norm),
            self._scales,
        )
        self._fold(self._parameters, self._head)
        return norm

    def sync_target(self, tau: float = 1.0) -> None:
        """See ``Engine.sync_target``."""
        if tau == 1.0:
            self._target[:] = self._parameters
        else:
            self._target += np.float32(tau) * (self._parameters - self._target)
        self._fold(self._target, self._target_head)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """See ``Engine.state``."""
        arrays = (self._parameters, self._target, *self._moments)
        kept: dict[str, NDArray[np.generic]] = {
            name: array.copy() for name, array in zip(STATE_NAMES, arrays, strict=True)
        }
        return {**kept, "updates": np.array([self._updates])}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """See ``Engine.restore``."""
        kept = checked_state(arrays, self._network.size)
        for name, array in zip(STATE_NAMES, (self._parameters, self._target, *self._moments), strict=True):
            array[:] = kept[name]
        self._updates = int(kept["updates"][0])
        self._fold(self._parameters, self._head)
        self._fold(self._target, self._target_head)

    def close(self) -> None:
        """Nothing is held."""

    def _fold(self, parameters: Parameters, head: NDArray[np.float32]) -> None:
        dense.fold_head(parameters, self._sizes, int(self._network.is_dueling), head)

    def _space(self, batch: int) -> _Space:
        if batch not in self._spaces:
            self._spaces[batch] = _Space(self._network, batch)
        return self._spaces[batch]
