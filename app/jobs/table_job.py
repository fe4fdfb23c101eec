"""The table of a season as one message; and a job that answers with it, again and again, as the season grows."""

from dataclasses import dataclass
from typing import Final

from app.jobs.channel import Channel
from app.jobs.message import Json, Message
from app.session import League
from game.errors import GameError
from game.executors.base import RunState
from league.errors import LeagueError
from league.ratings.standings import heads_to_heads
from league.season import Season
from league.summary import Line, Summary, summarise

LONG_S: Final = 0.3
"""A table that takes longer is announced by one without intervals, if that is asked for."""

_RESAMPLE_S: Final = 2.0e-6
"""Seconds that one resample of one pairing takes, about."""


def table_message(season: Season, summary: Summary, *, is_quick: bool = False) -> dict[str, Json]:
    """Return ``summary`` for a window; docs/formats.md explains each key. A quick one has ratings without intervals."""
    return {
        "season": summary.season.id,
        "quick": is_quick,
        "state": summary.season.state,
        "complete": summary.is_complete,
        "format": season.config.format,
        "matches": summary.matches,
        "expected": 2 * season.config.most_pairs(),
        "problem": summary.problem,
        "players": [{"name": player.name, "hash": player.hash, "kind": player.kind} for player in summary.players],
        "lines": [_line(line) for line in summary.lines],
        "cells": _cells(summary),
        "placement": list(summary.placement),
        "history": _history(summary),
        "cycles": list(summary.cycles),
        "nash": None if summary.nash is None else [round(float(share), 4) for share in summary.nash],
        "outcomes": dict(summary.outcomes),
        "faults": len(summary.faults),
        "fault_lines": list(summary.fault_lines),
        "rows_sha256": summary.rows_sha256,
    }


def _line(line: Line) -> dict[str, Json]:
    s = line.standing
    return {
        "position": s.player,
        "rank": s.rank,
        "band": line.band,
        "rating": round(s.rating, 2),
        "low": round(s.low, 2),
        "high": round(s.high, 2),
        "too_few": s.too_few,
        "tied": s.tied_with_next,
        "island": s.island,
        "games": s.games,
        "wins": s.wins,
        "draws": s.draws,
        "losses": s.losses,
        "score": round(line.score, 4),
        "live": round(line.live_rating, 2),
        "faults": line.faults,
    }


def _cells(summary: Summary) -> list[Json]:
    """Return the pairings that were met, each from the view of its lower position."""
    table = summary.table
    cells: list[Json] = []
    for row, column, pairs, found in zip(
        table.first, table.second, table.pentanomial().sum(axis=1), heads_to_heads(table), strict=True
    ):
        if found.wins + found.draws + found.losses:
            cells.append(
                {
                    "row": int(row),
                    "column": int(column),
                    "pairs": int(pairs),
                    "wins": found.wins,
                    "draws": found.draws,
                    "losses": found.losses,
                    "score": round(found.score, 4),
                    "elo": round(found.estimate.elo, 1),
                    "error": round(found.estimate.elo_error, 1),
                    "los": round(found.estimate.los, 4),
                    "too_few": found.estimate.too_few,
                }
            )
    return cells


def _history(summary: Summary) -> list[Json]:
    """Return the live ratings over the matches: [match, [rating by position]]."""
    points: dict[int, list[Json]] = {}
    for point in summary.history:
        points.setdefault(point.match_id, [None] * len(summary.players))[point.position] = round(point.rating, 2)
    return [[match_id, ratings] for match_id, ratings in points.items()]


@dataclass(frozen=True)
class _Made:
    """A message and what of the store it was made from."""

    of: tuple[int, int, str]
    message: dict[str, Json]


class TableJob:
    """Answers with tables of the seasons of ``league``; the last one is kept."""

    def __init__(self, league: League, channel: Channel, *, is_quick_first: bool, long_s: float = LONG_S) -> None:
        self._league = league
        self._channel = channel
        self._is_quick_first = is_quick_first
        self._long_s = long_s
        self._made: _Made | None = None

    def answer(self, season_id: int) -> None:
        """Send the table of a season, a quick one first if that is wanted and worth it.

        Raises
        ------
        LeagueError, GameError
            If there is no such season, or it cannot be added up.
        """
        store = self._league.store
        of = (season_id, store.count_matches(season_id), store.season(season_id).state)
        if self._made is None or self._made.of != of:
            season = Season.load(store, season_id)
            season.replay_stored()
            if self._is_quick_first and _bootstrap_s(season) > self._long_s:
                quick = table_message(season, summarise(store, season, resamples=0), is_quick=True)
                self._channel.send("table", **quick)
            self._made = _Made(of, table_message(season, summarise(store, season)))
        self._channel.send("table", **self._made.message)

    def serve(self) -> None:
        """Answer requests until no more can come; of several that wait, the newest."""
        while self._channel.is_open and self._channel.control.state is RunState.RUNNING:
            self._channel.wait(None)
            wanted = [season for season in map(_wanted_season, self._channel.take_commands()) if season is not None]
            if wanted:
                self._try_to_answer(wanted[-1])

    def _try_to_answer(self, season_id: int) -> None:
        try:
            self.answer(season_id)
        except (LeagueError, GameError) as error:
            self._channel.send("failed", season=season_id, reason=str(error))


def _wanted_season(message: Message) -> int | None:
    match message:
        case {"command": "table", "season": int(season_id)}:
            return season_id
    return None


def _bootstrap_s(season: Season) -> float:
    """Return about how long the intervals of ``season`` will take."""
    return _RESAMPLE_S * season.config.resamples * len(season.encounters.table().first)
