"""What is known about the metrics that runs report, whatever trainer they are of. No Qt."""

import itertools
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from ai.errors import TrainingError
from ai.trainer import FAMILY, RATE_SUFFIX, MetricSpec, trainer

OTHER: Final = "Other"
"""The group of metrics that a trainer reports without having declared them."""

Declared: TypeAlias = Callable[[str], tuple[MetricSpec, ...]]
"""Returns what a trainer, by its name, declares."""

_Natural: TypeAlias = tuple[tuple[int, str], ...]
_SortKey: TypeAlias = tuple[int, _Natural]

_MEAN, _SD, _OF = "mean", "sd", "_sd"


def declared(name: str) -> tuple[MetricSpec, ...]:
    """Return what the trainer called ``name`` declares; nothing if this program does not have it."""
    try:
        return trainer(name).metrics
    except TrainingError:
        return ()


def title_of(spec: MetricSpec, name: str) -> str:
    """Return what people call the metric ``name``, of a family with its member: "Win rate tracker"."""
    return f"{spec.title} {name.split(FAMILY, 1)[1]}" if spec.is_family and FAMILY in name else spec.title


def spread_of(name: str) -> str | None:
    """Return the metric whose standard deviation ``name`` is, by their names: ``sd`` of ``mean``, ``size_sd`` of ``size``."""
    if name == _SD:
        return _MEAN
    return name.removesuffix(_OF) if name.endswith(_OF) else None


class MetricBook:
    """Looks metrics up: what their trainer declares, or else no more than their names. What was looked up is kept."""

    def __init__(self, declares: Declared) -> None:
        self._declares = declares
        self._declared: dict[str, tuple[MetricSpec, ...]] = {}
        self._specs: dict[tuple[str, str], MetricSpec] = {}
        self._keys: dict[tuple[str, str], _SortKey] = {}

    def declared(self, trainer_name: str) -> tuple[MetricSpec, ...]:
        """Return what a trainer declares, in its order."""
        if trainer_name not in self._declared:
            self._declared[trainer_name] = self._declares(trainer_name)
        return self._declared[trainer_name]

    def spec(self, trainer_name: str, name: str) -> MetricSpec:
        """Return what is known about a metric."""
        key = (trainer_name, name)
        if key not in self._specs:
            self._specs[key] = self._found(trainer_name, name)
        return self._specs[key]

    def ordered(self, trainer_name: str, names: Iterable[str]) -> list[str]:
        """Return ``names`` as the trainer declares them, members of a family by name, numbers by their size."""
        return sorted(names, key=lambda name: self._key(trainer_name, name))

    def _key(self, trainer_name: str, name: str) -> _SortKey:
        key = (trainer_name, name)
        if key not in self._keys:
            order = [spec.name for spec in self.declared(trainer_name)]
            found = self.spec(trainer_name, name).name
            self._keys[key] = (order.index(found) if found in order else len(order), _natural(name))
        return self._keys[key]

    def _found(self, trainer_name: str, name: str) -> MetricSpec:
        family = name.split(FAMILY, 1)[0]
        for spec in self.declared(trainer_name):
            if spec.name == (family if spec.is_family else name):
                return spec
        is_rate = name.endswith(RATE_SUFFIX)
        title = name.replace(RATE_SUFFIX, "").replace("_", " ").capitalize()
        return MetricSpec(name, title, OTHER, "Reported by the run.", f"{title.lower()}/s" if is_rate else "")


def _natural(name: str) -> _Natural:
    """Return a key that sorts 2 before 10."""
    parts = ("".join(part) for _, part in itertools.groupby(name, str.isdigit))
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
