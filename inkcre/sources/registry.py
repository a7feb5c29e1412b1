"""The types of sources by name: one dictionary, modules imported only when a source is of them."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from inkcre.errors import Invalid, Unsupported
from inkcre.sections.settings import Settings
from inkcre.sources.base import AnySource


def _rss() -> type[object]:
    from inkcre.sources.types.rss import RssSource

    return RssSource


def _webpage() -> type[object]:
    from inkcre.sources.types.webpage import WebpageSource

    return WebpageSource


def _folder() -> type[object]:
    from inkcre.sources.types.folder import FolderSource

    return FolderSource


def _inbox() -> type[object]:
    from inkcre.sources.types.inbox import InboxSource

    return InboxSource


SOURCES: Mapping[str, Callable[[], type[object]]] = {
    "rss": _rss,
    "webpage": _webpage,
    "folder": _folder,
    "inbox": _inbox,
}
"""Types of sources that this version has, by name."""

PROCESS_SOURCES = ("folder",)
"""Those that need a disk."""

SOURCE_GROUP = "inkcre.sources"
"""The entry point group in which packages name further types."""


@cache
def _installed() -> Mapping[str, EntryPoint]:
    """Return what packages beside this one name, looked up once: it means reading every package."""
    return {point.name: point for point in entry_points(group=SOURCE_GROUP)}


class InstalledSourceTypes:
    """The types of sources that this version has, and those of packages beside it."""

    def __init__(self, settings: Settings) -> None:
        self._target = settings.target
        self._profile = settings.profile
        self._has_folders = bool(settings.sources.folders)

    def names(self) -> list[str]:
        """Return the names of those that can be used here, in order."""
        own = [n for n in SOURCES if self._target == "process" or n not in PROCESS_SOURCES]
        return sorted({*own, *_installed()})

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
        if found in PROCESS_SOURCES and self._target != "process":
            raise Unsupported(
                f'source type "{found}": there is no disk on Cloudflare',
                hint="collect it from a process, with the same database",
            )
        if found == "folder" and not self._has_folders:
            raise Unsupported(
                'source type "folder": sources.folders is empty, so no folder may be read',
                hint="inkcre config set sources.folders"
                f" '[\"/home/me/notes\"]' --profile {self._profile}",
            )
        try:
            kind = SOURCES[found]() if found in SOURCES else _installed()[found].load()
        except ImportError as error:
            from inkcre.packages import explain_import

            raise explain_import(error, by=f'source type "{found}"') from error
        # A type is told only what its own models have read, so which they are is its own matter.
        return cast("type[AnySource]", kind)

    def _find(self, name: str) -> str:
        points = _installed()
        known = {*SOURCES, *points}
        if name in known:
            return name
        for point in points.values():
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
