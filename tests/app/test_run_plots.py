"""Plots of a run: what they show, when they are drawn by themselves, and what gets in their way."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ai.run_folder import MetricRow
from ai.runs import Run
from ai.training import OnEvent, RunEnded, RunStarted, TrainEvent
from app.cli import run as call
from app.run_plots import LISTED, PlotsAtEnd, _figure, own_style, plots_path, write_plots
from app.session import League, open_league
from game.executors.base import RunControl, RunState
from tests.app.kept_runs import keep_run, metric_rows

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def league(tmp_path: Path) -> Iterator[League]:
    with open_league(str(tmp_path / "league")) as opened:
        yield opened


class Listener:
    """A view that remembers what it was told, and whether there were plots then."""

    def __init__(self, run: Run) -> None:
        self.control = RunControl()
        self.lines: list[str] = []
        self.events: list[TrainEvent] = []
        self.had_plots: list[bool] = []
        self._run = run

    @property
    def on_event(self) -> OnEvent:
        return self._take

    def say(self, line: str) -> None:
        self.lines.append(line)

    def _take(self, event: TrainEvent) -> None:
        self.events.append(event)
        self.had_plots.append(plots_path(self._run).is_file())


def figure_of(run: Run) -> Figure:
    with own_style():
        figure = _figure(run, run.folder.metrics())
        figure.canvas.draw()
    return figure


def texts(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


def axes_of(figure: Figure, title: str):
    return next(axes for axes in figure.axes if axes.get_title(loc="left") == title)


def labels(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_the_head_says_what_the_run_is(league):
    head = texts(figure_of(keep_run(league, metric_rows(6), name=r"no $\frac$ at all")))
    assert head == r"no $\frac$ at all run neat-1   trainer neat   preset quick   seed 7   6 generations in 3.0 s"


def test_every_group_is_a_chart_with_its_curves(league):
    figure = figure_of(keep_run(league, metric_rows(6)))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Fitness", "Species", "Throughput", "Score"]
    assert {axes.get_xlabel() for axes in figure.axes} == {"generations"}
    score = axes_of(figure, "Score")
    assert labels(score) == ["Score against aimer", "Score against tracker"]
    assert score.lines[1].get_xydata().tolist() == [[2, 0.25], [4, 0.25], [6, 0.25]]
    fitness = axes_of(figure, "Fitness")
    assert len(fitness.collections) == 1
    assert fitness.collections[0].get_paths()[0].get_extents().ymin == pytest.approx(0.01 - 0.1)


def test_values_of_several_decades_have_a_logarithmic_axis_and_shares_have_all_of_it(league):
    figure = figure_of(keep_run(league, metric_rows(6)))
    assert axes_of(figure, "Throughput").get_yscale() == "log"
    assert axes_of(figure, "Score").get_ylim() == pytest.approx((-0.03, 1.03))
    assert axes_of(figure, "Fitness").get_yscale() == "linear"
    ticks = [label.get_text() for label in axes_of(figure, "Throughput").get_yticklabels()]
    assert "1,000" in ticks
    assert "100k" in ticks


def test_what_only_begins_small_keeps_its_linear_axis(league):
    rows = [
        MetricRow(step, {"best": 1000.0 * step, "threshold": 10.0 ** (1 - step / 100)}, {}, 1.0)
        for step in range(1, 501)
    ]
    figure = figure_of(keep_run(league, rows))
    assert axes_of(figure, "Fitness").get_yscale() == "linear"
    assert axes_of(figure, "Compatibility threshold").get_yscale() == "log"


def test_parts_of_a_whole_lie_on_top_of_each_other_and_the_largest_are_listed(league):
    parts = {f"species/{number}": float(number) for number in range(1, LISTED + 4)}
    species = axes_of(figure_of(keep_run(league, [MetricRow(step, parts, {}, 1.0) for step in (1, 2)])), "Species")
    assert species.get_ylim() == (0, sum(parts.values()))
    assert labels(species) == [*(f"Species {number}" for number in range(4, LISTED + 4)), "and 3 more"]


def test_of_a_long_title_the_end_is_listed(league):
    rows = [MetricRow(1, {"score/a": 0.5, "score/the strongest player of all": 1.0, f"score/{'w' * 64}": 0.0}, {}, 1.0)]
    listed = labels(axes_of(figure_of(keep_run(league, rows)), "Score"))
    assert listed == ["Score against a", "…the strongest player of all", f"…{'w' * 27}"]


def test_noise_is_drawn_faintly_below_its_mean(league):
    rng = np.random.default_rng(0)
    rows = [MetricRow(step, {"best": 1.0 + 0.1 * rng.standard_normal()}, {}, 1.0) for step in range(1, 301)]
    faint, line = axes_of(figure_of(keep_run(league, rows)), "Fitness").lines
    assert faint.get_alpha() < 0.5
    assert np.std(line.get_ydata()) < 0.5 * np.std(faint.get_ydata())
    assert np.mean(line.get_ydata()) == pytest.approx(np.mean(faint.get_ydata()), abs=0.01)
    assert line.get_ydata()[0] == faint.get_ydata()[0]


@pytest.mark.parametrize("steps", [1, 2, 5_000])
def test_a_run_of_any_length_can_be_drawn(league, steps):
    path = write_plots(keep_run(league, metric_rows(steps), name="長い名前 of some letters " + "w" * 30))
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.size[0] > 1000
        assert len(np.unique(np.asarray(picture.convert("L")))) > 50


def test_plots_are_there_before_the_end_is_told(league):
    run = keep_run(league, metric_rows(3))
    listener = Listener(run)
    take = PlotsAtEnd(listener)
    take(RunStarted(run, 0))
    take(RunEnded("complete", ""))
    assert listener.had_plots == [False, True]
    assert listener.events[-1] == RunEnded("complete", "")
    assert listener.lines == []


@pytest.mark.parametrize("ended", ["failed", "cancelled", "without a step"])
def test_an_end_without_plots(league, ended):
    run = keep_run(league, [] if ended == "without a step" else metric_rows(3))
    listener = Listener(run)
    take = PlotsAtEnd(listener)
    take(RunStarted(run, 0))
    if ended == "cancelled":
        listener.control.set(RunState.CANCELLED)
    take(RunEnded("failed" if ended == "failed" else "stopped", ""))
    assert listener.had_plots == [False, False]
    assert listener.lines == []


def test_plots_that_cannot_be_drawn_fail_no_run(league):
    run = keep_run(league, metric_rows(3))
    plots_path(run).mkdir()
    listener = Listener(run)
    take = PlotsAtEnd(listener)
    take(RunStarted(run, 0))
    take(RunEnded("stopped", ""))
    assert listener.events[-1] == RunEnded("stopped", "")
    (line,) = listener.lines
    assert line.startswith("the plots of run neat-1 cannot be drawn: ")
    assert line.endswith("it is a folder; name a file in it")


def test_a_fault_while_drawing_leaves_the_old_plots(league):
    run = keep_run(league, metric_rows(3))
    plots_path(run).write_bytes(b"old")
    broken = replace(run, folder=BrokenFolder(run))
    with pytest.raises(ZeroDivisionError):
        write_plots(broken)
    assert plots_path(run).read_bytes() == b"old"
    assert not list(run.folder.path.glob(".*"))


class BrokenFolder:
    """Hands out rows of which one cannot be drawn."""

    def __init__(self, run: Run) -> None:
        self.path = run.folder.path

    def metrics(self) -> list[MetricRow]:
        class Broken(MetricRow):
            @property
            def all_values(self):
                return 1 / 0

        return [Broken(1, {}, {}, 1.0)]


def test_the_command_draws_what_there_is(capsys, league, tmp_path):
    keep_run(league, metric_rows(4))
    home = ["--home", str(league.home.folder)]
    assert call([*home, "runs", "plot", "neat-1"]) == 0
    assert (league.home.folder / "runs" / "neat-1" / "plots.png").is_file()
    target = tmp_path / "new" / "mine.png"
    target.parent.mkdir()
    assert call([*home, "runs", "plot", "neat-1", "--png", str(target)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"wrote {target}"
    with Image.open(target) as picture:
        assert picture.format == "PNG"
    assert call([*home, "runs", "show", "neat-1"]) == 0
    assert f"plots: {league.home.folder / 'runs' / 'neat-1' / 'plots.png'}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["neat-9"], "there is no training run 'neat-9'"),
        (["neat-1"], "run neat-1 has no metrics yet: train it for at least one step"),
        (["neat-2", "--png", "{tmp}"], "it is a folder; name a file in it"),
        (["neat-2", "--png", "{tmp}/file/plots.png"], "cannot be written: Not a directory"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(capsys, league, tmp_path, arguments, sentence):
    keep_run(league, [])
    keep_run(league, metric_rows(2))
    (tmp_path / "file").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    words = [word.format(tmp=tmp_path) for word in arguments]
    assert call(["--home", str(league.home.folder), "runs", "plot", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_trained_run_has_plots_and_matplotlib_waits_for_its_end(tmp_path):
    code = (
        "import sys\n"
        "import app.cli, app.training, app.run_plots\n"
        "from app.run_plots import PlotsAtEnd, write_plots\n"
        "heavy = lambda: {name for name in sys.modules if name.split('.')[0] in ('matplotlib', 'tensorboardX')}\n"
        "seen = set()\n"
        "class Watch(PlotsAtEnd):\n"
        "    def __call__(self, event):\n"
        "        seen.update(heavy())\n"
        "        super().__call__(event)\n"
        "app.training.PlotsAtEnd = Watch\n"
        "small = ['--task', 'xor', '--population', '4', '--generations', '2', '--steps', '2', '--eval-workers', '1']\n"
        f"code = app.cli.run(['--home', {str(tmp_path)!r}, 'train', 'neat-backprop', *small, '--executor', 'serial'])\n"
        "assert code == 0 and not seen, seen\n"
        "assert 'matplotlib' in heavy() and 'matplotlib.pyplot' not in heavy()\n"
        "assert 'torch' not in sys.modules and 'tensorboardX' not in heavy()\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert (tmp_path / "runs" / "neat-backprop-1" / "plots.png").is_file()
