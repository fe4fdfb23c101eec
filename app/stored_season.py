"""A stored season for the commands that only look at it."""

from app.session import League
from league.errors import UnknownRowError
from league.season import Season
from league.summary import Summary, summarise


def stored_season(league: League, season_id: int | None) -> Season:
    """Return season ``season_id``, by default the latest; ``UnknownRowError`` if there is none."""
    if season_id is None:
        latest = league.store.latest_season()
        if latest is None:
            raise UnknownRowError("no season is stored: play one with --no-visuals")
        season_id = latest.id
    return Season.load(league.store, season_id)


def stored_summary(league: League, season_id: int | None) -> Summary:
    """Return the summary of a stored season, added up from its rows."""
    season = stored_season(league, season_id)
    season.replay_stored()
    return summarise(league.store, season)
