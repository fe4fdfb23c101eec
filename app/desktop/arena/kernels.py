"""Getting the match kernels ready after the window has been painted: loaded by a thread, compiled by a job before if need be."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Signal

from app.desktop.context import Desktop
from app.desktop.toasts import Level, Remedy

logger = logging.getLogger(__name__)

COMPILE_S: Final = 20.0
"""About how long compiling takes, once on a machine."""

_JOB: Final = "warm"
_TICKS: Final = 64


class Kernels(QObject):
    """Says when matches can be played; ``note`` says what is waited for meanwhile.

    ``is_compiled`` and ``load`` run in the thread: both import what is heavy.
    """

    ready = Signal()
    changed = Signal()
    """Another note."""

    _is_cold = Signal()
    _is_loaded = Signal()
    _went_wrong = Signal(str)

    def __init__(
        self,
        desktop: Desktop,
        parent: QObject,
        *,
        is_compiled: Callable[[], bool] | None = None,
        load: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._desktop = desktop
        self._is_compiled = is_compiled or kernels_are_compiled
        self._load = load or load_kernels
        self._thread: threading.Thread | None = None
        self._job = ""
        self._began = desktop.clock()
        self.is_ready = False
        self._is_busy = False
        self.is_compiling = False
        self.note = ""
        self._is_cold.connect(self._compile)
        self._is_loaded.connect(self._finish)
        self._went_wrong.connect(self._give_up)
        desktop.jobs.ended.connect(self._end_job)
        desktop.hub.closing.connect(self.wait)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the current step began."""
        return self._desktop.clock() - self._began

    def start(self) -> None:
        """Begin, or try again; ``ready`` follows. Nothing to do if they are ready or on the way."""
        if self.is_ready or self._is_busy:
            return
        self._is_busy = True
        self._say("Getting the match kernels ready", is_compiling=False)
        self._run(self._look)

    def wait(self) -> None:
        """Wait for the thread: nothing of it may outlive the window."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, work: Callable[[], None]) -> None:
        self.wait()
        self._thread = threading.Thread(target=self._guarded, args=(work,), name="kernels", daemon=True)
        self._thread.start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # a border: the window shows what was wrong
            logger.exception("the kernels cannot be loaded")
            self._went_wrong.emit(f"the match kernels cannot be loaded: {type(error).__name__}: {error}")

    def _look(self) -> None:
        if self._is_compiled():
            self._load_now()
        else:
            self._is_cold.emit()

    def _load_now(self) -> None:
        self._load()
        self._is_loaded.emit()

    def _compile(self) -> None:
        self._say("Compiling the match kernels: once on this machine, some 20 seconds", is_compiling=True)
        self._job = self._desktop.jobs.start("Compiling the match kernels", ["warm", "--events"], _JOB, is_work=False)

    def _end_job(self, job: str, is_ok: bool, reason: str) -> None:  # noqa: FBT001  # the signal's
        if job != self._job:
            return
        self._job = ""
        if is_ok:
            self._say("Loading the match kernels", is_compiling=False)
            self._run(self._load_now)
        else:
            self._give_up(f"the match kernels cannot be compiled: {reason}")

    def _give_up(self, sentence: str) -> None:
        self._is_busy = False
        self._say(sentence, is_compiling=False)
        self._desktop.toasts.show(sentence, Level.ERROR, remedy=Remedy("Try again", self.start))

    def _finish(self) -> None:
        self.wait()
        self.is_ready, self._is_busy = True, False
        self._say("", is_compiling=False)
        self.ready.emit()

    def _say(self, note: str, *, is_compiling: bool) -> None:
        self.note, self.is_compiling = note, is_compiling
        self._began = self._desktop.clock()
        self.changed.emit()


def kernels_of(desktop: Desktop) -> Kernels:
    """Return the kernels of this window: arena and wall wait for the same ones."""
    found: Kernels | None = desktop.hub.findChild(Kernels)
    return found or Kernels(desktop, desktop.hub)


def kernels_are_compiled() -> bool:
    """Whether the kernels lie ready on the disk; imports the compiler."""
    from game import jit
    from game.warmup import BATCH_KERNELS, SCREEN_KERNELS

    return jit.is_compiled(*BATCH_KERNELS, *SCREEN_KERNELS)


def load_kernels() -> None:
    """Import what plays and draws a match, and play some ticks: the first ones load the kernels."""
    from game import render  # noqa: F401  # what draws takes a while to import, too
    from game.games import games
    from game.policies.scripted import ScriptedPolicy
    from game.timeline import Timeline

    for each in games():
        bot = ScriptedPolicy.of(each, each.bots[0].name)
        timeline = Timeline(each, (bot, bot), 0, 1)
        timeline.scan(_TICKS)
        timeline.step()
        timeline.path(_TICKS)
        timeline.match.result()
        timeline.match.digest()
