"""The matches of people, with the tape of their actions.

A migration is history: it spells its columns out and imports nothing of the program.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SIDES = ("left", "right")


def upgrade() -> None:
    """Create the table; the others stay as they are."""
    op.create_table(
        "person_matches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("opponent_hash", sa.Text),
        sa.Column("opponent_person", sa.Text),
        sa.Column("seat", sa.SmallInteger, nullable=False),
        sa.Column("game", sa.Text, nullable=False),
        sa.Column("game_version", sa.Integer, nullable=False),
        sa.Column("points_to_win", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.SmallInteger, nullable=False),
        sa.Column("end", sa.SmallInteger, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("ticks", "rallies", "lets", "longest_rally")),
        sa.Column("mean_rally", sa.REAL),
        *(sa.Column(f"termination_{side}", sa.SmallInteger, nullable=False) for side in _SIDES),
        *_side_integers("points", "hits", "misses", "aces"),
        *_side_reals("distance"),
        *_side_integers("reactions"),
        *_side_reals("mean_reaction", "mean_offset"),
        sa.Column("state_hash", sa.BigInteger, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("tape", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("(opponent_hash IS NULL) <> (opponent_person IS NULL)", name="one_opponent"),
    )


def _side_integers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(f"{name}_{side}", sa.Integer, nullable=False) for name in names for side in _SIDES]


def _side_reals(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(f"{name}_{side}", sa.REAL) for name in names for side in _SIDES]
