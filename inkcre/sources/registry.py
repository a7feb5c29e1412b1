"""The types of sources by name: modules are imported only when a source is of them."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from inkcre.errors import Invalid, Unsupported
from inkcre.sections.settings import Settings
from inkcre.sources.base import AnySource
from inkcre.sources.settings import SourcesSettings

SOURCE_GROUP = "inkcre.sources"
"""The entry point group in which packages name further types."""


@cache
def _installed() -> Mapping[str, EntryPoint]:
    """Return what packages beside this one name, looked up once: it means reading every package."""
    return {point.name: point for point in entry_points(group=SOURCE_GROUP)}


def find_source_types(settings: Settings) -> "InstalledSourceTypes":
    """Return the types of sources that the application's parts bring."""
    return InstalledSourceTypes(settings)


class InstalledSourceTypes:
    """The types of sources that this version has, and those of packages beside it."""

    def __init__(self, settings: Settings) -> None:
        self._application = settings.application
        self._own = self._application.owners("source_types")
        self._usable = self._application.on(settings.target).owners("source_types")
        self._profile = settings.profile
        self.folders = settings.section(SourcesSettings).folders

    def names(self) -> list[str]:
        """Return the names of those that can be used here, in order."""
        return sorted({*self._usable, *_installed()})

    def load(self, name: str) -> type[AnySource]:
        """Return the class of a type, by its name, or as the former version named it.

        The former version took the path of a module, such as ``extensions.rss.source``. Nothing is
        imported by such a path: a part of it has to be a type's name.

        Raises:
            Invalid: there is none of this name.
            Unsupported: it cannot be used here.
            NotInstalled: a package that it needs cannot be imported.
        """
        found = self._find(name)
        if found in self._own and found not in self._usable:
            raise Unsupported(
                f'source type "{found}": does not run on Cloudflare',
                hint="collect it from a process, with the same database",
            )
        if found == "folder" and not self.folders:
            raise Unsupported(
                'source type "folder": sources.folders is empty, so no folder may be read',
                hint=f"inkcre config set sources.folders /home/me/notes --profile {self._profile}",
            )
        try:
            kind = self._load(found)
        except ImportError as error:
            from inkcre.packages import explain_import

            raise explain_import(error, by=f'source type "{found}"') from error
        # A type is told only what its own models have read, so which they are is its own matter.
        return cast("type[AnySource]", kind)

    def _load(self, name: str) -> object:
        if name not in self._own:
            return _installed()[name].load()
        return self._application.load("source_types", name, type)

    def _find(self, name: str) -> str:
        points = _installed()
        known = {*self._own, *points}
        if name in known:
            return name
        for point in points.values():
            # The former version kept the path of a module; a package's own path still leads to it.
            if name in (point.module, point.value):
                return point.name
        for part in reversed(re.split(r"[.:]", name)) if "." in name else ():
            if part in known:
                return part
        raise Invalid(
            f'there is no source type "{name}"',
            field="type",
            hint=f"use one of {', '.join(self.names())}",
        )
