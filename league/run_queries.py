"""The SQL of training runs."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from league.errors import UnknownRowError
from league.schema import RUNS, RunRow, row_values


def save_run(connection: Connection, run: RunRow) -> RunRow:
    """Insert ``run``, or replace all but the creation of what has its id, and return what is stored now."""
    row = row_values(run)
    changes = {name: value for name, value in row.items() if name not in {"id", "created"}}
    save = insert(RUNS).values(row).on_conflict_do_update(index_elements=["id"], set_=changes).returning(RUNS)
    return RunRow(**connection.execute(save).mappings().one())


def read_runs(connection: Connection) -> list[RunRow]:
    """Return every run in the order they were created."""
    query = select(RUNS).order_by(RUNS.c.created, RUNS.c.id)
    return [RunRow(**row) for row in connection.execute(query).mappings()]


def read_run(connection: Connection, run_id: str) -> RunRow:
    """Return a run; ``UnknownRowError`` if there is none."""
    row = connection.execute(select(RUNS).where(RUNS.c.id == run_id)).mappings().one_or_none()
    if row is None:
        raise UnknownRowError(f"there is no training run {run_id!r}: the names are in the list of runs")
    return RunRow(**row)
