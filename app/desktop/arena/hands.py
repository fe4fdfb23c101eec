"""What people play with: keys, the mouse, gamepads. A hand is a ``Player`` that answers what its person wants now. No Qt here."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

logger = logging.getLogger(__name__)

UP: Final = 0
STAY: Final = 1
DOWN: Final = 2

_DEAD_ZONE: Final = 0.1  # of half a paddle: nearer than this the mouse's paddle stays
_BRAKING_TICKS: Final = 3.0  # a paddle runs on for about so many ticks of its velocity
_STICK: Final = 0.35  # deflection from which a gamepad's stick counts


class Device(Enum):
    """What a person plays with; the value is kept in the settings."""

    KEYS = "keys"
    """Both pairs of keys: for one person at the keyboard."""
    LETTER_KEYS = "letters"
    ARROW_KEYS = "arrows"
    MOUSE = "mouse"
    FIRST_PAD = "pad 1"
    SECOND_PAD = "pad 2"

    @property
    def title(self) -> str:
        """The device in words."""
        return _TITLES[self]


_TITLES: Final = {
    Device.KEYS: "Keys: W and S, or Up and Down",
    Device.LETTER_KEYS: "Keys: W and S",
    Device.ARROW_KEYS: "Keys: Up and Down",
    Device.MOUSE: "Mouse: the paddle follows",
    Device.FIRST_PAD: "Gamepad",
    Device.SECOND_PAD: "Second gamepad",
}

LETTERS: Final = {"W": UP, "S": DOWN}
ARROWS: Final = {"Up": UP, "Down": DOWN}
_KEYS: Final = {Device.KEYS: LETTERS | ARROWS, Device.LETTER_KEYS: LETTERS, Device.ARROW_KEYS: ARROWS}


class KeyHand:
    """Keys that are held: the one pressed last counts."""

    def __init__(self, device: Device) -> None:
        self._actions = _KEYS[device]
        self._held: list[str] = []

    def decide(self, observation: object) -> int:  # noqa: ARG002  # a player's signature
        """Return the action of the key pressed last of those that are held."""
        return self._actions[self._held[-1]] if self._held else STAY

    def press(self, key: str) -> bool:
        """Take note of a key; False if it is none of this hand's."""
        if key not in self._actions:
            return False
        self.release(key)
        self._held.append(key)
        return True

    def release(self, key: str) -> bool:
        """Take note that a key is up again; False if it is none of this hand's."""
        if key in self._held:
            self._held.remove(key)
        return key in self._actions

    def let_go(self) -> None:
        """Forget what is held: its release may never come, for example when the window loses the keyboard."""
        self._held.clear()


@dataclass(frozen=True)
class PaddleState:
    """Height of a paddle, in court units, now and a tick ago."""

    y: float
    old_y: float


class PointerHand:
    """A paddle that follows the height of a pointer; ``paddle`` tells where the paddle is, ``half`` its half height."""

    def __init__(self, paddle: Callable[[], PaddleState], half: float) -> None:
        self._paddle = paddle
        self._dead_zone = half * _DEAD_ZONE
        self.target: float | None = None

    def decide(self, observation: object) -> int:  # noqa: ARG002  # a player's signature
        """Return the action that brings the paddle to rest at the pointer."""
        if self.target is None:
            return STAY
        paddle = self._paddle()
        rest = paddle.y + (paddle.y - paddle.old_y) * _BRAKING_TICKS
        if self.target - rest > self._dead_zone:
            return UP
        return DOWN if rest - self.target > self._dead_zone else STAY


class PadHand:
    """A gamepad's stick or cross; ``lean`` returns -1 (up) to 1 (down)."""

    def __init__(self, lean: Callable[[], float]) -> None:
        self._lean = lean

    def decide(self, observation: object) -> int:  # noqa: ARG002  # a player's signature
        """Return the action that the stick points to."""
        lean = self._lean()
        if lean < -_STICK:
            return UP
        return DOWN if lean > _STICK else STAY


class Pad(Protocol):
    """The part of ``pygame.joystick.Joystick`` that is used."""

    def get_numaxes(self) -> int: ...  # noqa: D102  # pygame's
    def get_axis(self, axis: int, /) -> float: ...  # noqa: D102  # pygame's
    def get_numhats(self) -> int: ...  # noqa: D102  # pygame's
    def get_hat(self, hat: int, /) -> tuple[float, float]: ...  # noqa: D102  # pygame's


class PadSource(Protocol):
    """Where gamepads come from."""

    def poll(self) -> None:
        """Ask the devices for their state."""
        ...

    def pads(self) -> list[Pad]:
        """Return the gamepads that are there."""
        ...

    def look_again(self) -> None:
        """Find what was plugged in since."""
        ...


def lean_of(pads: PadSource, number: int) -> Callable[[], float]:
    """Return what tells how gamepad ``number`` leans, -1 (up) to 1 (down); 0 when it is not there."""

    def lean() -> float:
        found = pads.pads()
        if number >= len(found):
            return 0.0
        pad = found[number]
        hat = -pad.get_hat(0)[1] if pad.get_numhats() else 0.0
        return hat or (pad.get_axis(1) if pad.get_numaxes() > 1 else 0.0)

    return lean


class PygamePads:
    """The gamepads that SDL knows; none where SDL has no joysticks. It is asked for the first time when they are needed."""

    def __init__(self) -> None:
        self._pads: list[Pad] | None = None

    def pads(self) -> list[Pad]:
        """Return the gamepads that are there."""
        if self._pads is None:
            self._pads = self._open()
        return self._pads

    def poll(self) -> None:
        """Ask SDL for the state of its joysticks; no window of SDL's is needed."""
        if self.pads():
            import pygame

            pygame.event.pump()

    def look_again(self) -> None:
        """Find what was plugged in since."""
        self._pads = None

    def _open(self) -> list[Pad]:
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
        os.environ.setdefault("SDL_JOYSTICK_ALLOW_BACKGROUND_EVENTS", "1")  # the window is Qt's, not SDL's
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        import pygame

        try:
            pygame.display.init()  # SDL's events, which carry the joysticks' state, need it; no window is made
            pygame.joystick.init()
            return [pygame.joystick.Joystick(number) for number in range(pygame.joystick.get_count())]
        except pygame.error as error:
            logger.info("no gamepads: %s", error)
            return []
