"""What a season is made of: everything that decides its matches and its table, and nothing else."""

import difflib
import hashlib
import json
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_core import ErrorDetails

from league.errors import LeagueError
from league.ratings.sprt import SprtConfig
from league.schedules import UnknownScheduleError, schedule

MAX_MATCHES: Final = 2**31
"""The most matches a season may have."""

MAX_RATING: Final = 10_000.0
"""The largest rating, and the negative of the smallest, that a player can be given."""

PlayerHash = Annotated[str, Field(min_length=1, max_length=128)]
"""A player's content hash."""

Rating = Annotated[float, Field(ge=-MAX_RATING, le=MAX_RATING)]
"""A rating in Elo points."""


class ConfigError(LeagueError):
    """A season's configuration cannot be used."""


class SeasonConfig(BaseModel):
    """One season. It is a pure function of this configuration: two equal ones play the same matches.

    Where the format does not care about the order of ``players`` they are sorted, and ``anchors`` always are, so that
    the same set is the same season.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    game: str = Field("rally", pattern=r"^[a-z][a-z0-9_]{0,63}$", description="Name of the game that is played.")
    format: str = Field("round_robin", description="Name of the schedule: who plays whom.")
    players: tuple[PlayerHash, ...] = Field(
        min_length=2, max_length=1000, description="Content hashes of the players, each once."
    )
    pairs: int = Field(
        20,
        title="Pairs an encounter",
        ge=1,
        le=1_000_000,
        description="Pairs of matches an encounter; a pair is two matches on one seed with seats swapped.",
    )
    points: int | None = Field(
        5, title="Points to win", ge=1, le=21, description="Points that win a match; none for the game's own number."
    )
    seed: int = Field(1, ge=0, le=2**63 - 1, description="Season seed, from which every match's seed follows.")
    rounds: int = Field(
        0, ge=0, le=1000, description="Rounds of a swiss or ladder season; 0 for as many as single out a winner."
    )
    gauntlet_size: int = Field(
        1, ge=1, le=999, description="Gauntlet: how many players, from the first, meet everybody else."
    )
    tiebreak_pairs: int = Field(
        10,
        title="Tie-break pairs",
        ge=0,
        le=1000,
        description="Knockout: most extra pairs of a tied encounter, before the better seed wins.",
    )
    sprt: SprtConfig | None = Field(
        None,
        title="Early stop (SPRT)",
        description="Sequential test that ends an encounter of a round robin or gauntlet early; none for full length.",
    )
    sprt_block: int = Field(
        10,
        title="Pairs between tests",
        ge=1,
        le=100_000,
        description="Pairs an encounter plays between two looks of the test.",
    )
    k_factor: float = Field(
        16.0, title="K-factor", gt=0, le=200, description="Elo points that one match can move a live rating."
    )
    initial_rating: Rating = Field(1500.0, description="Live rating before the first match, and mean of the table.")
    prior_draws: float = Field(
        1.0,
        ge=0,
        le=10,
        description="Virtual drawn pairs an encounter that keep the ratings of unbeaten players finite.",
    )
    anchors: tuple[tuple[PlayerHash, Rating], ...] = Field(
        (), description="Players whose rating is fixed, and at what."
    )
    resamples: int = Field(1000, ge=100, le=10_000, description="Bootstrap resamples behind the error bars.")

    @field_validator("format")
    @classmethod
    def _check_format(cls, name: str) -> str:
        try:
            return schedule(name).name
        except UnknownScheduleError as error:
            raise ValueError(str(error)) from error

    @field_validator("players")
    @classmethod
    def _check_players(cls, players: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        _refuse_repeats("players", players)
        if "format" in info.data and not schedule(info.data["format"]).order_matters:
            return tuple(sorted(players))
        return players

    @field_validator("anchors")
    @classmethod
    def _check_anchors(cls, anchors: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
        _refuse_repeats("anchors", tuple(player for player, _ in anchors))
        return tuple(sorted(anchors))

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.gauntlet_size >= len(self.players):
            raise ValueError(
                f"gauntlet_size is {self.gauntlet_size}; with {len(self.players)} players it can be at most "
                f"{len(self.players) - 1}"
            )
        for player, _ in self.anchors:
            if player not in self.players:
                raise ValueError(f"anchors has {player!r}, which is not one of the season's players")
        chosen = schedule(self.format)
        if self.sprt is not None and not chosen.allows_sprt:
            raise ValueError(
                f"sprt cannot be used with format {self.format!r}; it ends encounters of a round_robin or gauntlet"
            )
        matches = 2 * chosen.most_pairs(len(self.players), self)
        if matches > MAX_MATCHES:
            raise ValueError(
                f"this season can have {matches:,} matches, at most {MAX_MATCHES:,} are allowed; "
                "choose fewer pairs, rounds or players"
            )
        return self

    def planned_pairs(self) -> int | None:
        """Return the exact number of pairs of the season, None where results decide it."""
        return schedule(self.format).planned_pairs(len(self.players), self)

    def most_pairs(self) -> int:
        """Return the number of pairs that the season cannot exceed."""
        return schedule(self.format).most_pairs(len(self.players), self)

    def to_json(self) -> str:
        """Return the canonical JSON: sorted keys, no white space, every field."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the configuration that ``text`` holds; ``ConfigError`` with one sentence if it holds none."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise ConfigError(first_error_sentence(error, cls)) from error

    def key(self) -> str:
        """Return the SHA-256 of the canonical JSON, in hexadecimal: the season's identity."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def differences(self, other: "SeasonConfig") -> list[str]:
        """Return one sentence for every field in which ``other`` differs, in the order of the fields."""
        return [
            f"{name} is {_shown(getattr(self, name))} here and {_shown(getattr(other, name))} there"
            for name in type(self).model_fields
            if getattr(self, name) != getattr(other, name)
        ]


def first_error_sentence(error: ValidationError, model: type[BaseModel] = SeasonConfig) -> str:
    """Return the first error as one sentence: which setting, its value, what is allowed.

    ``model`` is the class that was validated; an unknown setting is compared with its names.
    """
    details = error.errors(include_url=False)[0]
    kind = details["type"]
    if kind == "value_error":
        return str(details["ctx"]["error"])
    if kind == "json_invalid":
        return f"this is not JSON: {details['ctx']['error']}"
    setting = ".".join(str(part) for part in details["loc"]) or "the configuration"
    if kind == "extra_forbidden":
        return _unknown_setting(setting, model)
    if kind == "missing":
        return f"{setting} is missing; it has no default"
    return f"{setting} is {_shown(details['input'])}; {_allowed(details)}"


_ALLOWED: Final = {
    "greater_than": "it must be greater than {gt}",
    "greater_than_equal": "it must be at least {ge}",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be at most {le}",
    "too_short": "it must have at least {min_length} entries",
    "too_long": "it must have at most {max_length} entries",
    "string_too_short": "it must have at least {min_length} characters",
    "string_too_long": "it must have at most {max_length} characters",
    "string_pattern_mismatch": "it must match {pattern}",
    "literal_error": "it must be {expected}",
    "int_parsing": "it must be a whole number",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "float_parsing": "it must be a number",
    "float_type": "it must be a number",
    "finite_number": "it must be a finite number",
    "string_type": "it must be a text",
    "tuple_type": "it must be a list",
    "model_type": "it must be an object with settings by name",
}


def _allowed(details: ErrorDetails) -> str:
    template = _ALLOWED.get(details["type"])
    if template is None:
        return details["msg"][:1].lower() + details["msg"][1:]
    return template.format(**details.get("ctx", {}))


def _unknown_setting(setting: str, model: type[BaseModel]) -> str:
    similar = difflib.get_close_matches(setting, model.model_fields, n=1)
    hint = f"did you mean {similar[0]!r}?" if similar else f"there are {', '.join(model.model_fields)}"
    return f"there is no setting {setting!r}; {hint}"


def _refuse_repeats(setting: str, names: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{setting} has {name!r} twice; each player can be there once")
        seen.add(name)


def _shown(value: object) -> str:
    """Return ``value`` in at most 60 characters."""
    text = "none" if value is None else str(value) if isinstance(value, BaseModel) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
