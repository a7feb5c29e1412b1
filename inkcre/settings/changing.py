"""Change one setting in ``inkcre.toml``: checked before it is written, and written whole."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from inkcre.settings.describing import leaf_adapter
from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.explaining import unknown_setting
from inkcre.settings.files import locked, replace_file
from inkcre.settings.layers import CONFIG_NAME
from inkcre.settings.leaves import plain_value
from inkcre.settings.loader import Inspection, inspect_settings
from inkcre.settings.origins import KeyPath, TomlOrigin, display_path
from inkcre.settings.profiles import read_text
from inkcre.settings.report import Report, SettingsError
from inkcre.settings.schema import Node, find_node
from inkcre.settings.splicing import NotEditable, set_value, unset_value
from inkcre.settings.templates import SCHEMA_LINE, refresh_schemas
from inkcre.settings.toml import TomlDocument
from inkcre.settings.variables import variable_name

Edit = Callable[[TomlDocument, bytes], bytes]


@dataclass(frozen=True)
class Changed:
    """What a change did."""

    path: Path
    is_different: bool
    """False when the file said so already."""

    notes: tuple[str, ...]
    """What the person should know: that something stronger hides the change, for example."""


def set_settings(values: Mapping[str, str], profile: str | None = None) -> Changed:
    """Write settings into ``inkcre.toml``, for all profiles or for one: all of them or none.

    A text is read as a variable's is: a list is JSON. Comments, order, spacing and the quoting
    of everything else stay byte for byte; the file is made when there is none.

    Args:
        values: texts by dotted key.
        profile: the profile to write for; None for all.

    Raises:
        SettingsError: there is no such setting, or the settings would be wrong; nothing changed.
        CannotWrite: the file cannot be written; nothing changed.
    """
    edits: dict[KeyPath, Edit] = {}
    wrong: list[Diagnostic] = []
    for key, text in values.items():
        path, node = _find(key)
        if node.is_secret:
            name = variable_name(path)
            hint = f"set {name} or {name}_FILE"
            raise _refuse("secret_in_file", key, "a secret is not written to a file", hint)
        value, is_right = _convert(path, node, text)
        if is_right or value is not None:
            edits[path] = partial(set_value, path=_keys(path, profile), value=value)
        if not is_right:
            hint = f"`inkcre config explain {key}` says what can be"
            message = "is not a value that the setting can have"
            wrong.append(Diagnostic("wrong_value", key, message, help=hint))
    return _change(edits, profile, wrong)


def unset_setting(key: str, profile: str | None = None) -> Changed:
    """Take ``key`` out of ``inkcre.toml``; its comments stay.

    Raises:
        SettingsError: it is not there, or the settings would be wrong without it; nothing changed.
        CannotWrite: the file cannot be written; nothing changed.
    """
    path, _ = _find(key)
    keys = _keys(path, profile)

    def edit(document: TomlDocument, raw: bytes) -> bytes:
        if document.span(keys) is None:
            raise _refuse_absent(path, profile)
        return unset_value(document, raw, keys)

    return _change({path: edit}, profile)


def _find(key: str) -> tuple[KeyPath, Node]:
    path = tuple(key.split("."))
    node = find_node(path)
    if node is None:
        raise SettingsError([unknown_setting(key)])
    if not node.is_leaf:
        inside = ", ".join(f"{key}.{name}" for name in node.children())
        hint = f"name a setting in it: {inside}" if inside else f"name a setting in {key}.NAME"
        raise _refuse("is_a_table", key, "is a table, not a setting", hint)
    return path, node


def _keys(path: KeyPath, profile: str | None) -> KeyPath:
    return path if profile is None else ("profiles", profile, *path)


def _refuse(code: str, subject: str, message: str, help_: str) -> SettingsError:
    return SettingsError([Diagnostic(code, subject, message, help=help_)])


def _refuse_absent(path: KeyPath, profile: str | None) -> SettingsError:
    place = inspect_settings(profile).origins.of(path).describe()
    table = f"{CONFIG_NAME} [profiles.{profile}]" if profile else CONFIG_NAME
    hint = "there is nothing to do" if place == "default" else f"what holds is from {place}"
    return _refuse("not_set_here", ".".join(path), f"is not set in {table}", hint)


def _convert(path: KeyPath, node: Node, text: str) -> tuple[Any, bool]:
    """Give what a text means for a setting, None when no file can say it; and whether it fits."""
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return None, False  # bytes of the command line that are no text
    parent = find_node(path[:-1])
    if parent and parent.tag == path[-1]:
        return text, text in parent.variants
    given: Any = text
    if node.is_list:
        try:
            given = json.loads(text)
        except (ValueError, RecursionError):
            return text, False
    try:
        value = leaf_adapter(node).validate_python(given)
    except ValidationError:
        return given, False
    return plain_value(value), True


def _change(
    edits: Mapping[KeyPath, Edit], profile: str | None, wrong: Sequence[Diagnostic] = ()
) -> Changed:
    with locked(_target(profile).parent):
        target = _target(profile)  # read again: another writer may have made or moved it
        is_new = not target.exists()
        raw = SCHEMA_LINE.encode() if is_new else target.read_bytes()
        before = inspect_settings(profile)
        changed = raw
        for edit in edits.values():
            changed = _apply(edit, target, changed)
        after = inspect_settings(profile, config_text=changed)
        _require_no_new_problem(before, after)
        if wrong:  # hidden by something stronger, or the settings would have said where it stands
            raise SettingsError(wrong)
        if is_new:
            refresh_schemas(target.parent)
        if is_new or changed != raw:
            replace_file(target, changed)
    notes = dict.fromkeys(note for path in edits for note in _notes(path, after))
    return Changed(target, changed != raw, tuple(notes))


def _apply(edit: Edit, target: Path, raw: bytes) -> bytes:
    try:
        return edit(_parse(target, raw), raw)
    except NotEditable as error:
        subject, hint = display_path(target), "change the file by hand"
        raise _refuse("not_editable", subject, str(error), hint) from error


def _target(profile: str | None) -> Path:
    """Give the file to write: the one that a link leads to, so that the link stays."""
    found = inspect_settings(profile)
    if found.profile not in found.profiles:
        raise SettingsError(found.problems)
    return (found.config or found.folder / CONFIG_NAME).resolve()


def _parse(path: Path, raw: bytes) -> TomlDocument:
    report = Report()
    document = read_text(path, raw, report)
    if document is None:
        raise SettingsError(report.problems)
    return document


def _require_no_new_problem(before: Inspection, after: Inspection) -> None:
    """Refuse a change that makes the settings wrong, or more wrong than they were.

    A secret that is missing is not the file's fault: it is never written there.
    """
    known = {(problem.code, problem.subject) for problem in before.problems}
    new = [
        problem
        for problem in after.problems
        if (problem.code, problem.subject) not in known and not _is_missing_secret(problem)
    ]
    if new:
        raise SettingsError(new)


def _is_missing_secret(problem: Diagnostic) -> bool:
    node = find_node(tuple(problem.subject.split(".")))
    return problem.code == "missing" and node is not None and node.is_secret


def _notes(path: KeyPath, after: Inspection) -> list[str]:
    notes = [
        f"{problem.subject} is {problem.message}: {problem.help}"
        for problem in after.problems
        if _is_missing_secret(problem)
    ]
    origin = after.origins.of(path)
    if not isinstance(origin, TomlOrigin) and origin.layer not in ("default", "profile choice"):
        notes.append(f"{origin.describe()} is stronger, and holds")
    return notes
