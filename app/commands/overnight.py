"""``overnight``: train, hold the champion against the last one, play a season; again and again, unattended."""

import json
from typing import TYPE_CHECKING, Any, Final

import click
from pydantic import BaseModel, create_model

from app.cli import DONE, INTERRUPTED
from app.command_options import WorkerCount, events_option, home_option, json_option
from app.config_options import config_options, given_only
from app.overnight.config import OvernightConfig
from league.gate import GateConfig

if TYPE_CHECKING:
    from app.overnight.running import NightRequest
    from app.overnight.state import Night

_GATE: Final = "gate_"


def _gate_options() -> type[BaseModel]:
    """Return the gate's configuration with names that say that they are the gate's."""
    fields: dict[str, Any] = {
        f"{_GATE}{name}": (info.annotation, info) for name, info in GateConfig.model_fields.items()
    }
    return create_model("GateOptions", **fields)


class _Setting(click.ParamType[tuple[str, str]]):
    name = "FIELD=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:  # noqa: ARG002
        field, equals, text = str(value).partition("=")
        if not (field.strip() and equals):
            self.fail(f"'{value}' is no setting: FIELD=VALUE is needed, such as generations=200")
        return field.strip().replace("-", "_"), text.strip()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@config_options(OvernightConfig, leave_out=("preset", "settings", "seed", "name", "gate"))
@click.option("--preset", default=None, help="Settings of the trainer to begin with.  [default: its own defaults]")
@click.option(
    "--set", "settings", type=_Setting(), multiple=True, help="A field of the trainer's configuration; may be repeated."
)
@click.option(
    "--seed", type=int, default=None, help="Seed of all runs, gates and seasons.  [default: drawn, and shown]"
)
@click.option("--name", default=None, help="Name of its champions, before the cycle's number.  [default: its id]")
@config_options(_gate_options(), leave_out=())
@click.option(
    "--resume",
    default=None,
    is_flag=False,
    flag_value="",
    help="Go on with overnight ID, or the latest unfinished; --cycles and --hours may change it.",
)
@click.option(
    "--workers",
    type=WorkerCount(),
    default=None,
    help="Worker processes.  [default: in training as for 'train', else physical cores - 1, at least 1]",
)
@click.option("--executor", default="pool", show_default=True, help="How matches are played: serial or pool.")
@events_option
@home_option
@json_option
@click.pass_context
def overnight(ctx: click.Context, /, **options: Any) -> None:  # click hands in one argument an option
    """Train, hold the run's champion against the last one, let it into the league, play a season; and again.

    Every cycle is a training run, a gate and a season like any other. A night that was stopped or killed is resumed without
    loss.
    """
    ctx.exit(_as_job(options) if options["is_job"] else _by_hand(options))


def _as_job(options: dict[str, Any]) -> int:
    from ai.errors import failure_reason
    from app.jobs.channel import Channel
    from app.overnight.running import run_overnight
    from app.overnight.views import ChannelNight
    from app.session import open_league

    with Channel() as channel:
        view = ChannelNight(channel)
        channel.hand_commands_to(view.obey)
        try:
            with open_league(options["home"]) as league:
                night, _ = run_overnight(league, _request(options), view)
        except Exception as error:
            view.fail(failure_reason(error))
            raise
    return _exit_code(night)


def _by_hand(options: dict[str, Any]) -> int:
    from app.overnight.report import night_object, night_text
    from app.overnight.running import run_overnight
    from app.overnight.views import TerminalNight
    from app.session import open_league

    request = _request(options)
    with open_league(options["home"]) as league, TerminalNight() as view:
        night, _ = run_overnight(league, request, view)
    if options["as_json"]:
        click.echo(json.dumps(night_object(night), allow_nan=False))
    else:
        click.echo("\n".join(night_text(night, options["home"])))
    return _exit_code(night)


def _exit_code(night: "Night") -> int:
    return DONE if night.state == "complete" else INTERRUPTED


def _request(options: dict[str, Any]) -> "NightRequest":
    from app.overnight.phases import Machine
    from app.overnight.running import NightRequest
    from app.tournament import UsageError
    from game.executors.base import executors

    if options["executor"] not in executors():
        raise UsageError(f"there is no executor '{options['executor']}': {', '.join(sorted(executors()))} are known")
    if options["cycles"] is not None and options["hours"] is not None:
        raise UsageError("--cycles and --hours exclude each other: give one of them")
    fields = given_only({name: options[name] for name in OvernightConfig.model_fields if name in options})
    if options["settings"]:
        fields["settings"] = dict(options["settings"])
    else:
        fields.pop("settings")
    gate = given_only({name: options[f"{_GATE}{name}"] for name in GateConfig.model_fields})
    if gate:
        fields["gate"] = gate
    machine = Machine(options["executor"], options["workers"], spare_cores=int(options["is_job"]))
    return NightRequest(fields, options["resume"], machine)


COMMAND = overnight
