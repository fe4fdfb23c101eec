"""The schedules of a season. A module of this package that has ``SCHEDULES`` is found by being there."""

import difflib
import importlib
import pkgutil
from functools import cache

from league.errors import LeagueError
from league.schedules.base import PairCounts, Pairing, Record, Schedule

__all__ = ["PairCounts", "Pairing", "Record", "Schedule", "UnknownScheduleError", "schedule", "schedules"]


class UnknownScheduleError(LeagueError):
    """A format that no schedule has registered."""


@cache
def schedules() -> tuple[Schedule, ...]:
    """Return every schedule, sorted by name; ``ValueError`` if two share a name, which is a bug of ours."""
    found: dict[str, Schedule] = {}
    for module_info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for item in getattr(module, "SCHEDULES", ()):
            if item.name in found:
                raise ValueError(f"two schedules are called {item.name!r}")
            found[item.name] = item
    return tuple(found[name] for name in sorted(found))


def schedule(name: str) -> Schedule:
    """Return the schedule called ``name``.

    Raises
    ------
    UnknownScheduleError
        If there is none; the message names the most similar one and all that there are.
    """
    by_name = {item.name: item for item in schedules()}
    if name in by_name:
        return by_name[name]
    similar = difflib.get_close_matches(name, by_name, n=1)
    hint = f"did you mean {similar[0]!r}? " if similar else ""
    raise UnknownScheduleError(f"no format is called {name!r}; {hint}there are {', '.join(by_name)}")
