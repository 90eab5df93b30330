"""Alembic's scripts: one file per change of the tables, oldest first. `migrate.py` runs them."""
