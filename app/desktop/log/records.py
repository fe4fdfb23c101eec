"""Python's own log records as messages of Qt, from whatever thread they come."""

import logging
from typing import Final

from PySide6.QtCore import QObject, Signal

_FORMAT: Final = logging.Formatter()


class Records(QObject):
    """Listens to the program's log from WARNING on, between ``start`` and ``stop``."""

    arrived = Signal(str, str, str, str)
    """Level, logger, text, traceback ("" for none)."""

    def __init__(self, root: logging.Logger) -> None:
        super().__init__()
        self._root = root
        self._level = root.level
        self._handler = _Handler(self)

    def start(self) -> None:
        """Begin to listen; the log lets warnings pass meanwhile."""
        self._level = self._root.level
        self._root.setLevel(min(self._root.level, logging.WARNING))
        self._root.addHandler(self._handler)

    def stop(self) -> None:
        """Listen no longer, and leave the log as it was."""
        self._root.removeHandler(self._handler)
        self._root.setLevel(self._level)


class _Handler(logging.Handler):
    def __init__(self, records: Records) -> None:
        super().__init__(logging.WARNING)
        self._records = records

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on; in another thread than the window's, Qt carries it over."""
        trace = _FORMAT.formatException(record.exc_info) if record.exc_info else ""
        self._records.arrived.emit(record.levelname, record.name, record.getMessage(), trace)
