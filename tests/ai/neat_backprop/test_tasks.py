"""The classic tasks: their points, and that what is held out is new."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.errors import TrainingError
from ai.neat_backprop.tasks import TASKS, circles, two_spirals, xor


def rng(seed=0):
    return np.random.default_rng(seed)


def raw(data, part):
    return getattr(data, f"x_{part}") * data.scale + data.mean


class TestTwoSpirals:
    def test_the_training_points_are_those_of_lang_and_witbrock(self):
        data = two_spirals(97, 0.0, rng())
        points = raw(data, "train")
        assert len(points) == 194
        # The points as the CMU Neural Networks Benchmark's program prints them: angle i pi/16, radius 6.5 (104 - i)/104.
        for i, x, y in ((0, 0.0, 6.5), (1, 1.25589, 6.31378), (8, 6.0, 0.0), (96, 0.0, 0.5)):
            assert points[i] == pytest.approx([x, y], abs=1e-4)
            assert points[97 + i] == pytest.approx([-x, -y], abs=1e-4)
        assert data.y_train.tolist() == [0] * 97 + [1] * 97

    def test_points_to_validate_and_to_test_lie_between_those_to_train(self):
        data = two_spirals(97, 0.0, rng())
        parts = [raw(data, part) for part in ("train", "validation", "test")]
        assert [len(part) for part in parts] == [194, 192, 192]
        for held_out in parts[1:]:
            for arm, begin in ((held_out[:96], 0), (held_out[96:], 97)):
                before, after = parts[0][begin : begin + 96], parts[0][begin + 1 : begin + 97]
                gap = np.linalg.norm(after - before, axis=1)
                assert (np.linalg.norm(arm - before, axis=1) < 0.75 * gap).all()
                assert (np.linalg.norm(arm - after, axis=1) < 0.75 * gap).all()
        assert np.linalg.norm(parts[1] - parts[2], axis=1).min() > 0.01

    def test_turns_and_noise_do_what_they_say(self):
        one_turn = raw(two_spirals(97, 0.0, rng(), turns=1.0), "train")
        angle = np.unwrap(np.arctan2(one_turn[:97, 0], one_turn[:97, 1]))
        assert angle[-1] - angle[0] == pytest.approx(2 * np.pi, abs=1e-3)
        noisy = raw(two_spirals(2000, 0.2, rng()), "train") - raw(two_spirals(2000, 0.0, rng()), "train")
        assert noisy.std() == pytest.approx(0.2, rel=0.05)
        assert two_spirals(50, 0.2, rng(1)).digest() != two_spirals(50, 0.2, rng(2)).digest()


def test_xor_labels_by_the_signs():
    data = xor(1000, 0.0, rng())
    for part in ("train", "validation", "test"):
        points = raw(data, part)
        assert np.abs(points).max() <= 1.0
        clear = np.abs(points).min(axis=1) > 1e-6
        expected = points[:, 0] * points[:, 1] < 0
        assert np.array_equal(expected[clear], getattr(data, f"y_{part}")[clear] == 1)
    assert (len(data.y_train), len(data.y_test)) == (pytest.approx(600, abs=2), pytest.approx(200, abs=2))


@given(st.floats(0.1, 0.9))
def test_circles_have_their_radii(factor):
    data = circles(200, 0.0, rng(), factor)
    radius = np.linalg.norm(raw(data, "train"), axis=1)
    assert np.allclose(radius[data.y_train == 0], 1.0, atol=1e-5)
    assert np.allclose(radius[data.y_train == 1], factor, atol=1e-5)
    assert np.bincount(data.y_train).tolist() == [60, 60]


@pytest.mark.parametrize("name", TASKS)
class TestEveryTask:
    def test_its_defaults_make_a_dataset_of_two_classes_from_the_seed_alone(self, name):
        task = TASKS[name]
        one, same = (task.make(task.points, task.noise, rng(3)) for _ in range(2))
        assert one.digest() == same.digest()
        assert one.n_classes == len(one.class_names) == 2
        assert one.is_standardised

    @pytest.mark.parametrize(
        ("points", "noise", "says"),
        [
            (19, 0.0, "points is 19: 20 to"),
            (10**7, 0.0, "points is 10000000"),
            (50, -1.0, "noise is -1"),
            (50, float("nan"), "nan"),
        ],
    )
    def test_impossible_numbers_are_refused(self, name, points, noise, says):
        with pytest.raises(TrainingError, match=says):
            TASKS[name].make(points, noise, rng())


def test_impossible_shapes_are_refused():
    with pytest.raises(TrainingError, match="turns is 0"):
        two_spirals(97, 0.0, rng(), turns=0.0)
    with pytest.raises(TrainingError, match="factor is 1"):
        circles(100, 0.0, rng(), factor=1.0)
