"""Settling what a user has left open, within what a machine can carry; what it cannot is replaced, and said."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from ai.advice import Choice, Wish
from ai.dqn import DqnConfig
from ai.dqn.demand import (
    CUDA_BYTES,
    HANDLES_KEPT,
    HANDLES_PER_WORKER,
    TORCH_BYTES,
    WORKER_BYTES,
    buffer_bytes,
    groups_of,
    keeps_buffer,
    learned_at_once,
    least_buffer,
    shared_bytes,
    update_bytes,
)
from ai.dqn.forecast import MODES, Forecast, Mode, Rates, best_workers, forecast
from ai.dqn.making import network_of
from ai.dqn.probe import Candidate, Speeds
from ai.machine import GIB, MIB, Machine
from ai.trainer import Json
from game.executors.base import MAX_WORKERS

LARGE_NETWORK: Final = 50_000
"""Parameters from which torch on the CPU is tried, too: below, it is several times slower than the compiled engine."""

BETTER: Final = 1.1
"""What is less reproducible, or takes more of the machine, must be that much faster."""

BFLOAT16_BETTER: Final = 1.2
"""bfloat16 changes what is learned by a little: it must be that much faster."""

_MEMORY_SHARE: Final = 0.9
"""Of the free memory: others work here, too."""

COMPILED: Final = Candidate("compiled", "cpu")


@dataclass(frozen=True)
class Limit:
    """How many of something there can be, and what sets the limit."""

    most: int
    reason: str


class Settling:
    """The settings of one run in the making: each is taken once, with its reason."""

    def __init__(self, wish: Wish, machine: Machine, config: DqnConfig) -> None:
        self.wish = wish
        self.machine = machine
        self.config = config
        self.choices: dict[str, Choice] = {}
        self.warnings: list[str] = []

    @property
    def values(self) -> dict[str, Json]:
        """The fields that are not what was wished for."""
        wished = self.wish.config.model_dump()
        return {
            name: choice.value
            for name, choice in self.choices.items()
            if name in wished and wished[name] != choice.value
        }

    def take(self, name: str, value: Json, reason: str) -> None:
        """Settle a field of the configuration, or ``workers``."""
        self.choices[name] = Choice(name, value, reason)
        if name in DqnConfig.model_fields:
            self.config = self.config.model_copy(update={name: value})

    def carried(self, name: str, wanted: Json, possible: Json, why: str) -> Json:
        """Return what becomes of a value that the machine cannot carry; it is said aloud."""
        is_named = name in self.wish.given or (name == "workers" and self.wish.workers is not None)
        if is_named and self.wish.is_forced:
            self.warnings.append(f"{name} is {_text(wanted)} because of --force, though {why}")
            return wanted
        hint = "; --force insists" if is_named else ""
        self.warnings.append(f"{name} is {_text(possible)} instead of {_text(wanted)}: {why}{hint}")
        return possible

    @property
    def free_bytes(self) -> int:
        """Memory that the run may take."""
        return int(_MEMORY_SHARE * self.machine.memory_free)


def _text(value: Json) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


# What computes the updates


def candidates(settling: Settling, *, has_torch: bool) -> list[Candidate]:
    """Return what may compute the updates; where nothing is left open, one."""
    config, machine = settling.config, settling.machine
    device = config.device
    if device == "cuda" and not machine.gpus:  # a preset wants it
        settling.warnings.append(f"device is cpu instead of cuda: there is no GPU ({machine.gpu_search})")
        device = "cpu"
    is_large = network_of(config, settling.wish.game).size >= LARGE_NETWORK
    found = [COMPILED] if config.engine != "torch" and device != "cuda" else []
    if has_torch and config.engine != "compiled":
        if device != "cuda" and (config.engine == "torch" or is_large):
            found.append(Candidate("torch", "cpu"))
        if device != "cpu" and machine.gpus:
            found.append(Candidate("torch", "cuda"))
    return _with_precision(settling, found)


def _with_precision(settling: Settling, found: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates in the precisions that are possible."""
    config, is_given = settling.config, "precision" in settling.wish.given
    if config.precision == "bfloat16":
        on_torch = [
            each for each in found if each.engine == "torch" and (each.device == "cuda" or settling.wish.is_forced)
        ]
        if on_torch:
            return [replace(each, precision="bfloat16") for each in on_torch]
        settling.warnings.append("precision is float32 instead of bfloat16: that pays on a GPU alone")
        return list(found)
    more = [replace(each, precision="bfloat16") for each in found if each.device == "cuda" and not is_given]
    return [*found, *more]


def sizes_to_measure(config: DqnConfig, candidate: Candidate) -> list[int]:
    """Return the numbers of samples at which an update is measured: that of the configuration, and others to compare."""
    size = learned_at_once(config)
    if candidate.device == "cuda":
        return [size, 4 * size]
    return [size, 2 * size]


def learner_rate(config: DqnConfig, speeds: Speeds, candidate: Candidate) -> float:
    """Return the steps a second that the learner can learn from."""
    found = speeds.update(candidate, learned_at_once(config))
    if config.algorithm == "dqn":
        return config.steps_per_update / found.seconds
    rollout = config.courts * config.rollout_steps
    return rollout / (rollout * found.values_s + config.epochs * config.minibatches * found.seconds)


def settle_engine(settling: Settling, found: Sequence[Candidate], speeds: Speeds | None) -> Candidate:
    """Settle engine, device and precision."""
    best = found[0]
    if speeds is not None:
        for each in found[1:]:
            faster = learner_rate(settling.config, speeds, each) / learner_rate(settling.config, speeds, best)
            is_only_precision = each == replace(best, precision="bfloat16")
            if faster >= (BFLOAT16_BETTER if is_only_precision else BETTER):
                best = each
    for name in ("engine", "device", "precision"):
        settling.take(name, getattr(best, name), _engine_reason(settling, name, found, best, speeds))
    return best


def _engine_reason(
    settling: Settling, name: str, found: Sequence[Candidate], best: Candidate, speeds: Speeds | None
) -> str:
    if getattr(settling.wish.config, name) == getattr(best, name) and name in settling.wish.given:
        return "as given"
    others = [each for each in found if getattr(each, name) != getattr(best, name)]
    if others and speeds is not None:
        size = learned_at_once(settling.config)
        mine, its = (speeds.update(each, size).seconds for each in (best, others[0]))
        return f"an update takes {duration(mine)}, with {others[0].text} {duration(its)}"
    if name == "device" and not settling.machine.gpus:
        return settling.machine.gpu_search
    return {
        "engine": "the fastest for small networks on a CPU" if best.engine == "compiled" else "the one for this device",
        "device": "where this engine computes",
        "precision": "as the configuration says",
    }[name]


def duration(seconds: float) -> str:
    """Return a short time for people."""
    return f"{seconds * 1e6:,.0f} us" if seconds < 1e-2 else f"{seconds * 1e3:,.0f} ms"


# What is kept


def settle_batch(settling: Settling, chosen: Candidate, speeds: Speeds | None) -> None:
    """Settle the size of a batch: the configuration's, to which its other numbers are tuned, halved until it fits the GPU."""
    config = settling.config
    if config.algorithm == "pqn":
        return
    parts, size = config.gradient_accumulation, config.batch_size
    if chosen.device == "cuda":
        gpu = settling.machine.gpus[0]
        while size > 1 and CUDA_BYTES + update_bytes(config, settling.wish.game, size) > gpu.memory_free:
            size //= 2
        if size < config.batch_size:
            why = f"the GPU has {gpu.memory_free / GIB:.1f} GiB free"
            size = cast("int", settling.carried("batch_size", config.batch_size, size, why))
    settling.take("batch_size", size, _batch_reason(settling, chosen, speeds, size * parts))


def _batch_reason(settling: Settling, chosen: Candidate, speeds: Speeds | None, samples: int) -> str:
    start = "as given" if "batch_size" in settling.wish.given else "the learning rate is tuned to it"
    if speeds is None or samples != learned_at_once(settling.config):
        return start
    more = [each for each in speeds.updates if each.candidate == chosen and each.samples > samples]
    if not more:
        return start
    other = more[-1]
    factor = other.seconds / speeds.update(chosen, samples).seconds
    return f"{start}; {other.samples / samples:.0f} times as many would take {factor:.1f} times as long"


def settle_buffer(settling: Settling, chosen: Candidate) -> None:
    """Settle the size of the replay buffer: halved until it fits the memory."""
    config, game = settling.config, settling.wish.game
    if config.algorithm == "pqn":
        return
    room = settling.free_bytes - engine_bytes(settling, chosen)
    size, least = config.buffer_size, least_buffer(config)
    while size > least and buffer_bytes(config, game, size) > room:
        size = max(least, size // 2)
    reason = "as given" if "buffer_size" in settling.wish.given else "as the configuration says"
    if size < config.buffer_size:
        need, copies = buffer_bytes(config, game), " with its copies for a checkpoint" if keeps_buffer(config) else ""
        free = f"{max(0, room) / MIB:,.0f} MiB are free for it"
        reason = f"{config.buffer_size:,} would take {need / MIB:,.0f} MiB{copies}, {free}"
        size = cast("int", settling.carried("buffer_size", config.buffer_size, size, reason))
    kept = buffer_bytes(config, game, size)
    if kept > room:
        settling.warnings.append(
            f"the training takes some {(kept + engine_bytes(settling, chosen)) / MIB:,.0f} MiB, and "
            f"{settling.machine.memory_free / MIB:,.0f} MiB are free: it may be killed for want of memory"
        )
    settling.take("buffer_size", size, f"{reason}; {kept / MIB:,.0f} MiB")


def engine_bytes(settling: Settling, chosen: Candidate) -> int:
    """Return what computing takes of the machine's memory."""
    config = settling.config
    batch = 0 if chosen.device == "cuda" else update_bytes(config, settling.wish.game, learned_at_once(config))
    return batch + (TORCH_BYTES if chosen.engine == "torch" else 0)


# Who plays


def worker_limit(settling: Settling, chosen: Candidate) -> Limit:
    """Return how many actor processes the machine can carry, and what sets that limit; it may be none."""
    machine, config = settling.machine, settling.config
    taken = buffer_bytes(config, settling.wish.game) + engine_bytes(settling, chosen)
    room = max(0, settling.free_bytes - taken)
    handles = (machine.file_handles.free - HANDLES_KEPT) / HANDLES_PER_WORKER
    limits = [
        Limit(machine.cores, f"there {'is' if machine.cores == 1 else 'are'} {_count(machine.cores, 'core')}"),
        Limit(room // WORKER_BYTES, f"{room / MIB:,.0f} MiB are free for processes of {WORKER_BYTES / MIB:.0f} MiB"),
        Limit(MAX_WORKERS, f"there can be {MAX_WORKERS}"),
    ]
    if machine.file_handles.limit is not None:
        more = f"(ulimit -n raises the limit of {machine.file_handles.limit:,})"
        limits.append(Limit(max(0, math.floor(handles)), f"there are too few file handles {more}"))
    return min(limits, key=lambda limit: limit.most)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def hindrance(settling: Settling, mode: Mode, limit: Limit) -> str:
    """Return why the machine cannot carry a mode, or not well; empty if it can."""
    return _want_of_processes(settling, mode, limit) or _want_of_sharing(settling, mode)


def _want_of_processes(settling: Settling, mode: Mode, limit: Limit) -> str:
    if mode == "single":
        return ""
    if settling.machine.cores == 1:
        return "there is 1 core for actors and learner"
    return f"no actor process can be had: {limit.reason}" if limit.most < 1 else ""


def _want_of_sharing(settling: Settling, mode: Mode) -> str:
    """Return why actors would have to send what they play, which is slower; empty if it can lie in shared memory."""
    if mode == "single":
        return ""
    machine = settling.machine
    need, shared = shared_bytes(settling.config, settling.wish.game, mode), machine.shared_memory
    if not shared.is_usable:
        return "there is no shared memory"
    if not shared.has_room(need):
        return f"it takes {need / MIB:,.0f} MiB of shared memory, {(shared.free or 0) / MIB:,.0f} MiB are free"
    return ""


def possible_forecasts(settling: Settling, rates: Rates, limit: Limit) -> list[Forecast]:
    """Return what each mode that the machine can carry will do, with the workers that are named or best."""
    machine, wish, groups = settling.machine, settling.wish, groups_of(settling.config)
    most = max(1, min(limit.most, groups, machine.cores - wish.spare_cores))
    found = []
    for mode in MODES:
        if _cannot_be(settling, mode, limit):
            continue
        if mode == "single" or wish.workers is not None:
            workers = 1 if mode == "single" else min(cast("int", wish.workers), max(1, limit.most))
            found.append(forecast(mode, workers, rates, machine.cores, groups))
        else:
            found.append(best_workers(mode, most, rates, machine.cores, groups))
    return found


def _cannot_be(settling: Settling, mode: Mode, limit: Limit) -> str:
    """Return why a mode is out of the question; what the user has named may be slow."""
    is_named = "mode" in settling.wish.given and settling.config.mode == mode
    return (_want_of_processes if is_named else hindrance)(settling, mode, limit)


def settle_mode(settling: Settling, forecasts: Sequence[Forecast], limit: Limit) -> None:
    """Settle the mode: the named one if it can be carried, or the fastest; the more reproducible one unless it is slower."""
    wanted = settling.config.mode
    if wanted != "auto":
        _settle_wanted_mode(settling, wanted, limit)
        return
    if not forecasts:
        settling.take("mode", "single", "nothing was measured")
        return
    best = forecasts[0]
    for each in forecasts[1:]:
        best = each if each.steps_per_s >= BETTER * best.steps_per_s else best
    settling.take("mode", best.mode, _mode_reason(settling, best, forecasts, limit))


def _settle_wanted_mode(settling: Settling, wanted: Mode, limit: Limit) -> None:
    mode, why = wanted, _cannot_be(settling, wanted, limit)
    if why:
        mode = cast("Mode", settling.carried("mode", wanted, "single", why))
    elif slow := _want_of_sharing(settling, wanted):
        settling.warnings.append(f"mode {wanted} is kept, but slower: {slow}, so actors send what they play")
    as_wanted = "as given" if "mode" in settling.wish.given else "as the preset says"
    settling.take("mode", mode, as_wanted if mode == wanted else why)


def _mode_reason(settling: Settling, best: Forecast, forecasts: Sequence[Forecast], limit: Limit) -> str:
    left_out = next((why for mode in MODES[1:] if (why := hindrance(settling, mode, limit))), "")
    if len(forecasts) == 1:
        return left_out
    others = ", ".join(f"{each.mode} {rate(each.steps_per_s)}" for each in forecasts if each is not best)
    return f"{rate(best.steps_per_s)} steps/s expected; {others}"


def rate(per_s: float) -> str:
    """Return a rate for people."""
    if per_s >= 1e6:
        return f"{per_s / 1e6:.2f} M"
    return f"{per_s / 1e3:.0f} k" if per_s >= 1e4 else f"{per_s:,.0f}"


def settle_workers(settling: Settling, forecasts: Sequence[Forecast], limit: Limit) -> None:
    """Settle the number of actor processes."""
    wish, mode = settling.wish, settling.config.mode
    if wish.workers is not None:
        possible = max(1, limit.most)
        workers = wish.workers
        if workers > possible:
            workers = cast("int", settling.carried("workers", workers, possible, limit.reason))
        groups = groups_of(settling.config)
        idle = (
            f"; there {'is' if groups == 1 else 'are'} {_count(groups, 'group')} of courts, a worker each"
            if workers > groups
            else ""
        )
        settling.take("workers", workers, ("as given" if workers == wish.workers else limit.reason) + idle)
        return
    if mode == "single":
        settling.take("workers", 1, "one process plays and learns")
        return
    found = next((each for each in forecasts if each.mode == mode), None)
    groups = groups_of(settling.config)
    if found is None:
        most = max(1, min(limit.most, groups, settling.machine.cores - wish.spare_cores))
        settling.take(
            "workers", most, limit.reason if most == limit.most else f"there are {_count(groups, 'group')} of courts"
        )
        return
    settling.take("workers", found.workers, f"more would bring nothing: the limit is {found.limit}")
