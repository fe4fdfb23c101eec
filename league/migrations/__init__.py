"""Alembic scripts that bring a league's database from any older revision to the newest."""
