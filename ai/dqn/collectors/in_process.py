"""The collector without processes: all actors play in the learner's own, when their round is taken."""

import numpy as np
from numpy.typing import NDArray

from ai.dqn.actor import Plan
from ai.dqn.collectors.base import CollectShape, MakeActor, Taken, joined_states, parted_states
from ai.dqn.columns import new_columns
from ai.shared_data import Arrays


class InProcess:
    """Plays one group after the other in this thread. Mode ``single``, and the yardstick of the others."""

    deaths = 0
    dropped = 0

    def __init__(self, make_actor: MakeActor, shape: CollectShape) -> None:
        self.columns = new_columns((shape.groups, shape.rows, shape.courts), shape.n_observations)
        self._actors = [make_actor(group) for group in range(shape.groups)]
        self._round: tuple[Plan, int] | None = None
        self._version = 0

    def publish(self, plan: Plan, row: int) -> None:
        """Take note of a round; ``plan`` may be changed afterwards."""
        copies = (np.array(plan.parameters), np.array(plan.opponents), np.array(plan.epsilons))
        self._round = (plan._replace(parameters=copies[0], opponents=copies[1], epsilons=copies[2]), row)
        self._version += 1

    def take(self, wait_s: float = 0.0) -> list[Taken]:  # noqa: ARG002  # it is there when it has been played
        """Play the round that was published last, once."""
        if self._round is None:
            return []
        plan, row = self._round
        self._round = None
        return [
            Taken(group, actor.collect(plan, self.columns, row), None, self._version)
            for group, actor in enumerate(self._actors)
        ]

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return the state of every group's actor."""
        return joined_states({group: actor.state() for group, actor in enumerate(self._actors)})

    def restore(self, state: Arrays) -> None:
        """Go back to ``state``; ``TrainingError`` if it is of other groups."""
        for actor, its in zip(self._actors, parted_states(state, len(self._actors)), strict=True):
            actor.restore(its)

    def close(self) -> None:
        """Do nothing: there is nothing to free."""
