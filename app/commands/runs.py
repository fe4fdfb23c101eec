"""``runs``: the training runs of the league."""

import json
from pathlib import Path

import click

from ai.runs import Runs
from ai.trainer import trainer
from app.command_options import home_option, json_option
from app.run_text import run_object, run_text, runs_text
from app.session import open_league
from app.tournament import UsageError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def runs() -> None:
    """List, show, plot and export training runs, and add their champions to the league.

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


@runs.command("plot")
@click.argument("run_id", metavar="RUN")
@click.option(
    "--png",
    "path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=None,
    help="Draw to this file.  [default: plots.png in the run's folder]",
)
@home_option
def plot_run(*, run_id: str, path: Path | None, home: str | None) -> None:
    """Draw what RUN has reported so far: a chart for each group of metrics."""
    from app.run_plots import write_plots

    with open_league(home) as league:
        written = write_plots(Runs(league.home, league.store).find(run_id), path)
    click.echo(f"wrote {written}")


@runs.command("export")
@click.argument("run_id", metavar="RUN")
@click.option(
    "--tensorboard",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    default=None,
    help="Write an event file for TensorBoard to a folder of the run in FOLDER.",
)
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    default=None,
    help="Write a table of all steps.",
)
@home_option
def export_metrics(*, run_id: str, tensorboard: Path | None, csv_path: Path | None, home: str | None) -> None:
    """Write all metrics of RUN for other programs; a file that is there already is left as it is."""
    from app.run_export import export_run

    if tensorboard is None and csv_path is None:
        raise UsageError("nothing is asked for: give --tensorboard FOLDER, --csv FILE, or both")
    with open_league(home) as league:
        kept = Runs(league.home, league.store)
        written = export_run(kept.find(run_id), kept.row(run_id), csv_path=csv_path, tensorboard=tensorboard)
    for path in written:
        click.echo(f"wrote {path}")


COMMAND = runs
