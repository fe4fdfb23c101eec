"""``baseline``: measures how fast one process plays, which the charts compare a season's throughput with."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from app.cli import DONE
from app.command_options import events_option, home_option, json_option

if TYPE_CHECKING:
    from app.baseline import Baseline
    from game.executors.base import RunControl


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--seconds", type=click.FloatRange(0.1, 60.0), default=2.0, show_default=True, help="How long to play, about."
)
@events_option
@home_option
@json_option
@click.pass_context
def baseline(ctx: click.Context, *, seconds: float, is_job: bool, home: str | None, as_json: bool) -> None:
    """Measure how fast one process plays this league's players, and keep the figure for the throughput chart."""
    if is_job:
        ctx.exit(_as_job(home, seconds))
    found = _measure(home, seconds, None)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        click.echo(
            f"sequential baseline: {found.matches_per_s:,.0f} matches/s, {found.ticks_per_s:,.0f} ticks/s "
            f"({found.matches:,} matches of {found.players} players in {found.seconds:.1f} s)"
        )


def _as_job(home: str | None, seconds: float) -> int:
    from app.jobs.channel import Channel  # --help must not wait for it

    with Channel() as channel:
        channel.send("baseline", **asdict(_measure(home, seconds, channel.control)))
        channel.send("ended", state="complete", reason="")
    return DONE


def _measure(home: str | None, seconds: float, control: "RunControl | None") -> "Baseline":
    from app.baseline import measure_baseline, save_baseline  # as above
    from app.session import open_league

    with open_league(home) as league:
        found = measure_baseline(league, seconds=seconds, control=control)
        save_baseline(league.home, found)
    return found


COMMAND = baseline
