"""What a night is made of: everything that decides its players, verdicts and seasons, and how long it lasts."""

import re
from collections.abc import Mapping
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from league.gate import GateConfig

MAX_SEED: Final = 2**63 - 1
MAX_CYCLES: Final = 10_000

_NAME: Final = re.compile(r"[^\W_][\w .+()#-]{0,55}")


class OvernightConfig(BaseModel):
    """One night. Its cycles are a pure function of this; ``cycles`` and ``hours`` only say how many there are."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    trainer: str = Field("selfplay", min_length=1, max_length=64, description="Who trains: the name of a trainer.")
    preset: str | None = Field(None, description="Settings of the trainer to begin with.")
    settings: Mapping[str, str] = Field(
        {}, description="Fields of the trainer's configuration in place of the preset's."
    )
    cycles: int = Field(0, ge=0, le=MAX_CYCLES, description="Cycles of the whole night; 0 to go by hours.")
    hours: float = Field(8.0, gt=0.0, le=1000.0, description="Hours of the whole night, after which no cycle begins.")
    pairs: int = Field(
        20, title="Pairs an encounter", ge=1, le=10_000, description="Pairs of matches an encounter of each season."
    )
    seed: int | None = Field(
        None,
        ge=0,
        le=MAX_SEED,
        description="Seed from which those of all runs, gates and seasons follow; none to draw.",
    )
    name: str | None = Field(None, description="Name of the champions, each with the number of its cycle behind it.")
    gate: GateConfig = Field(
        GateConfig(), title="Champion gate", description="How sure it must be that a new champion is better."
    )

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str | None) -> str | None:
        if name is not None and not _NAME.fullmatch(name):
            raise ValueError(
                f"name is '{name[:64]}': 1 to 56 letters, digits and ' _.+()#-' are allowed, beginning with a letter or a digit"
            )
        return name

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if "" in self.settings:
            raise ValueError("a setting has no name: FIELD=VALUE is needed, such as generations=200")
        return self
