"""The throughput chart: rates of jobs, the baseline, and what is kept for the next session."""

import math

import pytest

from app.baseline import Baseline
from app.desktop.charts.archive import FILE_NAME, read_samples, write_samples
from app.desktop.charts.throughput import GAP_S, KEPT, Sample, ThroughputChart
from league.home import Home

BASELINE = Baseline(4000.0, 6e6, 8000, 2.0, 8, "2026-01-02T03:04:05+00:00")


@pytest.fixture
def chart():
    return ThroughputChart()


def progress(**rates):
    return {"event": "progress", "season": 3, "done": 1, "seconds": 1.0, **rates}


def shown(chart):
    return {curve.title: curve.series.y.tolist() for curve in chart.model.curves}


def test_every_rate_of_a_progress_message_is_a_measure(chart):
    chart.take("Season 3", progress(matches_per_s=5000.0, ticks_per_s=8e6, eta_s=3.0), 100.0)
    assert shown(chart) == {"Season 3": [5000.0]}
    chart.show("ticks")
    assert shown(chart) == {"Season 3": [8e6]}
    assert chart.model.frame.y.label == "Throughput (ticks/s)"


def test_a_point_a_second_is_enough(chart):
    for tenth in range(31):
        chart.take("Season 3", progress(matches_per_s=float(tenth)), 100.0 + tenth / 10)
    assert shown(chart) == {"Season 3": [0.0, 10.0, 20.0, 30.0]}


def test_runs_have_rates_and_steps_a_second(chart):
    chart.take(
        "es-1", {"event": "metrics", "run": "es-1", "step": 1, "values": {"matches_per_s": 9.0, "best": 1.0}}, 5.0
    )
    for done, seconds in ((1, 1.0), (2, 1.5), (5, 3.0)):
        chart.take("es-1", {"event": "progress", "run": "es-1", "done": done, "seconds": seconds}, 100.0 + seconds)
    assert chart.measures() == ["matches", "ticks", "steps"]
    assert shown(chart) == {"es-1": [9.0]}
    chart.show("steps")
    assert shown(chart) == {"es-1": [2.0]}


def test_a_resumed_run_begins_to_count_anew(chart):
    for done, seconds in ((10, 10.0), (4, 4.0), (6, 5.0)):
        chart.take("es-1", {"event": "progress", "run": "es-1", "done": done, "seconds": seconds}, 100.0 + seconds)
    chart.show("steps")
    assert shown(chart) == {"es-1": [2.0]}


def test_a_pause_interrupts_the_curve(chart):
    chart.take("Season 3", progress(matches_per_s=1.0), 100.0)
    chart.take("Season 3", progress(matches_per_s=2.0), 100.0 + GAP_S + 1)
    (values,) = shown(chart).values()
    assert values[0] == 1.0
    assert math.isnan(values[1])
    assert values[2] == 2.0
    assert len(chart.samples) == 2


def test_a_clock_that_is_set_back_is_no_fault(chart):
    chart.take("Season 3", progress(matches_per_s=1.0), 100.0)
    chart.take("Season 3", progress(matches_per_s=2.0), 50.0)
    assert shown(chart) == {"Season 3": [1.0]}


def test_the_baseline_is_drawn_only_where_it_was_measured(chart):
    chart.take("Season 3", progress(matches_per_s=1.0), 100.0)
    chart.set_baseline(BASELINE)
    assert shown(chart) == {"Season 3": [1.0], "One process": [4000.0]}
    assert chart.model.curves[-1].is_reference
    chart.show("steps")
    assert shown(chart) == {}
    chart.show("ticks")
    assert list(shown(chart)) == ["One process"]
    assert chart.model.is_empty


def test_history_comes_before_what_is_new(chart):
    chart.take("Season 3", progress(matches_per_s=2.0), 200.0)
    chart.set_history([Sample(100.0, "Season 2", "matches", 1.0), Sample(199.0, "Season 3", "matches", 1.5)])
    assert shown(chart) == {"Season 3": [1.5, 2.0], "Season 2": [1.0]}
    assert [sample.value for sample in chart.samples] == [1.0, 1.5, 2.0]


def test_other_messages_are_not_about_throughput(chart):
    chart.take("Season 3", {"event": "ratings", "ratings_per_s": 3.0}, 1.0)
    chart.take("Season 3", progress(matches_per_s=None), 1.0)
    assert chart.samples == ()


@pytest.fixture
def folder(tmp_path):
    return Home(tmp_path)


def test_what_is_kept_comes_back(folder):
    samples = [Sample(100.0, 'Season "3", long', "matches", 12.5), Sample(101.5, "es-1", "steps", 0.25)]
    write_samples(folder, samples)
    assert read_samples(folder) == samples


def test_only_the_last_samples_are_kept(folder):
    write_samples(folder, [Sample(float(i), "s", "matches", 1.0) for i in range(KEPT + 10)])
    kept = read_samples(folder)
    assert len(kept) == KEPT
    assert kept[0].time_s == 10.0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\0 no text",
        b"time_s,source,measure,value\nx,s,matches,1\n1,s,matches\n1,s,matches,nan\n",
        b'"\n,,,\n',
    ],
)
def test_a_damaged_file_is_as_good_as_none(folder, content):
    (folder.folder / FILE_NAME).write_bytes(content)
    assert read_samples(folder) == []


def test_without_a_file_there_is_no_history(folder):
    assert read_samples(folder) == []
