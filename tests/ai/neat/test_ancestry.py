"""Lines of ancestors lead back to the first generation, and nobody else is remembered."""

import numpy as np
import pytest

from ai.errors import TrainingError
from ai.neat.ancestry import NOBODY, Ancestor, Ancestry, line_details


def ancestor(key: int, *parents: int, generation: int = 0) -> Ancestor:
    one, other = (*parents, NOBODY, NOBODY)[:2]
    return Ancestor(key, generation, key / 10, (one, other), 1 + key % 2, key, 2 * key)


def family() -> Ancestry:
    """1 and 2 are the first; 3 is the child of 1 (fitter) and 2, 4 of 3 and 2, 5 of 2 and 1."""
    ancestry = Ancestry()
    for each in (ancestor(1), ancestor(2), ancestor(3, 1, 2), ancestor(4, 3, 2), ancestor(5, 2, 1)):
        ancestry.add(each)
    return ancestry


def test_a_line_follows_the_fitter_parents_to_the_beginning():
    assert [each.key for each in family().line(4)] == [4, 3, 1]
    assert [each.key for each in family().line(5)] == [5, 2]
    assert family().line(9) == []


def test_only_the_lines_of_the_living_are_remembered():
    ancestry = family()
    ancestry.forget_but([4])
    assert [key for key in range(1, 6) if key in ancestry] == [1, 3, 4]
    ancestry.forget_but([5])
    assert [key for key in range(1, 6) if key in ancestry] == []


def test_the_first_note_of_who_lives_on_stays():
    ancestry = family()
    ancestry.add(ancestor(4, 5, 5, generation=3))
    assert ancestry.line(4)[0] == ancestor(4, 3, 2)


def test_it_survives_a_checkpoint():
    ancestry, again = family(), Ancestry()
    again.restore(ancestry.to_arrays())
    assert again.line(4) == ancestry.line(4)
    assert again.line(5) == ancestry.line(5)
    empty = Ancestry()
    empty.restore(Ancestry().to_arrays())
    assert empty.line(1) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda arrays: {},
        lambda arrays: {**arrays, "ancestry": arrays["ancestry"][:-1]},
        lambda arrays: {**arrays, "ancestry/fitness": arrays["ancestry/fitness"][:-1]},
        lambda arrays: {**arrays, "ancestry": np.zeros((5, 6), np.int64)},
    ],
)
def test_a_damaged_checkpoint_is_refused(damage):
    with pytest.raises(TrainingError, match="the checkpoint lacks the ancestors"):
        Ancestry().restore(damage(family().to_arrays()))


def test_ancestors_that_are_their_own_are_refused():
    """A checkpoint that leads in a circle must not hang the run."""
    circle = Ancestry()
    for each in (ancestor(1, 2), ancestor(2, 1)):
        circle.add(each)
    with pytest.raises(TrainingError, match="ancestors"):
        Ancestry().restore(circle.to_arrays())


def test_what_is_told_of_a_line():
    line = line_details(family().line(4), 2)
    assert line == [
        {"id": 4, "generation": 0, "fitness": 0.4, "parents": [3, 2], "species": 1, "nodes": 4, "connections": 8},
        {"id": 3, "generation": 0, "fitness": 0.3, "parents": [1, 2], "species": 2, "nodes": 3, "connections": 6},
    ]
    assert line_details(family().line(1), 5)[0]["parents"] == []
