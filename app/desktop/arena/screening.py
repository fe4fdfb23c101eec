"""A match on its way over the screen: its playback steps it, and its scene sees every tick. No Qt here.

It imports the kernels: only what runs once they are ready imports this.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from app.desktop.arena.people import PERSON
from app.desktop.arena.playback import Clock, Phase, Playback
from app.desktop.context import MatchRequest
from app.scene import Cast, Overlays, Scene
from game.games import game as game_named
from game.render import View
from game.replay import Verification
from game.spec import Seat
from game.timeline import LiveMatch, Timeline

_SEEN_SPEED: Final = 64.0  # above it, nobody sees a trail: it is not followed tick by tick


class Stepped:
    """A course of which the scene sees the ticks: every one, or at a great speed only the last of a frame."""

    def __init__(self, course: Timeline | LiveMatch, scene: Scene) -> None:
        self._course = course
        self._scene = scene
        self.is_followed = True

    @property
    def tick(self) -> int:
        """The tick it is at."""
        return self._course.tick

    @property
    def is_over(self) -> bool:
        """Whether it is at its end."""
        return self._course.is_over

    def step(self) -> bool:
        """Play one tick; False at the end."""
        goes_on = self._course.step()
        if self.is_followed:
            self._scene.follow()
        return goes_on


class Wound(Stepped):
    """A course that can be sought in."""

    def __init__(self, timeline: Timeline, scene: Scene) -> None:
        super().__init__(timeline, scene)
        self._timeline = timeline

    @property
    def is_over(self) -> bool:
        """Whether it is at its end; a tape of a match that was broken off ends without the match being over."""
        return self._timeline.is_over or self._timeline.tick == self._timeline.length

    @property
    def scanned(self) -> int:
        """Ticks that are known."""
        return self._timeline.scanned

    @property
    def length(self) -> int | None:
        """Ticks of the whole match; None until it was scanned to its end."""
        return self._timeline.length

    def scan(self, ticks: int) -> bool:
        """Look ``ticks`` further ahead; True at the end."""
        return self._timeline.scan(ticks)

    def seek(self, tick: int) -> None:
        """Go to ``tick``, with the trail that belongs there."""
        self._scene.seek(tick)


class Screening:
    """One match on the screen: the request, its course, its playback, and what a frame of it shows."""

    def __init__(
        self,
        request: MatchRequest,
        course: Timeline | LiveMatch,
        clock: Clock,
        *,
        ended: Callable[[], None] = lambda: None,
        finished: Callable[[], None] = lambda: None,
        looks_ahead: bool = True,
    ) -> None:
        self.request = request
        self.course = course
        sides = (request.left, request.right)
        ratings = ["" if side.rating is None else f"{side.rating:.0f}" for side in sides]
        cast = Cast((request.left.name, request.right.name), (ratings[0], ratings[1]))
        self._scene = Scene(course, cast)
        self._stepped = Wound(course, self._scene) if isinstance(course, Timeline) else Stepped(course, self._scene)
        self.playback = Playback(
            self._stepped, course.game.tick_s, clock, ended=ended, finished=finished, looks_ahead=looks_ahead
        )

    def frame(self) -> int:
        """Play what is due; return the ticks played."""
        self._stepped.is_followed = self.playback.target_speed <= _SEEN_SPEED
        played = self.playback.frame()
        if played and not self._stepped.is_followed:
            self._scene.follow()
        return played

    def view(self, overlays: Overlays, *, has_trail: bool = True) -> View:
        """Return what to draw now."""
        playback = self.playback
        view = self._scene.view(between=playback.between, overlays=overlays, is_paused=playback.phase is Phase.PAUSED)
        if playback.phase is Phase.COUNTING:
            view = replace(view, message=str(max(1, math.ceil(playback.countdown_s))))
        elif PERSON in self.request.tags and self.course.is_over:
            view = replace(view, message="")  # the result card says it
        return view if has_trail else replace(view, trail=())

    def record(self) -> np.void:
        """Return the ``RESULT_DTYPE`` record of a match that is over."""
        record: np.void = self.course.match.result(self.request.match_id or 0)[0]
        return record

    def verification(self) -> Verification | None:
        """Return whether the match is the stored one; None if there is none, or its end is not known yet."""
        course, stored = self.course, self.request.stored
        if stored is None or not isinstance(course, Timeline) or course.length is None:
            return None
        return course.verify(stored)

    def summary(self) -> str:
        """Return the match in a sentence, for those who do not see it."""
        picture = self.course.picture()
        names = (self.request.left.name, self.request.right.name)
        score = f"{picture['left_points']:.0f} to {picture['right_points']:.0f}"
        text = f"{names[0]} (left) against {names[1]} (right): {score}"
        if self.course.is_over:
            outcome = int(self.course.match.result()["outcome"][0])
            end = "a draw" if outcome == 0 else f"{names[Seat.LEFT if outcome > 0 else Seat.RIGHT]} has won"
            return f"{text}; {end}"
        hits = int(picture["rally_hits"])
        state = {Phase.PAUSED: ", paused", Phase.COUNTING: ", about to begin"}.get(self.playback.phase, "")
        return f"{text}; rally of {hits} contacts{state}" if hits else f"{text}; serve{state}"


def open_course(request: MatchRequest) -> Timeline:
    """Return the course of ``request``, to be played back.

    Raises
    ------
    ValueError
        If a side can neither be simulated nor is on a tape.
    TapeError
        If its tape is not of this game.
    """
    policies = (request.left.policy, request.right.policy)
    return Timeline(game_named(request.game), policies, request.seed, request.points, request.tape)
