"""Run by alembic, on the connection that app/database/migration.py gives it."""

from alembic import context

from app.database.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
with context.begin_transaction():
    context.run_migrations()
