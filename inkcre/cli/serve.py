"""``inkcre run`` and ``inkcre migrate``."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.settings_options import (
    Assignments,
    Format,
    OutputFormat,
    Profile,
    errors_as,
    inspect_anything,
    load_profile,
)
from inkcre.cli.terminal import say, write_json

if TYPE_CHECKING:
    from inkcre.ports.database import Database
    from inkcre.sections.settings import Settings
    from inkcre.sql.lines import MigrationLine

DIALECTS = {
    "sqlite": "sqlite",
    "d1": "sqlite",
    "postgres": "postgresql",
    "hyperdrive": "postgresql",
}
"""The dialect of each kind of database."""


def require_process(settings: "Settings", hint: str) -> None:
    """Raise unless a profile's database can be reached from a process.

    Raises:
        WrongTarget: it is for Cloudflare Workers, where bindings are.
    """
    if settings.target != "process":
        from inkcre.process.serve import WrongTarget

        raise WrongTarget(
            f"profile {settings.profile}: its database is reached on Cloudflare only", hint=hint
        )


def run(
    profile: Profile = None,
    set_: Assignments = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Listen here, whatever http.host says.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Whatever http.port says; 0: a free one."),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="In so many processes, on PostgreSQL.")
    ] = 1,
    reload: Annotated[
        bool, typer.Option("--reload", help="Begin anew when code or settings here change.")
    ] = False,
) -> None:
    """Serve the API until interrupted."""
    _refuse_port_as_profile(profile)
    given = [*(set_ or []), *_overriding(set_, {"http.host": host, "http.port": port})]
    if reload and workers > 1:
        raise typer.BadParameter("--reload and --workers cannot be combined; leave one out")
    if reload:
        from inkcre.cli.reload import run_again_on_changes

        run_again_on_changes()
        return
    settings = load_profile(profile, given)
    if workers > 1:
        from inkcre.process.workers import serve_in_processes

        serve_in_processes(settings, workers)
        return
    from inkcre.process.serve import serve

    serve(settings)


def _refuse_port_as_profile(profile: str | None) -> None:
    if profile and profile.isdecimal() and profile not in inspect_anything().profiles:
        raise typer.BadParameter(f"-p names a profile; a port is given as --port {profile}")


def _overriding(set_: list[str] | None, given: dict[str, str | int | None]) -> Iterator[str]:
    """Yield options as assignments; two that say one thing are a mistake."""
    said = {assignment.partition("=")[0].strip() for assignment in set_ or ()}
    for key, value in given.items():
        if value is None:
            continue
        if key in said:
            option = key.rpartition(".")[2]
            raise typer.BadParameter(f"--{option} and --set {key} are both given; leave one out")
        yield f"{key}={value}"


def migrate(
    profile: Profile = None,
    set_: Assignments = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only tell whether the schema is up to date; exit 78 if not."),
    ] = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="Write the SQL instead of running it.")
    ] = False,
    format_: OutputFormat = Format.TEXT,
) -> None:
    """Bring the database's schema up to date."""
    from inkcre.assembly.adapters import load_adapter
    from inkcre.assembly.assembly import build_database
    from inkcre.process.probes import require_base
    from inkcre.sql import schema
    from inkcre.sql.lines import lines_of
    from inkcre.sql.revisions import render_sql

    with errors_as(format_):
        settings = load_profile(profile, set_)
        # Of every target: a base may be a Worker's as well.
        lines = lines_of(settings.application)
        kind = settings.database.kind
        if sql:
            print(render_sql(DIALECTS[kind], lines), end="")
            return
        hint = load_adapter(settings.application, "database", kind).migrate_hint
        require_process(settings, hint)
        database = build_database(settings)
        tell = say if format_ is Format.TEXT else _say_nothing
        try:
            kept = None if check else _bring_up_to_date(database, lines, tell)
            if check:
                require_base(settings, database)
            if format_ is Format.JSON:
                write_json(_describe(database, lines, kept))
            schema.require_head(database, lines)
            tell(f"schema is up to date: {schema.describe(schema.heads_of(lines))}")
        finally:
            database.close()


def _say_nothing(line: str) -> None:
    """Say nothing: a document is written."""


def _bring_up_to_date(
    database: "Database", lines: "Sequence[MigrationLine]", tell: Callable[[str], None]
) -> str | None:
    """Migrate, and tell from where to where; return where the base of before is kept."""
    from inkcre.sql import schema

    before = schema.read_revisions(database, lines)
    kept = schema.migrate(database, lines)
    for part, head in schema.heads_of(lines).items():
        if before[part] != head:
            tell(f"schema of {part}: {before[part] or 'nothing'} -> {head}")
    if kept:
        tell(f"the base of before is kept as {kept}")
    return kept


def _describe(
    database: "Database", lines: "Sequence[MigrationLine]", kept: str | None
) -> dict[str, object]:
    from inkcre.sql import schema

    found, needed = schema.read_revisions(database, lines), schema.heads_of(lines)
    parts = [
        {"part": part, "revision": found[part], "needed": head} for part, head in needed.items()
    ]
    return {"is_up_to_date": dict(found) == dict(needed), "parts": parts, "kept": kept}
