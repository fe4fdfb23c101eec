"""What one frame of a match shows beyond its state: trail, flashes, ripples, messages, followed tick by tick."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.action_values import ActionValues, action_values
from game.render import Ripple, Sight, Valuation, View
from game.spec import CourtShape, Seat
from game.timeline import Course, Policies, Timeline

MEMORY_TICKS: Final = 60
"""Nothing that is shown is older than this."""

_TRAIL_TICKS: Final = 26
_NEVER: Final = -1e9
_FLASH_TICKS: Final = 16
_RIPPLE_TICKS: Final = 26
_POINT_TICKS: Final = 46
_NAME_LETTERS: Final = 24  # of a message
_TURN_A_TICK: Final = 0.09  # radians that the drawn ball turns a tick per unit of spin


@dataclass(frozen=True)
class Cast:
    """Who plays, as it is written on the court."""

    names: tuple[str, str]
    ratings: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Overlays:
    """What is drawn over the court: the ball's path ahead, what both players see, what their networks answer, what they do."""

    path: bool = False
    sight: bool = False
    values: bool = False
    actions: bool = False


class Effects:
    """What the last ticks leave on the screen. It is fed every tick's picture; a gap makes it forget."""

    def __init__(self, shape: CourtShape) -> None:
        self._shape = shape
        self._last: Mapping[str, float] = {}
        self._trail: deque[tuple[float, float, float]] = deque(maxlen=_TRAIL_TICKS + 1)
        self._touches: list[tuple[float, Ripple]] = []  # with the tick of each
        self._flashed = [_NEVER, _NEVER]
        self._scored: tuple[float, Seat] | None = None
        self.turn = 0.0
        """The ball's angle, radians."""

    def reset(self) -> None:
        """Forget everything."""
        self._last = {}
        self._trail.clear()
        self._touches = []
        self._flashed = [_NEVER, _NEVER]
        self._scored = None
        self.turn = 0.0

    def feed(self, picture: Mapping[str, float]) -> None:
        """Take in the picture of the next tick."""
        last = self._last
        if not last or picture["tick"] != last["tick"] + 1:
            self.reset()
        else:
            self._see_points(last, picture)
            self._see_touches(last, picture)
            self.turn += _TURN_A_TICK * picture["spin"]
        if picture["serve_in"] > 0:
            self._trail.clear()
        self._trail.append((picture["ball_x"], picture["ball_y"], picture["spin"]))
        self._last = picture

    @property
    def trail(self) -> tuple[tuple[float, float, float], ...]:
        """Where the ball was, (x, y, spin), up to a tick ago."""
        return tuple(self._trail)[:-1]

    @property
    def flashes(self) -> tuple[float, float]:
        """How bright both paddles are since their last contact, 1 to 0."""
        now = self._last.get("tick", 0.0)
        left, right = (max(0.0, 1.0 - (now - tick) / _FLASH_TICKS) for tick in self._flashed)
        return left, right

    @property
    def ripples(self) -> tuple[Ripple, ...]:
        """What was touched lately."""
        now = self._last.get("tick", 0.0)
        return tuple(
            Ripple(touch.x, touch.y, (now - tick) / _RIPPLE_TICKS, touch.seat)
            for tick, touch in self._touches
            if now - tick < _RIPPLE_TICKS
        )

    @property
    def scorer(self) -> Seat | None:
        """Who has just won a point."""
        if self._scored is None or self._last["tick"] - self._scored[0] >= _POINT_TICKS:
            return None
        return self._scored[1]

    def _see_points(self, last: Mapping[str, float], now: Mapping[str, float]) -> None:
        for seat in Seat:
            column = f"{seat.name.lower()}_points"
            if now[column] > last[column]:
                self._scored = now["tick"], seat

    def _see_touches(self, last: Mapping[str, float], now: Mapping[str, float]) -> None:
        """Notice a contact, or the ball's turning at a wall."""
        self._touches = [touch for touch in self._touches if now["tick"] - touch[0] < _RIPPLE_TICKS]
        if now["rally_hits"] > last["rally_hits"]:
            seat = Seat.RIGHT if now["ball_x"] > 0 else Seat.LEFT
            x = self._shape.paddle_line if seat else -self._shape.paddle_line
            self._flashed[seat] = now["tick"]
            self._touches.append((now["tick"], Ripple(x, now["ball_y"], 0.0, seat)))
        elif last["ball_vy"] * now["ball_vy"] < 0 and abs(now["ball_y"]) > 0.85 * self._shape.half_height:
            y = self._shape.half_height if now["ball_y"] > 0 else -self._shape.half_height
            self._touches.append((now["tick"], Ripple(now["ball_x"], y, 0.0)))


class Scene:
    """A match on a screen: the course it takes and what the last ticks have left to see.

    ``policies`` are those of both seats whose networks may be looked into.
    """

    def __init__(self, course: Course, cast: Cast, policies: Policies = (None, None)) -> None:
        self.course = course
        self.cast = cast
        self._policies = policies
        self._networks: list[ActionValues | None] | None = None
        self._effects = Effects(course.game.shape)
        self._effects.feed(course.picture())

    def follow(self) -> None:
        """Take in the tick that the course has just been stepped to."""
        self._effects.feed(self.course.picture())

    def seek(self, tick: int) -> None:
        """Wind a timeline to ``tick``, with the trail and flashes that belong there."""
        course = self.course
        if not isinstance(course, Timeline):
            raise TypeError("a match that is being played cannot be wound: wait for its end")
        course.seek(tick)
        target = course.tick
        course.seek(target - MEMORY_TICKS)
        self._effects.reset()
        self.follow()
        while course.tick < target and course.step():
            self.follow()

    def view(self, *, between: float = 1.0, overlays: Overlays | None = None, is_paused: bool = False) -> View:
        """Return what to draw now; ``between`` 0 to 1 goes from the tick before to this one."""
        course, effects = self.course, self._effects
        chosen = overlays or Overlays()
        labels = course.game.observations
        return View(
            picture=course.picture(),
            names=self.cast.names,
            points_to_win=course.match.points,
            between=between,
            ratings=self.cast.ratings,
            trail=effects.trail,
            turn=effects.turn,
            flashes=effects.flashes,
            ripples=effects.ripples,
            path=course.path(120) if chosen.path else (),
            sight=(Sight(labels, self._seen(Seat.LEFT)), Sight(labels, self._seen(Seat.RIGHT)))
            if chosen.sight
            else None,
            values=(self._valued(Seat.LEFT), self._valued(Seat.RIGHT)) if chosen.values else (None, None),
            actions=course.actions if chosen.actions else None,
            action_names=course.game.actions,
            message=self._message(),
            is_paused=is_paused,
        )

    def _seen(self, seat: Seat) -> list[float]:
        seen: list[float] = self.course.match.observation(seat).tolist()
        return seen

    def _valued(self, seat: Seat) -> Valuation | None:
        """Return what a seat's network answers on what it sees now."""
        if self._networks is None:  # packed when they are first asked for
            self._networks = [action_values(self.course.game, self._policies[side], side) for side in Seat]
        network, player = self._networks[seat], self.course.players[seat]
        if network is None or player is None:
            return None
        return network.valuation(self.course.match.observation(seat), player)

    def _message(self) -> str:
        if self.course.is_over:
            outcome = int(self.course.match.result()["outcome"][0])
            return "Draw" if outcome == 0 else f"{self._short_name(Seat.LEFT if outcome > 0 else Seat.RIGHT)} wins"
        scorer = self._effects.scorer
        return "" if scorer is None else f"Point for {self._short_name(scorer)}"

    def _short_name(self, seat: Seat) -> str:
        name = self.cast.names[seat]
        return name if len(name) <= _NAME_LETTERS else name[: _NAME_LETTERS - 1].rstrip() + "…"
