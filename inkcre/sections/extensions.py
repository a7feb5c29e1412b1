"""``[extensions]``: packages that bring further parts."""

from inkcre.settings.section import Name, Section


class ExtensionsSettings(Section):
    """Packages that bring further parts."""

    enabled: tuple[Name, ...] = ()
    """Names in the group "inkcre.extensions" of entry points; each has its [extensions.NAME]."""

    disabled: tuple[Name, ...] = ()
    """Names of those that are left out, whatever enables them. Their tables are not read."""
