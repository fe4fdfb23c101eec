"""``play``: a stored season, played on to its end, by hand or as a job of the window."""

from typing import TYPE_CHECKING, Literal

import click

from app.cli import DONE, INTERRUPTED
from app.command_options import batch_size_option, events_option, home_option, workers_option

if TYPE_CHECKING:
    from app.jobs.season_job import SeasonRequest


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--season", "season_id", type=int, required=True, help="Number of the season.")
@workers_option
@batch_size_option
@click.option(
    "--visuals",
    "is_on_screen",
    is_flag=True,
    help="With --events: begin on the screen, where each match waits until it was shown.",
)
@events_option
@home_option
@click.pass_context
def play(  # noqa: PLR0913  # its options
    ctx: click.Context,
    /,
    *,
    season_id: int,
    workers: int | Literal["auto"] | None,
    batch_size: int | None,
    is_on_screen: bool,
    is_job: bool,
    home: str | None,
) -> None:
    """Play what a stored season still misses.

    Without --events this is --no-visuals --resume N.
    """
    if is_on_screen and not is_job:
        raise click.UsageError("--visuals needs --events: who reads the events shows the matches")
    from app.jobs.season_job import SeasonRequest  # --help must not wait for these

    request = SeasonRequest(season_id, workers, batch_size, is_on_screen=is_on_screen)
    ctx.exit(_as_job(home, request) if is_job else _by_hand(home, request))


def _as_job(home: str | None, request: "SeasonRequest") -> int:
    from app.jobs.channel import Channel
    from app.jobs.season_job import run_season_job

    with Channel() as channel:
        return DONE if run_season_job(home, request, channel) else INTERRUPTED


def _by_hand(home: str | None, request: "SeasonRequest") -> int:
    from app.results import print_outcome
    from app.session import open_league
    from app.tournament import Request, run_tournament, to_stderr

    with open_league(home) as league:
        outcome = run_tournament(league, Request({}, settings=request.settings, resume=request.season_id), to_stderr)
        print_outcome(outcome, home)
    return INTERRUPTED if outcome.is_interrupted else DONE


COMMAND = play
