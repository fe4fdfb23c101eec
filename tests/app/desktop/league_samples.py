"""A stored season for the tests of the League dock: made-up results of the starter players, its real table."""

from typing import TYPE_CHECKING, Any

import numpy as np

from app.jobs.table_job import table_message
from app.session import open_league
from app.tournament import season_name
from game.spec import RESULT_DTYPE, MatchEnd, Results
from league.config import SeasonConfig
from league.home import Home
from league.season import Season
from league.store import PersonMatchRow, PlayerRow, Store
from league.summary import summarise

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from app.desktop.context import Desktop
    from app.desktop.league.panel import LeaguePanel

STRENGTH = ("aimer", "predictor", "quick-dense", "novice predictor", "tracker", "quick-graph", "still", "random")
"""The starter players, the strongest first."""


def store_season(
    home: Home, *, names: tuple[str, ...] = STRENGTH[:4], pairs: int = 6, played: int | None = None
) -> int:
    """Store a season whose first ``played`` matches (all by default) were won by the stronger; return its id."""
    with open_league(str(home.folder)) as league:
        players = [league.library.find(name) for name in names]
        config = SeasonConfig(players=tuple(player.hash for player in players), pairs=pairs, resamples=100)
        season = Season.create(league.store, config, season_name(config))
        rows = _rows(season)[:played]
        league.store.add_matches(season.row.id, rows)
        if played is None:
            league.store.set_season_state(season.row.id, "complete")
        else:
            league.store.set_season_state(season.row.id, "stopped")
        return season.row.id


def _rows(season: Season) -> Results:
    planned = np.concatenate(list(season.planned_rows()))
    rows = np.zeros(len(planned), RESULT_DTYPE)
    for name in ("match_id", "left", "right", "seed"):
        rows[name] = planned[name]
    strength = np.array([-STRENGTH.index(player.name) for player in season.players])
    rows["outcome"] = np.sign(strength[rows["left"]] - strength[rows["right"]])
    rows["outcome"][::11] *= -1  # an upset now and then
    rows["points"] = np.where(rows["outcome"][:, None] == [1, -1], 5, 2)
    rows["ticks"] = 600 + 60 * (rows["match_id"] % 50)
    rows["longest_rally"] = 3 + rows["match_id"] % 17
    rows["end"] = MatchEnd.POINTS
    rows["state_hash"] = rows["match_id"].astype(np.uint64) + np.uint64(1)
    return rows


def table_of(home: Home, season_id: int) -> dict[str, Any]:
    """Return the message that the table job sends of a season."""
    with Store.open(home.database) as store:
        season = Season.load(store, season_id)
        season.replay_stored()
        return {"event": "table", **table_message(season, summarise(store, season))}


def stored_players(home: Home) -> dict[str, PlayerRow]:
    """Return the players of a league by name."""
    with Store.open(home.database) as store:
        return {player.name: player for player in store.players(include_archived=True)}


def add_person_match(home: Home, opponent: str, outcome: int) -> None:
    """Store a match of "You", on the left, against a player."""
    from game.spec import Seat
    from game.tape import Tape

    with Store.open(home.database) as store:
        player = store.player_by_name(opponent)
        assert player is not None
        result = np.zeros(1, RESULT_DTYPE)[0]
        result["right"], result["outcome"] = 1, outcome
        result["points"] = (5, 1) if outcome > 0 else (1, 5)
        result["ticks"] = 1200
        store.add_person_match(
            PersonMatchRow(
                person="You",
                seat=Seat.LEFT,
                game="rally",
                game_version=player.game_version,
                points_to_win=5,
                result=result,
                opponent_hash=player.hash,
                tape=Tape([(0, 1)] * 5).to_bytes(),
            )
        )


def open_panel(desktop: "Desktop", qtbot: "QtBot") -> "LeaguePanel":
    """Show the League dock of ``desktop`` and wait until it knows its season and players."""
    from app.desktop.league.panel import LeaguePanel

    panel = LeaguePanel(desktop)
    qtbot.addWidget(panel)
    panel.resize(900, 700)
    panel.show()
    qtbot.waitUntil(lambda: bool(panel.controller.seasons) and bool(panel.roster.players))
    return panel
