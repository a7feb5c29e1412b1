"""``[sources]``: what sources of this machine may read, and what becomes of what they miss."""

from typing import Annotated

from pydantic import Field

from inkcre.sections.rules.constraints import Empty
from inkcre.settings.section import LocalPath, Section


class SourcesSettings(Section):
    """What sources of this machine may read, and what becomes of what they miss."""

    folders: tuple[LocalPath, ...] = ()
    """Folders that sources of type "folder" may read, with all that is in them."""

    forget_days: Annotated[int, Field(ge=1, le=3650)] = 7
    """How many days items are missing before they go, where it is not sure that they are gone."""


NO_FOLDERS = Empty(
    "workers",
    ("sources", "folders"),
    because="there is no disk",
    instead="remove it; folders are collected in processes only",
)
"""Said when settings are loaded, and not when a source is collected."""
