"""Command-line options made from a configuration class: one field, one option, with its range and description."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

F = TypeVar("F", bound=Callable[..., Any])

_PLAIN: Final = {int: int, float: float, str: str}


def option_name(field: str) -> str:
    """Return the option of a field: ``k_factor`` is ``--k-factor``."""
    return "--" + field.replace("_", "-")


def config_options(model: type[BaseModel], *, leave_out: tuple[str, ...]) -> Callable[[F], F]:
    """Return a decorator that adds an option for every plain field of ``model`` but those of ``leave_out``.

    An option that is not given is None: the class's own default holds, and ranges are the class's to check.
    """

    def decorate(command: F) -> F:
        for name, info in reversed(model.model_fields.items()):
            if name not in leave_out:
                option, kind = option_name(name), _plain_type(info)
                if info.annotation is bool:
                    option, kind = f"{option}/--no-{option[2:]}", bool
                command = click.option(option, name, type=kind, default=None, help=_help(info))(command)
        return command

    return decorate


def given_only(values: Mapping[str, object]) -> dict[str, object]:
    """Return the options that were given."""
    return {name: value for name, value in values.items() if value is not None}


def _plain_type(info: FieldInfo) -> type[int | float | str]:
    if get_origin(info.annotation) is tuple:
        return str  # entries separated by commas, which the class splits
    for kind in (int, float, str):
        if info.annotation is kind or kind in getattr(info.annotation, "__args__", ()):
            return _PLAIN[kind]
    return str


def _help(info: FieldInfo) -> str:
    limits = {type(rule).__name__.lower(): rule for rule in info.metadata}
    low = getattr(limits.get("ge"), "ge", getattr(limits.get("gt"), "gt", None))
    high = getattr(limits.get("le"), "le", None)
    span = f"; {low:,} to {high:,}" if low is not None and high is not None and high < 2**62 else ""
    default = info.default
    if isinstance(default, tuple):
        default = ",".join(str(entry) for entry in default)
    if get_origin(info.annotation) is Literal:
        span = f"; {', '.join(str(value) for value in get_args(info.annotation))}"
    return f"{info.description}  [default: {default}{span}]"
