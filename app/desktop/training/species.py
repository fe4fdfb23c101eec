"""The table of a population's species: its columns. No Qt."""

from collections.abc import Callable
from typing import Final

from app.desktop.charts.text import number
from app.desktop.league.columns import Column
from app.desktop.training.records import Record, real, sort_number, whole

KEYS: Final = frozenset({"id", "size"})
"""What the entries of the table have at least."""


def _count(key: str) -> Callable[[Record], str]:
    return lambda record: f"{whole(record, key):,}" if key in record else ""


def _value(key: str) -> Callable[[Record], str]:
    def text(record: Record) -> str:
        value = real(record, key)
        return "" if value is None else number(value)

    return text


def _mean(key: str) -> Callable[[Record], str]:
    def text(record: Record) -> str:
        value = real(record, key)
        return "" if value is None else f"{value:.1f}"

    return text


def _column(
    title: str, tip: str, width: int, text: Callable[[str], Callable[[Record], str]], gives_way: int
) -> Column[Record]:
    key = title.lower()
    return Column(title, tip, width, text(key), lambda record: sort_number(record.get(key)), gives_way, stretch=1)


COLUMNS: Final[tuple[Column[Record], ...]] = (
    Column(
        "Id", "Number of the species, and its colour in the chart", 52, _count("id"), lambda record: whole(record, "id")
    ),
    _column("Size", "Genomes of this generation", 44, _count, 0),
    _column("Age", "Generations since its first genome", 42, _count, 4),
    _column("Stagnant", "Generations since its fitness was last better than ever before", 66, _count, 3),
    _column("Best", "Fitness of its best genome", 56, _value, 2),
    _column("Mean", "Mean fitness of its genomes", 56, _value, 5),
    _column("Nodes", "Mean number of hidden nodes", 50, _mean, 6),
    _column("Connections", "Mean number of enabled connections", 84, _mean, 7),
)
SIZE: Final = 1
