"""The matches of the wall: each on its own, all at one speed; no Qt here, but the kernels: import it once they are ready."""

from collections.abc import Callable
from dataclasses import replace

from app.desktop.arena.playback import Clock, Phase
from app.desktop.arena.screening import Screening, open_course
from app.desktop.context import MatchRequest


class Tile:
    """One place of the wall."""

    def __init__(self, number: int, clock: Clock, finished: Callable[[int], None]) -> None:
        self._number = number
        self._clock = clock
        self._finished = finished
        self.screening: Screening | None = None
        self.is_kept = False
        """Whether its match was chosen: it begins again at its end instead of making room."""

    def put(self, request: MatchRequest, *, is_kept: bool) -> None:
        """Show ``request``; ``ValueError`` or ``GameError`` if it cannot be shown."""
        course = open_course(request)
        self.is_kept = is_kept
        self.screening = Screening(
            request, course, self._clock, finished=lambda: self._finish(request), looks_ahead=False
        )

    def clear(self) -> None:
        """Show nothing."""
        self.screening = None

    def request_now(self) -> MatchRequest | None:
        """Return the match as a request to go on from where it is."""
        if self.screening is None:
            return None
        return replace(self.screening.request, begin_tick=self.screening.course.tick, tags=())

    def _finish(self, request: MatchRequest) -> None:
        if self.screening is None or self.screening.request is not request:
            return
        if self.is_kept:
            self.screening.playback.play()
        else:
            self._finished(self._number)


class Tiles:
    """All tiles, their speed, and whether they play. ``wanted`` is told the number of a tile that needs a match."""

    def __init__(self, clock: Clock, wanted: Callable[[int], None]) -> None:
        self._clock = clock
        self._wanted = wanted
        self._all: list[Tile] = []
        self._speed = 1.0
        self._is_playing = True

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> Tile:
        return self._all[number]

    @property
    def is_playing(self) -> bool:
        """Whether they play."""
        return self._is_playing

    def resize(self, count: int) -> None:
        """Have ``count`` tiles; new ones are empty and ask for a match."""
        del self._all[count:]
        new = range(len(self._all), count)
        self._all += [Tile(number, self._clock, self._wanted) for number in new]
        for number in new:
            self._wanted(number)

    def put(self, number: int, request: MatchRequest, *, is_kept: bool = False) -> None:
        """Show ``request`` on a tile; ``ValueError`` or ``GameError`` if it cannot be shown."""
        tile = self._all[number]
        tile.put(request, is_kept=is_kept)
        self._adjust(tile)

    def renew(self) -> None:
        """Want another match for every tile."""
        for number, tile in enumerate(self._all):
            tile.clear()
            self._wanted(number)

    def set_speed(self, speed: float) -> None:
        """Play all at ``speed``."""
        self._speed = speed
        for tile in self._all:
            self._adjust(tile)

    def set_playing(self, *, is_playing: bool) -> None:
        """Let all play, or pause."""
        self._is_playing = is_playing
        for tile in self._all:
            self._adjust(tile)

    def _adjust(self, tile: Tile) -> None:
        if tile.screening is None:
            return
        playback = tile.screening.playback
        playback.set_speed(self._speed)
        if not self._is_playing:
            playback.pause()
        elif playback.phase is Phase.PAUSED:
            playback.play()
