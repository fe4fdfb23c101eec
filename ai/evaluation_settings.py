"""How a population is evaluated: with how many workers of which kind; defaults come from the environment."""

import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias, get_args

from ai.errors import TrainingError
from game.executors.base import MAX_WORKERS, default_workers

Backend: TypeAlias = Literal["serial", "thread", "process"]
StartMethod: TypeAlias = Literal["spawn", "fork", "forkserver"]

MAX_RESTART_EVERY: Final = 1_000_000

_VARIABLES: Final = {
    "workers": "NEAT_EVAL_WORKERS",
    "backend": "NEAT_EVAL_BACKEND",
    "start_method": "NEAT_PROCESS_START_METHOD",
    "keepalive": "NEAT_POOL_KEEPALIVE",
    "restart_every": "NEAT_POOL_RESTART_EVERY",
}


@dataclass(frozen=True)
class PoolSettings:
    """How to evaluate; ``TrainingError`` for impossible values. No result depends on them."""

    workers: int = field(default_factory=default_workers)
    """Threads or processes that evaluate at the same time."""
    backend: Backend = "thread"
    start_method: StartMethod = "spawn"
    """How processes begin; a forked one has the libraries of its parent, and their threads."""
    keepalive: bool = False
    """Whether processes stay for the next generation; otherwise each generation starts its own."""
    restart_every: int = 25
    """Generations after which processes that stay are replaced, so that what they leak is bounded."""

    def __post_init__(self) -> None:
        """Refuse what the fields do not allow."""
        for name, allowed in _allowed().items():
            _check(name, getattr(self, name), allowed)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], default: "PoolSettings | None" = None) -> "PoolSettings":
        """Return ``default`` with what the ``NEAT_*`` variables of ``environ`` say instead; an empty one says nothing.

        Raises
        ------
        TrainingError
            If a variable has a value that is not allowed.
        """
        given: dict[str, Any] = {}  # a field's own type each
        for name, allowed in _allowed().items():
            if text := environ.get(_VARIABLES[name], "").strip():
                value = int(text) if isinstance(allowed, range) and text.isdecimal() else text
                _check(_VARIABLES[name], value, allowed)
                given[name] = value > 0 if name == "keepalive" and isinstance(value, int) else value
        return replace(default or cls(), **given)


def _allowed() -> dict[str, range | Sequence[str]]:
    return {
        "workers": range(1, MAX_WORKERS + 1),
        "backend": get_args(Backend),
        "start_method": multiprocessing.get_all_start_methods(),
        "keepalive": range(MAX_RESTART_EVERY + 1),
        "restart_every": range(1, MAX_RESTART_EVERY + 1),
    }


def _check(name: str, value: object, allowed: range | Sequence[str]) -> None:
    if value in allowed:
        return
    words = f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else " or ".join(allowed)
    raise TrainingError(f"{name} is {value!r}: {words} is allowed")
