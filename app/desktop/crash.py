"""What happens when the window itself fails: a line in ``crash.log``, and a message with the details."""

import faulthandler
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, TextIO

from PySide6.QtCore import QObject, Signal

logger = logging.getLogger(__name__)

FILE_NAME: Final = "crash.log"
_FATAL: Final = "Fatal Python error"
_KEPT_BYTES: Final = 200_000


class CrashReports(QObject):
    """Catches what nobody caught, in any thread, and writes it to a file in ``folder``."""

    caught = Signal(str, str)
    """One sentence and the traceback; emitted from any thread, so connect it to a slot of the window."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = folder / FILE_NAME
        self._file: TextIO | None = None
        self._before: tuple[Callable[..., object], Callable[..., object]] | None = None

    def install(self) -> str:
        """Begin to catch; return what a former session left if it was ended by the system, else nothing."""
        left = self._left_behind()
        try:
            self._file = self._path.open("a", encoding="utf-8", buffering=1)
            faulthandler.enable(self._file)
        except OSError as error:
            logger.warning("no crash file at %s: %s", self._path, error)
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._unexpected
        threading.excepthook = lambda args: self._unexpected(args.exc_type, args.exc_value, args.exc_traceback)
        return left

    def remove(self) -> None:
        """Leave everything as it was before ``install``."""
        if self._before is not None:
            sys.excepthook, threading.excepthook = self._before
            self._before = None
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None

    def _left_behind(self) -> str:
        """Return the dump of a fatal error since the file was last looked at, and keep the file small."""
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
            if len(text) > _KEPT_BYTES or _FATAL in text:
                self._path.replace(self._path.with_suffix(".old.log"))
        except OSError:
            return ""
        return text[text.rfind(_FATAL) :] if _FATAL in text else ""

    def _unexpected(
        self,
        kind: type[BaseException],
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        if self._file is not None:
            self._file.write(f"{datetime.now(UTC).isoformat(timespec='seconds')}\n{details}\n")
        logger.error("unexpected: %s", details)
        self.caught.emit(
            f"something went wrong in the window ({kind.__name__}): the details are in {self._path}", details
        )
