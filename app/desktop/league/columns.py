"""Columns of a table: what they say of a row, and which give way where there is no room. No Qt here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Column(Generic[T]):
    """A column: head, meaning, width in pixels at zoom 100, the text of a row and what it is sorted by.

    Where there is no room the columns with the highest ``gives_way`` go first; those with 0 always stay. Numbers stand
    right, words left. Room that is left over goes to those with ``stretch``, in proportion.
    """

    title: str
    tip: str
    width: int
    text: Callable[[T], str]
    key: Callable[[T], Any] | None = None
    gives_way: int = 0
    is_number: bool = True
    stretch: int = 0

    def sort_key(self, row: T) -> Any:
        """Return what ``row`` is sorted by."""
        return self.text(row).casefold() if self.key is None else self.key(row)


def fitting(columns: Sequence[Column[Any]], available: int) -> set[int]:
    """Return the columns that fit into ``available`` pixels at zoom 100."""
    shown = set(range(len(columns)))
    for column in sorted(shown, key=lambda each: (-columns[each].gives_way, -each)):
        if sum(columns[each].width for each in shown) <= available or not columns[column].gives_way:
            break
        shown.discard(column)
    return shown


def widths(columns: Sequence[Column[Any]], shown: set[int], available: int) -> dict[int, int]:
    """Return the widths of the ``shown`` columns, which fill ``available`` pixels if they can; both at zoom 100."""
    spare = max(0, available - sum(columns[each].width for each in shown))
    total = sum(columns[each].stretch for each in shown) or 1
    return {each: columns[each].width + spare * columns[each].stretch // total for each in shown}


def has_words(text: str, found_in: str) -> bool:
    """Whether every word of a search ``text`` is somewhere in ``found_in``."""
    return all(word in found_in.lower() for word in text.lower().split())
