"""Details that are lists of objects, as rows and columns: what their keys are called, how their values are told. No Qt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard

from ai.trainer import Json
from app.desktop.league.columns import Column
from app.desktop.training.details import cell_text, titled

Record: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True)
class Row:
    """An entry of a list, and its place there."""

    place: int
    record: Record


_NOTHING: Final = float("-inf")
_PX_A_LETTER: Final = 8
_LEAST_PX, _MOST_PX = 44, 200


def is_records(value: Json) -> TypeGuard[list[dict[str, Json]]]:
    """Whether a detail is a list of objects, of at least one."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def columns_of(records: Sequence[Record]) -> tuple[Column[Row], ...]:
    """Return a column for every key that any of ``records`` has; where there is no room the last ones give way."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    return tuple(_column(key, records, gives_way=place) for place, key in enumerate(keys))


def _column(key: str, records: Sequence[Record], *, gives_way: int) -> Column[Row]:
    values = [record[key] for record in records if key in record]
    longest = max((len(cell_text(value)) for value in values), default=0)
    width = min(max(_PX_A_LETTER * max(longest, len(key)) + 12, _LEAST_PX), _MOST_PX)
    is_number = all(isinstance(value, int | float | None) for value in values)
    key_of: Callable[[Json], float | str] = sort_number if is_number else _sort_text
    return Column(
        titled(key),
        titled(key),
        width,
        lambda row: cell_text(row.record[key]) if key in row.record else "",
        lambda row: key_of(row.record.get(key)),
        gives_way,
        is_number=is_number,
        stretch=0 if is_number else 1,
    )


def sort_number(value: Json) -> float:
    """Return what a number is sorted by: nothing comes first."""
    return float(value) if isinstance(value, int | float) else _NOTHING


def _sort_text(value: Json) -> str:
    return cell_text(value).casefold()


def whole(record: Record, key: str) -> int:
    """Return a whole number of ``record``; 0 where it has none."""
    value = record.get(key)
    return value if isinstance(value, int) else 0


def real(record: Record, key: str) -> float | None:
    """Return a number of ``record``; None where it has none."""
    value = record.get(key)
    return float(value) if isinstance(value, int | float) else None


def described(record: Record) -> str:
    """Return all of a record in words, a line a value."""
    return "\n".join(f"{titled(key)}: {cell_text(value)}" for key, value in record.items())
