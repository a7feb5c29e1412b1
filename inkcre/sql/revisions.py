"""The revisions of lines of migrations: where their files are, and what they are as SQL."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inkcre.errors import BadReference, Misconfigured
from inkcre.sql.lines import MigrationLine

if TYPE_CHECKING:
    from alembic.config import Config


def render_sql(dialect: str, lines: Sequence[MigrationLine]) -> str:
    """Write the history as SQL in one transaction, for those who review it or run it by hand.

    Args:
        dialect: SQLAlchemy's name for it.
        lines: in the order in which they are run.
    """
    rendered = (_render(dialect, line, line.migrations.head) for line in lines)
    return f"BEGIN;\n\n{''.join(rendered)}COMMIT;\n"


def render_revisions(dialect: str, lines: Sequence[MigrationLine]) -> list[tuple[str, str]]:
    """Write each revision as SQL of its own, by the name of its file, as wrangler runs them.

    Without BEGIN and COMMIT: whoever runs it has transactions of their own, or none. On a base that
    the one history before has made, those of its files that have run do not run again, and the
    framework's pass over the tables that are there.
    """
    from alembic.script import ScriptDirectory

    rendered = []
    for line in lines:
        require_versions(line)
        for revision in ScriptDirectory.from_config(alembic_config(line)).walk_revisions():
            span = f"{revision.down_revision or 'base'}:{revision.revision}"
            name = line.file_name(Path(revision.path).stem)
            rendered.append((name, _render(dialect, line, span)))
    # No two begin with one number, but those of lines that do not know each other.
    return sorted(rendered, key=lambda one: (int(one[0].partition("_")[0]), one[0]))


def require_versions(line: MigrationLine) -> None:
    """Raise unless the versions of a line end where the code says.

    Raises:
        BadReference: they do not, or cannot be read; the folder is named.
    """
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    folder = alembic_config(line).get_main_option("version_locations")
    place = f"{line}: migrations: {folder}"
    try:
        heads = ScriptDirectory.from_config(alembic_config(line)).get_heads()
    except (CommandError, LookupError, SyntaxError) as error:
        raise BadReference(
            f"{place}: its versions cannot be put in order: {error}",
            hint="look at revision and down_revision in each file",
        ) from error
    if heads != [line.migrations.head]:
        found = " and ".join(heads) or "nothing"
        raise BadReference(
            f"{place}: ends at {found}, and not at {line.migrations.head}",
            hint="name the last revision as head, and the folder of the versions",
        )


def _render(dialect: str, line: MigrationLine, revisions: str) -> str:
    """Write revisions of one line as SQL, without BEGIN and COMMIT.

    Args:
        dialect: SQLAlchemy's name for it.
        line: whose they are.
        revisions: the last one, or the one before and the last one, as ``0001:0002``.
    """
    from alembic import command

    output = io.StringIO()
    config = alembic_config(line, output)
    config.attributes["dialect"] = dialect
    command.upgrade(config, revisions, sql=True)
    return re.sub(r"^(BEGIN|COMMIT);\n+", "", output.getvalue(), flags=re.MULTILINE)


def alembic_config(line: MigrationLine, output: io.StringIO | None = None) -> "Config":
    """Return what Alembic is told of a line."""
    from alembic.config import Config

    own = migrations_folder()
    config = Config(output_buffer=output)
    options = {
        "script_location": own,
        "version_locations": own / line.migrations.folder,
        # A path may have a colon in it, which "os" would take for the end of one.
        "path_separator": "newline",
    }
    for name, value in options.items():
        # % would begin a reference to another option:
        # https://docs.python.org/3/library/configparser.html#interpolation-of-values
        config.set_main_option(name, str(value).replace("%", "%%"))
    config.attributes["line"] = line.migrations
    return config


def migrations_folder() -> Path:
    """Return the folder of migrations: in the package when installed, beside it in a checkout."""
    package = Path(__file__).parent.parent
    for folder in (package / "migrations", package.parent / "migrations"):
        if (folder / "env.py").is_file():
            return folder
    raise Misconfigured("migrations: the folder is missing", hint="install the package again")
