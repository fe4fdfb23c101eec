"""``warm``: compiles the match kernels before they are needed; the window's job on a new machine."""

import click

from app.command_options import events_option
from app.jobs.channel import Channel
from game.warmup import warm_up


@click.command(hidden=True, context_settings={"help_option_names": ["-h", "--help"]})
@events_option
def warm(*, is_job: bool) -> None:
    """Compile the match kernels into the cache, if they are not there."""
    if not is_job:
        warm_up(click.echo, for_screen=True)
        return
    with Channel() as channel:
        warm_up(lambda line: channel.send("log", level="info", text=line), for_screen=True)
        channel.send("ended", state="complete", reason="")


COMMAND = warm
