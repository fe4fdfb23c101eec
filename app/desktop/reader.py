"""The league's store for the window: questions are answered in one reader thread, so that painting never waits for a disk.

The thread computes nothing: SQLite and the files do the work, and both let go of the interpreter meanwhile.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

if TYPE_CHECKING:  # the store is imported by the thread: the window paints first
    from app.session import League

logger = logging.getLogger(__name__)

T = TypeVar("T")

Question: TypeAlias = "Callable[[League], T]"

_CLOSE_S: Final = 1.5
"""How long the end of the question waits that the thread is at: a locked database must not hold the window."""


class Ticket:
    """A question that was asked; its answer is dropped once it is cancelled."""

    def __init__(self) -> None:
        self._is_cancelled = False

    @property
    def is_cancelled(self) -> bool:
        """Whether the answer is unwanted."""
        return self._is_cancelled

    def cancel(self) -> None:
        """Drop the answer; a question that was not looked at yet is not asked."""
        self._is_cancelled = True


class Reader(QObject):
    """Asks the league and answers in the window's thread, one question after the other."""

    opened = Signal()
    """The league is open: the first question can be answered."""
    failed_to_open = Signal(str)
    """One sentence: the league's folder or database cannot be used."""
    lost = Signal(str)
    """One sentence: the database that is open is not at its place any more. Said once."""
    failed = Signal(str)
    """One sentence: a question without a ``failed`` of its own could not be answered."""

    _answered = Signal(object)

    def __init__(self, home: str | None) -> None:
        super().__init__()
        self._home = home
        self._questions: SimpleQueue[Callable[[Any], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._answered.connect(_deliver)

    def start(self) -> None:
        """Open the league, in the reader's thread."""
        self._thread = threading.Thread(target=self._work, name="league reader", daemon=True)
        self._thread.start()

    def ask(
        self,
        question: "Callable[[League], T]",
        answer: Callable[[T], None],
        *,
        failed: Callable[[str], None] | None = None,
    ) -> Ticket:
        """Answer ``question`` by a call of ``answer`` in this thread, or of ``failed`` with one sentence."""
        ticket = Ticket()

        def work(league: "League") -> None:
            if not ticket.is_cancelled:
                self._answered.emit(_Answer(ticket, self._outcome(question, answer, failed, league), _owner(answer)))

        self._questions.put(work)
        return ticket

    def close(self) -> None:
        """End the thread after the question that it is at; one that takes too long ends with the program.

        What such a question was writing is written as a whole or not at all: that is the store's promise.
        """
        self._questions.put(None)
        if self._thread is not None:
            self._thread.join(_CLOSE_S)
            if self._thread.is_alive():
                logger.warning("a question to the league takes longer than the window waits for at its end")
            self._thread = None

    def _outcome(
        self,
        question: "Callable[[League], T]",
        answer: Callable[[T], None],
        failed: Callable[[str], None] | None,
        league: "League",
    ) -> Callable[[], None]:
        from game.errors import GameError
        from league.errors import LeagueError

        try:
            found = question(league)
        except (LeagueError, GameError) as error:
            sentence = str(error)
            return lambda: (failed or self.failed.emit)(sentence)
        except Exception as error:  # a border: the thread must go on, and the window shows what was wrong
            logger.exception("a question to the league failed")
            sentence = f"this is a fault of the program: {type(error).__name__}: {error}"
            return lambda: (failed or self.failed.emit)(sentence)
        return lambda: answer(found)

    def _work(self) -> None:
        from app.session import open_league
        from game.errors import GameError
        from league.errors import LeagueError

        with ExitStack() as stack:
            try:
                league = stack.enter_context(open_league(self._home))
            except (LeagueError, GameError, OSError) as error:
                self.failed_to_open.emit(str(error))
                return
            self.opened.emit()
            database = _Watched(league.home.database)
            while (work := self._questions.get()) is not None:
                work(league)
                if database.is_newly_lost():
                    self.lost.emit(
                        f"{database.path} was removed or replaced while it was open: what is played from now on is not "
                        "kept; put it back and start again, or choose another folder"
                    )


class _Watched:
    """Sees whether an open file is still the one at its path: on Linux and macOS it can be deleted meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._identity = _identity(path)

    def is_newly_lost(self) -> bool:
        """Return whether the file is gone, the first time that it is."""
        is_lost = self._identity is not None and _identity(self.path) != self._identity
        if is_lost:
            self._identity = None
        return is_lost


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class _Answer:
    def __init__(self, ticket: Ticket, deliver: Callable[[], None], owner: QObject | None) -> None:
        self.ticket = ticket
        self.deliver = deliver
        self.owner = owner


def _owner(answer: Callable[[Any], None]) -> QObject | None:
    """Return the object whose method ``answer`` is, or partly is."""
    method = answer.func if isinstance(answer, partial) else answer
    owner = getattr(method, "__self__", None)
    return owner if isinstance(owner, QObject) else None


def _deliver(answer: _Answer) -> None:
    """Hand the answer over, unless nobody wants it any more or its asker has been deleted meanwhile."""
    if not answer.ticket.is_cancelled and (answer.owner is None or isValid(answer.owner)):
        answer.deliver()
