"""The picture of a match: a ``View`` drawn onto a pygame surface, antialiased, at any size. No window is opened.

Everything that does not move is drawn once and kept: the court with its texts as one layer, moving things as sprites whose
edges are computed from distances, so that they are smooth at every size. A frame copies the layer and places sprites.
"""

import functools
import itertools
import math
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from game.spec import CourtShape, Seat

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
import pygame  # reads the two settings above

Colour: TypeAlias = tuple[int, int, int]
Field: TypeAlias = NDArray[np.float64]
Place: TypeAlias = tuple[float, float]
T = TypeVar("T")

_MASKS: Final = (0xFF0000, 0xFF00, 0xFF, 0)  # QImage.Format_RGB32
_SPRITES_KEPT: Final = 3000
_PHASES: Final = 4  # sub-pixel positions of a sprite, each way
_ANGLES: Final = 32
_SPIN_LEVELS: Final = 6  # shades of the trail, each way
_TRAIL_LEVELS: Final = 24
_GLOW_LEVELS: Final = 8
_RING_STEPS: Final = 40
_TEXT_DETAIL: Final = 4  # letters are drawn this much larger: their spacing is then not bound to whole pixels
SERVE_TICKS: Final = 40.0
_LARGE_PX: Final = 1_500_000
_MOST_JUMP: Final = 0.2  # of the court's half width in one tick: farther, the ball was put there and did not fly


@dataclass(frozen=True)
class Ripple:
    """Where something was touched: court coordinates, ``age`` 0 to 1, and whose paddle it was; None for a wall."""

    x: float
    y: float
    age: float
    seat: Seat | None = None


@dataclass(frozen=True)
class Sight:
    """What one player sees: a value of about [-1, 1] for each label."""

    labels: tuple[str, ...]
    values: Sequence[float]


@dataclass(frozen=True)
class View:
    """Everything that one frame shows.

    ``picture`` is a game's named quantities; ``between`` 0 to 1 goes from its ``old_*`` positions to the present ones.
    ``trail`` are the ball's (x, y, spin) of the ticks before, oldest first; ``turn`` the ball's angle in radians;
    ``flashes`` 1 to 0 after a seat's contact. ``path``, ``sight`` and ``actions`` are overlays, drawn where they are given.
    """

    picture: Mapping[str, float]
    names: tuple[str, str]
    points_to_win: int
    between: float = 1.0
    ratings: tuple[str, str] = ("", "")
    trail: Sequence[tuple[float, float, float]] = ()
    turn: float = 0.0
    flashes: tuple[float, float] = (0.0, 0.0)
    ripples: Sequence[Ripple] = ()
    path: Sequence[Place] = ()
    sight: tuple[Sight, Sight] | None = None
    actions: tuple[int, int] | None = None
    action_names: tuple[str, ...] = ("up", "stay", "down")
    message: str = ""
    is_paused: bool = False


@dataclass(frozen=True)
class Style:
    """The colours of one theme. The seats differ in shape as well: left is round, right is square and striped."""

    name: str
    outside: Colour
    court: Colour
    court_edge: Colour
    line: Colour
    text: Colour
    quiet: Colour
    ball: Colour
    seam: Colour
    panel: Colour
    seats: tuple[Colour, Colour]
    spins: tuple[Colour, Colour]
    """Of a trail with spin: clockwise, counter-clockwise."""
    glow: float
    """Strength of glows and vignettes, 0 to 1."""
    line_width: float = 1.0


STYLES: Final[Mapping[str, Style]] = {
    style.name: style
    for style in (
        # Seats and spins are of the palette of M. Okabe and K. Ito, "Color Universal Design", 2008.
        Style(
            "dark", (13, 16, 22), (27, 34, 46), (19, 24, 33), (74, 88, 109), (230, 235, 242), (143, 156, 175),
            (250, 251, 253), (120, 132, 152), (12, 15, 21), ((86, 180, 233), (230, 159, 0)),
            ((204, 121, 167), (0, 190, 140)), 1.0,
        ),
        Style(
            "light", (226, 231, 238), (252, 253, 254), (240, 243, 247), (176, 187, 201), (26, 34, 48), (88, 100, 118),
            (38, 47, 63), (168, 178, 194), (255, 255, 255), ((0, 114, 178), (201, 104, 0)),
            ((176, 70, 130), (0, 140, 100)), 0.55,
        ),
        Style(
            "contrast", (0, 0, 0), (0, 0, 0), (0, 0, 0), (255, 255, 255), (255, 255, 255), (255, 255, 255),
            (255, 255, 255), (110, 110, 110), (34, 34, 34), ((86, 180, 233), (255, 176, 0)),
            ((255, 130, 200), (0, 230, 170)), 0.0, 2.0,
        ),
    )
}  # fmt: skip


class Renderer:
    """Draws views of one game's court in one style. ``resize`` first, then ``draw``; ``surface`` holds the frame.

    ``scale`` is the display's pixels a logical pixel. ``small`` leaves out what cannot be read on a tile: ratings, points
    to win, rally counter, overlays.
    """

    def __init__(self, shape: CourtShape, style: Style, *, small: bool = False) -> None:
        pygame.font.init()
        self.style = style
        self.small = small
        self._shape = shape
        self._sprites: OrderedDict[Hashable, pygame.Surface] = OrderedDict()
        self._fonts: dict[int, pygame.font.Font] = {}
        self._layer_key: Hashable = None
        self.resize(960, 540, 1.0)

    def resize(self, width_px: int, height_px: int, scale: float) -> None:
        """Draw ``width_px`` x ``height_px`` device pixels from now on; makes a new ``surface``."""
        size = max(1, width_px), max(1, height_px)
        self.surface = pygame.Surface(size, 0, 32, _MASKS)
        self._scale = scale
        pad = max(3 * scale, 0.022 * min(size))
        shape = self._shape
        fit = (size[0] - 2 * pad) / (2 * shape.half_width), (size[1] - 2 * pad) / (2 * shape.half_height)
        self._unit = max(min(fit), 1.0)
        self._centre = size[0] / 2, size[1] / 2
        self._court = pygame.Rect(
            0, 0, round(2 * shape.half_width * self._unit), round(2 * shape.half_height * self._unit)
        )
        self._court.center = (size[0] // 2, size[1] // 2)
        self._ball_px = max(shape.ball_radius * self._unit, 2.2 * scale)
        self._paddle_px = max(0.026 * self._unit, 3.5 * scale), 2 * shape.paddle_half * self._unit
        self._sprites.clear()
        self._fonts.clear()
        self._background = self._draw_background()
        self._layer = self._background.copy()
        self._layer_key = None

    def rgb(self) -> bytes:
        """Return the frame as RGB, three bytes a pixel, row by row."""
        return pygame.image.tobytes(self.surface, "RGB")

    def draw(self, view: View) -> None:
        """Draw ``view`` onto ``surface``."""
        self._draw_layer(view)
        self.surface.blit(self._layer, (0, 0))
        if not self.small:
            self._draw_path(view.path)
        ball = self._ball_place(view)
        self._draw_trail(view, ball)
        for ripple in view.ripples:
            self._draw_ripple(ripple)
        for seat in Seat:
            self._draw_paddle(view, seat)
        self._draw_ball(view, ball)
        if not self.small:
            self._draw_overlays(view)
        self._draw_messages(view)

    # Places and sprites

    def court_place(self, x_px: float, y_px: float) -> Place:
        """Return where in the court a pixel lies, a pointer's say; beyond the walls it is outside."""
        return (x_px - self._centre[0]) / self._unit, (self._centre[1] - y_px) / self._unit

    def _x(self, x: float) -> float:
        return self._centre[0] + x * self._unit

    def _y(self, y: float) -> float:
        return self._centre[1] - y * self._unit

    def _sprite(self, key: Hashable, make: Callable[[], pygame.Surface]) -> pygame.Surface:
        """Return the sprite kept as ``key``, made by ``make`` when it is not there."""
        sprite = self._sprites.get(key)
        if sprite is None:
            sprite = self._sprites[key] = make()
            if len(self._sprites) > _SPRITES_KEPT:
                self._sprites.popitem(last=False)
        return sprite

    def _put(self, sprite: pygame.Surface, x: float, y: float) -> None:
        """Place the middle of ``sprite`` at pixel (x, y)."""
        self.surface.blit(sprite, (round(x - sprite.get_width() / 2), round(y - sprite.get_height() / 2)))

    def _font_px(self, share: float, least: float) -> int:
        """Return a text height that is ``share`` of the court's, at least ``least`` logical pixels."""
        return max(1, round(max(share * self._court.height, least * self._scale)))

    def _text(self, text: str, height: int, colour: Colour, width: float = 1e6) -> pygame.Surface:
        """Return ``text`` in a line of ``height`` pixels, shortened to ``width`` where it is longer."""

        def make() -> pygame.Surface:
            font = self._font(height * _TEXT_DETAIL)
            large = font.render(_shortened(_printable(text), font, width * _TEXT_DETAIL), True, colour)  # noqa: FBT003
            size = round(large.get_width() / _TEXT_DETAIL), round(large.get_height() / _TEXT_DETAIL)
            return pygame.transform.smoothscale(large, size)

        return self._sprite(("text", text, height, colour, round(width)), make)

    def _font(self, height: int) -> pygame.font.Font:
        font = self._fonts.get(height)
        if font is None:
            font = self._fonts[height] = pygame.font.Font(None, max(2, height))
        return font

    def _box(self, width: float, height: float, radius: float, colour: Colour, alpha: float) -> pygame.Surface:
        """Return a rounded, filled box."""
        size = max(1, round(width)), max(1, round(height))
        return self._sprite(
            ("box", size, radius, colour, alpha),
            lambda: _painted(_covered(_box_distance(size, (size[0] / 2, size[1] / 2), size, radius)) * alpha, colour),
        )

    # The layer that stands still

    def _draw_background(self) -> pygame.Surface:
        """Return the empty court: a calm gradient, a rounded border, a dashed net."""
        style, court = self.style, self._court
        picture = pygame.Surface(self.surface.get_size(), 0, 32, _MASKS)
        picture.fill(style.outside)
        radius = 0.03 * court.height
        shaped = pygame.transform.smoothscale(_gradient(style, court.size), court.size)
        size = court.size
        distance = _box_distance(size, (size[0] / 2, size[1] / 2), size, radius)
        pygame.surfarray.pixels_alpha(shaped)[:] = (255 * _covered(distance)).astype(np.uint8).T
        picture.blit(shaped, court)
        line = max(1.0, 0.0045 * court.height * style.line_width)
        border = _covered(np.abs(distance + line / 2) - line / 2)
        picture.blit(_painted(border, style.line), court)
        self._draw_net(picture, line)
        return picture

    def _draw_net(self, picture: pygame.Surface, line: float) -> None:
        count = 15
        pitch = self._court.height / count
        size = max(2, round(2 * line)), max(2, round(pitch * 0.5))
        dash = _painted(
            0.75 * _covered(_box_distance(size, (size[0] / 2, size[1] / 2), size, size[0] / 2)), self.style.line
        )
        for number in range(count):
            top = self._court.top + (number + 0.5) * pitch - size[1] / 2
            picture.blit(dash, (round(self._court.centerx - size[0] / 2), round(top)))

    def _draw_layer(self, view: View) -> None:
        """Bring the layer up to date: the court, names, ratings, score; seldom anything to do."""
        points = int(view.picture["left_points"]), int(view.picture["right_points"])
        key = (view.names, view.ratings, points, view.points_to_win)
        if key == self._layer_key:
            return
        self._layer_key = key
        self._layer.blit(self._background, (0, 0))
        for seat in Seat:
            if self.small:
                self._write_small_head(seat, view.names[seat], points[seat])
            else:
                self._write_head(seat, view, points[seat])

    def _write_small_head(self, seat: Seat, name: str, points: int) -> None:
        court, style = self._court, self.style
        score = self._text(str(points), self._font_px(0.24, 16), style.seats[seat])
        gap = 0.03 * court.width
        inner = court.centerx + (gap if seat else -gap - score.get_width())
        top = court.top + 0.05 * court.height
        self._layer.blit(score, (round(inner), round(top)))
        edge = 0.045 * court.width
        room = court.width / 2 - edge - 2 * gap - score.get_width()
        text = self._text(name, self._font_px(0.105, 11), style.text, room)
        outer = court.right - edge - text.get_width() if seat else court.left + edge
        self._layer.blit(text, (round(outer), round(top + 0.02 * court.height)))

    def _write_head(self, seat: Seat, view: View, points: int) -> None:
        """Write one side's score, name, rating and points to win beside the net."""
        court, style = self._court, self.style
        gap = 0.028 * court.width
        room = 0.40 * court.width
        top = court.top + 0.045 * court.height
        name = self._text(view.names[seat], self._font_px(0.055, 13), style.text, room)
        rating = self._text(view.ratings[seat], self._font_px(0.042, 11), style.quiet, room)
        score = self._text(str(points), self._font_px(0.2, 24), style.seats[seat])
        heights = 0.9, 1.08, 1.08 if any(view.ratings) else 0.0
        for text, height in zip((score, name, rating), heights, strict=True):
            left = court.centerx + (gap if seat else -gap - text.get_width())
            self._layer.blit(text, (round(left), round(top)))
            top += text.get_height() * height
        self._draw_pips(seat, points, view.points_to_win, top + 0.012 * court.height)

    def _draw_pips(self, seat: Seat, points: int, points_to_win: int, top: float) -> None:
        """Draw a pip for each point to win, filled for those that are won: round on the left, square on the right."""
        court = self._court
        size = max(3, round(min(0.02 * court.height, 0.36 * court.width / max(points_to_win, 1) / 1.7)))
        for number in range(points_to_win):
            is_won = number < points
            colour = self.style.seats[seat] if is_won else self.style.quiet
            pip = self._box(size, size, size / 2 if seat is Seat.LEFT else size / 8, colour, 1.0 if is_won else 0.28)
            step = 0.03 * court.width + number * 1.7 * size
            left = court.centerx + (step if seat else -step - size)
            self._layer.blit(pip, (round(left), round(top)))

    # What moves

    def _ball_place(self, view: View) -> Place:
        """Return the ball's place in court coordinates; a ball that was put somewhere is there at once."""
        picture = view.picture
        old, now = (picture["old_ball_x"], picture["old_ball_y"]), (picture["ball_x"], picture["ball_y"])
        if math.dist(old, now) > _MOST_JUMP * self._shape.half_width:
            return now
        part = min(max(view.between, 0.0), 1.0)
        return old[0] + (now[0] - old[0]) * part, old[1] + (now[1] - old[1]) * part

    def _draw_trail(self, view: View, ball: Place) -> None:
        """Draw the comet: soft dots so close that they flow together, thinner and paler towards the end."""
        points = [*view.trail, (*ball, view.picture["spin"])]
        if len(points) < 2:
            return
        dots: list[tuple[pygame.Surface, Place]] = []
        pitch = max(self._ball_px * 0.55, 1.0)
        for number in range(1, len(points)):
            (x0, y0, spin), (x1, y1, _) = points[number - 1], points[number]
            steps = max(1, math.ceil(math.dist((x0, y0), (x1, y1)) * self._unit / pitch))
            for step in range(steps):
                part = step / steps
                life = (number - 1 + part) / (len(points) - 1)
                dot = self._trail_dot(life, spin)
                half = dot.get_width() / 2
                x, y = self._x(x0 + (x1 - x0) * part), self._y(y0 + (y1 - y0) * part)
                dots.append((dot, (x - half, y - half)))
        self.surface.fblits(dots)

    def _trail_dot(self, life: float, spin: float) -> pygame.Surface:
        level = int(life * (_TRAIL_LEVELS - 1))
        shade = round(_SPIN_LEVELS * min(max(spin / self._shape.spin_limit, -1.0), 1.0))

        def make() -> pygame.Surface:
            share = (level + 1) / _TRAIL_LEVELS
            radius = self._ball_px * (0.25 + 0.7 * share)
            towards = self.style.spins[1 if shade > 0 else 0]
            colour = _mixed(self.style.ball, towards, min(1.0, 1.5 * abs(shade) / _SPIN_LEVELS))
            return _halo(1.7 * radius, colour, 0.42 * share**1.4)

        return self._sprite(("trail", level, shade), make)

    def _draw_ripple(self, ripple: Ripple) -> None:
        level = min(int(ripple.age * _GLOW_LEVELS * 2), _GLOW_LEVELS * 2 - 1)
        share = (level + 0.5) / (_GLOW_LEVELS * 2)
        if ripple.seat is None:
            sprite = self._sprite(("spark", level), lambda: self._spark(share))
        else:
            colour = self.style.seats[ripple.seat]
            radius = self._ball_px * (1.4 + 5.0 * math.sqrt(share))
            width = max(self._ball_px * 0.45 * (1 - share), 0.8)
            sprite = self._sprite(
                ("ripple", ripple.seat, level), lambda: _ring(radius, width, colour, 0.75 * (1 - share) ** 1.3)
            )
        self._put(sprite, self._x(ripple.x), self._y(ripple.y))

    def _spark(self, share: float) -> pygame.Surface:
        """Return the light along a wall where the ball has met it."""
        long, thin = self._ball_px * (2.0 + 5.0 * share), self._ball_px * 0.55
        size = round(4 * long) + 1, round(6 * thin) + 1
        x, y = _grid(size)
        alpha = 0.8 * (1 - share) * np.exp(-(((x - size[0] / 2) / long) ** 2) - ((y - size[1] / 2) / thin) ** 2)
        return _painted(alpha, self.style.ball)

    def _draw_paddle(self, view: View, seat: Seat) -> None:
        side = seat.name.lower()
        old, now = view.picture[f"old_{side}_y"], view.picture[f"{side}_y"]
        y = self._y(old + (now - old) * min(max(view.between, 0.0), 1.0))
        outwards = 1.0 if seat is Seat.RIGHT else -1.0
        x = self._x(outwards * self._shape.paddle_line) + outwards * self._paddle_px[0] / 2
        level = round(_GLOW_LEVELS * min(max(view.flashes[seat], 0.0), 1.0))
        if level and self.style.glow:
            self._put(self._sprite(("glow", seat, level), lambda: self._paddle_glow(seat, level / _GLOW_LEVELS)), x, y)
        top = math.floor(y * _PHASES) / _PHASES
        phase = round((top - math.floor(top)) * _PHASES)
        sprite = self._sprite(("paddle", seat, phase, level), lambda: self._paddle(seat, phase, level / _GLOW_LEVELS))
        self.surface.blit(sprite, (round(x - sprite.get_width() / 2), math.floor(top) - sprite.get_height() // 2))

    def _paddle(self, seat: Seat, phase: int, flash: float) -> pygame.Surface:
        """Return a paddle that lies ``phase`` quarters of a pixel below the middle: round, or square with stripes."""
        width, height = self._paddle_px
        size = math.ceil(width) + 2, 2 * math.ceil(height / 2) + 4
        middle = size[0] / 2, size[1] / 2 + phase / _PHASES
        radius = width / 2 if seat is Seat.LEFT else width / 8
        alpha = _covered(_box_distance(size, middle, (width, height), radius))
        colour = np.empty((size[1], size[0], 3))
        colour[:] = _mixed(self.style.seats[seat], self.style.text, 0.3 * flash)
        if seat is Seat.RIGHT:
            _, y = _grid(size)
            stripe = _covered(np.abs(np.abs(y - middle[1]) - height / 6) - max(height / 40, 1.0))
            colour += (np.array(self.style.court) - colour) * 0.8 * stripe[..., None]
        return _painted(alpha, colour)

    def _paddle_glow(self, seat: Seat, strength: float) -> pygame.Surface:
        reach = self._paddle_px[0] * 1.4
        size = round(self._paddle_px[0] + 6 * reach), round(self._paddle_px[1] + 6 * reach)
        distance = _box_distance(size, (size[0] / 2, size[1] / 2), self._paddle_px, self._paddle_px[0] / 2)
        alpha = 0.6 * self.style.glow * strength * np.exp(-((np.maximum(distance, 0) / reach) ** 2))
        return _painted(alpha, self.style.seats[seat])

    def _draw_ball(self, view: View, ball: Place) -> None:
        x, y = self._x(ball[0]), self._y(ball[1])
        if self.style.glow:
            halo = self._sprite("halo", lambda: _halo(3.2 * self._ball_px, self.style.ball, 0.22 * self.style.glow))
            self._put(halo, x, y)
        angle = round(view.turn / (2 * math.pi) * _ANGLES) % _ANGLES
        places = [math.floor(each * _PHASES) / _PHASES for each in (x, y)]
        phases = tuple(round((each - math.floor(each)) * _PHASES) for each in places)
        sprite = self._sprite(("ball", angle, phases), lambda: self._ball(angle, (phases[0], phases[1])))
        half = sprite.get_width() // 2
        self.surface.blit(sprite, (math.floor(places[0]) - half, math.floor(places[1]) - half))
        wait = view.picture["serve_in"]
        if wait > 0:
            step = math.ceil(_RING_STEPS * min(wait / SERVE_TICKS, 1.0))
            ring = self._sprite(("serve", step), lambda: self._serve_ring(step / _RING_STEPS))
            self._put(ring, x, y)

    def _ball(self, angle: int, phases: tuple[int, int]) -> pygame.Surface:
        """Return the ball; a dark crescent on one side shows how it turns."""
        radius = self._ball_px
        side = 2 * math.ceil(radius) + 4
        x, y = _grid((side, side))
        x, y = x - side / 2 - phases[0] / _PHASES, y - side / 2 - phases[1] / _PHASES
        alpha = _covered(np.hypot(x, y) - radius)
        turn = 2 * math.pi * angle / _ANGLES
        away = np.hypot(x - 0.5 * radius * math.cos(turn), y + 0.5 * radius * math.sin(turn))
        crescent = np.clip(0.5 + away - 1.02 * radius, 0.0, 1.0) * 0.75
        colour = np.empty((side, side, 3))
        colour[:] = self.style.ball
        colour += (np.array(self.style.seam) - colour) * crescent[..., None]
        return _painted(alpha, colour)

    def _serve_ring(self, share: float) -> pygame.Surface:
        """Return the ring around a ball at rest, of which ``share`` is left until the serve."""
        radius, width = 2.6 * self._ball_px, max(0.34 * self._ball_px, 1.2)
        side = 2 * math.ceil(radius + width) + 2
        x, y = _grid((side, side))
        x, y = x - side / 2, y - side / 2
        ring = _covered(np.abs(np.hypot(x, y) - radius) - width / 2)
        passed = (np.arctan2(x, -y) % (2 * math.pi)) / (2 * math.pi)  # clockwise from the top
        return _painted(ring * np.where(passed <= share, 0.95, 0.18), self.style.text)

    # Overlays and messages

    def _draw_path(self, path: Sequence[Place]) -> None:
        """Draw where the ball will go as dots of equal distance."""
        if not path:
            return
        dot = self._sprite("path", lambda: _disc(max(0.3 * self._ball_px, 1.1), self.style.text, 0.55))
        pitch, gone = 2.2 * self._ball_px, 0.0
        for before, after in itertools.pairwise(path):
            gone += math.dist(before, after) * self._unit
            if gone >= pitch:
                gone %= pitch
                self._put(dot, self._x(after[0]), self._y(after[1]))

    def _draw_overlays(self, view: View) -> None:
        inner = 0.07 * self._court.width
        if view.sight is not None:
            for seat in Seat:
                self._draw_sight(seat, view.sight[seat], inner)
            inner += 0.235 * self._court.width
        if view.actions is not None:
            for seat in Seat:
                self._draw_actions(seat, view, inner)

    def _draw_sight(self, seat: Seat, sight: Sight, inner: float) -> None:
        """Draw what one seat sees: a bar from the middle for each value."""
        court = self._court
        width, row = 0.22 * court.width, max(0.034 * court.height, 11 * self._scale)
        panel = self._sprite(("sight", seat, sight.labels), lambda: self._sight_panel(sight.labels, width, row))
        left = round(court.right - inner - width if seat else court.left + inner)
        top = round(court.bottom - 0.035 * court.height - panel.get_height())
        self.surface.blit(panel, (left, top))
        half = 0.235 * width
        for number, value in enumerate(sight.values):
            length = round(half * min(max(float(value), -1.0), 1.0))
            if length == 0:
                continue
            middle = round(left + 0.72 * width)
            bar = pygame.Rect(min(middle, middle + length), 0, abs(length), max(2, round(0.45 * row)))
            bar.centery = round(top + 0.35 * row + (number + 0.5) * row)
            self.surface.fill(self.style.seats[seat], bar)

    def _sight_panel(self, labels: tuple[str, ...], width: float, row: float) -> pygame.Surface:
        panel = self._box(width, (len(labels) + 0.7) * row, 0.5 * row, self.style.panel, 0.72).copy()
        for number, label in enumerate(labels):
            text = self._text(label, round(0.86 * row), self.style.quiet, 0.42 * width)
            panel.blit(text, (round(0.05 * width), round(0.35 * row + (number + 0.5) * row - text.get_height() / 2)))
        axis = pygame.Rect(round(0.72 * width), round(0.35 * row), max(1, round(self._scale)), round(len(labels) * row))
        panel.fill((*self.style.line, 255), axis)
        return panel

    def _draw_actions(self, seat: Seat, view: View, inner: float) -> None:
        """Draw a cell for each action of one seat, the chosen one lit."""
        court = self._court
        side = max(0.05 * court.height, 14 * self._scale)
        count = len(view.action_names)
        left = court.right - inner - side if seat else court.left + inner
        top = court.bottom - 0.035 * court.height - count * 1.12 * side
        for number, name in enumerate(view.action_names):
            is_chosen = view.actions is not None and view.actions[seat] == number
            make = functools.partial(self._cell, seat, name, side, is_chosen=is_chosen)
            cell = self._sprite(("action", seat, name, is_chosen), make)
            self.surface.blit(cell, (round(left), round(top + number * 1.12 * side)))

    def _cell(self, seat: Seat, name: str, side: float, *, is_chosen: bool) -> pygame.Surface:
        """Return the cell of an action: a triangle that points up or down, or a bar."""
        style = self.style
        back, front = (style.seats[seat], style.panel) if is_chosen else (style.panel, style.quiet)
        cell = self._box(side, side, 0.22 * side, back, 0.95 if is_chosen else 0.72).copy()
        size = cell.get_size()
        x, y = (axis / length - 0.5 for axis, length in zip(_grid(size), size, strict=True))
        y = -y if name == "down" else y
        if name in {"up", "down"}:
            distance = np.maximum((2 * np.abs(x) - (y + 0.24)) / math.sqrt(5.0), y - 0.2)
        else:
            distance = np.maximum(np.abs(x) - 0.24, np.abs(y) - 0.055)
        cell.blit(_painted(_covered(distance * size[0]), front), (0, 0))
        return cell

    def _draw_messages(self, view: View) -> None:
        """Write the message, or else the length of the rally, on a pill at the bottom."""
        court = self._court
        room = (0.29 if view.sight is not None and not self.small else 0.8) * court.width
        message = view.message or ("Paused" if view.is_paused else "")
        hits = int(view.picture["rally_hits"])
        if message:
            self._draw_pill(message, self._font_px(0.075, 12), court.bottom - 0.12 * court.height, room)
        elif hits and not self.small:
            self._draw_pill(f"Rally {hits}", self._font_px(0.045, 11), court.bottom - 0.065 * court.height, room)

    def _draw_pill(self, text: str, height: int, y: float, room: float) -> None:
        width = self._text(text, height, self.style.text).get_width() + 1.3 * height
        height = round(height * min(max(0.96 * room / width, 0.6), 1.0))  # rather smaller than cut off
        words = self._text(text, height, self.style.text, room - 1.3 * height)
        pill = self._box(words.get_width() + 1.3 * height, 1.5 * height, 0.75 * height, self.style.panel, 0.82)
        self._put(pill, self._court.centerx, y)
        self._put(words, self._court.centerx, y)


def _printable(text: str) -> str:
    """Return ``text`` without what a font cannot draw: control characters, halves of surrogate pairs."""
    return "".join(letter if letter.isprintable() else "\N{WHITE SQUARE}" for letter in text)


def _shortened(text: str, font: pygame.font.Font, width: float) -> str:
    """Return ``text``, cut and ended by an ellipsis where it is wider than ``width``."""
    if font.size(text)[0] <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.size(text[:middle].rstrip() + "…")[0] <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…" if low else ""


def _mixed(one: Colour, other: Colour, part: float) -> Colour:
    """Return the colour ``part`` of the way from ``one`` to ``other``."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _grid(size: tuple[int, int]) -> tuple[Field, Field]:
    """Return x and y of the pixels' middles, each float64[height, width]."""
    x, y = np.meshgrid(np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5)
    return x, y


def _covered(distance: Field) -> Field:
    """Return how much of each pixel is covered by a shape whose edge is ``distance`` pixels away, negative inside."""
    covered: Field = np.clip(0.5 - distance, 0.0, 1.0)
    return covered


def _box_distance(size: tuple[int, int], middle: Place, box: tuple[float, float], radius: float) -> Field:
    """Return the distance of the pixels of a picture of ``size`` to a box with rounded corners."""
    x, y = _grid(size)
    over_x = np.abs(x - middle[0]) - box[0] / 2 + radius
    over_y = np.abs(y - middle[1]) - box[1] / 2 + radius
    outside = np.hypot(np.maximum(over_x, 0), np.maximum(over_y, 0))
    distance: Field = outside + np.minimum(np.maximum(over_x, over_y), 0) - radius
    return distance


def _painted(alpha: Field, colour: Colour | Field) -> pygame.Surface:
    """Return a sprite of ``colour`` (one, or float64[height, width, 3]) with ``alpha`` float64[height, width] of 0 to 1."""
    height, width = alpha.shape
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., :3] = np.asarray(colour)[..., ::-1]
    pixels[..., 3] = np.round(255 * alpha)
    return pygame.image.frombuffer(pixels.tobytes(), (width, height), "BGRA").copy()


def _disc(radius: float, colour: Colour, alpha: float) -> pygame.Surface:
    side = 2 * math.ceil(radius) + 3
    x, y = _grid((side, side))
    return _painted(alpha * _covered(np.hypot(x - side / 2, y - side / 2) - radius), colour)


def _ring(radius: float, width: float, colour: Colour, alpha: float) -> pygame.Surface:
    side = 2 * math.ceil(radius + width) + 3
    x, y = _grid((side, side))
    return _painted(alpha * _covered(np.abs(np.hypot(x - side / 2, y - side / 2) - radius) - width / 2), colour)


def _halo(radius: float, colour: Colour, alpha: float) -> pygame.Surface:
    side = 2 * math.ceil(radius) + 1
    x, y = _grid((side, side))
    share = np.clip(1 - np.hypot(x - side / 2, y - side / 2) / radius, 0.0, 1.0)
    return _painted(alpha * share**2, colour)


def _gradient(style: Style, size: tuple[int, int]) -> pygame.Surface:
    """Return the court's colours, lighter in the middle; noise below one shade keeps bands from showing.

    Of a large court in half the size, which takes a quarter of the time.
    """
    parts = 2 if size[0] * size[1] > _LARGE_PX else 1
    width, height = max(1, size[0] // parts), max(1, size[1] // parts)
    x = (np.arange(width, dtype=np.float32) / width - 0.5) * 1.3
    y = (np.arange(height, dtype=np.float32) / height - 0.42) * 1.5
    part = np.minimum(x[None, :] ** 2 + y[:, None] ** 2, 1.0)[..., None]
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., 3] = 255
    middle, edge = (np.array(colour[::-1], np.float32) for colour in (style.court, style.court_edge))
    noise = np.random.default_rng(0).random((height, width, 1), np.float32)  # the same at every start
    pixels[..., :3] = middle + (edge - middle) * part + noise * (0.99 if style.glow else 0.0)
    return pygame.image.frombuffer(pixels.tobytes(), (width, height), "BGRA")
