"""The errors of ``game/``: each says what, the value, what is allowed, and what to do."""


class GameError(Exception):
    """Root of everything that ``game/`` raises on purpose."""


class PlayerFileError(GameError):
    """A player file cannot be used: not safetensors, truncated, too large, wrong shapes, wrong game."""


class BotError(GameError):
    """A user's Python bot cannot be loaded or started."""


class UnknownNameError(GameError):
    """A name (of a game, an executor, a scripted bot) that nothing registered."""


class ExecutorError(GameError):
    """An executor cannot start or was used after it was closed."""
