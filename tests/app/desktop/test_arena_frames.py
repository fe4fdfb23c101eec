"""The frame counter: frames a second, cost, longest gap, once a second."""

import pytest

from app.desktop.arena.frames import FrameCounter


def test_a_second_of_frames_gives_one_statistic() -> None:
    counter = FrameCounter()
    told = [counter.add(number / 50, 2.0 if number != 30 else 9.0) for number in range(101)]
    found = [each for each in told if each is not None]
    assert len(found) == 2
    assert found[0].per_second == pytest.approx(50)
    assert found[0].median_ms == 2.0
    assert found[0].p99_ms == 9.0
    assert found[1].p99_ms == 2.0


def test_a_pause_is_no_gap_after_a_reset() -> None:
    counter = FrameCounter()
    counter.add(0.0, 1.0)
    counter.add(0.5, 1.0)
    counter.reset()
    told = [counter.add(100 + number / 10, 1.0) for number in range(12)]
    (found,) = [each for each in told if each is not None]
    assert found.longest_gap_ms == pytest.approx(100)
    assert found.per_second == pytest.approx(10)
