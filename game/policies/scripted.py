"""A game's scripted bot as a policy: the bot's code and its parameters."""

from dataclasses import dataclass

import numpy as np

from game.errors import PlayerFileError
from game.policies.bank import Kind, PackedPolicy
from game.spec import GameSpec, ScriptedBot


@dataclass(frozen=True)
class ScriptedPolicy:
    """Bot ``bot`` of a game with ``parameters``, one number for each of ``bot.parameters``."""

    bot: ScriptedBot
    parameters: tuple[float, ...]
    memory_rows: int

    def __post_init__(self) -> None:
        """Refuse parameters out of their ranges, with ``PlayerFileError``."""
        if len(self.parameters) != len(self.bot.parameters):
            raise PlayerFileError(
                f"bot '{self.bot.name}' got {len(self.parameters)} parameters: it needs {len(self.bot.parameters)}"
            )
        for value, parameter in zip(self.parameters, self.bot.parameters, strict=True):
            if not parameter.low <= value <= parameter.high:
                raise PlayerFileError(
                    f"parameter '{parameter.name}' of bot '{self.bot.name}' is {value}: "
                    f"{parameter.low} to {parameter.high} are allowed"
                )

    @classmethod
    def of(cls, game: GameSpec, name: str, **parameters: float) -> "ScriptedPolicy":
        """Return bot ``name`` of ``game`` with the given parameters, the others at their defaults."""
        bot = game.bot(name)
        unknown = set(parameters) - {parameter.name for parameter in bot.parameters}
        if unknown:
            raise PlayerFileError(f"bot '{name}' has no parameter '{sorted(unknown)[0]}'")
        values = tuple(parameters.get(parameter.name, parameter.default) for parameter in bot.parameters)
        return cls(bot, values, game.memory_rows)

    @property
    def kind(self) -> Kind:
        """``Kind.SCRIPTED``."""
        return Kind.SCRIPTED

    def pack(self) -> PackedPolicy:
        """Integers: the bot's code. Reals: its parameters."""
        return PackedPolicy(
            Kind.SCRIPTED,
            np.array([self.bot.code], np.int32),
            np.array(self.parameters, np.float32),
            memory_rows=self.memory_rows,
            scratch_rows=0,
        )
