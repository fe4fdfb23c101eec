"""The metrics of a training run as one PNG. matplotlib is imported when it is needed, and nothing is kept of it."""

import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ai.errors import TrainingError, failure_reason
from ai.run_folder import MetricRow
from ai.runs import Run
from ai.trainer import trainer
from ai.training import OnEvent, RunEnded, RunStarted, TrainEvent
from app.run_charts import Chart, Column, Curve, charts_of
from league.home import atomic_file

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from app.training import View

logger = logging.getLogger(__name__)

LISTED: Final = 10
"""Curves that the legend of one chart lists; of more, those with the largest values."""

COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#6a3d9a", "#4d4d4d")
"""Of M. Okabe and K. Ito, "Color Universal Design", 2008, without the yellow, which a white page swallows, and two more."""

INK, MUTED, RULE = "#1a2230", "#586476", "#e3e8ee"
_DASHES: Final = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (6, 1.5, 1, 1.5)))
DPI: Final = 100
_WIDTH_IN, _CHART_IN, _HEAD_IN, _FOOT_IN = 15.0, 3.1, 0.85, 0.1
_LEFT_IN, _LEGEND_IN, _ABOVE_IN, _BELOW_IN = 0.75, 2.45, 0.45, 0.6
_LABEL_LETTERS: Final = 28
_FEW_POINTS: Final = 40
_STACKED_POINTS: Final = 500
_SMOOTHED_POINTS: Final = 80
_DECADES: Final = 2.0  # positive values that span more are drawn on a logarithmic axis,
_STRAYS: Final = 0.1  # but for this share of them, the smallest: what only begins small does not count


def plots_path(run: Run) -> Path:
    """Return where the plots of a run are kept."""
    return run.folder.path / "plots.png"


def write_plots(run: Run, path: Path | None = None) -> Path:
    """Draw the metrics that ``run`` has kept so far to ``path``, by default ``plots_path``, and return it.

    Raises
    ------
    LeagueError
        If there are no metrics, or the file cannot be written; it stays as it was then.
    """
    rows = run.folder.metrics()
    if not rows:
        raise TrainingError(f"run {run.id} has no metrics yet: train it for at least one step")
    target = path or plots_path(run)
    with atomic_file(target) as file, own_style():
        _figure(run, rows).savefig(file, format="png", dpi=DPI)
    return target


class PlotsAtEnd:
    """Passes the events of a run on to ``view``, and draws its plots when it completes or stops: just before that is told.

    A run that is cancelled ends at once, without plots. Plots that cannot be drawn are one line for people.
    """

    def __init__(self, view: "View") -> None:
        self._view = view
        self._on_event: OnEvent = view.on_event
        self._run: Run | None = None

    def __call__(self, event: TrainEvent) -> None:
        """Take an event."""
        if isinstance(event, RunStarted):
            self._run = event.run
        if isinstance(event, RunEnded) and event.state != "failed" and not self._view.control.is_cancelled:
            self._draw()
        self._on_event(event)

    def _draw(self) -> None:
        run = self._run
        if run is None or not run.folder.metrics_path.exists():
            return
        try:
            write_plots(run)
        except Exception as error:  # a border: the run is kept, whatever is wrong with its picture
            logger.info("the plots of run %s cannot be drawn", run.id, exc_info=True)
            self._view.say(f"the plots of run {run.id} cannot be drawn: {failure_reason(error)}")


@contextmanager
def own_style() -> Iterator[None]:
    """Draw with matplotlib's defaults, whatever the user has set; names are texts and no formulas."""
    import matplotlib as mpl  # takes a third of a second: only who draws waits for it

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update({
            "font.size": 9.0, "text.parse_math": False, "axes.unicode_minus": False, "text.color": INK,
            "axes.edgecolor": RULE, "xtick.color": MUTED, "ytick.color": MUTED, "agg.path.chunksize": 10_000,
        })  # fmt: skip
        warnings.filterwarnings(
            "ignore", message="Glyph", category=UserWarning
        )  # a name in letters that the font lacks
        yield


def _figure(run: Run, rows: Sequence[MetricRow]) -> "Figure":
    """Return all charts of a run below its head, two in a row."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    charts = charts_of(run.manifest.trainer, rows)
    height_in = _HEAD_IN + _FOOT_IN + _CHART_IN * math.ceil(len(charts) / 2)
    figure = Figure(figsize=(_WIDTH_IN, height_in), facecolor="white")
    FigureCanvasAgg(figure)
    unit = _step_unit(run)
    left = _LEFT_IN / _WIDTH_IN
    figure.text(left, 1 - 0.34 / height_in, run.manifest.name, fontsize=15, fontweight="bold", va="center")
    figure.text(left, 1 - 0.64 / height_in, _facts(run, rows, unit), color=MUTED, fontsize=10, va="center")
    for place, chart in enumerate(charts):
        bottom_in = height_in - _HEAD_IN - _CHART_IN * (place // 2 + 1) + _BELOW_IN
        left_in = _WIDTH_IN / 2 * (place % 2) + _LEFT_IN
        size = _WIDTH_IN / 2 - _LEFT_IN - _LEGEND_IN, _CHART_IN - _ABOVE_IN - _BELOW_IN
        box = left_in / _WIDTH_IN, bottom_in / height_in, size[0] / _WIDTH_IN, size[1] / height_in
        _draw(figure.add_axes(box), chart, unit)
    return figure


def _step_unit(run: Run) -> str:
    try:
        return trainer(run.manifest.trainer).step_unit
    except TrainingError:
        return "steps"


def _facts(run: Run, rows: Sequence[MetricRow], unit: str) -> str:
    manifest, seconds = run.manifest, sum(row.seconds for row in rows)
    took = f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
    facts = [f"run {manifest.run}", f"trainer {manifest.trainer}", f"preset {manifest.preset or 'none'}"]
    return "   ".join([*facts, f"seed {manifest.seed}", f"{rows[-1].step:,} {unit} in {took}"])


# One chart


def _draw(axes: "Axes", chart: Chart, unit: str) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0)
    axes.set_title(chart.title, loc="left", y=1.02, fontsize=11, fontweight="bold", color=INK)
    axes.set_xlabel(unit, color=MUTED)
    axes.set_ylabel(chart.units, color=MUTED)
    handles = _draw_stack(axes, chart.curves) if chart.is_stacked else _draw_curves(axes, chart.curves)
    last = max(float(curve.x[-1]) for curve in chart.curves)
    axes.set_xlim(0, max(1.01 * last, 2.0))
    axes.xaxis.set_major_formatter(_tick_text)
    axes.yaxis.set_major_formatter(_tick_text)
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.03), frameon=False, labelcolor=INK)


def _draw_curves(axes: "Axes", curves: Sequence[Curve]) -> list["Artist"]:
    """Draw curves and their bands; return what the legend lists."""
    handles: list[Artist] = []
    for place, curve in enumerate(curves):
        colour, dashes, y = _colour(place), _DASHES[place // len(COLOURS) % len(_DASHES)], curve.y
        if curve.low is not None and curve.high is not None:
            axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.16, linewidth=0)
        elif len(y) > _SMOOTHED_POINTS:
            axes.plot(curve.x, y, color=colour, linewidth=0.8, alpha=0.25)
            y = _smooth(y)
        marker = "o" if len(y) <= _FEW_POINTS else ""
        handles += axes.plot(
            curve.x,
            y,
            color=colour,
            linestyle=dashes,
            linewidth=1.7,
            marker=marker,
            markersize=3,
            label=_short(curve.title),
        )
    _scale(axes, curves)
    return [*handles[:LISTED], *_others(len(curves))]


def _scale(axes: "Axes", curves: Sequence[Curve]) -> None:
    """Choose the scale of y: the whole of 0 to 1 for shares, logarithmic over decades, else what is there."""
    values = np.concatenate([curve.y for curve in curves])
    low, high = float(values.min()), float(values.max())
    if low >= 0 and 0.5 < high <= 1:
        axes.set_ylim(-0.03, 1.03)
    elif low > 0 and math.log10(high / float(np.quantile(values, _STRAYS))) > _DECADES:
        from matplotlib.ticker import NullFormatter

        axes.set_yscale("log")
        axes.yaxis.set_minor_formatter(NullFormatter())


def _draw_stack(axes: "Axes", curves: Sequence[Curve]) -> list["Artist"]:
    """Draw parts on top of each other, each where it is more than nothing and one step beyond; return what is listed."""
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    xs = np.unique(np.concatenate([curve.x for curve in curves]))
    xs = xs[np.unique(np.linspace(0, len(xs) - 1, _STACKED_POINTS).astype(int))]
    parts = [_at(curve, xs) for curve in curves]
    areas, level = [], np.zeros(len(xs))
    for part in parts:
        top = level + part
        seen = _seen(part)
        areas.append(np.column_stack([np.r_[xs[seen], xs[seen][::-1]], np.r_[level[seen], top[seen][::-1]]]))
        level = top
    colours = [_colour(place) for place in range(len(curves))]
    axes.add_collection(PolyCollection(areas, facecolors=colours, edgecolors="white", linewidths=0.3, alpha=0.85))
    axes.set_ylim(0, float(level.max()) or 1.0)
    largest = np.argsort([-part.sum() for part in parts], kind="stable")[:LISTED]
    listed = sorted(largest.tolist())
    handles = [Patch(color=colours[place], alpha=0.85, label=_short(curves[place].title)) for place in listed]
    return [*handles, *_others(len(curves))]


def _at(curve: Curve, xs: Column) -> Column:
    """Return the values of ``curve`` at ``xs``, 0 where it has none."""
    _, here, there = np.intersect1d(xs, curve.x, assume_unique=True, return_indices=True)
    values = np.zeros(len(xs))
    values[here] = curve.y[there]
    return values


def _seen(part: Column) -> slice:
    """Return where ``part`` is more than nothing, and one point on both sides."""
    at = np.flatnonzero(part)
    return slice(max(int(at[0]) - 1, 0), int(at[-1]) + 2) if len(at) else slice(0, 0)


def _others(curves: int) -> list["Artist"]:
    """Return the line of a legend that counts the curves it does not list, if there are any."""
    from matplotlib.lines import Line2D

    return [Line2D([], [], linestyle="none", label=f"and {curves - LISTED} more")] if curves > LISTED else []


def _smooth(y: Column) -> Column:
    """Return the mean of the values around each, of fewer of them towards both ends."""
    half = max(1, len(y) // 60)
    sums = np.concatenate([[0.0], np.cumsum(y)])
    at = np.arange(len(y))
    reach = np.minimum(half, np.minimum(at, len(y) - 1 - at))
    mean: Column = (sums[at + reach + 1] - sums[at - reach]) / (2 * reach + 1)
    return mean


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]


def _short(title: str) -> str:
    """Return ``title``, or the end of it, which tells the members of a family apart."""
    if len(title) <= _LABEL_LETTERS:
        return title
    end = title[-_LABEL_LETTERS:]
    space = end[:-1].find(" ")
    return f"…{end[max(space, 0) + 1 :]}"


def _tick_text(value: float, _place: float) -> str:
    """Return the number of a tick: 0.25, 1,200, 45k, 1.2M."""
    for size, unit, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(value) >= size:
            return f"{value / unit:.6g}{letter}"
    return f"{value:,.6g}" if abs(value) >= 1 else f"{value:.6g}"
