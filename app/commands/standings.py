"""``standings``: the table of a stored season."""

import json

import click

from app.command_options import home_option, json_option, season_option
from app.results import json_object, season_text
from app.session import open_league
from app.stored_season import stored_summary
from app.tournament import Outcome


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@season_option
@home_option
@json_option
def standings(*, season_id: int | None, home: str | None, as_json: bool) -> None:
    """Show the standings of a season."""
    with open_league(home) as league:
        summary = stored_summary(league, season_id)
    if as_json:
        outcome = Outcome(summary, 0, 0, 0.0, 0, is_interrupted=not summary.is_complete)
        click.echo(json.dumps(json_object(outcome), allow_nan=False))
        return
    state = "complete" if summary.is_complete else "not complete"
    click.echo(f"season {summary.season.id}: {summary.season.name}, {summary.matches:,} matches, {state}")
    click.echo("\n".join(season_text(summary)))


COMMAND = standings
