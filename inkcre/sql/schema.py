"""The database's schema: which revision it has, and bringing it up to date.

Alembic is imported only by the functions that need it: the application must not load it.
"""

import io
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Text, column, select, table
from sqlalchemy.exc import DBAPIError, OperationalError

from inkcre.errors import Misconfigured, SchemaBehind, Unavailable, Unsupported
from inkcre.ports.database import Database, Migratable
from inkcre.sql.rows import Values
from inkcre.sql.tables import SCHEMA_HEAD, VERSION_TABLE

if TYPE_CHECKING:
    from alembic.config import Config

_one_at_a_time = threading.Lock()
"""Alembic keeps its state in module globals."""

SELECT_REVISION = Values(select(column("version_num", Text)).select_from(table(VERSION_TABLE)), str)
"""Read the schema's revision."""


def read_revision(database: Database) -> str | None:
    """Return the schema's revision, None when there is no schema."""
    try:
        return SELECT_REVISION.read_first(database)
    except SchemaBehind:
        return None


def require_head(database: Database) -> None:
    """Raise unless the schema is the one that this version needs.

    Raises:
        SchemaBehind: it is not; the hint is the command to run.
    """
    revision = read_revision(database)
    if revision is not None and revision > SCHEMA_HEAD:
        raise _unknown_revision(database)
    if revision != SCHEMA_HEAD:
        raise SchemaBehind(
            f"database: the schema is at {revision or 'nothing'}, this version needs {SCHEMA_HEAD}",
            hint=database.migrate_hint,
        )


def migrate(database: Database) -> str | None:
    """Bring the schema up to date, in one transaction; do nothing when it is.

    Where the base is a file, a copy of it is kept before it changes, called by its revision; an
    empty one needs none.

    Returns:
        Where the copy is, None when there is none.
    """
    from alembic import command
    from alembic.util import CommandError

    if not isinstance(database, Migratable):
        raise Unsupported(
            "database: its schema is not changed from here", hint=database.migrate_hint
        )
    revision = read_revision(database)
    is_behind = revision is not None and revision < SCHEMA_HEAD
    kept = database.keep_copy(revision) if revision is not None and is_behind else None
    engine = database.migration_engine()
    try:
        with _one_at_a_time, engine.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        raise _unknown_revision(database) from error
    except DBAPIError as error:
        if isinstance(error, OperationalError) and "already exists" not in str(error.orig):
            raise Unavailable("database: no answer while the schema was being changed") from error
        raise Misconfigured(
            "database: has tables of these names that are not this program's",
            hint="use an empty database; nothing was changed",
        ) from error
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise Misconfigured(f"database.path: {reason}") from error
    finally:
        engine.dispose()
    return kept


def _unknown_revision(database: Database) -> SchemaBehind:
    return SchemaBehind(
        f"database: the schema is at {read_revision(database)}, which this version does not know",
        hint=f"use the version that made it; this one ends at {SCHEMA_HEAD}",
    )


def render_sql(dialect: str, revisions: str = "head") -> str:
    """Write the history as SQL, for those who review it or run it by hand.

    Args:
        dialect: SQLAlchemy's name for it.
        revisions: the last one, or the one before and the last one, as ``0001:0002``.
    """
    from alembic import command

    output = io.StringIO()
    config = _config(output)
    config.attributes["dialect"] = dialect
    command.upgrade(config, revisions, sql=True)
    return output.getvalue()


def render_revisions(dialect: str) -> list[tuple[str, str]]:
    """Write each revision as SQL of its own, by the name of its file, oldest first.

    Without BEGIN and COMMIT: whoever runs it has transactions of their own, or none.
    """
    from alembic.script import ScriptDirectory

    revisions = reversed(list(ScriptDirectory.from_config(_config()).walk_revisions()))
    return [
        (
            Path(revision.path).stem,
            re.sub(
                r"^(BEGIN|COMMIT);\n+",
                "",
                render_sql(dialect, f"{revision.down_revision or 'base'}:{revision.revision}"),
                flags=re.MULTILINE,
            ),
        )
        for revision in revisions
    ]


def _config(output: io.StringIO | None = None) -> "Config":
    from alembic.config import Config

    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def migrations_folder() -> Path:
    """Return the folder of migrations: in the package when installed, beside it in a checkout."""
    package = Path(__file__).parent.parent
    for folder in (package / "migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise Misconfigured("migrations: the folder is missing", hint="install the package again")
