"""Questions to the league that a widget asks: once it is gone, nobody is answered."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from app.desktop.reader import Question, Reader, Ticket

T = TypeVar("T")


class Questions:
    """Asks ``reader`` for ``owner``."""

    def __init__(self, reader: Reader, owner: QWidget) -> None:
        self._reader = reader
        self._open: set[Ticket] = set()
        owner.destroyed.connect(self._cancel_all)

    def ask(
        self,
        question: "Question[T]",
        answer: Callable[[T], None],
        *,
        failed: Callable[[str], None] | None = None,
    ) -> Ticket:
        """Ask; as ``Reader.ask``."""

        def close() -> None:
            self._open.discard(ticket)

        def answered(found: T) -> None:
            close()
            answer(found)

        def refused(sentence: str) -> None:
            close()
            (failed or self._reader.failed.emit)(sentence)

        ticket = self._reader.ask(question, answered, failed=refused)
        self._open.add(ticket)
        return ticket

    def _cancel_all(self) -> None:
        for ticket in self._open:
            ticket.cancel()
