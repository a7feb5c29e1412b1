"""Lines of migrations: each part keeps its own tables, all in one transaction, and no others."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import Column, Table, Text, inspect

from inkcre.application import Application, Clash
from inkcre.assembly.assembly import build_components
from inkcre.core import CORE
from inkcre.errors import BadReference, Misconfigured, SchemaBehind, Unavailable
from inkcre.extension import Extension
from inkcre.ports.database import Database, Migratable
from inkcre.process.extensions import check_parts
from inkcre.sections.schema import load_settings
from inkcre.sql import schema
from inkcre.sql.lines import ForeignTable, Migrations, lines_of
from inkcre.sql.revisions import render_revisions, render_sql
from inkcre.sql.tables import metadata as framework_metadata
from inkcre.sql.tables import new_metadata
from tests.conftest import new_postgres_database, postgres_settings, sqlite_settings

FRAMEWORK_TABLES = {"framework_schema", "keyvalues", "jobs", "schedules", "clock"}
REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {before}


def upgrade() -> None:
    {does}
"""
MAKES = 'op.create_table("links_pages", sa.Column("url", sa.Text, primary_key=True))'
FAILS = 'op.execute("INSERT INTO links_nowhere VALUES (1)")'


def made_of(*parts: Extension) -> Application:
    """Return an application of some parts."""
    return Application("sample", "SAMPLE_", "sample.toml", parts)


Bring = Callable[[Migrations], Extension]


@pytest.fixture
def bring(monkeypatch: pytest.MonkeyPatch) -> Bring:
    """Return what makes a part that keeps something."""

    def make(migrations: Migrations, name: str = "links") -> Extension:
        module = ModuleType(f"tests_of_{name}")
        module.LINE = migrations  # type: ignore[attr-defined]
        monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
        return Extension(name, "Keeps links", migrations=f"{module.__name__}:LINE")

    return make


def migrations_of(folder: Path, *revisions: str, table: str = "links_pages") -> Migrations:
    """Write revisions into a folder; return the migrations of a part that keeps a table."""
    folder.mkdir(exist_ok=True)
    for number, does in enumerate(revisions, 1):
        before = f'"{number - 1:04}"' if number > 1 else None
        written = REVISION.format(revision=f"{number:04}", before=before, does=does)
        (folder / f"{number:04}_step.py").write_text(written)
    metadata = new_metadata()
    Table(table, metadata, Column("url", Text, primary_key=True))
    return Migrations(folder, metadata, "links_schema", f"{len(revisions):04}")


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, sqlite_path: Path) -> Iterator[Database]:
    """Return a database in which nothing is."""
    if request.param == "sqlite":
        settings = sqlite_settings(sqlite_path)
    else:
        settings = postgres_settings(new_postgres_database())
    database = build_components(settings).database
    yield database
    database.close()


def tables_in(database: Database) -> set[str]:
    """Name the tables of a database."""
    assert isinstance(database, Migratable)
    engine = database.migration_engine()
    with engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
    engine.dispose()
    return {name for name in names if not name.startswith("sqlite_")}


def test_application_without_the_base_has_no_table_of_it(empty: Database) -> None:
    """Only the framework's, which every application has."""
    lines = lines_of(made_of())
    schema.migrate(empty, lines)
    schema.require_head(empty, lines)
    assert tables_in(empty) == FRAMEWORK_TABLES


def test_application_without_the_base_has_none_of_its_files_for_wrangler() -> None:
    """What is rendered for a D1 makes the framework's tables alone."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for _, sql in render_revisions("sqlite", lines_of(made_of())):
            connection.executescript(sql)
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    assert {name for (name,) in names} == FRAMEWORK_TABLES | {"sqlite_sequence"}


def test_part_has_a_line_of_its_own(empty: Database, bring: Bring, tmp_path: Path) -> None:
    """Behind the framework's, in the parts' order, with its own revision."""
    part = bring(migrations_of(tmp_path / "a : %s folder", MAKES))
    lines = lines_of(made_of(part, CORE))
    assert [line.part for line in lines] == ["framework", "links", "core"]
    schema.migrate(empty, lines)
    assert schema.read_revisions(empty, lines) == schema.heads_of(lines)
    assert {"links_schema", "links_pages", "blocks", *FRAMEWORK_TABLES} <= tables_in(empty)


def test_line_that_is_behind_is_named(empty: Database, bring: Bring, tmp_path: Path) -> None:
    """The others are not; and it alone is brought on."""
    before = lines_of(made_of(CORE))
    schema.migrate(empty, before)
    lines = lines_of(made_of(CORE, bring(migrations_of(tmp_path, MAKES))))
    with pytest.raises(SchemaBehind) as caught:
        schema.require_head(empty, lines)
    assert caught.value.message == (
        "database: the schema of links is at nothing, this version needs 0001"
    )
    assert schema.is_behind(schema.read_revisions(empty, lines), lines)
    schema.migrate(empty, lines)
    schema.require_head(empty, lines)
    schema.require_head(empty, before)


def test_lines_are_brought_up_together_or_not_at_all(
    empty: Database, bring: Bring, tmp_path: Path
) -> None:
    """Where the last one cannot be, the first one is not either."""
    part = bring(migrations_of(tmp_path, MAKES, FAILS))
    with pytest.raises((Misconfigured, Unavailable)):
        schema.migrate(empty, lines_of(made_of(CORE, part)))
    assert tables_in(empty) == set()


def test_table_that_is_not_called_as_its_part_is_refused(bring: Bring, tmp_path: Path) -> None:
    """Both are named, and what to call it: nobody can tell otherwise whose a table is."""
    part = bring(migrations_of(tmp_path, MAKES, table="pages"))
    with pytest.raises(ForeignTable) as caught:
        lines_of(made_of(part))
    assert caught.value.message == (
        "extension links: table pages: its name does not begin with links_"
    )
    assert caught.value.hint == "call it links_pages"
    other = Migrations(tmp_path, new_metadata(), "schema", "0001")
    with pytest.raises(ForeignTable, match="links: table schema"):
        lines_of(made_of(bring(other)))


def test_table_of_two_parts_is_refused(bring: Bring, tmp_path: Path) -> None:
    """Two names may begin alike."""
    first = bring(migrations_of(tmp_path, MAKES, table="links_of_us"))
    metadata = new_metadata()
    Table("links_of_us", metadata, Column("id", Text))
    second = bring(Migrations(tmp_path, metadata, "links_of_schema", "0001"), "links_of")  # type: ignore[call-arg]
    with pytest.raises(Clash, match="links_of: table links_of_us: extension links has it"):
        lines_of(made_of(first, second))


def test_reference_to_another_sort_of_thing_is_refused() -> None:
    """As of whatever a part brings."""
    part = Extension("links", "", migrations="inkcre.sql.tables:jobs")
    with pytest.raises(BadReference, match="is a Table, and no Migrations"):
        lines_of(made_of(part))


def test_framework_knows_no_table_of_a_part() -> None:
    """No foreign key of its own leads out of its line."""
    tables = framework_metadata.tables.values()
    keys = [key for table in tables for key in table.foreign_keys]
    assert all(key.column.table.metadata is framework_metadata for key in keys)


def test_names_of_files_do_not_depend_on_other_parts(bring: Bring, tmp_path: Path) -> None:
    """Wrangler remembers them; by number, and then by name, a part's come behind the base's."""
    migrations = migrations_of(tmp_path, MAKES, 'op.add_column("links_pages", sa.Column("n", sa.Text))')  # fmt: skip
    alone = [name for name, _ in render_revisions("sqlite", lines_of(made_of(bring(migrations))))]  # fmt: skip
    beside = [name for name, _ in render_revisions("sqlite", lines_of(made_of(bring(migrations), CORE)))]  # fmt: skip
    assert alone[-2:] == beside[-2:] == ["10000_links_0001_step", "10000_links_0002_step"]
    assert beside[:5] == [
        "0000_framework_0001_keyvalues",
        "0000_framework_0002_jobs_and_schedules",
        "0000_framework_0003_schedules_of_any_part",
        "0000_framework_0004_known_time",
        "0001_blocks_and_relations",
    ]
    assert set(alone) < set(beside)


def test_history_as_sql_is_one_transaction(bring: Bring, tmp_path: Path) -> None:
    """Of all lines, in their order."""
    lines = lines_of(made_of(CORE, bring(migrations_of(tmp_path, MAKES))))
    sql = render_sql("postgresql", lines)
    assert (sql.count("BEGIN;"), sql.count("COMMIT;")) == (1, 1)
    places = [sql.index(f"CREATE TABLE {name}") for name in ("framework_schema", "blocks", "links_pages")]  # fmt: skip
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("head", "before", "said"),
    [("0002", None, "ends at 0001, and not at 0002"), ("0001", "0000", "cannot be put in order")],
)
@pytest.mark.filterwarnings("ignore:Revision 0000:UserWarning")
def test_versions_that_do_not_end_where_they_should_are_refused(
    tmp_path: Path, bring: Bring, head: str, before: str | None, said: str
) -> None:
    """Before the database is looked at, with the folder."""
    folder = tmp_path / "versions"
    folder.mkdir()
    (folder / "0001_pages.py").write_text(
        REVISION.format(revision="0001", before=repr(before), does=MAKES)
    )
    part = bring(Migrations(folder, new_metadata(), "links_schema", head))
    database = build_components(sqlite_settings(tmp_path / "base.sqlite3")).database
    with pytest.raises(BadReference, match=said) as caught:
        schema.migrate(database, lines_of(made_of(part)))
    assert str(folder) in caught.value.message
    database.close()
    settings = load_settings("dev", application=made_of(part), environ={})
    with pytest.raises(BadReference, match=said):  # `inkcre extensions check`
        check_parts(settings)
