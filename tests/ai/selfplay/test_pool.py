"""Snapshots cannot be changed, the right ones stay, lineage outlives them, and a checkpoint brings back every bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ai.errors import TrainingError
from ai.selfplay.payoffs import PayoffRow
from ai.selfplay.pool import PROTECTED, SMALLEST, Pool, Snapshot, leaves
from ai.selfplay.roles import Role
from ai.trainer import LearnerState, Opponent
from tests.doubles import STILL

FIXED = (Opponent("tracker", "t" * 64, STILL), Opponent("aimer", "a" * 64, STILL))
SIZE = 3


def grown(steps, fixed=FIXED, size=24, roles=(Role.MAIN,), rate=lambda number: 0.5) -> Pool:
    """Return a pool that got a snapshot at each of ``steps``; the main agent's rates are ``rate`` of their numbers."""
    pool = Pool(fixed, size)
    for step in steps:
        rates = [0.5] * len(fixed) + [rate(each.number) for each in pool.snapshots]
        pool.add(newcomer(pool, step, roles[pool.next_number % len(roles)]), np.array(rates))
    return pool


def newcomer(pool: Pool, step: int, role=Role.MAIN, parent: int | None = None) -> Snapshot:
    number = pool.next_number
    parameters = np.full(SIZE, number, np.float32)
    return Snapshot(number, pool.next_name(role), role, step, parent, parameters, f"hash-of-{number:02}-and-more")


def numbers(pool: Pool) -> list[int]:
    return [each.number for each in pool.snapshots]


def test_members_are_the_fixed_ones_then_snapshots_named_by_role():
    pool = grown([10, 20, 30], roles=(Role.MAIN, Role.MAIN_EXPLOITER))
    assert pool.names == ("tracker", "aimer", "main-exploiter-1", "main-1", "main-exploiter-2")
    assert pool.roles == (None, None, Role.MAIN_EXPLOITER, Role.MAIN, Role.MAIN_EXPLOITER)
    assert len(pool) == 5
    assert pool.next_number == 4
    assert pool.next_name(Role.LEAGUE_EXPLOITER) == "league-exploiter-1"


def test_a_snapshot_is_a_copy_that_cannot_be_written():
    parameters = np.zeros(SIZE, np.float32)
    snapshot = Snapshot(1, "main-1", Role.MAIN, 0, None, parameters, "hash")
    parameters[:] = 1.0
    assert snapshot.parameters.tolist() == [0.0] * SIZE
    with pytest.raises(ValueError, match="read-only"):
        snapshot.parameters[0] = 1.0
    with pytest.raises(AttributeError):
        snapshot.step = 3


def test_lineage_is_nearest_first_and_outlives_the_ancestors():
    pool = Pool(FIXED, 2)
    pool.add(newcomer(pool, 1), np.full(2, 0.5))
    pool.add(newcomer(pool, 2, parent=1), np.full(3, 0.5))
    pool.add(newcomer(pool, 3, Role.MAIN_EXPLOITER), np.full(4, 0.5))
    pool.add(newcomer(pool, 4, parent=2), np.full(4, 0.5))
    assert 2 not in numbers(pool)
    assert pool.lineage(4) == ("hash-of-02-and-more", "hash-of-01-and-more")
    assert pool.lineage(3) == pool.lineage(1) == ()
    assert pool.next_name(Role.MAIN) == "main-4"


def test_who_leaves_is_told_by_the_place_it_had():
    pool = grown([0, 10, 12, 40], size=4)
    assert pool.add(newcomer(pool, 50), np.full(6, 0.5)) == (len(FIXED) + 1,)  # 0 and 12 are the nearest neighbours
    assert numbers(pool) == [1, 3, 4, 5]
    roomy = grown([0, 10, 12, 40], size=5)
    assert roomy.add(newcomer(roomy, 50), np.full(6, 0.5)) == ()


def test_the_newest_and_the_hardest_stay_and_the_others_thin_out_evenly():
    hardest = {3, 5, 21, 34, 55, 61, 76, 80}
    pool = grown(range(0, 10_000, 100), rate=lambda number: 0.1 if number in hardest else 0.6)
    kept = numbers(pool)
    assert len(kept) == 24
    assert kept[-PROTECTED:] == list(range(93, 101))
    assert hardest <= set(kept)
    assert kept[0] == 1
    rest = [number for number in kept if number not in hardest and number < 93]
    assert len(rest) == 8
    assert np.diff([number for number in kept if number < 94]).max() <= 2 * 100 / 16


def test_time_is_covered_evenly_where_nobody_is_hard():
    pool = grown(range(300), fixed=(), size=30, rate=lambda number: 1.0 - number / 1000)  # the newest are the hardest
    old = [number for number in numbers(pool) if number <= 292]
    assert len(old) == 22
    assert np.diff(old).max() <= 2 * 300 / 22
    assert old[0] == 1


@pytest.mark.parametrize("size", range(SMALLEST, 12))
def test_small_pools_keep_the_newcomer_and_the_hardest(size):
    pool = grown(range(40), size=size, rate=lambda number: 0.1 if number == 7 else 0.6)
    kept = numbers(pool)
    assert len(kept) == size
    assert kept[-1] == 40
    assert (7 in kept) == (size >= 3)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.one_of(st.floats(0.0, 1.0), st.just(float("nan")))), min_size=3, max_size=40
    )
)
def test_whoever_leaves_is_neither_new_nor_hard_and_has_the_nearest_neighbours(snapshots):
    steps, rates = (np.array(column) for column in zip(*snapshots, strict=True))
    known = np.where(np.isnan(rates), 0.5, rates)
    left, protected = leaves(steps, rates), min(PROTECTED, (len(steps) - 1) // 3)
    assert 0 <= left < len(steps) - max(1, protected)
    assert (known < known[left]).sum() >= protected or (known == known[left]).sum() > 1
    assert leaves(steps, known) == left
    gap = _gap(steps, left)
    free = [
        place
        for place in range(len(steps) - max(1, protected))
        if np.sum((known < known[place]) | ((known == known[place]) & (np.arange(len(steps)) > place))) >= protected
    ]
    assert left in free
    assert gap == min(_gap(steps, place) for place in free)


def _gap(steps, place) -> float:
    """Return the time between the neighbours in time, the plain way."""
    key = [(int(step), number) for number, step in enumerate(steps)]
    before = [other for other in key if other < key[place]]
    after = [other for other in key if other > key[place]]
    return min(after)[0] - max(before)[0] if before and after else float("inf")


@settings(deadline=None)
@given(st.integers(SMALLEST, 30), st.integers(0, 50), st.integers(0, 2**32 - 1))
def test_growing_is_deterministic_and_a_checkpoint_brings_back_every_bit(size, count, seed):
    def grow(pool: Pool, rng: np.random.Generator, count: int) -> list[tuple[int, ...]]:
        left = []
        for _ in range(count):
            number, role = pool.next_number, list(Role)[int(rng.integers(3))]
            parent = int(rng.integers(1, number)) if number > 1 else None
            left.append(pool.add(newcomer(pool, number * 7, role, parent), rng.random(len(pool))))
        return left

    pool, rng = Pool(FIXED, size), np.random.default_rng(seed)
    grow(pool, rng, count)
    again, then = Pool(FIXED, size), np.random.default_rng()
    again.restore(pool.state())
    then.bit_generator.state = rng.bit_generator.state
    assert grow(pool, rng, 5) == grow(again, then, 5)
    assert again.names == pool.names
    assert again.roles == pool.roles
    one, other = again.state(), pool.state()
    assert one.numbers == other.numbers
    assert {name: array.tobytes() for name, array in one.arrays.items()} == {
        name: array.tobytes() for name, array in other.arrays.items()
    }
    assert [again.lineage(number) for number in range(1, again.next_number)] == [
        pool.lineage(number) for number in range(1, pool.next_number)
    ]
    assert not any(each.parameters.flags.writeable for each in again.snapshots)


def test_an_empty_pool_can_be_kept_too():
    pool = grown([1])
    pool.restore(Pool(FIXED, 24).state())
    assert pool.names == ("tracker", "aimer")
    assert pool.next_number == 1


def test_the_table_for_people():
    pool = grown([10, 20])
    pool.add(newcomer(pool, 30, Role.MAIN_EXPLOITER, parent=2), np.full(4, 0.5))
    row = PayoffRow(np.array([0.9, 0.25, 0.51239, 0.5, 0.5]), np.array([10.0, 3.14159, 0, 0, 0]), 0.5, 0.0)
    records = pool.records(row)
    assert [each["name"] for each in records] == list(pool.names)
    assert records[1] == {
        "name": "aimer", "role": "fixed", "step": None, "parent": None, "hash": "a" * 12, "games": 3.1, "win_rate": 0.25,
    }  # fmt: skip
    assert records[4] == {
        "name": "main-exploiter-1", "role": "main-exploiter", "step": 30, "parent": "main-2", "hash": "hash-of-03-a",
        "games": 0.0, "win_rate": 0.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"number": 5}, "not the next"),
        ({"parent": 9}, "unknown parent"),
        ({"parameters": np.zeros(SIZE + 1, np.float32)}, "another network"),
    ],
)
def test_snapshots_that_do_not_fit_are_refused(changed, match):
    pool = grown([10, 20])
    fitting = newcomer(pool, 30)
    values = {name: getattr(fitting, name) for name in Snapshot.__dataclass_fields__}
    with pytest.raises(ValueError, match=match):
        pool.add(Snapshot(**{**values, **changed}), np.full(4, 0.5))
    assert numbers(pool) == [1, 2]
    with pytest.raises(ValueError, match="shape"):
        pool.add(fitting, np.full(5, 0.5))


def test_a_pool_without_room_is_refused():
    with pytest.raises(ValueError, match="at least 2"):
        Pool(FIXED, 1)


def _damaged(state: LearnerState, **changed) -> LearnerState:
    return LearnerState(state.arrays, {"pool": {**state.numbers["pool"], **changed}})


def test_a_damaged_checkpoint_is_refused_and_changes_nothing():
    state = grown([10, 20]).state()
    family = state.numbers["pool"]["family"]
    pool = grown([5])
    for broken in (
        LearnerState(),
        LearnerState(state.arrays),
        LearnerState({}, state.numbers),
        LearnerState({"pool/parameters": state.arrays["pool/parameters"][:1]}, state.numbers),
        LearnerState({"pool/parameters": state.arrays["pool/parameters"].astype(np.float64)}, state.numbers),
        LearnerState({"pool/parameters": np.zeros(2, np.float32)}, state.numbers),
        _damaged(state, snapshots=[2, 1]),
        _damaged(state, snapshots=[1, 3]),
        _damaged(state, snapshots=[0, 1]),
        _damaged(state, family="nobody"),
        _damaged(state, family=[family[0], {**family[1], "parent": 2}]),
        _damaged(state, family=[family[0], {**family[1], "role": "queen"}]),
        _damaged(state, more=1),
    ):
        with pytest.raises(TrainingError, match="checkpoint's pool"):
            pool.restore(broken)
    with pytest.raises(TrainingError, match="checkpoint's pool"):
        Pool(FIXED, 2).restore(grown([1, 2, 3]).state())
    assert pool.snapshots[0].step == 5


def test_other_opponents_than_the_checkpoints_are_refused_by_name():
    state = grown([10]).state()
    with pytest.raises(
        TrainingError, match=r"'aimer' has changed since the checkpoint \(aaaaaaaaaaaa, now bbbbbbbbbbbb\)"
    ):
        Pool((FIXED[0], Opponent("aimer", "b" * 64, STILL)), 24).restore(state)
    with pytest.raises(TrainingError, match="others than the configuration's"):
        Pool(FIXED[:1], 24).restore(state)
