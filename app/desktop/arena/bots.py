"""Users' Python bots at the court: a thread asks the bot's process, so that the window never waits for it. No Qt here."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from game.errors import BotError
from game.fault import Cancelled, Fault
from game.policies.bank import Policy
from game.policies.python_bot import BotProcess, PythonPolicy, TimeLimits
from game.spec import Termination

Observation: TypeAlias = NDArray[np.float32]

_PATIENCE_S: Final = 0.002  # a bot that answers sooner keeps up with every speed


class Decider(Protocol):
    """The face of ``BotProcess`` that a seat uses; every call may wait."""

    def start_match(self) -> None:
        """Be ready for a match."""
        ...

    def decide(self, observation: Observation) -> int:
        """Return the action."""
        ...

    def close(self) -> None:
        """End the process."""
        ...


MakeDecider: TypeAlias = Callable[[PythonPolicy, Callable[[], bool]], Decider]


def bot_process(policy: PythonPolicy, is_cancelled: Callable[[], bool]) -> Decider:
    """Return the process of a bot, under the limits of the league."""
    return BotProcess(policy, TimeLimits(), is_cancelled=is_cancelled)


class BotSeat:
    """A bot on one seat of a ``LiveMatch``: ``is_ready`` asks it, and once it is, ``decide`` gives the answer."""

    def __init__(self, policy: PythonPolicy, make: MakeDecider = bot_process) -> None:
        self._is_closed = False
        self._is_asked = False
        self._answer: int | Fault | None = None
        self._questions: SimpleQueue[Observation | None] = SimpleQueue()
        self._answers: SimpleQueue[int | Fault] = SimpleQueue()
        self._process = make(policy, lambda: self._is_closed)
        self._thread = threading.Thread(target=self._work, name="Python bot", daemon=True)
        self._thread.start()

    def is_ready(self, observation: Callable[[], Observation], *, is_patient: bool = True) -> bool:
        """Return whether the answer to what is seen now is there; the bot is asked if it was not."""
        if not self._is_asked:
            self._is_asked = True
            self._questions.put(observation())
        if self._answer is None:
            try:
                self._answer = self._answers.get(timeout=_PATIENCE_S) if is_patient else self._answers.get_nowait()
            except Empty:
                return False
        return True

    def decide(self, observation: Observation) -> int:  # noqa: ARG002  # it was asked about this one
        """Return the answer; raise ``Fault`` if the bot forfeits."""
        answer, self._answer, self._is_asked = self._answer, None, False
        if isinstance(answer, Fault):
            raise answer
        assert answer is not None  # noqa: S101  # is_ready has said so
        return answer

    def close(self, *, is_awaited: bool = False) -> None:
        """End the bot's process, at the latest a moment later, or before this returns."""
        self._is_closed = True
        self._questions.put(None)
        if is_awaited:
            self._thread.join()

    def _work(self) -> None:
        try:
            broken = self._start()
            while (observation := self._questions.get()) is not None:
                self._answers.put(broken or self._decide(observation))
        except Cancelled:
            return
        finally:
            self._process.close()

    def _start(self) -> Fault | None:
        try:
            self._process.start_match()
        except Fault as fault:
            return fault
        except BotError as error:
            return Fault(Termination.NOT_LOADED, str(error))
        return None

    def _decide(self, observation: Observation) -> int | Fault:
        try:
            return self._process.decide(observation)
        except Fault as fault:
            return fault


def seat_of(policy: Policy, make: MakeDecider = bot_process) -> Policy | BotSeat:
    """Return who sits down for ``policy``: itself, or for a Python bot the seat that asks its process."""
    return BotSeat(policy, make) if isinstance(policy, PythonPolicy) else policy
