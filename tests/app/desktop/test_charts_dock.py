"""The Charts panel: what comes from the store and from jobs is drawn in turn, and every button does what it says."""

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ai.runs import Plan, Runs
from ai.trainer import trainer
from app.desktop.charts.dock import ChartsDock
from app.desktop.charts.elo import Rating
from app.desktop.charts.training import Progress
from app.desktop.panels import charts
from app.session import open_league
from game.executors.serial import SerialExecutor
from game.games import game
from league.config import SeasonConfig
from league.schema import RunRow
from league.season import Season
from tests.app.desktop.evolution_samples import Evolution


@pytest.fixture
def season(home):
    """A played season of three players in the home of the desktop."""
    with open_league(str(home.folder)) as league:
        players = league.library.players()[:3]
        config = SeasonConfig(players=tuple(each.hash for each in players), pairs=6, points=1, seed=3)
        season = Season.create(league.store, config, "small")
        with SerialExecutor() as executor:
            season.run(executor, league.library.policies(season.players))
        return season


@pytest.fixture
def dock(season, desktop, qtbot):
    dock = charts.PANEL.create(desktop)
    assert isinstance(dock, ChartsDock)
    qtbot.addWidget(dock)
    dock.resize(700, 260)
    dock.show()
    qtbot.waitUntil(lambda: bool(dock.elo.chart.model.curves))
    return dock


def titles(view):
    return [curve.title for curve in view.model.curves]


def legend_rows(view):
    return [[view.legend.topLevelItem(row).text(column) for column in (0, 1)] for row in range(len(titles(view)))]


def wait_drawn(dock, qtbot, view):
    qtbot.waitUntil(lambda: not view.is_due())


# Elo


def test_the_latest_seasons_history_is_drawn_and_the_pacer_goes_to_sleep(dock, season, qtbot):
    view = dock.elo.view
    wait_drawn(dock, qtbot, view)
    assert dock.elo.chart.season_id == season.row.id
    assert sorted(titles(view)) == sorted(player.name for player in season.players)
    assert legend_rows(view)[0][1] != ""
    assert view.plot.isVisible()
    assert "ratings: " in view.accessibleDescription()
    qtbot.waitUntil(lambda: not dock.pacer.is_awake)


def test_the_trend_is_asked_for_once_and_draws_bands(dock, season, jobs, qtbot):
    trend = jobs.last("trend")
    assert trend.arguments[:3] == ["trend", "--season", str(season.row.id)]
    for matches in (12, 36):
        values = [1500.0, 1600.0, 1400.0]
        low, high = [v - 60 for v in values], [v + 60 for v in values]
        jobs.says(trend.id, "trend", season=season.row.id, matches=matches, ratings=values, low=low, high=high)
    jobs.ends(trend.id)
    assert dock.elo.chart.shown_rating is Rating.FITTED
    wait_drawn(dock, qtbot, dock.elo.view)
    assert sum(type(item).__name__ == "QGraphicsPathItem" for item in dock.elo.view.plot._items) == 3
    dock.hide()
    dock.show()
    assert len([job for job in jobs.started if job.kind == "trend"]) == 1


def test_a_failed_trend_is_said(dock, jobs, desktop):
    jobs.ends(jobs.last("trend").id, is_ok=False, reason="the disk is full")
    assert "the disk is full" in desktop.toasts.texts()[-1]


def test_another_season_cancels_the_trend(dock, desktop, jobs):
    desktop.hub.season_selected.emit(-1)
    assert jobs.last("trend").commands() == ["cancel"]
    assert dock.elo.chart.model.is_empty


def test_live_ratings_grow_the_curve(dock, season, jobs, qtbot):
    dock.elo.rating.setCurrentIndex(dock.elo.rating.findData(Rating.LIVE.value))
    before = len(dock.elo.chart.model.curves[0].series)
    jobs.says("play", "ratings", season=season.row.id, match=99, ratings=[1.0, 2.0, 3.0])
    assert len(dock.elo.chart.model.curves[0].series) == before + 1
    wait_drawn(dock, qtbot, dock.elo.view)
    assert legend_rows(dock.elo.view)[0] == [season.players[2].name, "3"]


def test_a_table_and_a_selected_player_arrive_over_the_hub(dock, season, desktop):
    lines = [
        {"position": position, "rating": 1500.0, "low": 1450.0, "high": 1550.0, "island": 0} for position in range(3)
    ]
    desktop.hub.table_ready.emit(
        {"event": "table", "season": season.row.id, "matches": 36, "quick": False, "lines": lines}
    )
    assert dock.elo.chart.fitted_matches == 36
    desktop.hub.player_selected.emit(season.players[1])
    assert [curve.title for curve in dock.elo.chart.model.curves if curve.is_marked] == [season.players[1].name]


# The view


def test_unchecking_a_curve_hides_it(dock, qtbot):
    view = dock.elo.view
    wait_drawn(dock, qtbot, view)
    view.legend.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    assert len(view.model.lines()) == 2
    assert legend_rows(view)[0][1] == ""
    view.reset()
    assert len(view.model.lines()) == 3
    assert view.legend.topLevelItem(0).checkState(0) is Qt.CheckState.Checked


def test_panning_ends_following_and_the_button_goes_back(dock, qtbot):
    view = dock.elo.view
    wait_drawn(dock, qtbot, view)
    view.plot._box.setRange(xRange=(3.0, 9.0), padding=0)
    view.plot._tell_view()
    assert not view.model.is_following
    assert not view.controls.follow.isChecked()
    QTest.mouseClick(view.controls.follow, Qt.MouseButton.LeftButton)
    assert view.model.is_following


def test_the_cross_hair_reads_every_curve(dock, qtbot):
    view = dock.elo.view
    wait_drawn(dock, qtbot, view)
    x = float(view.model.curves[0].series.x[3])
    view.plot.pointed.emit(x)
    assert view.legend.headerItem().text(0) == f"Match {x:.0f}"
    assert view.plot._hair.isVisible()
    assert legend_rows(view)[0][1] == f"{view.model.curves[0].series.y[3]:,.0f}"
    view.plot.pointed.emit(None)
    assert not view.plot._hair.isVisible()


def test_smoothing_window_and_scale_are_chosen_remembered_and_reset(dock, desktop, qtbot):
    view = dock.training.view
    controls = view.controls
    controls._half_lives[20.0].trigger()
    controls._windows[50.0].trigger()
    controls._scales[True].trigger()
    assert (view.model.half_life, view.model.recent, view.model.is_log) == (20.0, 50.0, True)
    again = ChartsDock(desktop)
    qtbot.addWidget(again)
    model = again.training.view.model
    assert (model.half_life, model.recent, model.is_log) == (20.0, 50.0, True)
    view.reset()
    assert (view.model.half_life, view.model.recent, view.model.is_log) == (0.0, None, False)
    assert controls._half_lives[0.0].isChecked()


def test_both_exports_write_what_is_seen(dock, desktop, tmp_path, qtbot):
    view = dock.elo.view
    wait_drawn(dock, qtbot, view)
    asked = []
    view.ask_path = lambda title, name: asked.append(name) or str(tmp_path / name)
    view.export_csv()
    view.export_png()
    assert asked == ["elo.csv", "elo.png"]
    assert (tmp_path / "elo.csv").read_text() == view.model.to_csv()
    assert (tmp_path / "elo.png").read_bytes().startswith(b"\x89PNG")
    assert all("saved" in text for text in desktop.toasts.texts())


def test_an_export_that_cannot_be_written_is_said(dock, desktop, tmp_path):
    (tmp_path / "file").write_text("in the way")
    view = dock.elo.view
    view.ask_path = lambda title, name: str(tmp_path / "file" / name)
    view.export_csv()
    view.export_png()
    assert len(desktop.toasts.texts()) == 2
    assert all("cannot be written" in text for text in desktop.toasts.texts())
    view.ask_path = lambda title, name: ""
    view.export_csv()
    view.export_png()
    assert len(desktop.toasts.texts()) == 2


def test_a_hidden_chart_is_not_drawn_until_it_is_seen(dock, jobs, qtbot):
    view = dock.throughput.view
    qtbot.waitUntil(lambda: not dock.pacer.is_awake)
    drawn = []
    view.drawn.connect(lambda: drawn.append(1))
    jobs.says("a", "progress", season=9, matches_per_s=100.0, done=1)
    assert not dock.pacer.is_awake
    dock.tabs.setCurrentWidget(dock.throughput)
    qtbot.waitUntil(lambda: bool(drawn))


@pytest.mark.parametrize("theme", ["light", "contrast"])
def test_themes_change_while_it_is_open(dock, desktop, theme, qtbot):
    view = dock.elo.view
    wait_drawn(dock, qtbot, view)
    try:
        desktop.theme.use(theme)
        wait_drawn(dock, qtbot, view)
        image = view.plot.grab().toImage()
        assert image.pixelColor(image.width() - 3, 3).name() == desktop.theme.theme.base
    finally:
        desktop.theme.use("dark")


# Training


def write_run(desktop, run, steps):
    folder = desktop.home.folder / "runs" / run
    folder.mkdir(parents=True, exist_ok=True)
    lines = [{"step": step, "values": {"best": step / 10}, "work": {"matches": 5}, "seconds": 0.5} for step in steps]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with open_league(str(desktop.home.folder)) as league:
        league.store.save_run(
            RunRow(
                id=run, trainer="es", game="rally", name=run, seed=1, config_json="{}", state="running",
                folder=f"runs/{run}",
            )
        )  # fmt: skip


def test_a_runs_file_is_read_and_read_on(dock, desktop, jobs, qtbot):
    write_run(desktop, "es-1", range(1, 4))
    dock.tabs.setCurrentWidget(dock.training)
    desktop.hub.runs_changed.emit()
    model = dock.training.view.model
    qtbot.waitUntil(lambda: not model.is_empty)
    assert model.curves[0].series.x.tolist() == [1, 2, 3]
    assert [dock.training.group.itemText(i) for i in range(dock.training.group.count())] == ["Fitness", "Throughput"]
    write_run(desktop, "es-1", range(1, 6))
    jobs.says("train", "metrics", run="es-1", step=5, values={})
    qtbot.waitUntil(lambda: len(model.curves[0].series) == 5)


def test_groups_axes_and_runs_are_chosen(dock, desktop, qtbot):
    write_run(desktop, "es-1", range(1, 4))
    write_run(desktop, "es-2", range(1, 3))
    dock.tabs.setCurrentWidget(dock.training)
    desktop.hub.runs_changed.emit()
    tab = dock.training
    qtbot.waitUntil(lambda: titles(tab.view) == ["Best child"])
    tab.runs.menu().aboutToShow.emit()
    assert [action.text() for action in tab.runs.menu().actions()] == ["es-2 (es, running)", "es-1 (es, running)"]
    tab.runs.menu().actions()[1].trigger()
    qtbot.waitUntil(lambda: titles(tab.view) == ["Best child, es-2", "Best child, es-1"])
    tab.group.setCurrentIndex(1)
    tab.group.activated.emit(1)
    assert titles(tab.view) == ["Matches, es-2", "Matches, es-1"]
    tab.over[Progress.SECONDS].trigger()
    assert tab.view.model.curves[1].series.x.tolist() == [0.5, 1.0, 1.5]
    desktop.hub.run_selected.emit("es-1")
    assert titles(tab.view) == ["Matches"]


def test_what_was_measured_once_is_seen_as_a_dot(dock, desktop, jobs, qtbot):
    write_run(desktop, "es-1", range(1, 2))
    dock.tabs.setCurrentWidget(dock.training)
    desktop.hub.runs_changed.emit()
    view = dock.training.view
    qtbot.waitUntil(lambda: titles(view) == ["Best child"])
    wait_drawn(dock, qtbot, view)
    (dot,) = [item for item in view.plot._items if type(item).__name__ == "ScatterPlotItem"]
    assert [len(part) for part in dot.getData()] == [1, 1]
    write_run(desktop, "es-1", range(1, 3))
    jobs.says("train", "metrics", run="es-1", step=2, values={})
    qtbot.waitUntil(lambda: len(view.model.curves[0].series) == 2)
    wait_drawn(dock, qtbot, view)
    assert all(type(item).__name__ != "ScatterPlotItem" for item in view.plot._items)


def test_hundreds_of_species_are_stacked_and_only_the_largest_listed(dock, desktop, qtbot):
    run = Evolution(700, life=15)
    ids = {name for row in run.rows for name in row.values if name.startswith("species/")}
    with open_league(str(desktop.home.folder)) as league:
        runs = Runs(league.home, league.store)
        stored = runs.create(Plan(trainer("neat"), trainer("neat").configure({}), game("rally"), 3, "many"))
        for row in run.rows:
            stored.folder.append(row)
    dock.tabs.setCurrentWidget(dock.training)
    desktop.hub.runs_changed.emit()
    view, tab = dock.training.view, dock.training
    qtbot.waitUntil(lambda: tab.group.findText("Species") >= 0)
    tab.group.setCurrentText("Species")
    tab.group.activated.emit(tab.group.currentIndex())
    qtbot.waitUntil(lambda: len(view.model.curves) == len(ids) > 250)
    wait_drawn(dock, qtbot, view)
    (drawn,) = view.plot._items
    assert 0 < drawn.boundingRect().height() <= run.population
    alive = [name.partition("/")[2] for name in run.rows[-1].values if name.startswith("species/")]
    assert legend_names(view) == [f"Species {number}" for number in sorted(map(int, alive))]
    view._point(350.0)
    assert view.legend.headerItem().text(0) == "Step 350"
    then = [name.partition("/")[2] for name in run.rows[349].values if name.startswith("species/")]
    assert legend_names(view) == [f"Species {number}" for number in sorted(map(int, then))]
    view.legend.topLevelItem(0).setCheckState(0, Qt.CheckState.Unchecked)
    view._point(None)
    assert f"Species {min(map(int, then))}" in legend_names(view)
    view.reset()
    assert f"Species {min(map(int, then))}" not in legend_names(view)


def legend_names(view):
    return [view.legend.topLevelItem(row).text(0) for row in range(view.legend.topLevelItemCount())]


# Throughput


def test_rates_of_jobs_are_drawn_and_kept(dock, desktop, jobs, qtbot):
    tab = dock.throughput
    now = [1_700_000_000.0]
    tab._wall_clock = lambda: now[0]
    for rate in (100.0, 200.0):
        jobs.says("play", "progress", season=9, matches_per_s=rate, done=1)
        now[0] += 2.0
    assert titles(tab.view) == ["Season 9"]
    desktop.hub.closing.emit()
    assert not tab._timer.isActive()
    path = desktop.home.folder / "throughput.csv"
    qtbot.waitUntil(path.exists)
    again = ChartsDock(desktop)
    qtbot.addWidget(again)
    qtbot.waitUntil(lambda: titles(again.throughput.view) == ["Season 9"])
    assert again.throughput.view.model.curves[0].series.y.tolist() == [100.0, 200.0]


def test_the_baseline_is_measured_by_a_job_and_drawn(dock, desktop, jobs):
    tab = dock.throughput
    jobs.ends(jobs.last("trend").id)
    assert "Measure the sequential baseline" in tab.baseline.toolTip()
    dock.tabs.setCurrentWidget(tab)
    QTest.mouseClick(tab.baseline, Qt.MouseButton.LeftButton)
    job = jobs.last("baseline")
    assert job.arguments == ["baseline", "--home", str(desktop.home.folder), "--events"]
    assert not tab.baseline.isEnabled()
    jobs.says(
        job.id, "baseline", matches_per_s=4000.0, ticks_per_s=6e6, matches=8000, seconds=2.0, players=8,
        measured="2026-01-02T03:04:05+00:00",
    )  # fmt: skip
    jobs.ends(job.id)
    assert tab.baseline.isEnabled()
    assert titles(tab.view) == ["One process"]
    assert "4,000 matches/s" in tab.baseline.toolTip()
    assert "2026-01-02" in tab.baseline.toolTip()


def test_the_baseline_waits_for_a_quiet_machine(dock, desktop, jobs):
    assert jobs.running()
    dock.throughput.measure_baseline()
    assert [job.kind for job in jobs.started] == ["trend"]
    assert "nothing is running" in desktop.toasts.texts()[-1]


def test_a_baseline_that_failed_is_said(dock, desktop, jobs):
    jobs.ends(jobs.last("trend").id)
    dock.throughput.measure_baseline()
    jobs.ends(jobs.last("baseline").id, is_ok=False, reason="two players are needed")
    assert "two players are needed" in desktop.toasts.texts()[-1]
    assert dock.throughput.baseline.isEnabled()


def test_the_tab_is_remembered_and_a_selected_run_brings_its_own(dock, desktop, qtbot):
    dock.tabs.setCurrentWidget(dock.throughput)
    again = ChartsDock(desktop)
    qtbot.addWidget(again)
    assert again.tabs.currentWidget() is again.throughput
    desktop.hub.run_selected.emit("es-1")
    assert again.tabs.currentWidget() is again.training
    assert again._controls.currentWidget() is again.training.view.controls


def test_it_rests_while_the_window_is_minimised(dock, desktop, qtbot):
    desktop.hub.minimised.emit(True)
    dock.elo.chart.show(Rating.LIVE)
    dock.elo.chart.select(dock.elo.chart._players[0].row)
    dock.elo.view.refresh()
    assert dock.elo.view.is_due()
    assert not dock.pacer.is_awake
    desktop.hub.minimised.emit(False)
    wait_drawn(dock, qtbot, dock.elo.view)


def test_a_narrow_dock_shows_every_curve_and_fewer_buttons(dock):
    dock.resize(600, 230)
    assert not dock.elo.view.controls.reset.isHidden()
    dock.resize(380, 230)
    assert dock.elo.view.controls.reset.isHidden()
    for tab in range(dock.tabs.count()):
        dock.tabs.setCurrentIndex(tab)
        assert dock.minimumSizeHint().width() <= 300
