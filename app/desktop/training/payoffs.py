"""Who of a run's players beats whom: the detail "payoffs" as values, and in words. No Qt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, TypeGuard

from ai.trainer import Json
from app.desktop.league.words import count

_MOST_CIRCLES: Final = 3
_KEYS: Final = frozenset({"players", "score", "pairs"})
_HALF: Final = 0.5


@dataclass(frozen=True)
class PayoffGrid:
    """Players in the order they are shown, and the score of each against each, 0 to 1; None where it is not measured.

    A draw counts half. ``shares`` are their parts of the Nash mixture, ``skill`` what each scores against it beyond a half;
    both are empty where they are not known. Every score is of ``matches`` matches.
    """

    names: tuple[str, ...]
    scores: tuple[tuple[float | None, ...], ...]
    matches: int
    shares: tuple[float, ...] = ()
    skill: tuple[float, ...] = ()
    cycles: tuple[tuple[str, ...], ...] = ()
    share_title: str = "Nash"

    def score(self, row: int, column: int) -> float | None:
        """Return the score of the row against the column; None if it is not measured."""
        return None if row == column else self.scores[row][column]

    def lines(self, row: int, column: int, *, room: int) -> list[str]:
        """Return what a cell shows: the score in percent."""
        score = self.score(row, column)
        return ["" if score is None else f"{100 * score:.0f}"][: max(1, room)]

    def sentence(self, row: int, column: int) -> str:
        """Return a cell in words."""
        score, one, other = self.score(row, column), self.names[row], self.names[column]
        if row == column:
            return f"{one}: nobody plays against itself"
        if score is None:
            return f"{one} against {other}: not measured yet"
        matches = count(self.matches, "match", "matches")
        return f"{one} scores {100 * score:.0f} % in {matches} against {other}; a draw counts half"

    def described(self, place: int) -> str:
        """Return a player in words."""
        parts = [self.names[place]]
        if self.shares:
            parts.append(f"{100 * self.shares[place]:.0f} % of the Nash mixture")
        if self.skill:
            parts.append(f"scores {100 * (_HALF + self.skill[place]):.0f} % against it")
        return ", ".join(parts)

    def by_strength(self) -> "PayoffGrid":
        """Return the same with those first who do best against the Nash mixture, then against everybody."""
        means = [_mean(scores) for scores in self.scores]
        strength = self.skill or (0.0,) * len(self.names)
        order = sorted(range(len(self.names)), key=lambda place: (-round(strength[place], 6), -means[place]))
        return replace(
            self,
            names=tuple(self.names[place] for place in order),
            scores=tuple(tuple(self.scores[row][column] for column in order) for row in order),
            shares=tuple(self.shares[place] for place in order) if self.shares else (),
            skill=tuple(self.skill[place] for place in order) if self.skill else (),
        )

    def circles(self) -> str:
        """Return who beats whom in a circle, in a sentence; of many the first."""
        if not self.cycles:
            return "No three players beat one another in a circle."
        told = "; ".join(_circle(cycle) for cycle in self.cycles[:_MOST_CIRCLES])
        return f"In a circle: {told}{'; and others' if len(self.cycles) > _MOST_CIRCLES else ''}."

    def as_text(self) -> str:
        """Return the scores in percent, tab separated, rows against columns; then the circles."""
        head = ["", *([self.share_title] if self.shares else []), *self.names]
        lines = ["\t".join(head)]
        for row, name in enumerate(self.names):
            share = [f"{100 * self.shares[row]:.1f}"] if self.shares else []
            scores = (self.score(row, column) for column in range(len(self.names)))
            cells = ("" if score is None else f"{100 * score:.1f}" for score in scores)
            lines.append("\t".join([name, *share, *cells]))
        return "\n".join([*lines, "", self.circles()])


def is_payoffs(value: Json) -> TypeGuard[dict[str, Json]]:
    """Whether a detail is a matrix of payoffs."""
    return isinstance(value, dict) and value.keys() >= _KEYS


def read_payoffs(value: Mapping[str, Json]) -> PayoffGrid:
    """Return the payoffs of a detail; ``ValueError`` with one sentence if they do not fit together."""
    names = _texts(value.get("players"))
    scores = tuple(_numbers(row) for row in _list(value.get("score")))
    if len(set(names)) != len(names) or len(scores) != len(names) or any(len(row) != len(names) for row in scores):
        raise ValueError("these payoffs cannot be shown: the scores are not those of each player against each")
    pairs = value.get("pairs")
    return PayoffGrid(
        names=names,
        scores=scores,
        matches=2 * pairs if isinstance(pairs, int) else 0,
        shares=_one_each(value.get("nash"), len(names)),
        skill=_one_each(value.get("skill"), len(names)),
        cycles=tuple(_texts(cycle) for cycle in _list(value.get("cycles")) if isinstance(cycle, list) and cycle),
    )


def _circle(cycle: Sequence[str]) -> str:
    return ", ".join(f"{one} beats {other}" for one, other in pairwise([*cycle, cycle[0]]))


def _mean(scores: Sequence[float | None]) -> float:
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known else _HALF


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(map(str, _list(value)))


def _numbers(value: Json) -> tuple[float | None, ...]:
    return tuple(float(each) if isinstance(each, int | float) else None for each in _list(value))


def _one_each(value: Json, players: int) -> tuple[float, ...]:
    found = [each for each in _numbers(value) if each is not None]
    return tuple(found) if len(found) == players else ()
