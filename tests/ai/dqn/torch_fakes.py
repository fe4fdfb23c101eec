"""A GPU's two peculiarities on the CPU: little memory, and graphs that repeat what was asked for once."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ai.dqn.torch_network import TorchNetwork


class LittleMemory:
    """A network's values, if they are asked for at most ``rows`` observations at once."""

    def __init__(self, network, rows, device="cpu", error=None):
        self.rows = rows
        self.error = error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        self.asked = []
        self._network = TorchNetwork(network, torch.device(device))
        self.layers = self._network.layers

    def values(self, layers, observations):
        self.asked.append(len(observations))
        if len(observations) > self.rows:
            raise self.error
        return self._network.values(layers, observations)


class Graphs:
    """Captures as CUDA does: work is asked for once; its replay does the same operations on the same memory, and no Python."""

    def __init__(self, error=None):
        self.error = error
        self.captured = 0
        self.replayed = 0

    def __call__(self, work):
        if self.error is not None:
            raise self.error
        self.captured += 1
        tape = _Tape()
        with tape:
            work()
        tape.undo()

        def replay():
            self.replayed += 1
            tape.replay()

        return replay


class _Tape(TorchDispatchMode):
    """Notes all operations, and what the tensors that they found held before."""

    def __init__(self):
        super().__init__()
        self._calls = []
        self._before = {}
        self._made = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.ops.aten._local_scalar_dense.default:
            raise RuntimeError("operation not permitted when stream is capturing")
        for tensor in _tensors((args, kwargs)):
            if id(tensor) not in self._made:
                self._before.setdefault(id(tensor), (tensor, tensor.clone()))
        result = function(*args, **kwargs)
        self._made.update(id(tensor) for tensor in _tensors(result) if id(tensor) not in self._before)
        self._calls.append((function, args, kwargs, result))
        return result

    @torch.no_grad()
    def undo(self):
        for tensor, before in reversed(self._before.values()):
            tensor.copy_(before)
        self._before.clear()

    @torch.no_grad()
    def replay(self):
        for function, args, kwargs, result in self._calls:
            again = function(*args, **kwargs)
            for new, old in zip(_tensors(again), _tensors(result), strict=True):
                if new.data_ptr() != old.data_ptr():
                    old.copy_(new)


def _tensors(tree):
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]
