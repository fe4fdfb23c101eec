"""Options that several subcommands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


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
