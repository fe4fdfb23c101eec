"""A worker process of the pool: it maps the bank, plays chunks, and sends the results back."""

import contextlib
import logging
import os
import signal
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np

from game.batch import MATCH_DTYPE
from game.executors.base import FaultReport
from game.executors.chunk import ChunkPlayer
from game.executors.shared_bank import BankAddress, MappedBank
from game.games import game as game_named
from game.policies.bank import Policy
from game.policies.python_bot import TimeLimits

logger = logging.getLogger(__name__)

_PARENT_CHECK_S = 0.5


@dataclass(frozen=True)
class Load:
    """Message to a worker: from now on play this game with this bank."""

    generation: int
    game: str
    address: BankAddress
    bots: tuple[tuple[int, Policy], ...]
    policies: int
    limits: TimeLimits


@dataclass(frozen=True)
class Play:
    """Message to a worker: play these matches, rows of ``MATCH_DTYPE`` as bytes."""

    chunk_id: int
    rows: bytes


@dataclass(frozen=True)
class Played:
    """A worker's answer: results as bytes of ``RESULT_DTYPE`` rows, or the traceback of an error of ours."""

    chunk_id: int
    results: bytes
    faults: tuple[FaultReport, ...]
    seconds: float
    error: str = ""


def serve(pipe: Connection, parent: int) -> None:
    """Serve until the pipe closes, which it does when the parent ends, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to handle
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True, name="parent-watch").start()
    with contextlib.suppress(EOFError, OSError), contextlib.ExitStack() as held:
        player: ChunkPlayer | None = None
        while True:
            message = pipe.recv()
            if isinstance(message, Load):
                held.close()
                player = _load(message, held)
            elif isinstance(message, Play) and player is not None:
                pipe.send(_play(player, message))
            else:
                return


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_S)
    os._exit(1)


class _NotNeeded:
    """Stands where a compiled policy stands in the parent: the worker has it in the bank."""


def _load(message: Load, held: contextlib.ExitStack) -> ChunkPlayer:
    mapped = MappedBank(message.address)
    held.callback(mapped.close)
    policies: list[object] = [_NotNeeded() for _ in range(message.policies)]
    for index, policy in message.bots:
        policies[index] = policy
    player = ChunkPlayer(game_named(message.game), mapped.bank, policies, message.limits)  # type: ignore[arg-type]
    held.callback(player.close)
    return player


def _play(player: ChunkPlayer, message: Play) -> Played:
    begin = time.perf_counter()
    try:
        chunk = player.play(np.frombuffer(message.rows, MATCH_DTYPE))
    except Exception:  # noqa: BLE001  # a worker's border: the parent decides what an error of ours means
        return Played(message.chunk_id, b"", (), time.perf_counter() - begin, traceback.format_exc())
    return Played(message.chunk_id, chunk.results.tobytes(), chunk.faults, time.perf_counter() - begin)
