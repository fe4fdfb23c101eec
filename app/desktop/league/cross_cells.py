"""What the cells of a cross table show: words, and the pairs behind them. No Qt here."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.desktop.league.columns import Column
from app.desktop.league.table import CrossCell, SeasonTable
from app.desktop.league.words import percent
from game.spec import Results

MOST_PAIRS: Final = 500
"""Pairs of one pairing that are listed; the list of matches has all."""


@dataclass(frozen=True)
class SeasonGrid:
    """A season's table as a heat map shows it: rows and columns in the order of the table."""

    table: SeasonTable
    shares: Sequence[float] = ()
    share_title: str = ""

    @property
    def names(self) -> Sequence[str]:
        """Who plays, the best first."""
        return [self.table.names[position] for position in self.table.order]

    def score(self, row: int, column: int) -> float | None:
        """Return the score of the row against the column; None if they have not met."""
        cell = self.table.cell(*self.players(row, column))
        return None if cell is None else cell.score

    def lines(self, row: int, column: int, *, room: int) -> list[str]:
        """Return what a cell shows."""
        cell = self.table.cell(*self.players(row, column))
        return [""] if cell is None else cell_lines(cell, rows=room)

    def sentence(self, row: int, column: int) -> str:
        """Return a cell in words."""
        return cell_sentence(self.table, *self.players(row, column))

    def described(self, place: int) -> str:
        """Return a player and its rank."""
        return f"{place + 1}. {self.table.names[self.table.order[place]]}"

    def players(self, row: int, column: int) -> tuple[int, int]:
        """Return the positions of the row's and of the column's player."""
        return self.table.order[row], self.table.order[column]


def cell_lines(cell: CrossCell, *, rows: int) -> list[str]:
    """Return what a cell with room for ``rows`` lines shows, the score always first."""
    lines = [f"{100 * cell.score:.0f}", cell.record]
    if cell.elo is not None and cell.error is not None:
        lines.append(f"{cell.elo:+.0f} \N{PLUS-MINUS SIGN} {cell.error:.0f}")
    if cell.los is not None:
        lines.append(f"LOS {100 * cell.los:.0f} %")
    return lines[: max(1, rows)]


def cell_sentence(table: SeasonTable, player: int, opponent: int) -> str:
    """Return a cell in words."""
    names = f"{table.names[player]} against {table.names[opponent]}"
    cell = table.cell(player, opponent)
    if player == opponent:
        return f"{table.names[player]}: nobody plays against itself"
    if cell is None:
        return f"{names}: not met yet"
    text = f"{names}: {percent(cell.score)} of the points, {cell.record} (won, drawn, lost)"
    if cell.elo is None or cell.error is None or cell.los is None:
        return f"{text}, too few pairs for an estimate"
    return (
        f"{text}, {cell.elo:+.0f} \N{PLUS-MINUS SIGN} {cell.error:.0f} Elo (95 %), "
        f"likelihood of superiority {percent(cell.los)}"
    )


def as_csv(table: SeasonTable) -> str:
    """Return the scores in percent, rows against columns, in the order of the table."""
    from league.report import as_csv_text

    text = io.StringIO()
    writer = csv.writer(text)
    names = [as_csv_text(table.names[position]) for position in table.order]
    writer.writerow(["player", *names])
    for name, player in zip(names, table.order, strict=True):
        cells = (table.cell(player, opponent) for opponent in table.order)
        writer.writerow([name, *("" if cell is None else f"{100 * cell.score:.2f}" for cell in cells)])
    return text.getvalue()


@dataclass(frozen=True)
class PairLine:
    """A pair of matches as the row's player sees it: ``first`` it sits left, ``second`` right; None while missing."""

    number: int
    seed: int
    first: tuple[int, int] | None
    second: tuple[int, int] | None
    first_match: int
    second_match: int
    points: float

    def match(self, *, is_second: bool) -> int:
        """Return the match to replay: the wanted one, or the other where it is missing."""
        if is_second:
            return self.second_match if self.second is not None else self.first_match
        return self.first_match if self.first is not None else self.second_match


def _score(points: tuple[int, int] | None) -> str:
    return "" if points is None else f"{points[0]} : {points[1]}"


PAIR_COLUMNS: Final[tuple[Column[PairLine], ...]] = (
    Column("Pair", "Number of the pair in the season", 56, lambda pair: f"{pair.number:,}", lambda pair: pair.number),
    Column(
        "On the left",
        "Score of the row's player, which sits left",
        84,
        lambda pair: _score(pair.first),
        lambda pair: (pair.first or (0, 0))[0] - (pair.first or (0, 0))[1],
        stretch=1,
    ),
    Column(
        "On the right",
        "Score of the row's player, which sits right",
        84,
        lambda pair: _score(pair.second),
        lambda pair: (pair.second or (0, 0))[0] - (pair.second or (0, 0))[1],
        stretch=1,
    ),
    Column(
        "Points",
        "Of two: one for a win, half for a draw",
        54,
        lambda pair: f"{pair.points:g}",
        lambda pair: pair.points,
    ),
    Column("Seed", "Seed of both matches", 172, lambda pair: str(pair.seed), lambda pair: pair.seed, gives_way=1),
)
SECOND: Final = 2


def pair_lines(rows: Results, player: int) -> list[PairLine]:
    """Return the pairs among ``rows``, the matches of two players, as ``player`` sees them."""
    lines = []
    for number in np.unique(rows["match_id"] // 2):
        of_pair = rows[rows["match_id"] // 2 == number]
        left = next((row for row in of_pair if row["left"] == player), None)
        right = next((row for row in of_pair if row["right"] == player), None)
        lines.append(_pair(int(number), left, right))
    return lines


def _pair(number: int, left: np.void | None, right: np.void | None) -> PairLine:
    known = left if left is not None else right
    assert known is not None  # noqa: S101  # a pair is made of the rows that it has
    points = 0.0
    for row, sign in ((left, 1), (right, -1)):
        if row is not None:
            points += (1 + sign * int(row["outcome"])) / 2
    is_left_first = left is not None and int(left["match_id"]) % 2 == 0
    is_left_first = is_left_first or (right is not None and int(right["match_id"]) % 2 == 1)
    return PairLine(
        number=number,
        seed=int(known["seed"]),
        first=None if left is None else (int(left["points"][0]), int(left["points"][1])),
        second=None if right is None else (int(right["points"][1]), int(right["points"][0])),
        first_match=2 * number + (0 if is_left_first else 1),
        second_match=2 * number + (1 if is_left_first else 0),
        points=points,
    )
