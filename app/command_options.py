"""Options that several subcommands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


class WorkerCount(click.ParamType[int | str]):
    """A number of worker processes, or ``auto``; the executor's settings say which numbers are allowed."""

    name = "N|auto"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:  # noqa: ARG002
        """Return the number or the word."""
        if value == "auto" or isinstance(value, int):
            return "auto" if value == "auto" else int(value)
        try:
            return int(value)
        except ValueError:
            self.fail(f"'{value}' is neither a number nor 'auto'")


def home_option(command: F) -> F:
    """Add ``--home``; given here or before the subcommand, the nearer one wins."""

    def choose(ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
        root = ctx.find_root().obj or {}
        return value if value is not None else root.get("home")

    return click.option("--home", type=str, default=None, callback=choose, help="Folder of the league.")(command)


def json_option(command: F) -> F:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")(command)


def season_option(command: F) -> F:
    """Add ``--season``."""
    return click.option(
        "--season", "season_id", type=int, default=None, help="Number of the season.  [default: the latest]"
    )(command)


def workers_option(command: F) -> F:
    """Add ``--workers``."""
    return click.option(
        "--workers",
        type=WorkerCount(),
        default=None,
        help="Worker processes.  [default: physical cores - 1, at least 1]",
    )(command)


def batch_size_option(command: F) -> F:
    """Add ``--batch-size``."""
    return click.option("--batch-size", type=int, default=None, help="Matches a chunk.  [default: 20-50 ms of play]")(
        command
    )


def events_option(command: F) -> F:
    """Add ``--events``."""
    return click.option(
        "--events",
        "is_job",
        is_flag=True,
        help="Be a job: events go out on stdout and commands come in on stdin, one JSON object a line; the end of stdin "
        "stops it.",
    )(command)
