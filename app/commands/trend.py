"""``trend``: how the fitted ratings moved in the course of a season."""

import csv
import math
import sys
from typing import TYPE_CHECKING

import click

from app.cli import DONE, INTERRUPTED
from app.command_options import events_option, home_option, season_option

if TYPE_CHECKING:
    from app.jobs.message import Json
    from league.trend import TrendPoint


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@season_option
@click.option("--points", type=click.IntRange(2, 200), default=24, show_default=True, help="Points of the trend.")
@events_option
@home_option
@click.pass_context
def trend(ctx: click.Context, *, season_id: int | None, points: int, is_job: bool, home: str | None) -> None:
    """Show how the ratings and their 95 % intervals moved in the course of a season, as CSV."""
    ctx.exit(_as_job(home, season_id, points) if is_job else _by_hand(home, season_id, points))


def _by_hand(home: str | None, season_id: int | None, points: int) -> int:
    from app.session import open_league  # --help must not wait for these
    from app.stored_season import stored_season
    from league.trend import trend as trend_of

    table = csv.writer(sys.stdout, lineterminator="\n")
    with open_league(home) as league:
        season = stored_season(league, season_id)
        table.writerow(("matches", "player", "rating", "low", "high"))
        for point in trend_of(league.store, season, points):
            for player, *values in zip(season.players, point.ratings, point.low, point.high, strict=True):
                if not math.isnan(values[0]):
                    table.writerow((point.matches, player.name, *(f"{value:.1f}" for value in values)))
    return DONE


def _as_job(home: str | None, season_id: int | None, points: int) -> int:
    from app.jobs.channel import Channel  # as above
    from app.session import open_league
    from app.stored_season import stored_season
    from game.executors.base import RunState
    from league.trend import trend as trend_of

    with Channel() as channel, open_league(home) as league:
        season = stored_season(league, season_id)
        for number, point in enumerate(trend_of(league.store, season, points), start=1):
            if channel.control.state in (RunState.STOPPING, RunState.CANCELLED):
                channel.send("ended", state="stopped", reason="")
                return INTERRUPTED
            channel.send("trend", season=season.row.id, matches=point.matches, **_columns(point))
            channel.send("progress", done=number, expected=points)
        channel.send("ended", state="complete", reason="")
    return DONE


def _columns(point: "TrendPoint") -> "dict[str, Json]":
    columns = {"ratings": point.ratings, "low": point.low, "high": point.high}
    return {
        name: [None if math.isnan(value) else round(float(value), 2) for value in column]
        for name, column in columns.items()
    }


COMMAND = trend
