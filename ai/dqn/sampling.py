"""The compiled steps around learning: which experience is learned from, what it returned, which states were visited."""

import numpy as np
from numpy.typing import NDArray

from game import seeding
from game.jit import entry

_ZERO = np.float32(0.0)
_HALF = np.float32(0.5)
_ONE = np.float32(1.0)

Floats = NDArray[np.float32]


@entry
def visit(observations: Floats, grid: NDArray[np.int64], visited: NDArray[np.uint8]) -> None:
    """Mark the cells of ``observations`` [B, n]; ``grid`` rows are (observation, number of cells over [-1, 1])."""
    for i in range(len(observations)):
        cell = 0
        for axis in range(len(grid)):
            cells = grid[axis, 1]
            at = np.int64((observations[i, grid[axis, 0]] + _ONE) * _HALF * cells)
            cell = cell * cells + max(0, min(cells - 1, at))
        visited[cell] = 1


# Samples of a replay buffer


@entry
def draw_places(
    rng: NDArray[np.uint64],
    first: NDArray[np.int64],
    counts: NDArray[np.int64],
    shape: tuple[int, int],
    places: NDArray[np.int64],
) -> None:
    """Draw places uniformly among the ``counts[group]`` rows of each group from ``first`` on; ``shape`` = (rows, agents)."""
    total = counts.sum()
    rows, agents = shape
    for i in range(len(places)):
        rng[0] = seeding.advance_state(rng[0])
        bits = seeding.mix(rng[0])
        at = np.int64(bits % np.uint64(total * agents))
        agent = at % agents
        row = at // agents
        group = 0
        while row >= counts[group]:
            row -= counts[group]
            group += 1
        places[i] = (group * rows + (first[group] + row) % rows) * agents + agent


@entry
def gather_steps(
    columns: tuple[Floats, NDArray[np.uint8], Floats, NDArray[np.uint8]],
    places: NDArray[np.int64],
    n_step: int,
    gamma: np.float32,
    batch: tuple[Floats, NDArray[np.int32], Floats, Floats, Floats],
) -> None:
    """Write the n-step transitions that begin at ``places`` to ``batch``.

    ``gamma`` is the discount of a step. A transition stops at the end of an episode. One that meets a truncation takes the value
    of the state before it, since the state behind is not kept; where that is its own first state, it has discount 1 and return 0
    from the very state: its error is that of its action to the best one.
    """
    observations, taken, rewards, flags = columns
    _, rows, agents, width = observations.shape
    for i in range(len(places)):
        agent = places[i] % agents
        row = (places[i] // agents) % rows
        group = places[i] // (agents * rows)
        total, discount = _ZERO, _ONE
        end = row
        for _ in range(n_step):
            flag = flags[group, end, agent]
            if flag == 2:
                break
            total += discount * rewards[group, end, agent]
            discount *= gamma
            if flag == 1:
                discount = _ZERO
                break
            end = (end + 1) % rows
        batch[1][i] = taken[group, row, agent]
        batch[2][i] = total
        batch[3][i] = discount
        for o in range(width):
            batch[0][i, o] = observations[group, row, agent, o]
            batch[4][i, o] = observations[group, end, agent, o]


# Traces of a rollout


@entry
def trace_targets(  # a kernel takes its arrays apart
    values: Floats,
    taken: NDArray[np.uint8],
    rewards: Floats,
    flags: NDArray[np.uint8],
    rates: tuple[np.float32, np.float32, np.float32],
    targets: Floats,
) -> None:
    """Write the lambda returns of T steps to ``targets`` [T, agents]; ``rates`` = (gamma, trace, gap).

    ``values`` [T + 1, agents, actions]. G_t = r_t + gamma * (trace * G_{t+1} + (1 - trace) * max_a Q(s_{t+1}, a)).
    Source: M. Gallici et al.: "Simplifying Deep Temporal Difference Learning", 2024, section 4 (PQN). A truncated step is its own
    target: it teaches nothing, since the state behind it is not kept.
    """
    gamma, trace, gap = rates
    steps, agents = taken.shape
    actions = values.shape[2]
    for i in range(agents):
        following = _ZERO
        for step in range(steps - 1, -1, -1):
            best = values[step + 1, i, 0]
            for a in range(1, actions):
                best = max(best, values[step + 1, i, a])
            if step == steps - 1:
                following = best
            if flags[step, i] == 1:
                following = rewards[step, i]
            elif flags[step, i] == 2:
                following = values[step, i, taken[step, i]]
            else:
                following = rewards[step, i] + gamma * (trace * following + (_ONE - trace) * best)
            top = values[step, i, 0]
            for a in range(1, actions):
                top = max(top, values[step, i, a])
            is_known = flags[step, i] != 2
            targets[step, i] = following - (gap * (top - values[step, i, taken[step, i]]) if is_known else _ZERO)


@entry
def gather_rows(
    order: NDArray[np.int64],
    observations: Floats,
    taken: NDArray[np.uint8],
    targets: Floats,
    batch: tuple[Floats, NDArray[np.int32], Floats],
) -> None:
    """Write the samples number ``order`` to ``batch``: observations, actions, targets."""
    for i in range(len(order)):
        at = order[i]
        batch[1][i] = taken[at]
        batch[2][i] = targets[at]
        for o in range(observations.shape[1]):
            batch[0][i, o] = observations[at, o]
