"""Novelty is the distance to the nearest behaviours, now and before."""

import numpy as np
import pytest

from ai.neat.novelty import NoveltyArchive


def expected_of(behaviours: np.ndarray, known: np.ndarray, k: int) -> list[float]:
    """Return the novelty of each row, counted one by one; ``known`` begins with ``behaviours``."""
    spread = behaviours.std(axis=0)
    spread[spread == 0.0] = 1.0
    found = []
    for place, mine in enumerate(behaviours):
        others = [other for number, other in enumerate(known) if number != place]
        gaps = sorted(float(np.sqrt(np.mean(((mine - other) / spread) ** 2))) for other in others)
        mean = float(np.mean(gaps[:k]))
        found.append(mean / (1.0 + mean))
    return found


@pytest.mark.parametrize("k", [1, 3, 15, 100])
def test_it_is_the_mean_distance_to_the_nearest(k):
    rng, archive = np.random.default_rng(1), NoveltyArchive(k)
    known = np.zeros((0, 4))
    for _ in range(4):
        behaviours = rng.random((20, 4)) * [1.0, 5.0, 0.1, 0.0]
        novelty = archive.novelty(behaviours)
        assert novelty == pytest.approx(expected_of(behaviours, np.concatenate([behaviours, known]), k))
        assert ((novelty >= 0.0) & (novelty < 1.0)).all()
        newest = np.argsort(-novelty, kind="stable")[:3]
        known = np.concatenate([known, behaviours[newest]])
        assert archive.behaviours is not None
        assert archive.behaviours.tolist() == known.tolist()


def test_whoever_is_unlike_the_others_is_novel_until_that_was_seen():
    crowd = np.random.default_rng(2).normal(0.0, 0.01, (19, 3))
    behaviours = np.concatenate([crowd, [[1.0, 1.0, 1.0]]])
    archive = NoveltyArchive(1)
    first = archive.novelty(behaviours)
    assert np.argmax(first) == 19
    assert first[19] > 2 * np.delete(first, 19).max()
    assert archive.novelty(behaviours)[19] == 0.0


def test_equal_behaviours_are_not_novel():
    archive = NoveltyArchive(5)
    assert archive.novelty(np.ones((8, 3))).tolist() == [0.0] * 8


def test_the_archive_forgets_the_oldest():
    archive = NoveltyArchive(2)
    for value in range(200):
        archive.novelty(np.full((3, 1), float(value)))
    assert archive.behaviours is not None
    assert len(archive.behaviours) == 500
    assert archive.behaviours[-1] == 199.0
    assert archive.behaviours[0] == 33.0
