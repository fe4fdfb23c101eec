"""A season as one HTML file that needs nothing but a browser, and its standings as CSV.

Player names and fault texts are untrusted: the template escapes them, the plots know players by number only until their
names are put in, escaped, and the CSV keeps them from being taken for formulas.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from numpy.typing import NDArray

from league.config import SeasonConfig
from league.home import write_atomic
from league.ratings.standings import HeadToHead
from league.store import FaultRow, PlayerRow
from league.summary import Line, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CROSSTABLE_PLAYERS: Final = 40
"""The cross table shows this many players, the best."""

PLOTTED_RATINGS: Final = 60
"""The plot of the ratings shows this many players, the best."""

PLOTTED_LINES: Final = 12
"""Up to this many players all have a line in the plot of the live Elo; of more, the best ten have."""

SHOWN_FAULTS: Final = 50
"""Faults that are listed match by match; all are counted."""

CSV_COLUMNS: Final = (
    "rank",
    "band",
    "player",
    "hash",
    "kind",
    "rating",
    "low",
    "high",
    "games",
    "wins",
    "draws",
    "losses",
    "score",
    "faults",
)

_BEST: Final = 10
_NAME_LETTERS: Final = 24
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are full-width letters, which some spreadsheets take for the first four."""

_COLOURS: Final = ("ink", "muted", "rule", "accent", "s0", "s1", "s2", "s3", "s4", "s5")
"""The style sheet's names of the colours: in a plot number k is #0000kk, so that it follows dark and light.

They count from 1: black is what SVG leaves out.
"""

_WIDTH_IN: Final = 13.0
_LETTER_IN: Final = 0.105
_DOCUMENT_WIDE: Final = re.compile(
    r'<style type="text/css">.*?</style>| xmlns(:xlink)?="[^"]*"|<g id="[^"]*"|<!--.*?-->', re.DOTALL
)
"""What of an SVG file would reach beyond the plot in a document of more than one."""

_RIGHT_IN: Final = 2.7


@dataclass(frozen=True)
class _Bar:
    """A rating's interval on the common scale of the table: left end, length and rating in percent of its width."""

    left: float
    length: float
    dot: float


@dataclass(frozen=True)
class _Cell:
    """A cell of the cross table: text, ``win``, ``loss`` or nothing as its hue, how strong it is (0 to 1), tooltip."""

    text: str
    hue: str
    strength: float
    title: str


@dataclass(frozen=True)
class _Match:
    """One side's fault with the player's name."""

    fault: FaultRow
    player: PlayerRow


def write_report(summary: Summary, path: Path) -> None:
    """Write the season as one HTML file to ``path``; ``HomeError`` if it cannot be written."""
    write_atomic(path, render(summary).encode(errors="replace"))


def write_csv(summary: Summary, path: Path) -> None:
    """Write the standings to ``path``, RFC 4180 in UTF-8 with ``CSV_COLUMNS``; ``HomeError`` if it cannot be written.

    Without ratings it has the columns' names only. A text that a spreadsheet would take for a formula begins with an
    apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    writer.writerows(_csv_row(line) for line in summary.lines)
    write_atomic(path, text.getvalue().encode(errors="replace"))


def _csv_row(line: Line) -> list[str | int]:
    s, player = line.standing, line.player
    numbers = (f"{number:.2f}" for number in (s.rating, s.low, s.high))
    texts = (as_csv_text(text) for text in (player.name, player.hash, player.kind))
    return [s.rank, line.band, *texts, *numbers, s.games, s.wins, s.draws, s.losses, f"{line.score:.4f}", line.faults]


def as_csv_text(text: str) -> str:
    """Return ``text`` as a spreadsheet shows it and does not run it."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def render(summary: Summary) -> str:
    """Return the season as a self-contained HTML document; the same text for the same summary."""
    order = _order(summary)
    plotted = [line for line in summary.lines[:PLOTTED_RATINGS] if line.standing.games]
    with _own_style():
        ratings_plot, elo_plot = _ratings_plot(plotted, summary.players), _elo_plot(summary, order)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        summary=summary,
        season=summary.season,
        config=SeasonConfig.from_json(summary.season.config_json),
        config_text=json.dumps(json.loads(summary.season.config_json), indent=2, ensure_ascii=False),
        order=order,
        records=_records(summary),
        bars=_bars(summary.lines),
        islands=len({line.standing.island for line in summary.lines}),
        crossed=order[:CROSSTABLE_PLAYERS],
        cells=_cells(summary, order[:CROSSTABLE_PLAYERS]),
        ratings_plot=ratings_plot,
        plotted=len(plotted),
        elo_plot=elo_plot,
        elo_lines=highlighted(order),
        listed_faults=[_Match(fault, summary.players[fault.position]) for fault in summary.faults[:SHOWN_FAULTS]],
    )


def _order(summary: Summary) -> tuple[int, ...]:
    """Return all positions, best first; without ratings as they are."""
    return summary.order or tuple(range(len(summary.players)))


def _records(summary: Summary) -> list[tuple[int, int, int]]:
    """Return every position's wins, draws and losses."""
    table = summary.table
    counted = np.zeros((table.n_players, 3), np.int64)
    outcomes = table.outcomes().sum(axis=1)
    np.add.at(counted, table.first, outcomes[:, ::-1])
    np.add.at(counted, table.second, outcomes)
    return [(int(wins), int(draws), int(losses)) for wins, draws, losses in counted]


def _bars(lines: Sequence[Line]) -> list[_Bar | None]:
    """Return the bar of every line; None where the interval says nothing."""
    shown = [line.standing for line in lines if not line.standing.too_few]
    low = min((s.low for s in shown), default=0.0)
    width = max((s.high for s in shown), default=0.0) - low or 1.0

    def percent(length: float) -> float:
        return round(100.0 * length / width, 2)

    return [
        None if s.too_few else _Bar(percent(s.low - low), percent(s.high - s.low), percent(s.rating - low))
        for s in (line.standing for line in lines)
    ]


def _cells(summary: Summary, positions: Sequence[int]) -> list[list[_Cell | None]]:
    """Return the cross table of ``positions``; None on the diagonal."""
    return [
        [None if player == opponent else _cell(summary, player, opponent) for opponent in positions]
        for player in positions
    ]


def _cell(summary: Summary, player: int, opponent: int) -> _Cell:
    names = f"{summary.players[player].name} against {summary.players[opponent].name}"
    found = summary.cell(player, opponent)
    if found is None:
        return _Cell("·", "", 0.0, f"{names}: not met")
    edge = round(2.0 * found.score - 1.0, 2)
    hue = "win" if edge > 0 else "loss" if edge < 0 else ""
    return _Cell(f"{100.0 * found.score:.0f}", hue, abs(edge), f"{names}: {_cell_words(found)}")


def _cell_words(found: HeadToHead) -> str:
    estimate = found.estimate
    record = f"{found.wins}-{found.draws}-{found.losses} (W-D-L)"
    if estimate.too_few:
        return f"{record}, too few for an estimate"
    return f"{record}, Elo {estimate.elo:+.0f} ± {estimate.elo_error:.0f}, LOS {100.0 * estimate.los:.1f} %"


# Plots


@contextmanager
def _own_style() -> Iterator[None]:
    """Draw with matplotlib's defaults and text as text, whatever the user has set for matplotlib."""
    import matplotlib as mpl  # takes a third of a second: only who draws waits for it

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams["svg.fonttype"] = "none"
        mpl.rcParams["axes.unicode_minus"] = False
        mpl.rcParams["font.size"] = 11.0
        yield


def _colour(name: str) -> str:
    return f"#0000{1 + _COLOURS.index(name):02x}"


def _token(position: int) -> str:
    return f"@{position}@"


def _ratings_plot(lines: Sequence[Line], players: Sequence[PlayerRow]) -> Markup | None:
    """Return the ratings with their intervals, best on top; None without any."""
    if not lines:
        return None
    height_in = 0.9 + 0.3 * len(lines)
    letters = max(_letters(_short(line.player.name)) for line in lines)
    figure, axes = _axes(height_in, left_in=0.3 + _LETTER_IN * letters, right_in=0.3)
    for y, standing in enumerate(line.standing for line in lines):
        if not standing.too_few:
            axes.plot([standing.low, standing.high], [y, y], color=_colour("accent"), linewidth=5, alpha=0.35)
        face = "none" if standing.too_few else _colour("accent")
        axes.plot([standing.rating], [y], "o", color=_colour("accent"), markerfacecolor=face, markersize=6)
    axes.set_yticks(range(len(lines)), [_token(line.standing.player) for line in lines])
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.tick_params(axis="y", labelcolor=_colour("ink"), length=0)
    axes.grid(visible=True, axis="x", color=_colour("rule"), linewidth=0.8)
    axes.set_xlabel("rating, Elo", color=_colour("muted"))
    return _svg(figure, f"Ratings of {len(lines)} players with 95 % intervals", "ratings", players)


def _elo_plot(summary: Summary, order: Sequence[int]) -> Markup | None:
    """Return the live Elo over the matches; None without a history."""
    if not summary.history:
        return None
    matches, ratings = histories(summary)
    shown = sorted(highlighted(order), key=lambda position: -ratings[-1, position])
    others = [position for position in order if position not in shown]
    figure, axes = _axes(5.4, left_in=0.8, right_in=_RIGHT_IN)
    if others:
        low, high = ratings[:, others].min(axis=1), ratings[:, others].max(axis=1)
        label = f"the other {len(others)}"
        axes.fill_between(matches, low, high, color=_colour("muted"), alpha=0.18, linewidth=0, label=label)
    for place, position in enumerate(shown):
        colour, style = _colour(f"s{place % 6}"), "-" if place < 6 else (0, (4, 1.5))
        line = matches, ratings[:, position]
        axes.plot(*line, color=colour, linestyle=style, linewidth=1.8, label=_token(position))
    axes.grid(visible=True, color=_colour("rule"), linewidth=0.8)
    axes.set_xlim(0, matches[-1])
    axes.set_xlabel("matches", color=_colour("muted"))
    axes.set_ylabel("live Elo", color=_colour("muted"))
    handles, labels = axes.get_legend_handles_labels()
    if others:
        handles, labels = [*handles[1:], handles[0]], [*labels[1:], labels[0]]
    axes.legend(
        handles, labels, loc="upper left", bbox_to_anchor=(1.01, 1.02), frameon=False, labelcolor=_colour("ink")
    )
    return _svg(figure, f"Live Elo of {len(shown)} players over the matches of the season", "elo", summary.players)


def highlighted(order: Sequence[int]) -> Sequence[int]:
    """Return who has a line in the plot of the live Elo."""
    return order if len(order) <= PLOTTED_LINES else order[:_BEST]


def histories(summary: Summary) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the numbers of matches played, int64[points], and the live ratings, float64[points, players].

    Starts before the first match. A rating that a point lacks is that of the point before.
    """
    initial = SeasonConfig.from_json(summary.season.config_json).initial_rating
    played = sorted({point.match_id + 1 for point in summary.history})
    row = {number: i for i, number in enumerate(played, start=1)}
    ratings = np.full((len(played) + 1, len(summary.players)), np.nan)
    ratings[0] = initial
    for point in summary.history:
        ratings[row[point.match_id + 1], point.position] = point.rating
    for i in range(1, len(ratings)):
        ratings[i] = np.where(np.isnan(ratings[i]), ratings[i - 1], ratings[i])
    return np.array([0, *played], np.int64), ratings


def _axes(height_in: float, *, left_in: float, right_in: float) -> tuple["Figure", "Axes"]:
    """Return a new transparent figure with axes within these margins."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_IN, height_in), facecolor="none")
    margins = left_in / _WIDTH_IN, 0.6 / height_in
    size = 1.0 - (left_in + right_in) / _WIDTH_IN, 1.0 - 0.75 / height_in
    axes = figure.add_axes((*margins, *size), facecolor="none")
    axes.spines[:].set_visible(False)
    axes.tick_params(colors=_colour("muted"), length=0)
    return figure, axes


def _svg(figure: "Figure", label: str, name: str, players: Sequence[PlayerRow]) -> Markup:
    """Return ``figure`` as an inline SVG element that says ``label`` to who cannot see it.

    Tokens become the players' names, colours the style sheet's. ``name`` keeps the ids of two plots apart.
    """
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = _DOCUMENT_WIDE.sub(lambda found: "<g" if found[0].startswith("<g") else "", svg)
    svg = re.sub(r"#0000([0-9a-f]{2})", lambda found: f"var(--{_COLOURS[int(found[1], 16) - 1]})", svg)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" class="{name}" ', 1)
    svg = re.sub(r">@(\d+)@<", lambda found: f">{escape(_short(players[int(found[1])].name))}<", svg)
    return Markup(svg)  # noqa: S704 (made here; the names in it are escaped)


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LETTERS else f"{name[: _NAME_LETTERS - 1]}…"


def _letters(name: str) -> int:
    """Return how many letters wide ``name`` is, one of East Asia counting twice."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in name)
