"""Where batches and results lie for torch: in one buffer each, at one place for good, where a CUDA graph can read and write them.

A batch goes to the GPU in one copy, from pinned memory, and what an update says comes back in one. On the CPU there is no copy:
the buffers of host and device are the same.
"""

from itertools import accumulate
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ai.dqn.engine import Batch, UpdateStats

_ALIGNMENT: Final = 64
"""Sections begin at multiples of so many float32 numbers: 256 bytes, as CUDA's own allocations do."""


class Inputs(NamedTuple):
    """A batch on the device: as ``Batch`` has it, but columns [B, 1], actions as int64, weights divided by B.

    ``steps`` are the numbers of Adam that change.
    """

    observations: Tensor
    actions: Tensor
    returns: Tensor
    discounts: Tensor
    next_observations: Tensor
    weights: Tensor
    steps: Tensor


class Outputs(NamedTuple):
    """What an update says: loss, sum of values, norm of the gradient, all f32[1]; errors, value less target, f32[B, 1]."""

    loss: Tensor
    total_q: Tensor
    grad_norm: Tensor
    errors: Tensor
    sums: Tensor
    """Loss and sum of values, f32[2]: the same memory."""


class Buffers:
    """The buffers of batches of ``count`` samples of ``width`` observations; given targets have no next observations."""

    def __init__(self, count: int, width: int, device: torch.device, *, has_next: bool) -> None:
        is_cuda = device.type == "cuda"
        lengths = [count * width, 2 * count, count, count, count * width * has_next, count, 2]
        begins = [0, *accumulate(-(-length // _ALIGNMENT) * _ALIGNMENT for length in lengths)]
        self._sent = torch.zeros(begins[-1], pin_memory=is_cuda)
        self._on_device = torch.zeros_like(self._sent, device=device) if is_cuda else self._sent
        self._said = torch.zeros(3 + count, device=device)
        self._received = torch.zeros(3 + count, pin_memory=is_cuda) if is_cuda else self._said
        sections = [slice(begin, begin + length) for begin, length in zip(begins, lengths, strict=False)]
        self.inputs = _inputs([self._on_device[section] for section in sections], width)
        numbers, errors = self._said[:3], self._said[3:, None]
        self.outputs = Outputs(numbers[0:1], numbers[1:2], numbers[2:3], errors, numbers[:2])
        self._fields: list[NDArray[Any]] = [t.numpy() for t in _inputs([self._sent[s] for s in sections], width)]
        self._stats: NDArray[np.float32] = self._received.numpy()

    def send(self, batch: Batch, steps: tuple[float, float]) -> None:
        """Copy a batch to the device; one whose targets are given has no rows of ``next_observations``."""
        observations, actions, returns, discounts, next_observations, weights, adam = self._fields
        observations[:] = batch.observations
        actions[:, 0] = batch.actions
        returns[:, 0] = batch.returns
        discounts[:, 0] = batch.discounts
        next_observations[:] = batch.next_observations
        np.divide(batch.weights, np.float32(len(actions)), out=weights[:, 0])
        adam[:] = steps
        if self._on_device is not self._sent:
            self._on_device.copy_(self._sent, non_blocking=True)

    def receive(self) -> UpdateStats:
        """Wait for the device and return what the update said; ``errors`` are rewritten by the next one."""
        if self._received is not self._said:
            self._received.copy_(self._said)  # not non_blocking: the host reads it at once
        loss, total_q, grad_norm = self._stats[:3].tolist()
        errors = self._stats[3:]
        return UpdateStats(loss, total_q / len(errors), grad_norm, errors)


def _inputs(sections: list[Tensor], width: int) -> Inputs:
    """Return the sections of a flat buffer in their shapes."""
    observations, actions, returns, discounts, next_observations, weights, steps = sections
    return Inputs(
        observations.view(-1, width),
        actions.view(torch.int64)[:, None],
        returns[:, None],
        discounts[:, None],
        next_observations.view(-1, width),
        weights[:, None],
        steps,
    )
