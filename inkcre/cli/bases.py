"""Opening the base of a profile for a command.

A command that puts something into a base may make it. One that only reads, or changes what is
there, does not: from a wrong folder, or with a mistyped path, there is no base, and an empty one in
its place would be taken for it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inkcre.cli.settings_options import load_profile

if TYPE_CHECKING:
    from inkcre.context import Components
    from inkcre.sections.settings import Settings

PROCESS_HINT = "name a profile for processes, with the same PostgreSQL"
"""What to do with a profile whose base is reached on Cloudflare only."""


@contextmanager
def open_base(profile: str | None, assignments: list[str] | None) -> "Iterator[Components]":
    """Return the components of a profile that runs in a process, its schema looked at.

    Raises:
        SettingsError: the settings make no sense.
        WrongTarget: the profile is for Cloudflare Workers.
        NoBase: there is none; nothing was made.
        SchemaBehind: the schema is not the one that is needed.
        SurroundingsError: the database does not answer.
    """
    from inkcre.process.probes import require_base
    from inkcre.runtime.lifecycle import require_database

    with assemble(profile, assignments) as (settings, components):
        require_base(settings, components.database)
        require_database(settings, components)
        yield components


@contextmanager
def make_base(profile: str | None, assignments: list[str] | None) -> "Iterator[Components]":
    """Do what ``open_base`` does, and make the base if there is none and the settings say so."""
    from inkcre.runtime.lifecycle import require_database

    with assemble(profile, assignments) as (settings, components):
        require_database(settings, components)
        yield components


@contextmanager
def assemble(
    profile: str | None, assignments: list[str] | None
) -> "Iterator[tuple[Settings, Components]]":
    """Return the settings and the components of a profile, without a look at its base."""
    from inkcre.assembly.assembly import build_components
    from inkcre.cli.serve import require_process

    settings = load_profile(profile, assignments)
    require_process(settings, PROCESS_HINT)
    components = build_components(settings)
    try:
        yield settings, components
    finally:
        components.database.close()
