"""Seconds of a clock become ticks of a match: play, pause, step, seek, speeds, and what is shown between two ticks.

No Qt here. A frame plays the ticks that are due within a budget of time, so that no speed can hold up the window.
"""

import math
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol, TypeAlias, runtime_checkable

Clock: TypeAlias = Callable[[], float]

MAX: Final = math.inf
SPEEDS: Final = (1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, MAX)
TURBO: Final = 8.0
"""What the speed is multiplied by while the turbo key is held."""

FRAME_BUDGET_S: Final = 0.008
SCAN_BUDGET_S: Final = 0.002
HOLD_S: Final = 2.5
"""How long the result of a match stays before the next one may come; at a great speed less, down to a quarter."""

_SHORTEST_HOLD: Final = 4.0
_SCAN_TICKS: Final = 256
_LONGEST_GAP_S: Final = 0.25  # after a stall the match goes on; it does not leap
_SPEED_WINDOW_S: Final = 1.0


class Course(Protocol):
    """A match that can be played on, tick by tick."""

    @property
    def tick(self) -> int:
        """The tick it is at."""
        ...

    @property
    def is_over(self) -> bool:
        """Whether it is at its end."""
        ...

    def step(self) -> bool:
        """Play one tick; False at the end."""
        ...


@runtime_checkable
class Seekable(Course, Protocol):
    """A match of which every tick can be had."""

    @property
    def scanned(self) -> int:
        """Ticks that are known."""
        ...

    @property
    def length(self) -> int | None:
        """Ticks of the whole match; None until it was scanned to its end."""
        ...

    def scan(self, ticks: int) -> bool:
        """Look ``ticks`` further ahead; True at the end."""
        ...

    def seek(self, tick: int) -> None:
        """Go to ``tick``."""
        ...


class Phase(Enum):
    """What a playback does now."""

    COUNTING = "counting"
    """A countdown runs before play goes on."""
    PLAYING = "playing"
    PAUSED = "paused"
    HOLDING = "holding"
    """The match is over and its result stays for a moment."""
    FINISHED = "finished"


class Playback:
    """Plays ``course``, whose ticks last ``tick_s``, by ``clock``.

    ``ended`` is called once, when the end is first on the screen; ``finished`` when its result was shown for a while.
    ``looks_ahead`` finds out the match's length in slices of the frames.
    """

    def __init__(
        self,
        course: Course,
        tick_s: float,
        clock: Clock,
        *,
        ended: Callable[[], None] = lambda: None,
        finished: Callable[[], None] = lambda: None,
        looks_ahead: bool = True,
    ) -> None:
        self.course = course
        self.timeline: Seekable | None = course if isinstance(course, Seekable) else None
        self.tick_s = tick_s
        self.is_turbo = False
        self.count_in_s = 0.0
        """Seconds that are counted down before a pause ends: people need them."""
        self._clock = clock
        self._looks_ahead = looks_ahead
        self._ended, self._finished = ended, finished
        self._has_ended = False
        self._speed = 1.0
        self._phase = Phase.PLAYING
        self._until = 0.0  # end of the countdown, or of the hold
        self._due = 0.0  # ticks, of which the fraction is what is drawn between two ticks
        self._last = clock()
        self._played: deque[tuple[float, int]] = deque()  # since when, and how many ticks

    @property
    def phase(self) -> Phase:
        """What it does now."""
        return self._phase

    @property
    def is_playing(self) -> bool:
        """Whether the button shows "pause": it plays or will in a moment."""
        return self._phase in (Phase.PLAYING, Phase.COUNTING, Phase.HOLDING)

    @property
    def is_moving(self) -> bool:
        """Whether frames are needed: for play, a countdown, a hold, or for what is not scanned yet."""
        return self.is_playing or self.is_scanning

    @property
    def is_scanning(self) -> bool:
        """Whether the match's length is still unknown and can be found out."""
        return self._looks_ahead and self.timeline is not None and self.timeline.length is None

    @property
    def between(self) -> float:
        """Where the frame lies from the last tick (0) to this one (1)."""
        return self._due if self._phase is Phase.PLAYING else 1.0

    @property
    def countdown_s(self) -> float:
        """Seconds until play begins; 0 if none are counted."""
        return max(0.0, self._until - self._clock()) if self._phase is Phase.COUNTING else 0.0

    @property
    def speed(self) -> float:
        """Target speed, one of ``SPEEDS``."""
        return self._speed

    @property
    def target_speed(self) -> float:
        """Target speed, turbo included."""
        return self._speed * TURBO if self.is_turbo else self._speed

    def true_speed(self) -> float:
        """Return the speed of the last second, as played."""
        now = self._clock()
        self._forget(now)
        if not self._played or self._phase is not Phase.PLAYING:
            return 0.0
        ticks = sum(count for _, count in self._played)
        return ticks * self.tick_s / max(now - self._played[0][0], self.tick_s)

    def set_speed(self, speed: float) -> None:
        """Set the target, to the nearest of ``SPEEDS``."""
        self._speed = MAX if math.isinf(speed) else min(SPEEDS[:-1], key=lambda each: abs(math.log2(each / speed)))
        self._played.clear()

    def play(self) -> None:
        """Go on; from the end, begin again."""
        if self._phase is Phase.FINISHED and self.timeline is not None:
            self.timeline.seek(0)
        if self._phase not in (Phase.PAUSED, Phase.FINISHED):
            return
        if self.count_in_s and not self.course.is_over:
            self.count_in(self.count_in_s)
        else:
            self._go_on()

    def pause(self) -> None:
        """Stand still."""
        if self.is_playing:
            self._phase = Phase.PAUSED
            self._settle()

    def toggle(self) -> None:
        """Play, or pause."""
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def count_in(self, seconds: float) -> None:
        """Begin, or go on, after a countdown of ``seconds``."""
        self._phase = Phase.COUNTING
        self._until = self._clock() + seconds

    def step_forward(self) -> None:
        """Pause, and play one tick."""
        self.pause()
        self.course.step()
        self._notice_end()

    def step_back(self) -> None:
        """Pause, and go back one tick, where the match can be sought in."""
        self.pause()
        self.seek(self.course.tick - 1)

    def seek(self, tick: int) -> None:
        """Go to ``tick``, or to the nearest there is; a match with a person stays where it is."""
        if self.timeline is None:
            return
        self.timeline.seek(max(tick, 0))
        self._settle()
        if self._phase in (Phase.HOLDING, Phase.FINISHED) and not self.course.is_over:
            self._phase = Phase.PLAYING if self._phase is Phase.HOLDING else Phase.PAUSED
        self._notice_end()

    def seek_by(self, seconds: float) -> None:
        """Go ``seconds`` of the match forward, or back."""
        self.seek(self.course.tick + round(seconds / self.tick_s))

    def to_start(self) -> None:
        """Go to the first tick."""
        self.seek(0)

    def to_end(self) -> None:
        """Go to the end, which may have to be found first."""
        if self.timeline is None:
            return
        while self.timeline.length is None:
            self.timeline.scan(_SCAN_TICKS)
        self.seek(self.timeline.length)

    def frame(self) -> int:
        """Do what is due now: ticks, countdown, hold, a slice of looking ahead; return the ticks played."""
        now = self._clock()
        before, self._last = self._last, now
        played = 0
        if self._phase is Phase.COUNTING and now >= self._until:
            self._go_on()
        elif self._phase is Phase.PLAYING:
            played = self._play_due(before, now)
        elif self._phase is Phase.HOLDING and now >= self._until:
            self._phase = Phase.FINISHED
            self._finished()
        self._look_ahead()
        return played

    def _go_on(self) -> None:
        self._phase = Phase.PLAYING
        self._settle()
        if self.course.is_over:
            self._hold()

    def _settle(self) -> None:
        """Begin to count ticks and seconds anew."""
        self._due = 0.0
        self._last = self._clock()
        self._played.clear()

    def _play_due(self, before: float, now: float) -> int:
        if now > before:
            self._due += min(now - before, _LONGEST_GAP_S) * self.target_speed / self.tick_s
        played = 0
        while self._due >= 1.0 and not self.course.is_over:
            tick = self.course.tick
            self.course.step()
            if self.course.tick == tick:
                break  # it waits for somebody's decision, or ended by a forfeit, which is no tick
            self._due -= 1.0
            played += 1
            if self._clock() - now > FRAME_BUDGET_S:
                break
        if self._due >= 1.0:  # too much for one frame: what is left is not made up for
            self._due = 1.0 if math.isinf(self._due) else self._due % 1.0
        self._played.append((before, played))
        self._forget(now)
        if self.course.is_over:
            self._hold()
            self._notice_end()
        return played

    def _hold(self) -> None:
        self._phase = Phase.HOLDING
        self._until = self._clock() + HOLD_S / min(max(math.sqrt(self._speed), 1.0), _SHORTEST_HOLD)
        self._due = 1.0

    def _notice_end(self) -> None:
        if self.course.is_over and not self._has_ended:
            self._has_ended = True
            self._ended()

    def _forget(self, now: float) -> None:
        while self._played and self._played[0][0] < now - _SPEED_WINDOW_S:
            self._played.popleft()

    def _look_ahead(self) -> None:
        timeline = self.timeline
        if timeline is None or not self.is_scanning:
            return
        begin = self._clock()
        while not timeline.scan(_SCAN_TICKS):
            if self._clock() - begin >= SCAN_BUDGET_S:
                break


def speed_text(speed: float) -> str:
    """Return a speed as people write it: 1/8x, 2x, Max."""
    if math.isinf(speed):
        return "Max"
    return f"1/{round(1 / speed)}\N{MULTIPLICATION SIGN}" if speed < 1 else f"{speed:g}\N{MULTIPLICATION SIGN}"
