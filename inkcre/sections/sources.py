"""``[sources]``: what sources of this machine may read."""

from inkcre.settings.section import LocalPath, Section


class SourcesSettings(Section):
    """What sources of this machine may read."""

    folders: tuple[LocalPath, ...] = ()
    """Folders that sources of type "folder" may read, with all that is in them."""
