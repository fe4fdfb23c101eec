"""The command line. No Qt here: a headless run never loads it."""

import importlib
import json
import logging
import pkgutil
import sys
from pathlib import Path
from typing import Any, Final

import click

import app.commands
from ai.errors import RunFailedError
from app.command_options import batch_size_option, workers_option
from app.config_options import config_options, given_only
from app.display import missing_display
from game.errors import GameError
from game.executors.base import ExecutorSettings, executors
from game.policies.python_bot import TimeLimits
from league.config import SeasonConfig
from league.errors import DiskFullError, LeagueError

logger = logging.getLogger(__name__)

DONE: Final = 0
FAILED: Final = 1
WRONG_USE: Final = 2
INTERRUPTED: Final = 130

_NOT_OPTIONS: Final = ("players", "sprt", "anchors", "game")


class _Commands(click.Group):
    """Finds a subcommand in its own module, and imports it only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return sorted(info.name for info in pkgutil.iter_modules(app.commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{app.commands.__name__}.{cmd_name}").COMMAND
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            raise click.UsageError(
                f"{error.message.rstrip('.')}: {', '.join(self.list_commands(ctx))} are known"
            ) from error


class _Sprt(click.ParamType[dict[str, float]]):
    name = "ELO0,ELO1"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, float]:  # noqa: ARG002
        try:
            low, high = (float(part) for part in str(value).split(","))
        except ValueError:
            self.fail(f"'{value}' is no pair of numbers: two Elo differences are needed, such as 0,30")
        return {"elo0": low, "elo1": high}


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110, "auto_envvar_prefix": None},
)
@click.option(
    "--home", type=str, default=None, help="Folder of the league.  [default: RALLY_HOME, or the user's data folder]"
)
@click.option("--no-visuals", is_flag=True, help="Play a tournament of the league's players, without a window.")
@click.option("--auto", is_flag=True, help="Open the desktop, or where there is no display do as with --no-visuals.")
@click.option(
    "--players", type=str, default=None, help="Who plays: names or hashes, separated by commas.  [default: all]"
)
@config_options(SeasonConfig, leave_out=_NOT_OPTIONS)
@click.option(
    "--sprt", type=_Sprt(), default=None, help="End an encounter early by a sequential test of these nElo bounds."
)
@workers_option
@batch_size_option
@click.option(
    "--executor", type=str, default="pool", show_default=True, help="How matches are executed: serial or pool."
)
@click.option(
    "--decision-limit", type=float, default=None, help="Seconds that a Python bot has for a decision.  [default: 0.25]"
)
@click.option(
    "--match-limit", type=float, default=None, help="Seconds that a Python bot has for a match.  [default: 60]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables.")
@click.option(
    "--csv", "csv_path", type=click.Path(path_type=Path), default=None, help="Write the standings to this file."
)
@click.option("--html", "html_path", type=click.Path(path_type=Path), default=None, help="Write a report to this file.")
@click.option(
    "--resume",
    type=int,
    default=None,
    is_flag=False,
    flag_value=0,
    help="Go on with season N, or with the latest unfinished one.",
)
@click.option(
    "--new", "is_new", is_flag=True, help="Play a new season even if the same is stored; draws a seed if none is given."
)
@click.option("-v", "--verbose", is_flag=True, help="Show log messages.")
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:  # click hands in one argument an option
    """Rally League: learned, scripted and your own players in a deterministic ball game, and a league to rate them.

    Without options the desktop opens. With --no-visuals a tournament is played here, stored, and can be resumed.
    """
    ctx.ensure_object(dict)
    ctx.obj["home"] = options["home"]
    if options["verbose"]:
        logging.getLogger().setLevel(logging.INFO)
    if ctx.invoked_subcommand is not None:
        return
    if options["no_visuals"] or (options["auto"] and missing_display()):
        ctx.exit(_tournament(options))
    ctx.exit(desktop(options["home"]))


def desktop(home: str | None) -> int:
    """Open the desktop of the league at ``home``; where it cannot open, say why and what works instead."""
    reason = missing_display()
    if reason:
        sys.stderr.write(f"the desktop cannot open: {reason}. Play without a window: python main.py --no-visuals\n")
        return WRONG_USE
    from app.desktop.application import open_desktop  # the only way to Qt

    return open_desktop(home)


def _tournament(options: dict[str, Any]) -> int:
    from app.results import json_object, print_outcome, write_files  # --help must not wait for these
    from app.session import open_league
    from app.tournament import run_tournament, to_stderr

    if options["auto"]:
        to_stderr(f"{missing_display()}: playing a headless tournament instead")
    request = _request(options)
    with open_league(options["home"]) as league:
        outcome = run_tournament(league, request, to_stderr)
        write_files(outcome.summary, options["csv_path"], options["html_path"])
        if options["as_json"]:
            click.echo(json.dumps(json_object(outcome), allow_nan=False))
        else:
            print_outcome(outcome, options["home"])
    return INTERRUPTED if outcome.is_interrupted else DONE


def _request(options: dict[str, Any]) -> Any:  # the class is imported here, late
    from app.tournament import Request, UsageError

    fields = given_only(
        {name: options[name] for name in SeasonConfig.model_fields if name in options and name != "players"}
    )
    players = options["players"]
    if options["executor"] not in executors():
        raise UsageError(f"there is no executor '{options['executor']}': {', '.join(sorted(executors()))} are known")
    limits = {
        "decision_s": options["decision_limit"],
        "match_s": options["match_limit"],
    }
    for name, value in given_only(limits).items():
        if not 0.001 <= float(str(value)) <= 3600:
            raise UsageError(f"{name.replace('_s', '')} limit is {value} s: 0.001 to 3600 are allowed")
    return Request(
        fields=fields,
        players=None if players is None else tuple(name.strip() for name in players.split(",") if name.strip()),
        executor=options["executor"],
        settings=ExecutorSettings(
            workers=options["workers"],
            batch_size=options["batch_size"],
            limits=TimeLimits(**given_only(limits)),  # type: ignore[arg-type]
        ),
        resume=options["resume"],
        is_new=options["is_new"],
    )


def run(arguments: list[str]) -> int:
    """Run the command line; return its exit code. An expected error is one sentence on stderr."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        code = cli.main(args=arguments, prog_name="python main.py", standalone_mode=False, obj={})
    except click.ClickException as error:
        error.show()
        return WRONG_USE
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except (LeagueError, GameError) as error:
        sys.stderr.write(f"error: {error}\n")
        return FAILED if isinstance(error, DiskFullError | RunFailedError) else WRONG_USE
    except BrokenPipeError:
        sys.stderr.close()
        return FAILED
    return int(code or DONE)
