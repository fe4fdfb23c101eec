"""The training chart: metrics by group, several runs, and the file that is read on while it grows."""

import json

import numpy as np
import pytest

from ai.run_folder import MetricRow
from ai.trainer import MetricSpec
from app.desktop.charts.metrics_file import MetricPart, MetricsTail
from app.desktop.charts.training import MOST_RUNS, Progress, TrainingChart
from app.metric_book import OTHER
from league.schema import RunRow
from tests.app.desktop import population_samples
from tests.app.desktop.evolution_samples import METRICS, Evolution


def row(run="es-1", trainer="es"):
    return RunRow(
        id=run, trainer=trainer, game="rally", name=f"name of {run}", seed=1, config_json="{}", state="running",
        folder=f"runs/{run}",
    )  # fmt: skip


def part(*steps, values=None, is_restart=True):
    rows = [
        MetricRow(step, values or {"best": step / 10, "mean": step / 20, "step_size": 0.5}, {"matches": 100}, 2.0)
        for step in steps
    ]
    return MetricPart(tuple(rows), is_restart, has_more=False)


@pytest.fixture
def chart():
    chart = TrainingChart()
    chart.set_runs([row(), row("es-2")])
    return chart


def titles(chart):
    return [curve.title for curve in chart.model.curves]


def test_the_newest_run_is_shown_and_there_is_a_hint_until_it_reports(chart):
    assert chart.chosen == ("es-2",)
    assert chart.model.is_empty
    assert "first values" in chart.model.frame.hint
    assert "Start a run" in TrainingChart().model.frame.hint


def test_metrics_of_a_group_share_a_chart(chart):
    chart.take("es-2", part(1, 2, 3))
    assert chart.groups() == ["Fitness", "Mutation", "Throughput"]
    assert chart.group == "Fitness"
    assert titles(chart) == ["Best child", "Mean of the children"]
    assert chart.model.curves[0].series.x.tolist() == [1, 2, 3]
    assert "best child" in chart.explanation(chart.model.curves[0].key)
    chart.show_group("Throughput")
    assert titles(chart) == ["Matches"]
    assert chart.model.curves[0].series.y.tolist() == [50.0] * 3
    assert chart.model.frame.y.label == "Throughput (matches/s)"


def test_over_time_steps_lie_where_they_were_done(chart):
    chart.take("es-2", part(1, 2))
    chart.take("es-2", part(3, is_restart=False))
    chart.show_over(Progress.SECONDS)
    assert chart.model.curves[0].series.x.tolist() == [2.0, 4.0, 6.0]
    assert chart.model.frame.x.label == "Training time (s)"


def test_a_restarted_file_replaces_what_was_read(chart):
    chart.take("es-2", part(1, 2, 3))
    chart.take("es-2", part(1, 2))
    assert chart.model.curves[0].series.x.tolist() == [1, 2]
    chart.take("es-2", part())
    assert chart.model.is_empty


def test_runs_are_compared_by_name(chart):
    chart.take("es-1", part(1))
    chart.take("es-2", part(1))
    chart.toggle("es-1")
    assert titles(chart)[0] == "Best child, name of es-2"
    assert len(titles(chart)) == 4
    chart.toggle("es-2")
    assert titles(chart) == ["Best child", "Mean of the children"]


def test_no_more_runs_than_can_be_seen():
    chart = TrainingChart()
    chart.set_runs([row(f"es-{number}") for number in range(1, 8)])
    for number in range(1, 7):
        chart.toggle(f"es-{number}")
    assert len(chart.chosen) == MOST_RUNS
    chart.set_runs([row("es-6")])
    assert chart.chosen == ("es-6",)


def test_families_have_a_curve_a_member_in_natural_order(chart):
    values = {"score_against/bot 10": 0.5, "score_against/bot 9": 0.4, "score": 0.45}
    chart.take("es-2", part(1, values=values))
    assert titles(chart) == ["Score", "Score against bot 9", "Score against bot 10"]


def test_a_legend_lists_members_alone_where_the_group_says_what_they_are(chart):
    chart.take("es-2", part(1, values={"score_against/tracker": 0.5, "score_against/bot 9": 0.4, "score": 0.45}))
    assert [curve.listed for curve in chart.model.curves] == ["Score", "bot 9", "tracker"]
    chart.toggle("es-1")
    chart.take("es-1", part(1, values={"score": 0.5}))
    assert [curve.listed for curve in chart.model.curves][-1] == "Score, name of es-1"
    assert "tracker, name of es-2" in [curve.listed for curve in chart.model.curves]


def test_two_families_of_a_group_are_told_apart():
    metrics = tuple(MetricSpec(name, name.capitalize(), "Both", "", is_family=True) for name in ("won", "lost"))
    chart = TrainingChart(lambda _: metrics)
    chart.set_runs([row()])
    chart.take("es-1", part(1, values={"won/tracker": 0.5, "lost/tracker": 0.4}))
    assert [curve.listed for curve in chart.model.curves] == ["Won tracker", "Lost tracker"]


@pytest.fixture
def evolving():
    """A chart of one run of a trainer that declares what an evolving population reports."""
    chart = TrainingChart(lambda _: METRICS)
    chart.set_runs([row()])
    return chart


def test_a_standard_deviation_is_the_band_of_its_mean(evolving):
    evolving.take("es-1", part(1, 2, values={"best": 3.0, "mean": 1.0, "sd": 0.25}))
    evolving.take("es-1", part(3, values={"best": 3.0, "mean": 2.0}, is_restart=False))
    assert titles(evolving) == ["Best", "Mean"]
    best, mean = (curve.series for curve in evolving.model.curves)
    assert mean.low[:2].tolist() == [0.75, 0.75]
    assert mean.high[:2].tolist() == [1.25, 1.25]
    assert np.isnan(mean.low[2])
    assert not best.has_interval


def test_a_standard_deviation_without_its_mean_is_a_curve(evolving):
    evolving.take("es-1", part(1, values={"sd": 0.25}))
    assert titles(evolving) == ["Standard deviation"]


def test_species_are_stacked_and_keep_the_colours_of_their_numbers(evolving):
    run = Evolution(60)
    evolving.take("es-1", MetricPart(tuple(run.rows[:30]), is_restart=True, has_more=False))
    evolving.show_group("Species")
    before = {curve.title: curve.slot for curve in evolving.model.curves}
    evolving.take("es-1", MetricPart(tuple(run.rows[30:]), is_restart=False, has_more=False))
    assert evolving.model.frame.is_stacked
    after = {curve.title: curve.slot for curve in evolving.model.curves}
    assert len(after) > len(before) > 10
    assert before.items() <= after.items()
    assert after["Species 10"] == 10
    assert list(after)[:3] == ["Species 1", "Species 2", "Species 3"]
    assert sum(reading.y for reading in evolving.model.readings(60.0)) == run.population


def test_parts_that_have_names_are_listed_by_them_and_are_a_whole():
    chart = TrainingChart(lambda _: population_samples.METRICS)
    chart.set_runs([row()])
    chart.take("es-1", MetricPart(tuple(population_samples.rows(40, members=6)), is_restart=True, has_more=False))
    chart.show_group("Opponents")
    assert chart.model.frame.is_stacked
    listed = {curve.listed: curve.slot for curve in chart.model.curves}
    assert list(listed) == ["aimer", "current", "main-0", "predictor", "random", "tracker"]
    assert len(set(listed.values())) == len(listed)
    last = chart.model.curves[0].series.x[-1]
    assert sum(reading.y for reading in chart.model.readings(last)) == pytest.approx(1.0)


def test_the_number_of_species_and_its_target_share_a_plot(evolving):
    evolving.take("es-1", MetricPart(tuple(Evolution(5).rows), is_restart=True, has_more=False))
    evolving.show_group("Number of species")
    assert titles(evolving) == ["Species", "Target"]


def test_metrics_that_nobody_declared_are_shown_too(chart):
    chart.set_runs([row("x-1", trainer="gone")])
    chart.take("x-1", part(1, values={"odd_thing": 1.0}))
    assert chart.groups() == [OTHER]
    assert titles(chart) == ["Matches", "Odd thing"]


def test_a_metric_that_is_reported_now_and_then_has_points_then(chart):
    chart.take("es-2", part(1, 2, 3))
    chart.take("es-2", part(4, values={"score": 0.7}, is_restart=False))
    chart.show_group("Score")
    assert chart.model.curves[0].series.x.tolist() == [4]


def line(step, seconds=1.0):
    return json.dumps({"step": step, "values": {"best": 0.5}, "work": {}, "seconds": seconds}).encode() + b"\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


def steps(part):
    return [row.step for row in part.rows]


def test_only_what_is_new_is_read(path):
    tail = MetricsTail(path)
    assert tail.read() == MetricPart((), is_restart=True, has_more=False)
    path.write_bytes(line(1) + line(2))
    first = tail.read()
    assert (steps(first), first.is_restart) == ([1, 2], True)
    with path.open("ab") as file:
        file.write(line(3) + line(4)[:-5])
    second = tail.read()
    assert (steps(second), second.is_restart) == ([3], False)
    assert tail.read().rows == ()
    with path.open("ab") as file:
        file.write(line(4)[-5:])
    assert steps(tail.read()) == [4]


def test_a_long_file_comes_in_parts(path):
    path.write_bytes(b"".join(line(step) for step in range(1, 6)))
    tail = MetricsTail(path)
    parts = [tail.read(2) for _ in range(3)]
    assert [steps(each) for each in parts] == [[1, 2], [3, 4], [5]]
    assert [each.has_more for each in parts] == [True, True, False]
    assert [each.is_restart for each in parts] == [True, False, False]


def test_a_file_that_was_cut_is_read_anew(path):
    path.write_bytes(line(1) + line(2) + line(3))
    tail = MetricsTail(path)
    tail.read()
    path.write_bytes(line(1) + line(2))
    assert (steps(again := tail.read()), again.is_restart) == ([1, 2], True)


@pytest.mark.parametrize("seconds", [1.0, 1.23456])
def test_a_file_that_was_cut_and_has_grown_is_read_anew(path, seconds):
    path.write_bytes(line(1) + line(2) + line(3))
    tail = MetricsTail(path)
    tail.read()
    path.write_bytes(line(1) + b"".join(line(step, seconds) for step in (2, 2, 3, 4, 5)))
    assert (steps(again := tail.read()), again.is_restart) == ([1, 2, 2, 3, 4, 5], True)


def test_a_damaged_line_ends_the_file_without_a_fault(path):
    path.write_bytes(line(1) + b"{broken\n" + line(2))
    assert steps(MetricsTail(path).read()) == [1]
    path.write_bytes(b"{broken\n" + line(2))
    assert steps(MetricsTail(path).read()) == []


def test_a_file_that_is_gone_clears_the_curves(path):
    path.write_bytes(line(1))
    tail = MetricsTail(path)
    tail.read()
    path.unlink()
    assert tail.read() == MetricPart((), is_restart=True, has_more=False)
