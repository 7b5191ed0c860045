"""Run by alembic, which hands over the connection that `Database.migrate` opened under its lock."""

from alembic import context

from app.storage.schema import TRUTH

context.configure(connection=context.config.attributes["connection"], target_metadata=TRUTH)
with context.begin_transaction():
    context.run_migrations()
