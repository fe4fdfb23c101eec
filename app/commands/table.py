"""``table``: standings, cross table and history of a season as one JSON object, by hand or as a job of the window."""

import json

import click

from app.command_options import events_option, home_option, season_option


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@season_option
@click.option("--serve", "is_serving", is_flag=True, help="With --events: stay, and answer requests for tables.")
@click.option(
    "--quick-first", "is_quick_first", is_flag=True, help="With --events: begin with ratings without intervals."
)
@events_option
@home_option
def table(*, season_id: int | None, is_serving: bool, is_quick_first: bool, is_job: bool, home: str | None) -> None:
    """Print everything that a season has come to as one JSON object.

    With --events it is an event of the name table. A job that stays (--serve) is asked for another one by a command:
    {"command": "table", "season": N}.
    """
    if not is_job:
        if is_serving or is_quick_first:
            raise click.UsageError("--serve and --quick-first need --events: without it there is one answer")
        _print(home, season_id)
        return
    from app.jobs.channel import Channel  # --help must not wait for these
    from app.jobs.table_job import TableJob
    from app.session import open_league
    from app.stored_season import stored_season

    with Channel() as channel, open_league(home) as league:
        job = TableJob(league, channel, is_quick_first=is_quick_first)
        job.answer(stored_season(league, season_id).row.id)
        if is_serving:
            job.serve()


def _print(home: str | None, season_id: int | None) -> None:
    from app.jobs.table_job import table_message
    from app.session import open_league
    from app.stored_season import stored_season
    from league.summary import summarise

    with open_league(home) as league:
        season = stored_season(league, season_id)
        season.replay_stored()
        click.echo(json.dumps(table_message(season, summarise(league.store, season)), allow_nan=False))


COMMAND = table
