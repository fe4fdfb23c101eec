"""What a game must be able to do, as generic kernels that each game overloads for its own court type.

The match loop, the environment and the policies call these functions only; which code they mean is settled
by the *type* of the court when a kernel is compiled, so a call costs nothing and is inlined, and the cache on
disk keeps games apart. A game says ``implement(start_match, MyCourt, _my_kernel)`` for every function here.

A court is a block of ``LANES`` matches. Per-lane arrays that are handed in have ``LANES`` elements, per-row
arrays (observations, memory) ``rows * LANES``; only lanes ``0 <= lane < n`` are in play.
"""

import inspect
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numba.core import types
from numba.extending import overload
from numpy.typing import NDArray

from game.spec import Court

_STRICT: Final[Any] = {
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": False,
    "_nrt": False,
}  # numba's type lacks the last

N_COUNTS: Final = 17
"""Length of the integer row that ``read_result`` writes; see the ``RESULT_*`` offsets."""
N_MEASURES: Final = 9
"""Length of the float row that ``read_result`` writes."""

RESULT_END: Final = 0
RESULT_TICKS: Final = 1
RESULT_RALLIES: Final = 2
RESULT_LETS: Final = 3
RESULT_LONGEST: Final = 4
RESULT_POINTS: Final = 5  # this and the next four are two columns wide: left, right
RESULT_HITS: Final = 7
RESULT_MISSES: Final = 9
RESULT_ACES: Final = 11
RESULT_REACTIONS: Final = 13
RESULT_HASH: Final = 15  # the 64 bits of the state hash, as int64
RESULT_LEADER: Final = 16  # +1 left leads, 0 level, -1 right leads

MEASURE_MEAN_RALLY: Final = 0
MEASURE_DISTANCE: Final = 1  # two wide, as all that follow
MEASURE_REACTION: Final = 3
MEASURE_OFFSET: Final = 5
MEASURE_MISS: Final = 7


def start_match(court: Court, lane: int, seed: np.uint64, mirrored: int, points: int) -> None:
    """Put a new match to ``points`` on ``lane``; with ``mirrored`` 1 the court is its own mirror image.

    A game is mirror-symmetric: the match of A against B on a seed, played mirrored, is the match of B
    against A on that seed. The match loop uses it to keep both matches of a pair in one block.
    """
    raise TypeError(f"no game has implemented start_match for {type(court).__name__}")


def observe(court: Court, seat: int, observation: NDArray[np.float32], n: int) -> None:
    """Write what ``seat`` sees, as if it played on the left, into the rows of ``observation``."""
    raise TypeError(f"no game has implemented observe for {type(court).__name__}")


def advance(court: Court, left: NDArray[np.int32], right: NDArray[np.int32], ended: NDArray[np.int32], n: int) -> int:
    """Play one tick with both sides' actions; set ``ended[lane]`` to 1 where the match is over and count these lanes."""
    raise TypeError(f"no game has implemented advance for {type(court).__name__}")


def move_lane(court: Court, source: int, target: int) -> None:
    """Copy the match on lane ``source`` to lane ``target``."""
    raise TypeError(f"no game has implemented move_lane for {type(court).__name__}")


def read_result(court: Court, lane: int, counts: NDArray[np.int64], measures: NDArray[np.float32]) -> None:
    """Write the result so far of the match on ``lane``, seen unmirrored, into the two result rows."""
    raise TypeError(f"no game has implemented read_result for {type(court).__name__}")


def court_block(courts: Court, block: int) -> Court:
    """Return block number ``block`` of ``courts``, whose arrays hold several blocks, one behind the other; nothing is copied."""
    raise TypeError(f"no game has implemented court_block for {type(courts).__name__}")


N_SCORES: Final = 6
"""Rows that ``read_scores`` writes: left's and right's points, contacts, and sums of how far they missed (``MEASURE_MISS``)."""


def read_scores(court: Court, scores: NDArray[np.float32], n: int) -> None:
    """Write what a reward is made of to the ``N_SCORES`` rows of ``scores``: sums since the match began, two rows each."""
    raise TypeError(f"no game has implemented read_scores for {type(court).__name__}")


def state_digest(court: Court, lane: int) -> np.uint64:
    """Return 64 bits that differ when anything of the match on ``lane``, seen unmirrored, differs."""
    raise TypeError(f"no game has implemented state_digest for {type(court).__name__}")


def decide_scripted(
    court: Court,
    script: tuple[int, NDArray[np.float32]],
    observation: NDArray[np.float32],
    mind: tuple[NDArray[np.float32], NDArray[np.uint64]],
    actions: NDArray[np.int32],
    n: int,
) -> None:
    """Let scripted bot ``script`` (code, parameters) act on what it sees; ``mind`` is (memory rows, random states)."""
    raise TypeError(f"no game has implemented decide_scripted for {type(court).__name__}")


def implement(
    generic: Callable[..., Any], court_class: type, kernel: Callable[..., Any], *, returns_arrays: bool = False
) -> None:
    """Register ``kernel`` (compiled by ``game.jit.kernel``) as ``generic`` for courts of ``court_class``.

    What ``returns_arrays`` must count references to them; nothing else does.
    """
    options: Any = {**_STRICT, "_nrt": returns_arrays}
    python_function = kernel.py_func  # type: ignore[attr-defined]  # every kernel is a numba dispatcher

    def choose(court: object, *_: object) -> Callable[..., Any] | None:
        if isinstance(court, types.NamedTuple) and court.instance_class is court_class:
            return python_function  # type: ignore[no-any-return]
        return None

    choose.__signature__ = inspect.signature(python_function)  # type: ignore[attr-defined]
    overload(generic, jit_options=options)(choose)
