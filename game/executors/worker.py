"""A worker process of the pool: it maps the bank, plays chunks, and sends the results back."""

import contextlib
import logging
import os
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Final, TypeAlias

import numpy as np

from game.batch import MATCH_DTYPE
from game.errors import GameError
from game.executors.base import FaultReport
from game.executors.chunk import ChunkPlayer
from game.executors.shared_bank import BankAddress, MappedBank
from game.games import game as game_named
from game.policies.bank import Policy
from game.policies.python_bot import TimeLimits

logger = logging.getLogger(__name__)

_PARENT_CHECK_S: Final = 0.5
_END_S: Final = 1.0


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
class Ready:
    """A worker's first message: it has started, and takes chunks."""


@dataclass(frozen=True)
class Begun:
    """A worker's word that it plays a chunk from now on: if it dies, these matches may be why."""

    chunk_id: int


@dataclass(frozen=True)
class Played:
    """A worker's answer: results as bytes of ``RESULT_DTYPE`` rows, or in words why there are none."""

    chunk_id: int
    results: bytes
    faults: tuple[FaultReport, ...]
    seconds: float
    error: str = ""


@dataclass(frozen=True)
class _Unread:
    """A message that could not be unpickled, and why."""

    error: str


_Inbox: TypeAlias = "SimpleQueue[Load | Play | _Unread | None]"


def serve(pipe: Connection, parent: int) -> None:
    """Serve until the pipe closes, which it does when the parent ends, however that ends."""
    inbox: _Inbox = SimpleQueue()
    finished = threading.Event()
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True, name="parent-watch").start()
    threading.Thread(target=_receive, args=(pipe, inbox, finished), daemon=True, name="inbox").start()
    with contextlib.suppress(OSError):
        pipe.send(Ready())
        _serve_inbox(pipe, inbox)
    finished.set()


def _serve_inbox(pipe: Connection, inbox: _Inbox) -> None:
    error = "a worker was given matches before policies"
    player: ChunkPlayer | None = None
    with contextlib.ExitStack() as held:
        while (message := inbox.get()) is not None:
            if isinstance(message, _Unread):
                player, error = None, message.error
            elif isinstance(message, Load):
                player = None
                held.close()
                try:
                    player = _load(message, held)
                except Exception as failure:  # noqa: BLE001  # a worker's border: the next answer says it
                    error = _describe(failure)
            elif player is None:
                pipe.send(Played(message.chunk_id, b"", (), 0.0, error))
            else:
                pipe.send(Begun(message.chunk_id))
                pipe.send(_play(player, message))


def _receive(pipe: Connection, inbox: _Inbox, finished: threading.Event) -> None:
    """Empty the pipe at all times: a parent that sends while this worker sends must not wait for it, nor it for the parent."""
    while True:
        try:
            inbox.put(pipe.recv())
        except (EOFError, OSError):
            break
        except Exception as failure:  # noqa: BLE001  # a worker's border: the next answer says it
            inbox.put(_Unread(_describe(failure)))
    inbox.put(None)
    os._exit(0 if finished.wait(_END_S) else 1)  # what is still being played, nobody wants


def _end_with_parent(parent: int) -> None:
    """End when the parent has, also where another process still holds the other end of the pipe."""
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
    player = ChunkPlayer(game_named(message.game), mapped.bank, policies, message.limits)
    held.callback(player.close)
    return player


def _play(player: ChunkPlayer, message: Play) -> Played:
    begin = time.perf_counter()
    try:
        chunk = player.play(np.frombuffer(message.rows, MATCH_DTYPE))
    except Exception as failure:  # noqa: BLE001  # a worker's border: the parent decides what an error of ours means
        return Played(message.chunk_id, b"", (), time.perf_counter() - begin, _describe(failure))
    return Played(message.chunk_id, chunk.results.tobytes(), chunk.faults, time.perf_counter() - begin)


def _describe(failure: Exception) -> str:
    """Return an expected error's sentence, or the traceback of an error of ours."""
    if isinstance(failure, GameError):
        return str(failure)
    return f"this is an error of this program, please report it:\n{traceback.format_exc()}"
