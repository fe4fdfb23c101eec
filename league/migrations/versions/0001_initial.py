"""The first tables: players, seasons, matches, faults, ratings and training runs.

A migration is history: it spells its columns out and imports nothing of the program.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SIDES = ("left", "right")


def upgrade() -> None:
    """Create every table."""
    _create_players_and_seasons()
    _create_matches()
    _create_faults_and_ratings()
    _create_runs()


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _create_players_and_seasons() -> None:
    op.create_table(
        "players",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("hash", sa.Text, nullable=False, unique=True),
        *_text("kind", "game"),
        sa.Column("game_version", sa.Integer, nullable=False),
        *_text("path", "author", "lineage_json", "training_json", "notes"),
        sa.Column("archived", sa.Boolean, nullable=False),
        *_text("created"),
    )
    op.create_table(
        "seasons",
        sa.Column("id", sa.Integer, primary_key=True),
        *_text("key"),
        sa.Column("edition", sa.Integer, nullable=False),
        *_text("name", "config_json", "game"),
        sa.Column("game_version", sa.Integer, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        *_text("state"),
        sa.Column("planned_matches", sa.BigInteger),
        *_text("created", "updated"),
        sa.UniqueConstraint("key", "edition"),
        sa.CheckConstraint("state IN ('running', 'paused', 'stopped', 'complete')", name="state"),
    )
    op.create_table(
        "season_players",
        sa.Column("season_id", sa.Integer, sa.ForeignKey("seasons.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("player_id", sa.Integer, sa.ForeignKey("players.id"), nullable=False),
    )


def _create_matches() -> None:
    op.create_table(
        "matches",
        sa.Column("season_id", sa.Integer, sa.ForeignKey("seasons.id"), primary_key=True),
        sa.Column("match_id", sa.BigInteger, primary_key=True),
        sa.Column("left", sa.Integer, nullable=False),
        sa.Column("right", sa.Integer, nullable=False),
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
        sa.Column("pair_id", sa.BigInteger, sa.Computed("match_id / 2", persisted=False)),
        sqlite_with_rowid=False,
    )


def _side_integers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(f"{name}_{side}", sa.Integer, nullable=False) for name in names for side in _SIDES]


def _side_reals(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(f"{name}_{side}", sa.REAL) for name in names for side in _SIDES]


def _create_faults_and_ratings() -> None:
    op.create_table(
        "faults",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("season_id", sa.Integer, sa.ForeignKey("seasons.id"), nullable=False, index=True),
        sa.Column("match_id", sa.BigInteger, nullable=False),
        sa.Column("seat", sa.SmallInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("termination", sa.SmallInteger, nullable=False),
        *_text("detail"),
    )
    op.create_table(
        "rating_history",
        sa.Column("season_id", sa.Integer, sa.ForeignKey("seasons.id"), primary_key=True),
        sa.Column("match_id", sa.BigInteger, primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("rating", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        *_text("trainer", "game", "name"),
        sa.Column("seed", sa.BigInteger, nullable=False),
        *_text("config_json", "state", "folder"),
        sa.Column("best_player_hash", sa.Text),
        *_text("summary_json", "created", "updated"),
    )
