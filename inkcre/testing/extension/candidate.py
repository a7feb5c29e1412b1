"""What the rules look at: an extension, and the application that it is for."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from pydantic import BaseModel

from inkcre.application import Application
from inkcre.errors import InkcreError
from inkcre.extension import Extension, Target, load_reference
from inkcre.sections.schema import Inspection, default_application, inspect_settings
from inkcre.sections.settings import Settings
from inkcre.settings.report import SettingsError
from inkcre.settings.section import Section
from inkcre.testing.isolation import LENT

POSTGRES_VARIABLE = "TEST_INKCRE_POSTGRES_URL"
"""Names a PostgreSQL. Not as settings are named: an unknown one of those is refused."""

OF_TARGET: Mapping[Target, tuple[str, Mapping[str, object]]] = {
    "process": ("dev", LENT),
    "workers": (
        "workers",
        {"database.kind": "d1", "bindings.DB.type": "d1", "bindings.DB.id": "local"},
    ),
}
"""The profile of each target, and what is set in it."""

LISTS = (
    "rules", "routers", "models", "jobs", "schedules", "resolvers", "needs", "tools",
)  # fmt: skip
SINGLE = ("settings", "custody", "migrations")
NAMED = ("source_types", "commands", "probes")


@dataclass(frozen=True)
class Named:
    """A reference, and where the record has it."""

    field: str
    text: str
    name: str = ""
    """What the record calls it, if it has a name for it."""

    def __str__(self) -> str:
        """Name the place."""
        return (
            f"{self.field}: {self.name}: {self.text}" if self.name else f"{self.field}: {self.text}"
        )


@dataclass(frozen=True, eq=False)
class Candidate:
    """An extension that is looked at."""

    extension: Extension
    reference: str
    """Where its record is: ``weather:WEATHER``."""

    base: Application
    """The application that it is for, without it unless it is one of the application's own."""

    overrides: Mapping[str, object]
    postgres_url: str | None

    @property
    def module(self) -> str:
        """The module that has the record."""
        return self.reference.partition(":")[0]

    @property
    def package(self) -> str:
        """The package that has everything that is the extension's own."""
        return self.reference.partition(":")[0].partition(".")[0]

    @property
    def is_own(self) -> bool:
        """Whether the application names it itself, so that no settings need enable it."""
        return self.extension in self.base.extensions

    @cached_property
    def application(self) -> Application:
        """The application with the extension in it."""
        return self.base if self.is_own else self.base.enabling((self.extension,))

    @property
    def table(self) -> str:
        """The table that its settings stand in."""
        return self.extension.name if self.is_own else f"extensions.{self.extension.name}"

    def references(self) -> Iterator[Named]:
        """Yield all references of the record, but those of adapters and of ``process_only``."""
        for field in LISTS:
            yield from (Named(field, text) for text in getattr(self.extension, field))
        for field in SINGLE:
            text = getattr(self.extension, field)
            if text:
                yield Named(field, text)
        for field in NAMED:
            items = getattr(self.extension, field).items()
            yield from (Named(field, text, name) for name, text in items)

    def found(self, field: str) -> Iterator[tuple[Named, object]]:
        """Yield what the references of a field name; what cannot be loaded is another rule's."""
        for named in self.references():
            if named.field == field:
                try:
                    yield named, load_reference(named.text, object, of=self.extension)
                except Exception:  # noqa: BLE001, S112 - the rule about references tells it
                    continue

    def section(self) -> type[Section] | None:
        """Return the section of its settings; None where it has none that can be loaded."""
        for _, found in self.found("settings"):
            if isinstance(found, type) and issubclass(found, Section):
                return found
        return None

    def inspect_settings(
        self, target: Target, more: Mapping[str, object] | None = None
    ) -> Inspection:
        """Find out all about settings that enable it, with its examples where they are needed.

        Args:
            target: where they are for.
            more: further settings by dotted key.
        """
        profile, overrides = OF_TARGET[target]
        wanted = {} if self.is_own else {"extensions.enabled": [self.extension.name]}
        given = {**overrides, **wanted, **self._examples(), **self.overrides, **(more or {})}
        # Named by itself, as an artifact does: it need not be installed to be looked at.
        application = self.base
        if not self.is_own:
            application = replace(self.base, carried={self.extension.name: self.reference})
        return inspect_settings(profile, application=application, overrides=given, environ={})

    def load_settings(self, target: Target, more: Mapping[str, object] | None = None) -> Settings:
        """Return the same settings.

        Raises:
            SettingsError: they make no sense.
        """
        found = self.inspect_settings(target, more)
        if found.settings is None:
            raise SettingsError(found.problems, self.base.name)
        return found.settings

    def _examples(self) -> dict[str, object]:
        section = self.section()
        fields = section.model_fields if section else {}
        return {
            f"{self.table}.{name}": field.examples[0]
            for name, field in fields.items()
            if field.is_required() and field.examples
        }


def find_candidate(
    extension: Extension | str,
    application: Application | None,
    overrides: Mapping[str, object],
    postgres_url: str | None,
) -> Candidate:
    """Return what the rules look at.

    Raises:
        InkcreError: nothing that was imported has the record.
    """
    if isinstance(extension, str):
        reference, extension = extension, load_reference(extension, Extension, of="the test")
    else:
        reference = _find_reference(extension)
    base = application or default_application()
    url = postgres_url or os.environ.get(POSTGRES_VARIABLE)
    return Candidate(extension, reference, base, overrides, url)


def _find_reference(extension: Extension) -> str:
    """Return where a record is: of all who have imported it, the module that it is named in.

    That is the one in the package of what it names; the shortest name, since its parts may import
    it as well.
    """
    packages = {module.partition(".")[0] for module in extension.modules()}
    places = [
        (name.partition(".")[0] not in packages, len(name), f"{name}:{attribute}")
        for name, module in list(sys.modules.items())
        for attribute, value in list(getattr(module, "__dict__", {}).items())
        if value is extension
    ]
    if not places:
        raise InkcreError(
            f"{extension}: no module has its record",
            hint='give a reference: check("weather:WEATHER")',
        )
    return min(places)[2]


def is_model(found: object) -> bool:
    """Tell whether something is a pydantic model."""
    return isinstance(found, type) and issubclass(found, BaseModel)
