"""What is shown next: what the user has asked for, the matches of a season that waits for them, or an exhibition.

No Qt here. Whoever asks last is shown, except that matches of a season wait for each other, and that a season does not
take the screen from what the user has chosen, unless its end is there or the user has just asked for the season.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum

from app.desktop.arena.casting import EXHIBITION
from app.desktop.context import MatchRequest


class Standing(Enum):
    """Why a match is on the screen."""

    EXHIBITION = "exhibition"
    SEASON = "season"
    CHOSEN = "chosen"


def standing_of(request: MatchRequest) -> Standing:
    """Return why ``request`` is shown."""
    if request.is_season_live:
        return Standing.SEASON
    return Standing.EXHIBITION if EXHIBITION in request.tags else Standing.CHOSEN


@dataclass(frozen=True)
class Change:
    """What to do: show a match (None: stay), and tell that others will not be seen to their end."""

    show: MatchRequest | None = None
    dismissed: tuple[MatchRequest, ...] = ()


class Programme:
    """The match on the screen, and the season's matches behind it."""

    def __init__(self) -> None:
        self.current: MatchRequest | None = None
        self._has_ended = False
        self._is_finished = True
        self._waiting: deque[MatchRequest] = deque()

    @property
    def waiting(self) -> int:
        """How many matches of a season wait."""
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether an exhibition may begin: nothing is shown, or an exhibition that is finished."""
        is_exhibition = self.current is None or standing_of(self.current) is Standing.EXHIBITION
        return self._is_finished and is_exhibition and not self._waiting

    def put(self, request: MatchRequest) -> Change:
        """Take in a request; the change says whether it is shown now."""
        if standing_of(request) is Standing.SEASON and self.current is not None and not self._is_finished:
            standing = standing_of(self.current)
            if standing is Standing.SEASON:
                self._waiting.append(request)
                return Change()
            if standing is Standing.CHOSEN and not self._has_ended and not request.is_asked_for:
                return Change(dismissed=(request,))
        dismissed = self._unseen()
        if standing_of(request) is Standing.CHOSEN:
            dismissed += tuple(self._waiting)
            self._waiting.clear()
        self._show(request)
        return Change(request, dismissed)

    def note_end(self) -> None:
        """Take note that the end of the current match is on the screen."""
        self._has_ended = True

    def note_finish(self) -> Change:
        """Take note that the current match's result was seen; go on with the season's next match, if one waits."""
        self._is_finished = True
        return self.advance()

    def advance(self) -> Change:
        """Leave the current match for the season's next one, if one waits."""
        if not self._waiting:
            return Change()
        dismissed = self._unseen()
        request = self._waiting.popleft()
        self._show(request)
        return Change(request, dismissed)

    def leave(self) -> tuple[MatchRequest, ...]:
        """Stop showing a season: return its match, if its end was not seen, and those that wait."""
        left = (*self._unseen(), *self._waiting)
        self._waiting.clear()
        self.current, self._is_finished = None, True
        return left

    def _unseen(self) -> tuple[MatchRequest, ...]:
        """Return the current match if a season waits for an end of it that will not be seen."""
        current = self.current
        is_awaited = current is not None and current.is_season_live and not self._has_ended
        return (current,) if current is not None and is_awaited else ()

    def _show(self, request: MatchRequest) -> None:
        self.current = request
        self._has_ended = self._is_finished = False
