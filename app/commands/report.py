"""``report``: a season as one HTML file, a table, a picture."""

from pathlib import Path

import click

from app.command_options import home_option, season_option
from app.session import open_league
from app.stored_season import stored_summary
from league.report import write_csv, write_report


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@season_option
@click.option(
    "--html",
    "html_path",
    type=click.Path(path_type=Path),
    default=None,
    help="Write the report to this file.  [default: season-N.html, or none with --csv or --png]",
)
@click.option(
    "--csv", "csv_path", type=click.Path(path_type=Path), default=None, help="Write the standings to this file."
)
@click.option(
    "--png", "png_path", type=click.Path(path_type=Path), default=None, help="Draw ratings and live Elo to this file."
)
@home_option
def report(
    *, season_id: int | None, html_path: Path | None, csv_path: Path | None, png_path: Path | None, home: str | None
) -> None:
    """Write a report of a season: standings, cross table, plots, faults."""
    with open_league(home) as league:
        summary = stored_summary(league, season_id)
    if html_path is not None or (csv_path is None and png_path is None):
        path = html_path or Path(f"season-{summary.season.id}.html")
        write_report(summary, path)
        click.echo(f"wrote {path}")
    if csv_path is not None:
        write_csv(summary, csv_path)
        click.echo(f"wrote {csv_path}")
    if png_path is not None:
        from app.season_picture import write_picture

        write_picture(summary, png_path)
        click.echo(f"wrote {png_path}")


COMMAND = report
