"""What Alembic runs: the scripts, on the connection and in the transaction that ``league.database`` hands over."""

from alembic import context

from league.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
