"""How a plan gets to the actors: its parameters through shared memory, the rest when it has changed."""

import pickle
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ai.dqn.actor import Plan
from ai.dqn.collectors.shared_arrays import OwnedArrays, WritableViews
from ai.shared_data import ArraysAddress

_PARAMETERS: Final = "parameters"
_fence_lock: Final = threading.Lock()


def _fence() -> None:
    """Let no write before this be seen after one behind it, nor reads change places, also on processors that may do so.

    The second acquisition cannot pass the first release, and what surrounds them cannot pass the two.
    """
    for _ in range(2):
        with _fence_lock:
            pass


@dataclass(frozen=True)
class News:
    """What a worker does not know yet of the current plan: pickled fields, and where the parameters lie."""

    version: int
    fields: Mapping[str, bytes]
    parameters: ArraysAddress | None

    @property
    def is_empty(self) -> bool:
        """Whether the worker knows it all, or finds it in shared memory."""
        return not self.fields


class PlanBoard:
    """The current plan as the learner shows it. Parameters are double-buffered: who reads them is never waited for."""

    def __init__(self, has_room: Callable[[int], bool]) -> None:
        self._has_room = has_room
        self._shared: OwnedArrays | None = None
        self._fields: dict[str, bytes] = {}
        self.version = 0
        """How many plans were published."""

    def publish(self, plan: Plan) -> None:
        """Make ``plan`` the current one; it may be changed afterwards."""
        if self._shared is None:
            halves = np.zeros((2, len(plan.parameters)), np.float32)
            self._shared = OwnedArrays({"version": np.zeros(1, np.int64), _PARAMETERS: halves}, self._has_room)
        views = self._shared.views
        fields = {name: value for name, value in plan._asdict().items() if views is None or name != _PARAMETERS}
        self._fields = {name: pickle.dumps(value, pickle.HIGHEST_PROTOCOL) for name, value in fields.items()}
        self.version += 1
        if views is not None:
            views[_PARAMETERS][self.version % 2] = plan.parameters
            _fence()
            views["version"][0] = self.version

    def news(self, known: dict[str, bytes]) -> News:
        """Return what who has been told ``known`` does not know, and take note in ``known`` that it is told now."""
        fields = {name: content for name, content in self._fields.items() if known.get(name) != content}
        known.update(fields)
        return News(self.version, fields, None if self._shared is None else self._shared.address)

    def close(self) -> None:
        """Free what is shared."""
        if self._shared is not None:
            self._shared.close()


class PlanReader:
    """The current plan as a worker sees it."""

    def __init__(self) -> None:
        self._fields: dict[str, object] = {}
        self._views: WritableViews | None = None
        self._version = 0

    @property
    def is_ready(self) -> bool:
        """Whether there is a plan."""
        return bool(self._fields)

    def note(self, news: News) -> None:
        """Take in what was sent."""
        for name, content in news.fields.items():
            self._fields[name] = pickle.loads(content)  # noqa: S301  # it comes from the parent process
        if news.parameters is None:
            self._version = news.version
        elif self._views is None:
            self._views = WritableViews(news.parameters)

    def current(self) -> tuple[Plan, int]:
        """Return the newest plan and its number; what has not changed is the same object as before."""
        if self._views is not None:
            self._fields[_PARAMETERS] = self._newest(self._views)
        return Plan(**self._fields), self._version  # type: ignore[arg-type]  # fields of a plan

    def _newest(self, views: WritableViews) -> NDArray[np.generic]:
        """Copy the half that is not being written, again and again until the version has not moved meanwhile."""
        while (version := int(views["version"][0])) != self._version:
            _fence()
            self._fields[_PARAMETERS] = views[_PARAMETERS][version % 2].copy()
            self._version = version
            _fence()
        return self._fields[_PARAMETERS]  # type: ignore[return-value]  # a version is published with parameters
