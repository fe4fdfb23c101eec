"""Advice before a run: look at the machine, measure for a few seconds, settle what was left open, and say why.

Everything is settled before the run is made: its configuration holds no "auto", so resuming it goes on with the same.
"""

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from ai.advice import Advice, Line, Wish
from ai.dqn import DqnConfig
from ai.dqn.demand import buffer_bytes, experience_bytes, keeps_buffer
from ai.dqn.forecast import Forecast, Rates
from ai.dqn.probe import Candidate, Measurement, Probe, Speeds
from ai.dqn.settling import (
    Settling,
    candidates,
    duration,
    hindrance,
    learner_rate,
    possible_forecasts,
    rate,
    settle_batch,
    settle_buffer,
    settle_engine,
    settle_mode,
    settle_workers,
    sizes_to_measure,
    worker_limit,
)
from ai.errors import TrainingError
from ai.machine import GIB, MIB, Machine, detect
from ai.trainer import Json
from game.jit import is_compiled

_KERNELS: Final = ("collect", "gather_steps", "add_gradient", "adam")
"""What is compiled last when one plays and learns."""

_BUSY_SHARE: Final = 0.5
"""Of the cores: if others keep more of them busy, that is said."""

_ORDER: Final = ("mode", "workers", "batch_size", "buffer_size", "engine", "device", "precision")
"""In which settings are told; they are settled in another."""


def _has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


@dataclass(frozen=True)
class Effects:
    """What advice looks at; tests have machines of their own."""

    detect: Callable[[], Machine] = detect
    probe: Probe = field(default_factory=Measurement)
    has_torch: Callable[[], bool] = _has_torch


def advise(wish: Wish, say: Callable[[str], None], effects: Effects | None = None) -> Advice:
    """Return how to train what is wished for on this machine.

    Raises
    ------
    TrainingError
        With one sentence, if the machine can in no way do it.
    """
    effects = effects or Effects()
    config = cast("DqnConfig", wish.config)
    machine, has_torch = effects.detect(), effects.has_torch()
    check_possible(config, machine, wish, has_torch=has_torch)
    settling = Settling(wish, machine, config)
    if wish.is_resumed:
        return _resumed(settling, has_torch=has_torch)
    found: Sequence[Candidate] = candidates(settling, has_torch=has_torch)
    speeds = None
    if wish.is_thorough or _is_open(wish, config, found):
        if is_compiled(*_KERNELS):
            say("measuring this machine for some seconds")
        else:
            say("compiling what plays and learns, once on this machine, some 40 seconds; then measuring for some")
        found, speeds = _measure(settling, found, effects)
    return _settled(settling, found, speeds)


def check_possible(config: DqnConfig, machine: Machine, wish: Wish, *, has_torch: bool) -> None:
    """Refuse what cannot be, whoever insists, with ``TrainingError``; a run that goes on changes its engine if it must."""
    if config.engine == "compiled" and config.device == "cuda":
        raise TrainingError(
            "engine is compiled, which computes on the CPU: leave --engine out for device cuda, or --device"
        )
    if config.engine == "torch" and not has_torch and not wish.is_resumed:
        raise TrainingError(
            "engine is torch, which is not installed: pip install -r requirements.txt, or leave --engine out"
        )
    if config.device == "cuda" and not machine.gpus and "device" in wish.given and not wish.is_resumed:
        raise TrainingError(
            f"device is cuda, and there is no GPU ({machine.gpu_search}): leave --device out, or name cpu"
        )
    need = experience_bytes(config, wish.game)
    if need > machine.memory and ("buffer_size" in wish.given or wish.is_resumed):
        way_out = "resume it on a larger machine" if wish.is_resumed else "choose a smaller one"
        raise TrainingError(
            f"buffer_size is {config.buffer_size:,}, which takes {need / GIB:.1f} GiB, more than all the memory of this machine, "
            f"{machine.memory / GIB:.1f} GiB: {way_out}"
        )


def _measure(settling: Settling, found: Sequence[Candidate], effects: Effects) -> tuple[Sequence[Candidate], Speeds]:
    """Return the candidates that can compute here, and what was measured; a device that refuses is left out, and said.

    Raises
    ------
    TrainingError
        If the user has named that device, or nothing else is left.
    """
    config, wish = settling.config, settling.wish
    speeds = effects.probe(config, wish.game, [(each, sizes_to_measure(config, each)) for each in found])
    refused = {each.candidate: each.reason for each in speeds.refusals}
    left = [each for each in found if each not in refused]
    is_last = any(each.device == "cpu" for each in refused) or ("device" in wish.given and config.device == "cuda")
    if not left and is_last:
        raise TrainingError(next(iter(refused.values())))
    kept = {each.device for each in left}
    told = {each.text if each.device in kept else each.device: reason for each, reason in refused.items()}
    settling.warnings.extend(f"{name} is left out: {reason}" for name, reason in told.items())
    if left:
        return left, speeds
    settling.config = config.model_copy(update={"device": "cpu"})
    return _measure(settling, candidates(settling, has_torch=effects.has_torch()), effects)


def _is_open(wish: Wish, config: DqnConfig, found: Sequence[Candidate]) -> bool:
    """Whether something is left open that only measuring can settle."""
    return len(found) > 1 or config.mode == "auto" or (config.mode != "single" and wish.workers is None)


def _settled(settling: Settling, found: Sequence[Candidate], speeds: Speeds | None) -> Advice:
    """Return the advice, each setting settled after those that it depends on."""
    config = settling.config
    chosen = settle_engine(settling, found, speeds)
    rates = Rates(speeds.actor_steps_per_s, learner_rate(config, speeds, chosen)) if speeds is not None else None
    settle_batch(settling, chosen, speeds)
    settle_buffer(settling, chosen)
    limit = worker_limit(settling, chosen)
    forecasts = possible_forecasts(settling, rates, limit) if rates is not None else []
    settle_mode(settling, forecasts, limit)
    settle_workers(settling, forecasts, limit)
    machine = settling.machine
    if speeds is not None and machine.busy_cores >= _BUSY_SHARE * machine.cores:
        settling.warnings.append(f"other work keeps {machine.busy_cores:.1f} cores busy: what was measured includes it")
    return Advice(
        values=settling.values,
        workers=cast("int", settling.choices["workers"].value),
        found=machine.lines(),
        measured=_measured(speeds, rates, forecasts),
        choices=tuple(settling.choices[name] for name in _ORDER if name in settling.choices),
        summary=_summary(settling, chosen, rates, forecasts),
        warnings=tuple(settling.warnings),
    )


def _measured(speeds: Speeds | None, rates: Rates | None, forecasts: Sequence[Forecast]) -> tuple[Line, ...]:
    """Return what was measured, and what follows from it."""
    if speeds is None or rates is None:
        return ()
    updates = [
        Line(f"update of {each.samples:,}, {each.candidate.text}", duration(each.seconds), each.seconds)
        for each in speeds.updates
    ]
    expected = [
        Line(
            f"mode {each.mode}",
            f"{rate(each.steps_per_s)} steps/s expected{_with_workers(each)}; the limit is {each.limit}",
            each.steps_per_s,
        )
        for each in forecasts
    ]
    actor = Line("one actor", f"{rate(rates.actor)} steps/s", rates.actor)
    learner = Line("learner", f"learns from {rate(rates.learner)} steps/s", rates.learner)
    return (actor, *updates, learner, *expected)


def _with_workers(expected: Forecast) -> str:
    if expected.mode == "single":
        return ""
    return f" with {expected.workers} {'actor' if expected.workers == 1 else 'actors'}"


def _summary(
    settling: Settling, chosen: Candidate, rates: Rates | None, forecasts: Sequence[Forecast]
) -> tuple[str, ...]:
    """Return what a run that begins says; nothing where nothing was open."""
    if rates is None:
        return ()
    machine, config = settling.machine, settling.config
    gpu = machine.gpus[0].name if machine.gpus else "no GPU"
    cores = "1 core" if machine.cores == 1 else f"{machine.cores} cores"
    expected = next((each for each in forecasts if each.mode == config.mode), None)
    with_workers = "" if expected is None else _with_workers(expected)
    alone = f"one actor plays {rate(rates.actor)} steps/s, the learner takes {rate(rates.learner)} ({chosen.text})"
    lines = [
        f"machine: {cores}, {machine.memory_free / GIB:.1f} GiB free, {gpu}; {alone}",
        f"mode {config.mode}{with_workers}: {settling.choices['mode'].reason}",
    ]
    if expected is not None:
        lines.append(f"expected: {rate(expected.steps_per_s)} steps/s; the limit is {expected.limit}")
    return tuple(lines)


def _other_engine(settling: Settling, *, has_torch: bool) -> dict[str, Json]:
    """Return the engine with which a run goes on where its own is not to be had: every engine reads the others' states."""
    config, machine = settling.config, settling.machine
    if config.device == "cuda" and not machine.gpus:
        why = f"its device is cuda, and there is no GPU ({machine.gpu_search})"
    elif config.engine == "torch" and not has_torch:
        why = "its engine is torch, which is not installed"
    else:
        return {}
    settling.warnings.append(f"the run goes on with the compiled engine on the CPU: {why}")
    values: dict[str, Json] = {"engine": "compiled", "device": "cpu", "precision": "float32"}
    settling.config = config.model_copy(update=values)
    return values


def _resumed(settling: Settling, *, has_torch: bool) -> Advice:
    """Return what there is to say about a run that goes on: how many workers, and what this machine cannot carry."""
    values = _other_engine(settling, has_torch=has_torch)
    config, machine, game = settling.config, settling.machine, settling.wish.game
    is_torch, is_cuda = config.engine == "torch", config.device == "cuda"
    limit = worker_limit(settling, Candidate("torch" if is_torch else "compiled", "cuda" if is_cuda else "cpu"))
    if config.mode != "auto":
        why = hindrance(settling, config.mode, limit)
        if why:
            settling.warnings.append(f"the run goes on in the mode {config.mode}, though {why}")
    settle_workers(settling, (), limit)
    need = buffer_bytes(config, game)
    if need > settling.free_bytes:
        copies = " with its copies for a checkpoint" if keeps_buffer(config) else ""
        settling.warnings.append(
            f"the run's experience takes {need / MIB:,.0f} MiB{copies}, and {machine.memory_free / MIB:,.0f} MiB are free: "
            "it may be killed for want of memory"
        )
    return Advice(values, cast("int", settling.choices["workers"].value), warnings=tuple(settling.warnings))
