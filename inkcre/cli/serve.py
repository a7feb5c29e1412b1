"""``inkcre run`` and ``inkcre migrate``."""

from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.settings_options import Assignments, Profile

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
    from inkcre.settings.loader import load_settings

    serve(load_settings(profile, assignments=set_ or ()))


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
    from inkcre.assembly.assembly import build_database, load_adapter
    from inkcre.process.probes import require_base
    from inkcre.settings.loader import load_settings
    from inkcre.sql import schema
    from inkcre.sql.tables import SCHEMA_HEAD

    settings = load_settings(profile, assignments=set_ or ())
    if sql:
        print(schema.render_sql(DIALECTS[settings.database.kind]), end="")
        return
    require_process(settings, load_adapter("database", settings.database.kind).migrate_hint)
    database = build_database(settings)
    try:
        if check:
            require_base(settings, database)
            schema.require_head(database)
        else:
            before = schema.read_revision(database)
            kept = schema.migrate(database)
            if before != SCHEMA_HEAD:
                print(f"schema: {before or 'nothing'} -> {SCHEMA_HEAD}")
            if kept:
                print(f"the base of before is kept as {kept}")
        print(f"schema is up to date at {SCHEMA_HEAD}")
    finally:
        database.close()
