"""What a chart draws: windows, following, stacks, logarithms, readings, and all points as CSV."""

import csv
import io

import numpy as np
import pytest

from app.desktop.charts import text
from app.desktop.charts.model import MOST_CURVES, MOST_LISTED, Axis, ChartModel, Curve, Frame, Span
from app.desktop.charts.series import Series

FRAME = Frame(Axis("Match"), Axis("Rating", "Elo"), "nothing yet", can_be_log=True)


def model_of(*columns, frame=FRAME):
    model = ChartModel(frame)
    curves = []
    for number, y in enumerate(columns):
        series = Series()
        series.extend(np.arange(len(y), dtype=float), np.array(y, float))
        curves.append(Curve(f"k{number}", f"curve {number}", series, number))
    model.set_curves(curves)
    return model


def test_nothing_is_drawn_of_nothing():
    model = ChartModel(FRAME)
    assert model.is_empty
    assert model.span() is None
    assert model.lines() == []
    assert model.readings(0.0) == []
    assert model.to_csv() == "Match\n"


def test_a_long_curve_is_thinned_to_what_a_screen_shows():
    model = model_of(np.sin(np.arange(50_000)))
    (line,) = model.lines()
    assert 1_000 < len(line.x) <= 2_000


def test_following_goes_along_and_looking_stays():
    model = model_of(range(100))
    assert model.span() == Span(0.0, 99.0)
    model.recent = 10.0
    assert model.span() == Span(89.0, 99.0)
    model.look_at(20.0, 30.0)
    model.curves[0].series.append(100.0, 1.0)
    assert model.span() == Span(20.0, 30.0)
    assert not model.is_following
    assert model.lines()[0].x.tolist() == list(range(19, 32))
    model.follow()
    assert model.span() == Span(90.0, 100.0)


def test_a_single_point_has_a_window_of_some_width():
    span = model_of([7.0]).span()
    assert span is not None
    assert span.high > span.low


def test_a_hidden_curve_is_neither_drawn_nor_read_but_exported():
    model = model_of([1, 2], [3, 4])
    model.toggle("k0")
    assert [line.curve.key for line in model.lines()] == ["k1"]
    assert [reading.y for reading in model.readings(1.0)] == [4.0]
    assert "curve 0" in model.to_csv()
    model.toggle("k0")
    assert len(model.lines()) == 2


def test_no_more_curves_are_drawn_than_can_be_told_apart():
    model = model_of(*[[1, 2]] * (MOST_CURVES + 3))
    assert len(model.lines()) == MOST_CURVES
    assert model.left_out == 3
    model.toggle("k0")
    assert model.left_out == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.curves[0].series.append(9.0, 1.0),
        lambda model: model.toggle("k0"),
        lambda model: model.look_at(0.0, 1.0),
        lambda model: setattr(model, "half_life", 5.0),
        lambda model: setattr(model, "is_log", True),
        lambda model: setattr(model, "recent", 3.0),
        lambda model: model.set_frame(FRAME),
    ],
)
def test_whatever_changes_the_picture_changes_the_version(change):
    model = model_of([1, 2, 3])
    before = model.version
    assert model.version == before
    change(model)
    assert model.version != before


def test_a_stack_adds_up_and_stands_on_the_ones_below():
    frame = Frame(Axis("Step"), Axis("Members"), "", is_stacked=True)
    model = model_of([1, 2, 3], [10, 10, 10], frame=frame)
    low, high = model.lines()
    assert low.low is not None
    assert low.low.tolist() == [0, 0, 0]
    assert low.y.tolist() == [1, 2, 3]
    assert high.low is not None
    assert high.low.tolist() == [1, 2, 3]
    assert high.y.tolist() == [11, 12, 13]


def test_a_species_that_is_not_there_yet_counts_nothing_in_the_stack():
    frame = Frame(Axis("Step"), Axis("Members"), "", is_stacked=True)
    model = model_of([5, 5, 5], [], frame=frame)
    model.curves[1].series.append(2.0, 4.0)
    below, late = model.lines()
    assert below.y.tolist() == [5, 5, 5]
    assert (late.x.tolist(), late.y.tolist()) == ([1, 2], [5, 9])  # from one point before it begins: no cliff, no gap


def stack_of_generations(count, life=3):
    """A stack in which each curve lives for ``life`` points: one begins at every point of x."""
    model = ChartModel(Frame(Axis("Step"), Axis("Members"), "", is_stacked=True))
    curves = []
    for number in range(count):
        series = Series()
        series.extend(np.arange(number, number + life, dtype=float), np.array([2.0, *range(3, life + 2)]))
        curves.append(Curve(f"k{number}", f"species {number}", series, number))
    model.set_curves(curves)
    return model


def test_of_hundreds_that_come_and_go_each_is_drawn_where_it_lives():
    model = stack_of_generations(300)
    lines = model.lines()
    assert len(lines) == 300
    assert [len(line.x) for line in lines[1:-1]] == [5] * 298
    assert lines[100].x.tolist() == [99, 100, 101, 102, 103]
    assert lines[100].low.tolist() == [4 + 3 + 2, 4 + 3, 4, 0, 0]
    assert (lines[100].y - lines[100].low).tolist() == [0, 2, 3, 4, 0]


def test_a_part_of_a_stack_is_the_same_in_a_narrow_view():
    model = stack_of_generations(300)
    model.look_at(100.5, 110.0)
    lines = model.lines()
    assert min(line.x[0] for line in lines) == 100
    assert lines[0].curve.key == "k98"
    assert (lines[-1].curve.key, lines[-1].y.tolist()) == ("k111", [9.0, 9.0])


def test_the_legend_of_a_stack_lists_the_largest_of_those_that_are_there():
    model = stack_of_generations(300)
    readings = model.readings(150.2)
    assert [(each.curve.key, each.y) for each in readings] == [("k148", 4.0), ("k149", 3.0), ("k150", 2.0)]
    assert [curve.key for curve in model.listed(readings)] == ["k148", "k149", "k150"]
    crowd = stack_of_generations(300, life=40).readings(200.0)
    listed = model.listed(crowd)
    assert [curve.key for curve in listed] == [f"k{number}" for number in range(161, 161 + MOST_LISTED)]


def test_what_was_hidden_stays_in_the_legend():
    model = stack_of_generations(300)
    model.toggle("k7")
    assert "k7" in [curve.key for curve in model.listed(model.readings(150.0))]


def test_a_long_legend_lists_what_is_drawn_and_what_comes_next():
    model = model_of(*[[1, 2]] * 100)
    model.toggle("k50")
    keys = [curve.key for curve in model.listed(model.readings(1.0))]
    assert keys == [*(f"k{number}" for number in range(MOST_LISTED - 1)), "k50"]
    few = model_of([1], [2], [3])
    assert few.listed([]) == few.curves


def test_a_stack_draws_every_part_lest_its_sum_be_wrong():
    frame = Frame(Axis("Step"), Axis("Members"), "", is_stacked=True)
    model = model_of(*[[1.0] * 9_000] * 20, frame=frame)
    lines = model.lines()
    assert model.left_out == 0
    assert lines[-1].y.tolist() == [20.0] * len(lines[-1].x)
    assert sum(len(line.x) for line in lines) <= 2_000 * MOST_CURVES


def test_a_curve_that_has_ended_is_not_read_where_it_is_no_more():
    model = model_of(range(100), range(50))
    assert [reading.curve.key for reading in model.readings(99.0)] == ["k0"]
    assert [reading.y for reading in model.readings(50.4)] == [50.0, 49.0]


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm():
    model = model_of([100.0, 0.0, -1.0, 1000.0])
    model.is_log = True
    (line,) = model.lines()
    assert line.y[[0, 3]] == pytest.approx([2.0, 3.0])
    assert np.isnan(line.y[[1, 2]]).all()


def test_a_reference_crosses_the_whole_window_and_stays_as_it_is():
    model = model_of([1, 2, 3])
    reference = model_of([42.0]).curves[0]
    model.set_curves([*model.curves, Curve("r", "one process", reference.series, 7, is_reference=True)])
    model.half_life = 5.0
    line = model.lines()[1]
    assert line.x.tolist() == [0.0, 2.0]
    assert line.y.tolist() == [42.0, 42.0]
    assert model.readings(1.0)[1].y == 42.0


def test_readings_are_those_of_the_nearest_point_with_its_interval():
    model = model_of([1.0])
    model.curves[0].series.append(10.0, 5.0, 4.0, 6.5)
    (near,) = model.readings(7.0)
    assert (near.x, near.y, near.low, near.high) == (10.0, 5.0, 4.0, 6.5)
    assert text.reading(near) == "curve 0 5 [4 .. 6.500]"


def test_smoothed_curves_show_no_interval():
    model = model_of([1.0, 2.0])
    model.curves[0].series.append(5.0, 5.0, 4.0, 6.0)
    assert model.lines()[0].low is not None
    model.half_life = 2.0
    assert model.lines()[0].low is None


def test_the_csv_has_every_point_unsmoothed():
    y = np.arange(5_000) ** 0.5
    model = model_of(y, [1.0, np.nan, 3.0])
    model.half_life = 20.0
    rows = list(csv.reader(io.StringIO(model.to_csv())))
    assert rows[0] == ["Match", "curve 0", "curve 1"]
    assert len(rows) == 5_001
    assert [float(row[1]) for row in rows[1:]] == pytest.approx(y.tolist())
    assert [row[2] for row in rows[1:5]] == ["1", "", "3", ""]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.012345, "0.01235"),
        (12.345, "12.35"),
        (1234.5, "1,234"),
        (2.5e9, "2.500e+09"),
        (float("nan"), "\N{EN DASH}"),
        (-3.0, "-3"),
    ],
)
def test_numbers_have_about_four_digits(value, shown):
    assert text.number(value) == shown


def test_places_are_named_by_their_axis():
    assert text.place(Axis("Training time", "s"), 35.25) == "Training time 35.25 s"
    assert text.place(Axis("Match"), 220) == "Match 220"
    assert ":" in text.place(Axis("Time", is_clock=True), 1.7e9)
