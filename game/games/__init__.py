"""The games. A module here that has a ``GAME`` (a ``GameSpec``) is a game; nothing else names it."""

import difflib
import functools
import importlib
import pkgutil

from game.errors import UnknownNameError
from game.spec import GameSpec


@functools.cache
def games() -> tuple[GameSpec, ...]:
    """Return every game, by name."""
    modules = (importlib.import_module(f"{__name__}.{info.name}") for info in pkgutil.iter_modules(__path__))
    found = [module.GAME for module in modules if isinstance(getattr(module, "GAME", None), GameSpec)]
    return tuple(sorted(found, key=lambda game: game.name))


def game(name: str) -> GameSpec:
    """Return the game called ``name``.

    Raises
    ------
    UnknownNameError
        If there is none; the message names the nearest.
    """
    names = [spec.name for spec in games()]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there is: {', '.join(names)}."
        raise UnknownNameError(f"there is no game '{name}': {hint}")
    return games()[names.index(name)]
