"""Where a season is played: in the pool, or one match after another on a screen. The window may change its mind at any time."""

import threading
from typing import Final

from game.executors.base import RunControl, RunState

_CHECK_S: Final = 0.1


class Leg(RunControl):
    """The part of a run that one executor plays: it stops when it is ended, and else does what the whole run is told."""

    def __init__(self, run: RunControl, *, is_on_screen: bool) -> None:
        super().__init__()
        self.is_on_screen = is_on_screen
        self._run = run
        self._is_ended = False

    @property
    def state(self) -> RunState:
        """What is wanted now."""
        state = self._run.state
        return RunState.STOPPING if self._is_ended and state is not RunState.CANCELLED else state

    @property
    def is_cancelled(self) -> bool:
        """Whether the run is to return at once."""
        return self._run.is_cancelled

    def set(self, state: RunState) -> None:
        """Ask for ``state`` of the whole run."""
        self._run.set(state)

    def wait_while_paused(self, timeout_s: float) -> None:
        """Return when the run is not paused any more, at the latest after ``timeout_s``."""
        if not self._is_ended:
            self._run.wait_while_paused(timeout_s)

    def end(self) -> None:
        """Let the executor finish what is running and return."""
        self._is_ended = True


class Stage:
    """The window's wish, and what it has shown. Its commands come from one thread, the season plays in another."""

    def __init__(self, run: RunControl, *, is_on_screen: bool) -> None:
        self._run = run
        self._is_on_screen = is_on_screen
        self._leg: Leg | None = None
        self._shown: int | None = None
        self._changed = threading.Condition()

    @property
    def is_over(self) -> bool:
        """Whether the whole run is to stop."""
        return self._run.state in (RunState.STOPPING, RunState.CANCELLED)

    @property
    def is_on_screen(self) -> bool:
        """Whether matches are to be shown."""
        return self._is_on_screen

    def begin_leg(self) -> Leg:
        """Return the next part of the run, in the place that is wanted now; it ends when another place is wanted."""
        with self._changed:
            self._leg = Leg(self._run, is_on_screen=self._is_on_screen)
            return self._leg

    def set_on_screen(self, *, is_on_screen: bool) -> None:
        """Have the season go on in the other place, after what is running."""
        with self._changed:
            self._is_on_screen = is_on_screen
            if self._leg is not None and self._leg.is_on_screen != is_on_screen:
                self._leg.end()
            self._changed.notify_all()

    def set_shown(self, match_id: int) -> None:
        """Take note that the window has shown a match to its end."""
        with self._changed:
            self._shown = match_id
            self._changed.notify_all()

    def wait_until_shown(self, match_id: int, control: RunControl) -> bool:
        """Return whether the window has shown the match; False once ``control`` wants to stop before that."""
        with self._changed:
            while self._shown != match_id:
                if control.state not in (RunState.RUNNING, RunState.PAUSED):
                    return False
                self._changed.wait(_CHECK_S)
            self._shown = None
            return True
