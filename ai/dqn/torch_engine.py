"""The engine on torch, for CUDA and for larger networks; in small ones on the CPU the compiled engine is faster."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ai.dense.adam import adam_steps
from ai.dense.torch_device import check_device, first_line, to_host
from ai.dqn.engine import STATE_NAMES, Batch, EngineSettings, UpdateStats, checked_state
from ai.dqn.network import Network
from ai.dqn.torch_buffers import Buffers
from ai.dqn.torch_network import Forward, TorchNetwork
from ai.dqn.torch_update import UpdateStep
from ai.errors import RunFailedError, TrainingError

logger = logging.getLogger(__name__)

Work: TypeAlias = Callable[[], None]

Capture: TypeAlias = Callable[[Work], Work]
"""Records what a piece of work asks of the GPU, without doing it, and returns what does it; ``RuntimeError`` if it cannot."""

_EAGER_UPDATES: Final = 3
"""Updates of a batch size before its capture: they make torch's lazy handles and workspaces, which a capture must not."""

_MOST_PROGRAMS: Final = 8
"""Sizes of batches whose buffers and graphs are kept."""

_MOST_ROWS: Final = 65_536
"""Samples that are worked through at once at most."""

_MEMORY_ERRORS: Final = ("out of memory", "ALLOC_FAILED", "not enough memory", "can't allocate memory")
"""What errors of CUDA, cuBLAS and torch's own allocator say that are no ``OutOfMemoryError``."""

_GIVEN: Final = (np.zeros(1, np.float32), np.ones(1, np.float32))
"""Discounts and weights of given targets."""


_Result = TypeVar("_Result")


@dataclass(frozen=True)
class TorchEffects:
    """What the engine does things with; ``None`` is the real one of the device (the CPU captures nothing)."""

    forward: Forward | None = None
    capture: Capture | None = None


@dataclass
class _Program:
    """What is kept for batches of one size: buffers, how often they were used, and the captured update."""

    buffers: Buffers
    updates: int = 0
    replay: Work | None = None


def _say_nothing(_: str) -> None:
    pass


class TorchEngine:
    """See ``ai.dqn.engine.Engine``; numbers are the compiled engine's up to rounding. ``scales``: see ``Network.step_scales``.

    - float32 is float32: TF32 stays off, on CUDA too, so that every device learns the same. Who wants tensor cores asks for
      bfloat16: its products, nothing else; parameters and moments stay float32. It has float32's exponents, so no loss is scaled.
    - CUDA: everything happens on one stream of the engine's own. The first updates of each batch size run eagerly, then one is
      captured as a CUDA graph, which all others replay: one launch instead of some hundred. If that fails, updates stay eager,
      and ``say`` is told so in a sentence.
    - Out of memory: from then on half as many samples at once, which ``say`` is told, with the same gradient.
    - Effects on the process: torch gets one thread (two on busy cores are far slower than one), and TF32 is switched off.

    Raises
    ------
    TrainingError
        Unknown device or precision; no CUDA; parameters of another network.
    """

    def __init__(  # noqa: PLR0913  # what every caller means, and the effects that tests replace
        self,
        network: Network,
        parameters: NDArray[np.float32],
        settings: EngineSettings,
        *,
        scales: NDArray[np.float32] | None = None,
        device: str = "cpu",
        precision: str = "float32",
        say: Callable[[str], None] = _say_nothing,
        effects: TorchEffects | None = None,
    ) -> None:
        scales = np.ones_like(parameters) if scales is None else scales
        check_device(device, precision)
        _check_size("parameters", parameters, network)
        _check_size("scales", scales, network)
        torch.set_num_threads(1)
        torch.set_float32_matmul_precision("highest")
        effects = effects or TorchEffects()
        self._settings, self._say = settings, say
        self._width, self._actions = network.sizes[0], network.sizes[-1]
        self._capture = effects.capture
        self._device = torch.device(device)
        self._stream: torch.cuda.Stream | None = None
        self._programs: dict[tuple[int, bool], _Program] = {}
        self._most_rows = _MOST_ROWS
        self._updates = 0
        try:
            if device == "cuda":
                self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's own gap
                self._capture = self._capture or partial(_cuda_graph, self._stream)
            with torch.cuda.stream(self._stream):
                is_bfloat16 = precision == "bfloat16"
                self._forward = effects.forward or TorchNetwork(network, self._device, is_bfloat16=is_bfloat16)
                start, factors = (torch.tensor(values, device=self._device) for values in (parameters, scales))
                self._step = UpdateStep(start, factors, self._forward, settings)
        except RuntimeError as error:
            raise TrainingError(
                f"device '{device}' cannot hold the network ({first_line(error)}): free its memory, or choose device 'cpu'"
            ) from error

    @property
    def parameters(self) -> NDArray[np.float32]:
        """A copy of the parameters, see ``Engine``."""
        with torch.cuda.stream(self._stream):
            return to_host(self._step.parameters)

    @torch.no_grad()
    def values(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the values of ``observations``, see ``Engine``."""
        with torch.cuda.stream(self._stream):
            return self._with_memory(max(1, len(observations)), partial(self._values, observations))

    def update(self, batch: Batch, learning_rate: float) -> UpdateStats:
        """Make one step on transitions, see ``Engine``; a loss that is not finite is returned as it is.

        Raises
        ------
        RunFailedError
            The device has not the memory for one sample.
        """
        return self._advance(batch, learning_rate, has_next=True)

    def fit(
        self,
        observations: NDArray[np.float32],
        actions: NDArray[np.int32],
        targets: NDArray[np.float32],
        learning_rate: float,
    ) -> UpdateStats:
        """Make one step towards given targets, see ``Engine``; raises as ``update`` does."""
        discounts, weights = _GIVEN
        batch = Batch(observations, actions, targets, discounts, observations[:0], weights)
        return self._advance(batch, learning_rate, has_next=False)

    def sync_target(self, tau: float = 1.0) -> None:
        """Move the target network, see ``Engine``."""
        with torch.cuda.stream(self._stream), torch.no_grad():
            self._step.target.lerp_(self._step.parameters, tau)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return copies of everything that an update reads, see ``Engine``."""
        with torch.cuda.stream(self._stream):
            arrays: dict[str, NDArray[np.generic]] = {n: to_host(t) for n, t in self._tensors().items()}
        return {**arrays, "updates": np.array([self._updates], np.int64)}

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Go back to ``state``, see ``Engine``; captured graphs stay good, since tensors stay where they are."""
        found = checked_state(arrays, len(self._step.target))
        with torch.cuda.stream(self._stream), torch.no_grad():
            for name, tensor in self._tensors().items():
                tensor.copy_(torch.tensor(found[name]))
        self._updates = int(found["updates"][0])

    def close(self) -> None:
        """Free graphs and buffers."""
        self._programs.clear()

    def _values(self, observations: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
        """Return the values of ``observations``, ``rows`` at a time."""
        values = np.empty((len(observations), self._actions), np.float32)
        layers = self._forward.layers(self._step.parameters)
        for begin in range(0, len(observations), rows):
            block = torch.tensor(observations[begin : begin + rows], device=self._device)
            values[begin : begin + rows] = self._forward.values(layers, block).cpu().numpy()
        return values

    def _advance(self, batch: Batch, learning_rate: float, *, has_next: bool) -> UpdateStats:
        """Make one step, with as many samples at once as the memory holds."""
        count = len(batch.actions)
        steps = adam_steps(learning_rate, self._updates + 1)

        def attempt(rows: int) -> UpdateStats:
            program = self._program(count, has_next=has_next)
            program.buffers.send(batch, steps)
            self._run(program, rows)
            return program.buffers.receive()

        with torch.cuda.stream(self._stream):
            stats = self._with_memory(-(-count // self._settings.micro_batches), attempt)
        self._updates += 1
        return stats

    def _with_memory(self, rows: int, attempt: Callable[[int], _Result]) -> _Result:
        """Return ``attempt(rows)``, with half as many rows as often as the memory runs out; see ``_halve``."""
        while True:
            rows = min(rows, self._most_rows)
            try:
                return attempt(rows)
            except RuntimeError as error:
                if not _is_memory_error(error):
                    raise
                logger.debug("%d rows at once: %s", rows, error)
            self._halve(rows)  # not in the handler: the error holds the tensors of what has failed

    def _halve(self, rows: int) -> None:
        """Allow half of ``rows`` from now on; graphs were captured for more, and hold memory: they go."""
        self._programs.clear()
        torch.cuda.empty_cache()
        if rows <= 1:
            raise RunFailedError(
                f"device '{self._device.type}' has not the memory for one sample: free memory there, or choose a smaller network "
                "or device 'cpu', then resume the run"
            )
        self._most_rows = rows // 2
        self._say(
            f"device '{self._device.type}' has not the memory for {rows:,} samples at once: from now on {self._most_rows:,} at "
            "once, with the same gradient, more slowly"
        )

    def _program(self, count: int, *, has_next: bool) -> _Program:
        """Return what is kept for batches of ``count`` samples; of too many sizes, the oldest is forgotten."""
        program = self._programs.get((count, has_next))
        if program is None:
            if len(self._programs) >= _MOST_PROGRAMS:
                del self._programs[next(iter(self._programs))]
            program = _Program(Buffers(count, self._width, self._device, has_next=has_next))
            self._programs[count, has_next] = program
        return program

    def _run(self, program: _Program, rows: int) -> None:
        """Do the update whose batch is in the buffers: eagerly, or as a graph."""
        inputs, outputs = program.buffers.inputs, program.buffers.outputs

        def work() -> None:
            self._step.add_up(inputs, outputs, rows)
            self._step.step(inputs, outputs)

        if program.replay is None and program.updates >= _EAGER_UPDATES:
            program.replay = self._captured(work)
        (program.replay or work)()
        program.updates += 1

    def _captured(self, work: Work) -> Work | None:
        """Return what replays ``work``, or nothing if it cannot be captured: then it is not tried again."""
        if self._capture is None:
            return None
        try:
            return self._capture(work)
        except RuntimeError as error:
            logger.debug("no capture", exc_info=True)
            self._capture = None
            self._say(
                f"updates run without a CUDA graph, more slowly, since it could not be captured: {first_line(error)}"
            )
        return None

    def _tensors(self) -> dict[str, Tensor]:
        """Return the tensors of ``STATE_NAMES``."""
        step = self._step
        return dict(zip(STATE_NAMES, (step.parameters, step.target, step.moment_1, step.moment_2), strict=True))


def _cuda_graph(stream: torch.cuda.Stream, work: Work) -> Work:
    """Capture ``work`` as a CUDA graph; see ``Capture``."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        work()
    return graph.replay


def _is_memory_error(error: RuntimeError) -> bool:
    """Return whether an error of torch means that memory is short."""
    return isinstance(error, torch.OutOfMemoryError) or any(text in str(error) for text in _MEMORY_ERRORS)


def _check_size(name: str, values: NDArray[np.float32], network: Network) -> None:
    """Refuse parameters, or their scales, of another network."""
    if values.shape != (network.size,) or values.dtype != np.float32:
        raise TrainingError(
            f"{name} are {values.dtype}{list(values.shape)}: the network of layers {network.sizes} needs float32[{network.size}]"
        )
