"""``inkcre run`` and ``inkcre migrate``."""

from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.settings_options import Assignments, Profile, load_profile

if TYPE_CHECKING:
    from inkcre.sections.settings import Settings

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


def run(profile: Profile = None, set_: Assignments = None) -> None:
    """Serve the API until interrupted."""
    from inkcre.process.serve import serve

    serve(load_profile(profile, set_))


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
) -> None:
    """Bring the database's schema up to date."""
    from inkcre.assembly.adapters import load_adapter
    from inkcre.assembly.assembly import build_database
    from inkcre.process.probes import require_base
    from inkcre.sql import schema
    from inkcre.sql.lines import lines_of
    from inkcre.sql.revisions import render_sql

    settings = load_profile(profile, set_)
    # Of every target: a base may be a Worker's as well.
    lines = lines_of(settings.application)
    if sql:
        print(render_sql(DIALECTS[settings.database.kind], lines), end="")
        return
    require_process(
        settings,
        load_adapter(settings.application, "database", settings.database.kind).migrate_hint,
    )
    database = build_database(settings)
    try:
        if check:
            require_base(settings, database)
            schema.require_head(database, lines)
        else:
            before = schema.read_revisions(database, lines)
            kept = schema.migrate(database, lines)
            for part, head in schema.heads_of(lines).items():
                if before[part] != head:
                    print(f"schema of {part}: {before[part] or 'nothing'} -> {head}")
            if kept:
                print(f"the base of before is kept as {kept}")
        print(f"schema is up to date: {schema.describe(schema.heads_of(lines))}")
    finally:
        database.close()
