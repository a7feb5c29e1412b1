"""``[sources]``: what sources of this machine may read."""

from inkcre.sections.rules.constraints import Empty
from inkcre.settings.section import LocalPath, Section


class SourcesSettings(Section):
    """What sources of this machine may read."""

    folders: tuple[LocalPath, ...] = ()
    """Folders that sources of type "folder" may read, with all that is in them."""


NO_FOLDERS = Empty(
    "workers",
    ("sources", "folders"),
    because="there is no disk",
    instead="remove it; folders are collected in processes only",
)
"""Said when settings are loaded, and not when a source is collected."""
