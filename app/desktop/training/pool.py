"""The pool of players that a run learns against, as columns. No Qt."""

from typing import Final

from app.desktop.league.columns import Column
from app.desktop.league.words import percent
from app.desktop.training.details import cell_text
from app.desktop.training.records import Record, real, sort_number, whole

KEYS: Final = frozenset({"name", "role", "games", "win_rate"})
"""What all entries of a pool have at least."""


def _text(record: Record, key: str) -> str:
    return cell_text(record.get(key))


def _rate(record: Record) -> str:
    rate = real(record, "win_rate")
    return "" if rate is None else percent(rate)


COLUMNS: Final[tuple[Column[Record], ...]] = (
    Column(
        "Name",
        "A player of the league, or a snapshot",
        110,
        lambda record: _text(record, "name"),
        stretch=2,
        is_number=False,
    ),
    Column(
        "Role",
        "fixed, or which learner it is a snapshot of",
        108,
        lambda record: _text(record, "role"),
        gives_way=3,
        stretch=1,
        is_number=False,
    ),
    Column(
        "Win rate",
        "Of the main agent against it, in training; a draw counts half",
        62,
        _rate,
        lambda record: sort_number(record.get("win_rate")),
    ),
    Column(
        "Games",
        "Of the main agent against it; older ones count less and less",
        60,
        lambda record: f"{real(record, 'games') or 0.0:,.0f}",
        lambda record: sort_number(record.get("games")),
        gives_way=1,
    ),
    Column(
        "Step",
        "When the snapshot was taken",
        86,
        lambda record: f"{whole(record, 'step'):,}" if record.get("step") is not None else "",
        lambda record: sort_number(record.get("step")),
        gives_way=2,
    ),
    Column(
        "Parent",
        "The snapshot that it has learned on from",
        100,
        lambda record: _text(record, "parent"),
        gives_way=4,
        stretch=1,
        is_number=False,
    ),
    Column(
        "Hash",
        "The beginning of its content hash",
        104,
        lambda record: _text(record, "hash"),
        gives_way=5,
        is_number=False,
    ),
)
