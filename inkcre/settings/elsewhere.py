"""What other profiles than the chosen one have, in files of their own or in the settings file."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import KeyPath
from inkcre.settings.profiles import read_document
from inkcre.settings.report import Report
from inkcre.settings.schema import Schema
from inkcre.settings.toml import TomlDocument


@dataclass(frozen=True)
class OtherProfiles:
    """The documents that profiles are written in."""

    config: TomlDocument | None
    profiles: Mapping[str, Path]
    schema: Schema[SettingsModel]

    def read(self, path: KeyPath) -> Iterator[object]:
        """Yield what any profile has at a path."""
        for _, value in self._read_named(path):
            yield value

    def find(self, path: KeyPath, values: Collection[object]) -> str | None:
        """Return the name of a profile that itself has one of some values at a path."""
        return next((name for name, value in self._read_named(path) if value in values), None)

    def _read_named(self, path: KeyPath) -> Iterator[tuple[str, object]]:
        overlays = self.config.data.get("profiles") if self.config else None
        documents: list[tuple[str, object]] = []
        if isinstance(overlays, dict):
            documents += overlays.items()
        for name, file in self.profiles.items():
            profile = read_document(file, Report(self.schema))  # who chooses it is told its faults
            documents.append((name, profile.data if profile else None))
        for name, document in documents:
            found = document
            for key in path:
                found = found.get(key) if isinstance(found, dict) else None
            yield name, found
