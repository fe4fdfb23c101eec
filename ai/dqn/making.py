"""Which engine and which collector a configuration means."""

from collections.abc import Callable

from ai.dqn import DqnConfig
from ai.dqn.collectors.base import Collector, CollectShape, MakeActor, ProcessSettings
from ai.dqn.collectors.in_process import InProcess
from ai.dqn.collectors.processes import Processes
from ai.dqn.collectors.ring import Ring
from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import Engine, EngineSettings
from ai.dqn.network import Network, Parameters
from ai.trainer import TrainContext


def make_engine(
    config: DqnConfig,
    network: Network,
    start: tuple[Parameters, Parameters],
    settings: EngineSettings,
    say: Callable[[str], None],
) -> Engine:
    """Return the engine of ``config``; what was left to the launcher is the compiled one.

    ``start`` = (first parameters, scales of their steps).
    """
    if config.engine == "torch" or config.device == "cuda":
        from ai.dqn.torch_engine import TorchEngine  # torch takes more than a second

        device = "cuda" if config.device == "cuda" else "cpu"
        return TorchEngine(
            network, start[0], settings, scales=start[1], device=device, precision=config.precision, say=say
        )
    return CompiledEngine(network, start[0], settings, start[1])


def make_collector(config: DqnConfig, context: TrainContext, make_actor: MakeActor, shape: CollectShape) -> Collector:
    """Return the collector of the mode of ``config``; what was left to the launcher is the one without processes."""
    if config.mode in ("auto", "single"):
        return InProcess(make_actor, shape)
    kind = Processes if config.mode == "parallel" else Ring
    settings = ProcessSettings(workers=context.workers)
    return kind(make_actor, shape, settings, say=context.say, is_cancelled=lambda: context.control.is_cancelled)
