"""The ratings of a season's players over its matches. No Qt.

Two ratings are told apart. The *live* one is folded match by match; it has no interval. The *fitted* one is what the
standings rank by; a point of it, with its 95 % interval, is there for every table and every trend that was computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeAlias

import numpy as np

from app.desktop.charts.model import MOST_CURVES, Axis, ChartModel, Curve, Frame
from app.desktop.charts.series import Series
from app.desktop.charts.slots import Slots
from league.schema import PlayerRow
from league.store import RatingSeries

Message: TypeAlias = Mapping[str, Any]
"""An event of a job."""

TOP: Final = 6
"""Players that are shown without being selected."""

_X: Final = Axis("Match")
_HINT: Final = "Select a season in the League panel, or start one: the ratings of its players grow here."
_WAITING: Final = "No match of this season is stored yet: press Play in the League panel."


class Rating(Enum):
    """Which rating is shown."""

    FITTED = "fitted"
    LIVE = "live"

    @property
    def title(self) -> str:
        """In words."""
        return _TITLES[self]


_TITLES: Final = {Rating.FITTED: "Rating, 95 % interval", Rating.LIVE: "Live Elo"}
_AXES: Final = {Rating.FITTED: Axis("Rating", "Elo"), Rating.LIVE: Axis("Live rating", "Elo")}


@dataclass
class _Player:
    """One player of the season: who, and both of its curves."""

    row: PlayerRow
    live: Series = field(default_factory=Series)
    fitted: Series = field(default_factory=Series)


class EloChart:
    """Fills ``model`` with the best players of one season, and those that were selected."""

    def __init__(self) -> None:
        self.model = ChartModel(Frame(_X, _AXES[Rating.FITTED], _HINT))
        self.rating = Rating.FITTED
        self.season_id = -1
        self._players: list[_Player] = []
        self._selected: list[int] = []
        self._slots = Slots()

    @property
    def shown_rating(self) -> Rating:
        """The rating that is drawn: the live one until there is a fit."""
        has_fit = any(len(player.fitted) for player in self._players)
        return Rating.FITTED if self.rating is Rating.FITTED and has_fit else Rating.LIVE

    @property
    def fitted_matches(self) -> int:
        """Matches behind the latest fit; 0 without one."""
        return max((int(player.fitted.x[-1]) for player in self._players if len(player.fitted)), default=0)

    def begin(self, season_id: int) -> None:
        """Show another season; its players come with ``set_history``."""
        self.season_id = season_id
        self._players, self._selected = [], []
        self.model.follow()
        self._show()

    def set_history(self, players: Sequence[PlayerRow], history: RatingSeries) -> None:
        """Take what the store has: the players by position, and their live ratings."""
        fitted = [player.fitted for player in self._players]
        live = [player.live for player in self._players]
        self._players = [_Player(row) for row in players]
        for position, player in enumerate(self._players):
            player.live.extend(history.match_ids.astype(np.float64) + 1.0, history.ratings[:, position])
            if len(fitted) == len(players):
                player.fitted = fitted[position]
                _append_newer(player.live, live[position])
        self._show()

    def take_ratings(self, message: Message) -> None:
        """Take the live ratings after a match: a ``ratings`` event of the season's job."""
        ratings = message["ratings"]
        if message["season"] != self.season_id or len(ratings) != len(self._players):
            return
        match = float(message["match"]) + 1.0
        for player, rating in zip(self._players, ratings, strict=True):
            player.live.drop_from(match)
            player.live.append(match, float(rating))
        self._show()

    def take_table(self, message: Message) -> None:
        """Take the fitted ratings of a ``table`` event as their newest point."""
        if message["season"] != self.season_id or message["quick"]:  # a quick one has no intervals
            return
        lines = [line for line in message["lines"] if 0 <= line["position"] < len(self._players)]
        if any(line["island"] for line in lines):  # some players cannot be compared with others yet
            return
        for line in lines:
            self._fit(line["position"], float(message["matches"]), line["rating"], line["low"], line["high"])
        self._show()

    def take_trend(self, message: Message) -> None:
        """Take the fitted ratings after a part of the matches: a ``trend`` event."""
        if message["season"] != self.season_id or len(message["ratings"]) != len(self._players):
            return
        values = zip(message["ratings"], message["low"], message["high"], strict=True)
        for position, (rating, low, high) in enumerate(values):
            if rating is not None:
                self._fit(position, float(message["matches"]), rating, low, high)
        self._show()

    def select(self, player: PlayerRow | None) -> None:
        """Show a player beside the best ones, if it is in the season."""
        if player is None:
            return
        at = next((i for i, each in enumerate(self._players) if each.row.hash == player.hash), None)
        if at is not None:
            self._selected = [*(each for each in self._selected if each != at), at][-(MOST_CURVES - TOP) :]
            self._show()

    def show(self, rating: Rating) -> None:
        """Choose the rating that is drawn."""
        self.rating = rating
        self._show()

    def _fit(self, position: int, matches: float, rating: float, low: float, high: float) -> None:
        """Enter a fitted point where it belongs: a table may have come before the trend of the matches before it."""
        series = self._players[position].fitted
        at = int(np.searchsorted(series.x, matches))
        after = at + (at < len(series) and series.x[at] == matches)
        later = [column[after:].copy() for column in (series.x, series.y, series.low, series.high)]
        series.drop_from(matches)
        series.append(matches, rating, low, high)
        series.extend(*later)

    def _show(self) -> None:
        rating = self.shown_rating
        shown = self._chosen(rating)
        slots = self._slots.assign(self._players[i].row.hash for i in shown)
        self.model.set_frame(Frame(_X, _AXES[rating], _HINT if self.season_id < 0 else _WAITING))
        self.model.set_curves(self._curve(i, rating, slots) for i in shown)

    def _curve(self, position: int, rating: Rating, slots: Mapping[str, int]) -> Curve:
        player = self._players[position]
        series = player.fitted if rating is Rating.FITTED else player.live
        key = player.row.hash
        return Curve(key, player.row.name, series, slots[key], is_marked=position in self._selected)

    def _chosen(self, rating: Rating) -> list[int]:
        """Return the positions that are shown: the best by their latest rating, and the selected ones; best first."""
        latest = [_last(player.fitted if rating is Rating.FITTED else player.live) for player in self._players]
        order = sorted(range(len(latest)), key=lambda i: (-latest[i], i))
        chosen = {*order[:TOP], *self._selected}
        return [i for i in order if i in chosen]


def _last(series: Series) -> float:
    """Return the newest value, -inf without one."""
    return float(series.y[-1]) if len(series) and np.isfinite(series.y[-1]) else -np.inf


def _append_newer(series: Series, other: Series) -> None:
    """Append the points of ``other`` that lie behind the end of ``series``."""
    newer = int(np.searchsorted(other.x, series.x[-1], side="right")) if len(series) else 0
    series.extend(other.x[newer:].copy(), other.y[newer:].copy())
