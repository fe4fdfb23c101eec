"""A configuration class becomes options: their types, their help, and nothing where nothing was given."""

from typing import Literal

import click
from click.testing import CliRunner
from pydantic import BaseModel, Field

from app.config_options import config_options, given_only


class Config(BaseModel):
    """One field of each kind."""

    count: int = Field(3, ge=1, le=1000, description="How many.")
    rate: float = Field(0.5, gt=0, le=1, description="How fast.")
    maybe: int | None = Field(None, ge=1, le=9, description="Perhaps.")
    sizes: tuple[int, ...] = Field((16, 8), description="How large.")
    mode: Literal["slow", "fast"] = Field("slow", description="Which way.")
    is_loud: bool = Field(default=False, description="Whether it is heard.")
    secret: str = Field("x", description="Left out.")


@click.command()
@config_options(Config, leave_out=("secret",))
def show(**options: object) -> None:
    click.echo(repr(given_only(options)))


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(show, arguments, terminal_width=200)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_what_is_not_given_is_not_there():
    assert printed() == "{}"


def test_values_have_the_types_of_their_fields_and_lists_are_one_text():
    given = ("--count", "5", "--rate", "0.25", "--maybe", "2", "--sizes", "4,4", "--mode", "fast", "--is-loud")
    expected = {"count": 5, "rate": 0.25, "maybe": 2, "sizes": "4,4", "mode": "fast", "is_loud": True}
    assert printed(*given) == repr(expected)
    assert printed("--no-is-loud") == "{'is_loud': False}"


def test_the_help_has_description_default_and_what_is_allowed():
    text = " ".join(printed("--help").split())
    for expected in (
        "--count INTEGER How many. [default: 3; 1 to 1,000]",
        "--sizes TEXT How large. [default: 16,8]",
        "--mode TEXT Which way. [default: slow; slow, fast]",
        "--is-loud / --no-is-loud Whether it is heard. [default: False]",
    ):
        assert expected in text
    assert "secret" not in text
