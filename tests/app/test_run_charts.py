"""Metrics become charts by their groups, whatever trainer has reported them."""

import numpy as np

from ai.run_folder import MetricRow
from app.run_charts import charts_of
from tests.app.kept_runs import metric_rows


def test_groups_are_charts_in_the_order_of_the_trainer():
    charts = charts_of("neat", metric_rows(6))
    assert [chart.title for chart in charts] == ["Fitness", "Species", "Throughput", "Score"]
    titles = {chart.title: [curve.title for curve in chart.curves] for chart in charts}
    assert titles["Fitness"] == ["Best genome", "Mean"]
    assert titles["Score"] == ["Score against aimer", "Score against tracker"]
    assert titles["Throughput"] == ["Matches", "Ticks"]
    assert {chart.title: chart.units for chart in charts}["Throughput"] == "matches/s, ticks/s"
    assert [chart.title for chart in charts if chart.is_stacked] == ["Species"]


def test_a_curve_has_the_points_that_were_reported():
    _, species, throughput, score = charts_of("neat", metric_rows(6))
    assert score.curves[1].x.tolist() == [2, 4, 6]
    assert score.curves[1].y.tolist() == [0.25] * 3
    assert species.curves[1].x.tolist() == [3, 4, 5]
    assert throughput.curves[0].y.tolist() == [200.0 * step for step in range(1, 7)]


def test_a_spread_is_the_band_of_its_metric():
    rows = metric_rows(4)
    rows[2] = MetricRow(3, {"mean": 0.5}, {}, 0.5)
    best, mean = charts_of("neat", rows)[0].curves
    assert best.low is None
    assert mean.y.tolist() == [0.01, 0.02, 0.5, 0.04]
    np.testing.assert_allclose(mean.low, [-0.09, -0.08, np.nan, -0.06])
    np.testing.assert_allclose(mean.high, [0.11, 0.12, np.nan, 0.14])


def test_what_no_trainer_has_declared_is_shown_too():
    rows = [MetricRow(1, {"luck": 1.0, "size": 2.0, "size_sd": 0.5}, {}, 1.0)]
    (chart,) = charts_of("gone", rows)
    assert chart.title == "Other"
    assert [curve.title for curve in chart.curves] == ["Luck", "Size"]
    assert chart.curves[1].low is not None


def test_without_rows_there_are_no_charts():
    assert charts_of("neat", []) == []
