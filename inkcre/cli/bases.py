"""Opening the base of a profile for a command."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inkcre.ports.components import Components


@contextmanager
def open_base(profile: str | None, assignments: Sequence[str] | None) -> "Iterator[Components]":
    """Give the components of a profile that runs in a process, its schema looked at.

    Raises:
        SettingsError: the settings make no sense.
        WrongTarget: the profile is for Cloudflare Workers.
        SchemaBehind: the schema is not the one that is needed.
        SurroundingsError: the database does not answer.
    """
    from inkcre.assembly import build_components
    from inkcre.cli.serve import require_process
    from inkcre.lifecycle import require_database
    from inkcre.settings.loader import load_settings

    settings = load_settings(profile, assignments=assignments or ())
    require_process(settings, "name a profile for processes, with the same PostgreSQL")
    given = build_components(settings)
    try:
        require_database(settings, given)
        yield given
    finally:
        given.database.close()
