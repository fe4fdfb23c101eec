"""``train``: one subcommand for each trainer that is registered."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from ai.errors import failure_reason
from ai.runs import Runs
from ai.trainer import Trainer, trainer, trainers
from ai.training import RunEnded
from app.cli import DONE, INTERRUPTED
from app.command_options import WorkerCount, events_option, home_option, json_option
from app.config_options import config_options, given_only
from app.jobs.channel import Channel
from app.run_text import advice_object, advice_text, run_object, run_text, start_command, trainers_text
from app.session import open_league
from app.tournament import DEFAULT_GAME, UsageError, to_stderr
from app.train_views import ChannelView, TerminalView
from app.training import LATEST, TrainRequest, check_machine, run_training
from game.executors.base import ExecutorSettings, default_workers, executors, usable_cores
from game.games import game as game_named

_WORKERS: Final = "Worker processes.  [default: one a physical core; with --events one less]"
_ADVISED_WORKERS: Final = "Worker processes.  [default: as the advice for this machine says]"


class _Trainers(click.Group):
    """Finds a subcommand in the registry of trainers."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return [each.name for each in trainers()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        return _command(trainer(cmd_name))


@click.group(cls=_Trainers, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def train(ctx: click.Context) -> None:
    """Train new players, without a window; without a trainer's name, list the trainers."""
    if ctx.invoked_subcommand is None:
        click.echo("\n".join(trainers_text(trainers())))


def _command(chosen: Trainer) -> click.Command:
    """Return the subcommand of one trainer: the common options, and one for every field of its configuration."""

    def callback(ctx: click.Context, /, **options: Any) -> None:  # click hands in one argument an option
        ctx.exit(_train(chosen, options))

    presets = "; ".join(f"{name}: {preset.sentence}" for name, preset in chosen.presets.items())
    decorated: Callable[..., Any] = click.pass_context(callback)
    for add in reversed(_options(chosen, presets)):
        decorated = add(decorated)
    return click.command(
        chosen.name, help=chosen.description, context_settings={"help_option_names": ["-h", "--help"]}
    )(decorated)


def _options(chosen: Trainer, presets: str) -> list[Callable[[Any], Any]]:
    return [
        click.option("--preset", default=None, help=f"Settings to begin with.  [{presets}]"),
        *_config_option(chosen),
        config_options(chosen.config_class, leave_out=()),
        click.option("--seed", type=int, default=None, help="Seed of the run.  [default: drawn, and shown]"),
        click.option("--name", default=None, help="Name of the run and of its champion.  [default: the run's id]"),
        click.option(
            "--resume", default=None, is_flag=False, flag_value=LATEST, help="Go on with RUN, or the latest unfinished."
        ),
        click.option(
            "--workers", type=WorkerCount(), default=None, help=_WORKERS if chosen.advise is None else _ADVISED_WORKERS
        ),
        *_advice_options(chosen),
        click.option("--executor", default="pool", show_default=True, help="How matches are played: serial or pool."),
        events_option,
        home_option,
        json_option,
    ]


def _config_option(chosen: Trainer) -> list[Callable[[Any], Any]]:
    if chosen.config_file is None:
        return []
    text = f"{chosen.config_file.sentence} Its settings replace the preset's, and options replace both."
    return [
        click.option(
            "--config", "config_path", type=click.Path(path_type=Path), metavar="FILE", default=None, help=text
        )
    ]


def _advice_options(chosen: Trainer) -> list[Callable[[Any], Any]]:
    if chosen.advise is None:
        return []
    return [
        click.option(
            "--check-only", is_flag=True, help="Say what this machine has and what is recommended, and start nothing."
        ),
        click.option(
            "--force", is_flag=True, help="Do what was asked for also where this machine cannot carry it well."
        ),
    ]


def _train(chosen: Trainer, options: dict[str, Any]) -> int:
    if options.get("check_only"):
        return _check(chosen, options)
    ended = _as_job(chosen, options) if options["is_job"] else _by_hand(chosen, options)
    return INTERRUPTED if ended.state == "stopped" else DONE


def _as_job(chosen: Trainer, options: dict[str, Any]) -> RunEnded:
    with Channel() as channel:
        view = ChannelView(channel)
        channel.hand_commands_to(view.obey)
        try:
            with open_league(options["home"]) as league:
                return run_training(league, _request(chosen, options), view)[1]
        except Exception as error:
            view.fail(failure_reason(error))
            raise


def _by_hand(chosen: Trainer, options: dict[str, Any]) -> RunEnded:
    with open_league(options["home"]) as league:
        with TerminalView(chosen) as view:  # its bar must be gone before the result comes
            run, ended = run_training(league, _request(chosen, options), view)
        row = Runs(league.home, league.store).row(run.id)
    if options["as_json"]:
        click.echo(json.dumps(run_object(row), allow_nan=False))
    else:
        click.echo("\n".join(run_text(row, run, chosen, options["home"])))
    return ended


def _check(chosen: Trainer, options: dict[str, Any]) -> int:
    """Say what the trainer advises for this machine."""
    if options["is_job"]:
        return _check_as_job(chosen, options)
    request = _request(chosen, options)
    advice = check_machine(request, to_stderr)
    command = start_command(request, advice, options["home"])
    if options["as_json"]:
        click.echo(json.dumps(advice_object(chosen.name, advice, command), allow_nan=False))
    else:
        click.echo("\n".join(advice_text(advice, command)))
    return DONE


def _check_as_job(chosen: Trainer, options: dict[str, Any]) -> int:
    """Send the same lines as the job of a window."""
    with Channel() as channel:
        view = ChannelView(channel)
        try:
            request = _request(chosen, options)
            advice = check_machine(request, view.say)
        except Exception as error:
            view.fail(failure_reason(error))
            raise
        for line in advice_text(advice, start_command(request, advice, options["home"])):
            channel.send("line", text=line)
        channel.send("ended", state="complete", reason="")
    return DONE


def _request(chosen: Trainer, options: dict[str, Any]) -> TrainRequest:
    if options["executor"] not in executors():
        raise UsageError(f"there is no executor '{options['executor']}': {', '.join(sorted(executors()))} are known")
    cores = default_workers() if options["is_job"] else usable_cores()  # a window needs a core of its own
    workers = options["workers"] if options["workers"] is not None or chosen.advise is not None else cores
    return TrainRequest(
        trainer=chosen,
        fields=_fields(chosen, options),
        preset=options["preset"],
        seed=options["seed"],
        name=options["name"],
        resume=options["resume"],
        executor=options["executor"],
        settings=ExecutorSettings(workers=workers),
        spare_cores=int(options["is_job"]),
        is_forced=bool(options.get("force")),
    )


def _fields(chosen: Trainer, options: dict[str, Any]) -> Mapping[str, object]:
    """Return the fields that were given: by a configuration file, and in place of its own by options."""
    given = given_only({name: options[name] for name in chosen.config_class.model_fields})
    path = options.get("config_path")
    if path is None or chosen.config_file is None:
        return given
    return {**chosen.config_file.read(path, game_named(DEFAULT_GAME)), **given}


COMMAND = train
