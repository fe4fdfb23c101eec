"""The one kernel that runs every compiled policy: packed policy and observations in, actions out."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from game import contract
from game.jit import LANES, entry, kernel
from game.policies.bank import INTEGERS_AT, KIND, REALS_AT, Bank, Kind
from game.policies.dense import forward_dense
from game.policies.graph import forward_graph
from game.spec import Court

_DENSE: Final = int(Kind.DENSE)
_GRAPH: Final = int(Kind.GRAPH)
NO_ACTION: Final = -1
"""What a policy whose outputs hold a NaN answers."""


@kernel
def _argmax(scratch: NDArray[np.float32], at: int, outputs: int, actions: NDArray[np.int32], n: int) -> None:
    """Write the first largest of ``outputs`` rows from row ``at`` on to ``actions``; destroys row ``at``."""
    best = scratch[at * LANES : at * LANES + n]
    for i in range(n):
        actions[i] = 0 if best[i] == best[i] else NO_ACTION  # NaN is what differs from itself
    for o in range(1, outputs):
        value = scratch[(at + o) * LANES : (at + o) * LANES + n]
        for i in range(n):
            is_better = value[i] > best[i]
            is_number = (value[i] == value[i]) & (actions[i] >= 0)
            action = o if is_better else actions[i]
            actions[i] = action if is_number else NO_ACTION
            best[i] = value[i] if is_better else best[i]


@entry
def decide(  # noqa: PLR0913, PLR0917  # a kernel takes its arrays apart
    court: Court,
    bank: Bank,
    policy: int,
    mind: tuple[NDArray[np.float32], NDArray[np.uint64]],
    scratch: NDArray[np.float32],
    actions: NDArray[np.int32],
    n: int,
) -> None:
    """Write the actions of ``policy`` on the first ``n`` lanes; ``mind`` is its (memory rows, random states).

    The first rows of ``scratch`` hold the observations; the rest, as many rows as the policy needs, is work space.
    """
    kind = bank.table[policy, KIND]
    integers = bank.integers[bank.table[policy, INTEGERS_AT] :]
    reals = bank.reals[bank.table[policy, REALS_AT] :]
    if kind == _DENSE:
        at = forward_dense(integers, reals, scratch, n)
        _argmax(scratch, at, integers[2 + integers[0]], actions, n)
    elif kind == _GRAPH:
        at = forward_graph(integers, reals, mind[0], scratch, n)
        _argmax(scratch, at, integers[2], actions, n)
    else:
        contract.decide_scripted(court, (integers[0], reals), scratch, mind, actions, n)
