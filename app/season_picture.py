"""A season as one PNG: the ratings with their intervals, and the live Elo. matplotlib is imported when it is needed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.run_plots import COLOURS, DPI, INK, MUTED, RULE, own_style
from league.home import atomic_file
from league.report import PLOTTED_RATINGS, highlighted, histories
from league.summary import Line, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_IN: Final = 13.0
_HEAD_IN, _FOOT_IN, _LEAST_IN, _LINE_IN = 0.9, 0.65, 3.2, 0.28
_NAMES_IN, _BARS_IN, _GAP_IN, _LEGEND_IN = 2.1, 4.3, 0.85, 2.1
_LETTERS: Final = 22


def write_picture(summary: Summary, path: Path) -> None:
    """Draw the season to ``path``; ``HomeError`` if it cannot be written, which stays as it was then."""
    with atomic_file(path) as file, own_style():
        _figure(summary).savefig(file, format="png", dpi=DPI)


def _figure(summary: Summary) -> "Figure":
    """Return both charts side by side below their head."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = [line for line in summary.lines[:PLOTTED_RATINGS] if line.standing.games]
    inner_in = max(_LEAST_IN, _LINE_IN * len(lines))
    height_in = _HEAD_IN + inner_in + _FOOT_IN
    figure = Figure(figsize=(_WIDTH_IN, height_in), facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(0.3 / _WIDTH_IN, 1 - 0.3 / height_in, summary.season.name, fontsize=15, fontweight="bold", va="center")
    figure.text(0.3 / _WIDTH_IN, 1 - 0.6 / height_in, _facts(summary), color=MUTED, fontsize=10, va="center")
    bottom, height = _FOOT_IN / height_in, inner_in / height_in
    _ratings(figure.add_axes((_NAMES_IN / _WIDTH_IN, bottom, _BARS_IN / _WIDTH_IN, height)), lines)
    left_in = _NAMES_IN + _BARS_IN + _GAP_IN
    width_in = _WIDTH_IN - left_in - _LEGEND_IN
    if summary.history:
        _live_elo(figure.add_axes((left_in / _WIDTH_IN, bottom, width_in / _WIDTH_IN, height)), summary)
    return figure


def _facts(summary: Summary) -> str:
    season = summary.season
    return f"season {season.id}   {len(summary.players)} players   {summary.matches:,} matches   seed {season.seed}"


def _ratings(axes: "Axes", lines: Sequence[Line]) -> None:
    """Draw the ratings by kind of player, the best on top; where matches are too few, an open circle and no interval."""
    _bare(axes)
    kinds = dict.fromkeys(line.player.kind for line in lines)
    colours = dict(zip(kinds, COLOURS, strict=False))
    for y, line in enumerate(lines):
        standing, colour = line.standing, colours[line.player.kind]
        if not standing.too_few:
            axes.plot([standing.low, standing.high], [y, y], color=colour, linewidth=5, alpha=0.3)
        face = "white" if standing.too_few else colour
        axes.plot([standing.rating], [y], "o", color=colour, markerfacecolor=face, markersize=6)
    if len(kinds) > 1:
        handles = [axes.plot([], [], "o", color=colour, label=kind)[0] for kind, colour in colours.items()]
        axes.legend(handles=handles, loc="lower right", frameon=False, labelcolor=INK)
    axes.set_yticks(range(len(lines)), [_short(line.player.name) for line in lines])
    axes.set_ylim(max(len(lines), 1) - 0.4, -0.6)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.grid(visible=True, axis="x", color=RULE, linewidth=0.8)
    axes.set_xlabel("rating, Elo, with 95 % interval", color=MUTED)


def _live_elo(axes: "Axes", summary: Summary) -> None:
    """Draw the live Elo of the best over the matches, listed in the order of their ends."""
    _bare(axes)
    matches, ratings = histories(summary)
    order = summary.order or tuple(range(len(summary.players)))
    shown = sorted(highlighted(order), key=lambda position: -ratings[-1, position])
    for place, position in enumerate(shown):
        style = "-" if place < len(COLOURS) else (0, (4, 1.5))
        label = _short(summary.players[position].name)
        axes.plot(
            matches,
            ratings[:, position],
            color=COLOURS[place % len(COLOURS)],
            linestyle=style,
            linewidth=1.6,
            label=label,
        )
    axes.grid(visible=True, color=RULE, linewidth=0.8)
    axes.set_xlim(0, matches[-1])
    axes.set_xlabel("matches", color=MUTED)
    axes.set_ylabel("live Elo", color=MUTED)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.03), frameon=False, labelcolor=INK)


def _bare(axes: "Axes") -> None:
    axes.spines[:].set_visible(False)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, length=0)


def _short(name: str) -> str:
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"
