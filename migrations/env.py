"""Alembic's environment: one history for PostgreSQL and SQLite."""

from alembic import context
from sqlalchemy import Connection, text

from inkcre.graph.ddl import metadata
from inkcre.sql.tables import VERSION_TABLE

LOCK_KEY = 0x696E6B637265
"""An arbitrary number, the same for everybody who migrates."""


def run_online(connection: Connection) -> None:
    """Migrate in one transaction; a second process waits and then finds nothing to do."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        transactional_ddl=True,
        transaction_per_migration=False,
        render_as_batch=True,
    )
    with connection.begin():
        if connection.dialect.name == "postgresql":
            # Waiting for one's turn, and changing large tables, take as long as they take.
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        with context.begin_transaction():
            context.run_migrations()


def run_offline(dialect: str) -> None:
    """Write SQL instead of running it."""
    context.configure(
        dialect_name=dialect,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        transactional_ddl=True,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline(context.config.attributes["dialect"])
else:
    run_online(context.config.attributes["connection"])
