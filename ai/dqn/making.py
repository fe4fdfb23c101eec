"""What a configuration means: the network, the numbers of engine and replay buffer, which engine, which collector."""

from collections.abc import Callable

from ai.dqn import DqnConfig
from ai.dqn.collectors.base import Collector, CollectShape, MakeActor, ProcessSettings
from ai.dqn.collectors.in_process import InProcess
from ai.dqn.collectors.processes import Processes
from ai.dqn.collectors.ring import Ring
from ai.dqn.compiled_engine import CompiledEngine
from ai.dqn.engine import Engine, EngineSettings
from ai.dqn.network import Network, Parameters
from ai.dqn.replay import ReplaySettings
from ai.trainer import TrainContext
from game.spec import GameSpec


def network_of(config: DqnConfig, game: GameSpec) -> Network:
    """Return the network that is to be trained."""
    return Network((game.n_observations, *config.hidden, game.n_actions), config.dueling, config.layer_norm)


def engine_settings(config: DqnConfig) -> EngineSettings:
    """Return the numbers of an update; only ``dqn`` accumulates gradients."""
    return EngineSettings(
        is_double=config.double,
        huber_delta=config.huber_delta,
        max_grad_norm=config.max_grad_norm,
        micro_batches=config.gradient_accumulation if config.algorithm == "dqn" else 1,
    )


def replay_settings(config: DqnConfig) -> ReplaySettings:
    """Return how transitions are drawn; only ``dqn`` knows priorities."""
    return ReplaySettings(
        n_step=config.n_step,
        gamma=config.gamma**config.frame_skip,
        round_steps=config.rollout_steps,
        is_prioritised=config.algorithm == "dqn" and config.replay == "prioritised",
        exponent=config.priority_exponent,
    )


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
