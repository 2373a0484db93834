"""Alembic's entry: runs on the connection, and inside the transaction, that `storage.database.schema` hands in."""

from alembic import context

from storage.database.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    transactional_ddl=True,
)
context.run_migrations()
