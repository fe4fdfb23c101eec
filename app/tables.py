"""Results as text: standings, cross table, outcomes."""

from collections.abc import Sequence
from typing import Final

from league.summary import Line, Summary

CROSSTABLE_PLAYERS: Final = 16
"""Players up to which the cross table fits a terminal."""


def aligned(rows: Sequence[Sequence[str]], *, left: Sequence[int] = ()) -> list[str]:
    """Return ``rows`` as lines with columns of equal width; columns ``left`` are aligned left, the others right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def standings_text(summary: Summary) -> list[str]:
    """Return the standings as lines: rank, band, rating with its interval, games, W-D-L, score, live Elo."""
    if summary.problem:
        return [summary.problem]
    head = ["#", "band", "player", "kind", "rating", "95 % interval", "games", "W-D-L", "score", "Elo", "faults"]
    rows = [head, *(_row(line) for line in summary.lines)]
    lines = aligned(rows, left=(2, 3))
    if any(line.standing.tied_with_next for line in summary.lines):
        lines.append("= : not surely better than the next; band: the ranks that the results leave open")
    islands = {line.standing.island for line in summary.lines}
    if len(islands) > 1:
        lines.append(f"{len(islands)} groups of players have not met each other: their ratings cannot be compared")
    return lines


def _row(line: Line) -> list[str]:
    s = line.standing
    return [
        f"{s.rank}{'=' if s.tied_with_next else ' '}",
        line.band,
        line.player.name,
        line.player.kind,
        f"{s.rating:.0f}",
        "too few" if s.too_few else f"{s.low:.0f} .. {s.high:.0f}",
        f"{s.games:,}",
        f"{s.wins:,}-{s.draws:,}-{s.losses:,}",
        f"{100 * line.score:.1f} %",
        f"{line.live_rating:.0f}",
        f"{line.faults:,}" if line.faults else "",
    ]


def crosstable_text(summary: Summary) -> list[str]:
    """Return the cross table as lines: the row's share of the points against the column, in percent."""
    order = summary.order
    if not order:
        return []
    if len(order) > CROSSTABLE_PLAYERS:
        return [f"cross table: {len(order)} players are too many for a terminal; --html FILE has it"]
    head = ["#", "player", *(str(rank + 1) for rank in range(len(order)))]
    rows = [head]
    for rank, player in enumerate(order):
        cells = [_cell(summary, player, opponent) for opponent in order]
        rows.append([str(rank + 1), summary.players[player].name, *cells])
    return ["cross table: score of the row against the column in %", *aligned(rows, left=(1,))]


def _cell(summary: Summary, player: int, opponent: int) -> str:
    if player == opponent:
        return "-"
    found = summary.cell(player, opponent)
    return "." if found is None else f"{100 * found.score:.0f}"


def outcome_text(summary: Summary) -> list[str]:
    """Return what became of the matches, the faults by player, and significant cycles."""
    counts = ", ".join(f"{text} {count:,}" for text, count in summary.outcomes.items())
    lines = [f"outcomes: {counts}"]
    lines += [f"fault: {line}" for line in summary.fault_lines]
    lines += [f"cycle: {line}" for line in summary.cycles]
    return lines
