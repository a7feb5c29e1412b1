"""``[extensions]``: packages that add resolvers, sources and routes."""

from inkcre.settings.section import Name, Section


class ExtensionsSettings(Section):
    """Packages that add resolvers, sources and routes."""

    enabled: tuple[Name, ...] = ()
    """Names of entry points in the group "inkcre.extensions"."""
