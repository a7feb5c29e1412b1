"""Enabling and disabling an extension in the settings file."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from inkcre.discovery import find_extension
from inkcre.errors import BadReference
from inkcre.sections.enabling import DISABLED, ENABLED, TABLE, names_at
from inkcre.sections.schema import (
    Inspection,
    application_of,
    inspect_settings,
    schema_of,
)
from inkcre.settings.editor_schemas import copy_folder
from inkcre.settings.edits import Changed, set_settings
from inkcre.settings.origins import TomlOrigin
from inkcre.settings.templates import refresh_schemas

if TYPE_CHECKING:
    from inkcre.sections.settings import Settings
    from inkcre.settings.schema import Schema


def enable_extension(
    found: Inspection, name: str, values: Mapping[str, str], profile: str | None
) -> Changed:
    """Write into the settings file that an extension is enabled, and settings of its table.

    Args:
        found: the settings, right or wrong.
        name: what it is called.
        values: texts by their keys in its table.
        profile: the profile to write for; None for all.

    Raises:
        UnknownExtension: no installed package has it.
        UnfitVersion: it is for another version.
        SettingsError: the settings would be wrong; nothing changed.
    """
    application = application_of(found).own
    extension = find_extension(application, name)
    enabled = names_at(found.origins, ENABLED)
    known = application_of(found).enabled
    if extension not in known:
        known = (*known, extension)
    given = {".".join((TABLE, name, key)): text for key, text in values.items()}
    return _write(
        schema_of(application.enabling(known)),
        found,
        [*enabled, name] if name not in enabled else enabled,
        [other for other in names_at(found.origins, DISABLED) if other != name],
        given,
        profile,
    )


def disable_extension(found: Inspection, name: str, profile: str | None) -> Changed:
    """Write into the settings file that an extension is left out; its table stays.

    Raises:
        BadReference: nothing enables it.
        SettingsError: the settings would be wrong; nothing changed.
    """
    enabled, disabled = names_at(found.origins, ENABLED), names_at(found.origins, DISABLED)
    if name not in enabled and name not in disabled:
        raise BadReference(
            f"extension {name}: nothing enables it", hint="`inkcre extensions list` shows what is"
        )
    rest = [other for other in enabled if other != name]
    left_out = [*disabled, name] if name not in disabled else disabled
    return _write(found.schema, found, rest, left_out, {}, profile)


def _write(
    schema: "Schema[Settings]",
    found: Inspection,
    enabled: list[str],
    disabled: list[str],
    values: Mapping[str, str],
    profile: str | None,
) -> Changed:
    lists = {}
    for path, names in ((ENABLED, enabled), (DISABLED, disabled)):
        is_written = isinstance(found.origins.of(path), TomlOrigin)
        if names or is_written:
            lists[".".join(path)] = json.dumps(names)
    changed = set_settings(schema, {**lists, **values}, profile)
    after = inspect_settings(profile, application=application_of(found), folder=found.folder)
    if (found.folder / copy_folder(schema)).is_dir():
        refresh_schemas(after.file_schema(), found.folder)
    return changed
