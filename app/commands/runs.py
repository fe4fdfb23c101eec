"""``runs``: the training runs of the league."""

import json

import click

from ai.runs import Runs
from ai.trainer import trainer
from app.command_options import home_option, json_option
from app.run_text import run_object, run_text, runs_text
from app.session import open_league


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def runs() -> None:
    """List and show training runs, and add their champions to the league.

    A run goes on with: python main.py train TRAINER --resume RUN
    """


@runs.command("list")
@home_option
@json_option
def list_runs(*, home: str | None, as_json: bool) -> None:
    """List the training runs."""
    with open_league(home) as league:
        rows = Runs(league.home, league.store).rows()
    if as_json:
        click.echo(json.dumps({"runs": [run_object(row) for row in rows]}, allow_nan=False))
    else:
        click.echo("\n".join(runs_text(rows)))


@runs.command("show")
@click.argument("run_id", metavar="RUN")
@home_option
@json_option
def show_run(*, run_id: str, home: str | None, as_json: bool) -> None:
    """Show what came of RUN: its state, its latest metrics, its champions."""
    with open_league(home) as league:
        kept = Runs(league.home, league.store)
        run, row = kept.find(run_id), kept.row(run_id)
    if as_json:
        champions = [{"step": each.step, "hash": each.hash, "file": str(each.path)} for each in run.folder.champions()]
        details = {name: vars(detail) for name, detail in run.folder.details().items()}
        click.echo(json.dumps({**run_object(row), "champions": champions, "details": details}, allow_nan=False))
    else:
        click.echo("\n".join(run_text(row, run, trainer(row.trainer), home)))


@runs.command("add")
@click.argument("run_id", metavar="RUN")
@click.option("--name", default=None, help="Name in the league.  [default: the run's]")
@click.option("--step", type=int, default=None, help="The champion of this step.  [default: the latest]")
@home_option
def add_champion(*, run_id: str, name: str | None, step: int | None, home: str | None) -> None:
    """Bring the champion of RUN into the league."""
    with open_league(home) as league:
        kept = Runs(league.home, league.store)
        row = kept.add_champion(league.library, kept.find(run_id), name=name, step=step)
    click.echo(f"added '{row.name}' ({row.kind}, {row.hash[:12]})")


COMMAND = runs
