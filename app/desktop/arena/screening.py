"""A match on its way over the screen: its playback steps it, and its scene sees every tick. No Qt here.

It imports the kernels: only what runs once they are ready imports this.
"""

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np

from app.desktop.arena.bots import BotSeat, MakeDecider, bot_process, seat_of
from app.desktop.arena.people import PERSON
from app.desktop.arena.playback import Clock, Phase, Playback
from app.desktop.context import MatchRequest
from app.scene import Cast, Overlays, Scene
from game.games import game as game_named
from game.match import is_compiled
from game.render import View
from game.replay import Verification
from game.spec import Seat, Termination
from game.timeline import LiveMatch, Timeline

Bots: TypeAlias = Mapping[Seat, BotSeat]

_SEEN_SPEED: Final = 64.0  # above it, nobody sees a trail: it is not followed tick by tick


class Stepped:
    """A course of which the scene sees the ticks: every one, or at a great speed only the last of a frame.

    A tick for which a Python bot has not answered yet is not played yet.
    """

    def __init__(self, course: Timeline | LiveMatch, scene: Scene, bots: Bots) -> None:
        self._course = course
        self._scene = scene
        self._bots = bots
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
        """Play one tick, or none while a bot thinks; False at the end."""
        if not self._are_ready(is_patient=True):
            return True
        goes_on = self._course.step()
        if self.is_followed:
            self._scene.follow()
        if goes_on and not self.is_over:
            self._are_ready(is_patient=False)  # they think while this frame is drawn
        return goes_on

    def _are_ready(self, *, is_patient: bool) -> bool:
        match = self._course.match
        ready = [
            bot.is_ready(functools.partial(match.observation, seat), is_patient=is_patient)
            for seat, bot in self._bots.items()
        ]
        return all(ready)


class Wound(Stepped):
    """A course that can be sought in."""

    def __init__(self, timeline: Timeline, scene: Scene) -> None:
        super().__init__(timeline, scene, {})
        self._timeline = timeline
        self._is_spent = False

    def step(self) -> bool:
        """Play one tick; False at the end."""
        goes_on = super().step()
        self._is_spent = not goes_on
        return goes_on

    @property
    def is_over(self) -> bool:
        """Whether it is at its end.

        A tape of a match that was broken off ends without the match being over; a match that is forfeited before its first
        tick is over only once it was stepped.
        """
        return self._timeline.is_over or self._is_spent or 0 < self._timeline.tick == self._timeline.length

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
        self._is_spent = False
        self._scene.seek(tick)


class Screening:
    """One match on the screen: the request, its course, its playback, and what a frame of it shows."""

    def __init__(  # noqa: PLR0913  # the match, its clock, who is told, how it is shown
        self,
        request: MatchRequest,
        course: Timeline | LiveMatch,
        clock: Clock,
        *,
        ended: Callable[[], None] = lambda: None,
        finished: Callable[[], None] = lambda: None,
        looks_ahead: bool = True,
        bots: Bots | None = None,
    ) -> None:
        self.request = request
        self.course = course
        sides = (request.left, request.right)
        ratings = ["" if side.rating is None else f"{side.rating:.0f}" for side in sides]
        cast = Cast((request.left.name, request.right.name), (ratings[0], ratings[1]))
        self._scene = Scene(course, cast, (request.left.policy, request.right.policy))
        self._bots = bots or {}
        self._stepped = (
            Wound(course, self._scene) if isinstance(course, Timeline) else Stepped(course, self._scene, self._bots)
        )
        self.playback = Playback(
            self._stepped, course.game.tick_s, clock, ended=ended, finished=finished, looks_ahead=looks_ahead
        )

    def close(self, *, is_awaited: bool = False) -> None:
        """End what plays beside the window: the processes of Python bots."""
        for bot in self._bots.values():
            bot.close(is_awaited=is_awaited)

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

    def forfeits(self) -> str:
        """Return who forfeits the match that is over, and why; empty if it was played to its end."""
        names = (self.request.left.name, self.request.right.name)
        terminations = [Termination(int(code)) for code in self.record()["termination"]]
        return "; ".join(
            f"{name} forfeits: it {termination.text}"
            for name, termination in zip(names, terminations, strict=True)
            if termination is not Termination.OK
        )

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


def needs_bots(request: MatchRequest) -> bool:
    """Whether a Python bot has to decide: it plays, and there is no tape of what it did."""
    sides = (request.left.policy, request.right.policy)
    return request.tape is None and any(policy is not None and not is_compiled(policy) for policy in sides)


def open_live(request: MatchRequest, make: MakeDecider = bot_process) -> tuple[LiveMatch, Bots]:
    """Return a match in which Python bots play, and their seats; ``ValueError`` if a side is nobody."""
    policies = (request.left.policy, request.right.policy)
    if policies[0] is None or policies[1] is None:
        raise ValueError("a person plays on one side: begin the match by 'Play yourself'")
    sides = (seat_of(policies[0], make), seat_of(policies[1], make))
    course = LiveMatch(game_named(request.game), sides, request.seed, request.points)
    return course, {seat: side for seat, side in zip(Seat, sides, strict=True) if isinstance(side, BotSeat)}
