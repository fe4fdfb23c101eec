"""Sounds of a match, by pygame's mixer; silent where there is no device. No Qt here."""

import logging
import math
import os
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:  # pygame is imported after the window has been painted
    from game.render import View

logger = logging.getLogger(__name__)

FOLDER: Final = Path(__file__).resolve().parents[3] / "assets" / "sounds"
_VOLUME: Final = 0.25
_RATE: Final = 22_050
_BUFFER: Final = 256  # samples: some 12 ms until a sound is heard


class Sound(Enum):
    """What can be heard; the value is the file's name."""

    HIT = "hit"
    WALL = "wall"
    POINT = "point"
    WIN = "win"


class Playable(Protocol):
    """A loaded sound."""

    def play(self) -> object:
        """Begin to play it."""
        ...


Loader = Callable[[], Mapping[Sound, Playable]]
"""Opens the device and loads every sound; ``OSError`` if there is none."""


class Sounds:
    """Plays sounds unless muted. The device is opened by the first ``open``, which may take a while."""

    def __init__(self, load: Loader, *, is_muted: bool) -> None:
        self.is_muted = is_muted
        self._load = load
        self._loaded: Mapping[Sound, Playable] = {}
        self._is_opened = False

    @property
    def is_there(self) -> bool:
        """Whether there is a device, as far as is known."""
        return bool(self._loaded) or not self._is_opened

    def open(self) -> None:
        """Open the device, unless muted or open already; without one all stays silent."""
        if self.is_muted or self._is_opened:
            return
        self._is_opened = True
        try:
            self._loaded = self._load()
        except OSError as error:
            logger.info("no sound: %s", error)

    def play(self, sound: Sound) -> None:
        """Play ``sound`` if there is a device and it is wanted."""
        if not self.is_muted and sound in self._loaded:
            self._loaded[sound].play()


def load_with_pygame() -> Mapping[Sound, Playable]:
    """Open the default device and load every sound; ``OSError`` if there is no device or a file is gone."""
    if os.environ.get("SDL_AUDIODRIVER") == "dummy":
        raise OSError("SDL_AUDIODRIVER asks for no device")
    if sys.platform == "linux" and not has_linux_audio(os.environ):
        raise OSError("neither ALSA nor a sound server has a device")  # asked, ALSA would fill stderr with its search
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import pygame

    try:
        pygame.mixer.init(frequency=_RATE, size=-16, channels=1, buffer=_BUFFER)
        loaded = {sound: pygame.mixer.Sound(FOLDER / f"{sound.value}.wav") for sound in Sound}
    except (pygame.error, NotImplementedError) as error:  # pygame built without a mixer raises the latter
        raise OSError(str(error)) from error
    for each in loaded.values():
        each.set_volume(_VOLUME)
    return loaded


def heard(before: "View | None", after: "View", *, is_over: bool) -> Sound | None:
    """Return the one sound of what has happened from one frame to the next; a point is louder than a contact."""
    if before is None or after.picture["tick"] <= before.picture["tick"]:
        return None
    points = ("left_points", "right_points")
    if any(after.picture[each] > before.picture[each] for each in points):
        return Sound.WIN if is_over else Sound.POINT
    if after.picture["rally_hits"] > before.picture["rally_hits"]:
        return Sound.HIT
    return Sound.WALL if _wall_age(after) < _wall_age(before) else None


def _wall_age(view: "View") -> float:
    """Return the age of the youngest touch of a wall."""
    return min((ripple.age for ripple in view.ripples if ripple.seat is None), default=math.inf)


def has_linux_audio(environment: Mapping[str, str], root: Path = Path("/")) -> bool:
    """Return whether there is a sound card below ``root``, or a sound server that ``environment`` leads to."""
    server = environment.get("PULSE_SERVER", "")
    if server and not server.startswith(("unix:", "/")):
        return True  # on another machine: only asking it would tell
    runtime = environment.get("XDG_RUNTIME_DIR")
    sockets = [server.removeprefix("unix:")] if server else []
    sockets += [f"{runtime}/pulse/native", f"{runtime}/pipewire-0"] if runtime else []
    return _has_card(root / "proc/asound/cards") or any((root / each.lstrip("/")).exists() for each in sockets)


def _has_card(cards: Path) -> bool:
    """Return whether ALSA lists a card; each line of one begins with its number, without any it says so in words."""
    try:
        return any(line.split()[0].isdigit() for line in cards.read_text().splitlines() if line.strip())
    except OSError:
        return False
