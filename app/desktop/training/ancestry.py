"""A champion's line of ancestors: what changed from each to the next. No Qt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ai.trainer import Json
from app.desktop.charts.text import number
from app.desktop.league.columns import Column
from app.desktop.training.records import Record, real, whole

KEYS: Final = frozenset({"id", "generation", "parents"})
"""What the entries of a line have at least."""

_FIRST: Final = "the first of the line"


@dataclass(frozen=True)
class Ancestor:
    """A genome of the line; ``change`` is what is different from the one before it, its fitter parent."""

    id: int
    generation: int
    fitness: float | None
    parents: tuple[int, ...]
    species: int | None
    nodes: int
    connections: int
    change: str

    @property
    def parents_text(self) -> str:
        """Its parents' ids, the one whose line this is first; empty for those of the first generation."""
        return " \N{MULTIPLICATION SIGN} ".join(f"{parent:,}" for parent in self.parents)

    def describe(self) -> str:
        """Return it in words."""
        lines = [f"Genome {self.id:,} of generation {self.generation:,}"]
        lines += [f"Fitness {number(self.fitness)}"] if self.fitness is not None else []
        lines += [f"Parents {self.parents_text}"] if self.parents else []
        lines += [f"Species {self.species:,}"] if self.species is not None else []
        return "\n".join(
            [*lines, f"{_count(self.nodes, 'node')}, {_count(self.connections, 'connection')}", self.change]
        )


def line_of(entries: Sequence[Record]) -> list[Ancestor]:
    """Return the line, the newest first as it is reported."""
    older: list[Record | None] = [*entries[1:], None]
    return [_ancestor(entry, before) for entry, before in zip(entries, older, strict=True)]


def _ancestor(entry: Record, before: Record | None) -> Ancestor:
    species = entry.get("species")
    return Ancestor(
        whole(entry, "id"),
        whole(entry, "generation"),
        real(entry, "fitness"),
        _parents(entry.get("parents"), before),
        species if isinstance(species, int) else None,
        whole(entry, "nodes"),
        whole(entry, "connections"),
        change(entry, before),
    )


def change(entry: Record, before: Record | None) -> str:
    """Return what is different from ``before``: ``+1 node, -2 connections, now species 7``."""
    if before is None:
        return _FIRST
    parts = [
        _step(whole(entry, key) - whole(before, key), noun)
        for key, noun in (("nodes", "node"), ("connections", "connection"))
    ]
    if entry.get("species") != before.get("species"):
        parts.append(f"now species {entry.get('species')}")
    return ", ".join(part for part in parts if part) or "same structure"


def _parents(parents: Json, before: Record | None) -> tuple[int, ...]:
    """Return the parents, the one of the line first; one that is both is named once."""
    known = [parent for parent in parents if isinstance(parent, int)] if isinstance(parents, list) else []
    mine = before.get("id") if before is not None else None
    return tuple(dict.fromkeys(sorted(known, key=lambda parent: parent != mine)))


def _step(difference: int, noun: str) -> str:
    return f"{difference:+,} {noun}{'' if abs(difference) == 1 else 's'}" if difference else ""


def _count(number_of: int, noun: str) -> str:
    return f"{number_of:,} {noun}{'' if number_of == 1 else 's'}"


COLUMNS: Final[tuple[Column[Ancestor], ...]] = (
    Column(
        "Gen.", "Generation in which it was born", 52, lambda each: f"{each.generation:,}", lambda each: each.generation
    ),
    Column(
        "Fitness",
        "Its fitness when it was measured last",
        60,
        lambda each: "" if each.fitness is None else number(each.fitness),
        lambda each: float("-inf") if each.fitness is None else each.fitness,
    ),
    Column(
        "Change",
        "What is different from the ancestor before it",
        130,
        lambda each: each.change,
        is_number=False,
        stretch=4,
    ),
    Column("Nodes", "Its hidden nodes", 50, lambda each: f"{each.nodes:,}", lambda each: each.nodes, 3),
    Column(
        "Connections",
        "Its enabled connections",
        84,
        lambda each: f"{each.connections:,}",
        lambda each: each.connections,
        4,
    ),
    Column(
        "Species",
        "The species it was born into",
        56,
        lambda each: "" if each.species is None else f"{each.species:,}",
        lambda each: -1 if each.species is None else each.species,
        5,
    ),
    Column("Genome", "Its number", 70, lambda each: f"{each.id:,}", lambda each: each.id, 6),
    Column(
        "Parents",
        "Numbers of its parents, the one whose line this is first",
        120,
        lambda each: each.parents_text,
        lambda each: each.parents[0] if each.parents else -1,
        7,
        is_number=False,
        stretch=2,
    ),
)
GENERATION: Final = 0
