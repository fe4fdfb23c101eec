"""One update of a Q-network in torch: tensors in, tensors out, without a wait for the device; so a CUDA graph can hold it."""

from typing import Final

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from ai.dense.adam import BETA_1, BETA_2
from ai.dqn.engine import EngineSettings
from ai.dqn.torch_buffers import Inputs, Outputs
from ai.dqn.torch_network import Forward, Layers

_NORM_EPSILON: Final = 1e-6
"""What is added to the norm before dividing by it, as in ``torch.nn.utils.clip_grad_norm_``."""


class UpdateStep:
    """Parameters, target network and optimiser, and the arithmetic that changes them.

    All parameters are one vector, so each operation of Adam is one kernel over all of them: what torch's fused and foreach
    optimisers do for lists of tensors. Moments and master copy are float32 in every precision.

    ``scales`` multiply the step of each parameter. ``step`` works in place and allocates nothing: memory can run out in the
    gradient only, which changes nothing yet.
    """

    def __init__(self, parameters: Tensor, scales: Tensor, forward: Forward, settings: EngineSettings) -> None:
        self.parameters = parameters.clone().requires_grad_()
        self.target = parameters.clone()
        self.moment_1, self.moment_2 = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self._gradient, self._scratch = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self._clip = torch.ones(1, device=parameters.device)
        self._scales = scales
        self._forward = forward
        self._settings = settings

    def add_up(self, inputs: Inputs, outputs: Outputs, rows: int) -> None:
        """Write the gradient of the batch, ``rows`` samples at a time, and its loss, sum of values and errors."""
        outputs.sums.zero_()
        self._gradient.zero_()
        for begin in range(0, len(inputs.actions), rows):
            part = slice(begin, begin + rows)
            layers = self._forward.layers(self.parameters)
            targets = self._targets(layers, inputs, part)
            values = self._forward.values(layers, inputs.observations[part])
            taken = values.gather(1, inputs.actions[part])
            slope = self._judge(taken, targets, inputs.weights[part], outputs, part)
            self._gradient.add_(torch.autograd.grad(taken, self.parameters, slope)[0])

    @torch.no_grad()
    def _targets(self, layers: Layers, inputs: Inputs, part: slice) -> Tensor:
        """Return returns + discounts * Q(next), or the given targets, [B, 1]."""
        if not len(inputs.next_observations):
            return inputs.returns[part]
        following = inputs.next_observations[part]
        values = self._forward.values(self._forward.layers(self.target), following)
        chosen = self._forward.values(layers, following) if self._settings.is_double else values
        best = values.gather(1, chosen.argmax(1, keepdim=True))
        return torch.addcmul(inputs.returns[part], inputs.discounts[part], best)

    @torch.no_grad()
    def _judge(self, taken: Tensor, targets: Tensor, weights: Tensor, outputs: Outputs, part: slice) -> Tensor:
        """Add to the loss and to the sum of values, write the errors, return the slope of the loss in ``taken``, [B, 1].

        The slope of Huber's loss is the error, at most delta.
        """
        delta = self._settings.huber_delta
        errors = torch.sub(taken, targets, out=outputs.errors[part])
        outputs.loss.add_(huber_loss(taken, targets, reduction="none", delta=delta).mul_(weights).sum())
        outputs.total_q.add_(taken.sum())
        return errors.clamp(-delta, delta).mul_(weights)

    @torch.no_grad()
    def step(self, inputs: Inputs, outputs: Outputs) -> None:
        """Clip the gradient by its norm and make one step of Adam; ``inputs.steps`` are ``adam_steps`` of this update."""
        gradient, scratch = self._gradient, self._scratch
        torch.linalg.vector_norm(gradient, dim=0, keepdim=True, out=outputs.grad_norm)
        torch.add(outputs.grad_norm, _NORM_EPSILON, out=self._clip)
        gradient.mul_(self._clip.reciprocal_().mul_(self._settings.max_grad_norm).clamp_(max=1.0))
        self.moment_1.lerp_(gradient, 1.0 - BETA_1)
        self.moment_2.mul_(BETA_2).addcmul_(gradient, gradient, value=1.0 - BETA_2)
        torch.sqrt(self.moment_2, out=scratch).mul_(inputs.steps[1]).add_(self._settings.adam_epsilon)
        torch.div(self.moment_1, scratch, out=scratch).mul_(inputs.steps[0])
        self.parameters.addcmul_(scratch, self._scales, value=-1.0)
