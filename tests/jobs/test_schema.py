"""The migrations make what the tables say."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.storage.database import Database
from app.storage.schema import TRUTH


def test_a_migrated_database_has_every_table_column_and_index(database: Database) -> None:
    # Where the server is PostgreSQL, tables that are never migrated may lie beside these.
    ours = {"include_name": lambda name, kind, _parents: kind != "table" or name in TRUTH.tables}
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=ours), TRUTH) == []
