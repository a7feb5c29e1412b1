"""Alembic's environment: one for every line of migrations, for PostgreSQL and SQLite.

Whoever runs it has begun the transaction, which all lines share.
"""

from alembic import context
from sqlalchemy import Connection

from inkcre.sql.ddl import complete
from inkcre.sql.lines import Migrations


def run_online(connection: Connection, line: Migrations) -> None:
    """Migrate in the transaction that the connection is in."""
    context.configure(
        connection=connection,
        target_metadata=complete(line.metadata),
        version_table=line.version_table,
        transactional_ddl=True,
        transaction_per_migration=False,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_offline(dialect: str, line: Migrations) -> None:
    """Write SQL instead of running it."""
    context.configure(
        dialect_name=dialect,
        target_metadata=complete(line.metadata),
        version_table=line.version_table,
        transactional_ddl=True,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.run_migrations()


has = context.config.attributes
if context.is_offline_mode():
    run_offline(has["dialect"], has["line"])
else:
    run_online(has["connection"], has["line"])
