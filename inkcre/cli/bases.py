"""Opening the base of a profile for a command.

A command that puts something into a base may make it. One that only reads, or changes what is
there, does not: from a wrong folder, or with a mistyped path, there is no base, and an empty one in
its place would be taken for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inkcre.context import Components
    from inkcre.sections.settings import Settings

PROCESS_HINT = "name a profile for processes, with the same PostgreSQL"
"""What to do with a profile whose base is reached on Cloudflare only."""


@contextmanager
def open_base(profile: str | None, assignments: Sequence[str] | None) -> "Iterator[Components]":
    """Return the components of a profile that runs in a process, its schema looked at.

    Raises:
        SettingsError: the settings make no sense.
        WrongTarget: the profile is for Cloudflare Workers.
        NoBase: there is none; nothing was made.
        SchemaBehind: the schema is not the one that is needed.
        SurroundingsError: the database does not answer.
    """
    from inkcre.core import CUSTODY
    from inkcre.process.probes import require_base
    from inkcre.runtime.lifecycle import require_database

    with assemble(profile, assignments) as (settings, given):
        require_base(settings, given.database)
        require_database(settings, given, CUSTODY)
        yield given


@contextmanager
def make_base(profile: str | None, assignments: Sequence[str] | None) -> "Iterator[Components]":
    """Do what ``open_base`` does, and make the base if there is none and the settings say so."""
    from inkcre.core import CUSTODY
    from inkcre.runtime.lifecycle import require_database

    with assemble(profile, assignments) as (settings, given):
        require_database(settings, given, CUSTODY)
        yield given


@contextmanager
def assemble(
    profile: str | None, assignments: Sequence[str] | None
) -> "Iterator[tuple[Settings, Components]]":
    """Return the settings and the components of a profile, without a look at its base."""
    from inkcre.assembly.assembly import build_components
    from inkcre.cli.serve import require_process
    from inkcre.settings.loader import load_settings

    settings = load_settings(profile, assignments=assignments or ())
    require_process(settings, PROCESS_HINT)
    given = build_components(settings)
    try:
        yield settings, given
    finally:
        given.database.close()
