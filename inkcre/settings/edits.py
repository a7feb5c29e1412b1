"""Change one setting in the settings file: checked before it is written, and written whole."""

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from inkcre.replacement import RISK
from inkcre.settings import editor_schemas
from inkcre.settings.descriptions import leaf_adapter
from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.explanations import unknown_setting
from inkcre.settings.files import locked, replace_file
from inkcre.settings.leaves import plain_value
from inkcre.settings.loader import Inspection, inspect_settings, working_folder
from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import KeyPath, Node
from inkcre.settings.origins import Origin, TomlOrigin, display_path
from inkcre.settings.profiles import read_file, read_text
from inkcre.settings.renderers import count_problems
from inkcre.settings.report import Report, SettingsError
from inkcre.settings.schema import Schema
from inkcre.settings.templates import refresh_schemas, schema_line
from inkcre.settings.toml import TomlDocument
from inkcre.settings.toml_edit import NotEditable, set_value, unset_value
from inkcre.settings.toml_values import toml_value

NOT_WRITTEN = "nothing was written; this is the file as it would be"

Edit = Callable[[TomlDocument, bytes], bytes]


@dataclass(frozen=True)
class Changed:
    """What a change did."""

    path: Path
    is_different: bool
    """False when the file said so already."""

    notes: tuple[str, ...]
    """What the person should know: that something stronger hides the change, for example."""


def set_settings(
    schema: Schema[SettingsModel], values: Mapping[str, str], profile: str | None = None
) -> Changed:
    """Write settings into the settings file, for all profiles or for one: all of them or none.

    A text is read as a variable's is; a list is JSON or TOML, or one element. Comments, order,
    spacing and the quoting of everything else stay byte for byte; the file is made when there is
    none.

    Args:
        schema: what settings the application has.
        values: texts by dotted key.
        profile: the profile to write for; None for all.

    Raises:
        SettingsError: there is no such setting, or the settings would be wrong; nothing changed.
        CannotWrite: the file cannot be written; nothing changed.
    """
    edits: dict[KeyPath, Edit] = {}
    wrong: list[Diagnostic] = []
    for key, text in values.items():
        path, node = _find(schema, key)
        if node.is_secret:
            name = schema.variable_name(path)
            hint = f"set {name} or {name}_FILE"
            raise _refuse(schema, "secret_in_file", key, "a secret is not written to a file", hint)
        value, is_right = _convert(schema.root.find(path[:-1]), path, node, text)
        if is_right or value is not None:
            edits[path] = partial(set_value, path=_keys(path, profile), value=value)
        if not is_right:
            hint = f"`{schema.command} config explain {key}` says what can be"
            message = "is not a value that the setting can have"
            wrong.append(Diagnostic("wrong_value", key, message, help=hint))
    return _change(schema, edits, profile, wrong)


def unset_setting(schema: Schema[SettingsModel], key: str, profile: str | None = None) -> Changed:
    """Take ``key`` out of the settings file; its comments stay.

    Raises:
        SettingsError: it is not there, or the settings would be wrong without it; nothing changed.
        CannotWrite: the file cannot be written; nothing changed.
    """
    path, _ = _find(schema, key)
    keys = _keys(path, profile)

    def edit(document: TomlDocument, raw: bytes) -> bytes:
        if document.span(keys) is None:
            raise _refuse_absent(schema, path, profile)
        return unset_value(document, raw, keys)

    return _change(schema, {path: edit}, profile)


def _find(schema: Schema[SettingsModel], key: str) -> tuple[KeyPath, Node]:
    path = tuple(key.split("."))
    node = schema.root.find(path)
    if node is None:
        raise SettingsError([unknown_setting(key, schema)], schema.command)
    if not node.is_leaf:
        inside = ", ".join(f"{key}.{name}" for name in node.children())
        hint = f"name a setting in it: {inside}" if inside else f"name a setting in {key}.NAME"
        raise _refuse(schema, "is_a_table", key, "is a table, not a setting", hint)
    return path, node


def _keys(path: KeyPath, profile: str | None) -> KeyPath:
    return path if profile is None else ("profiles", profile, *path)


def _refuse(
    schema: Schema[SettingsModel], code: str, subject: str, message: str, help_: str
) -> SettingsError:
    return SettingsError([Diagnostic(code, subject, message, help=help_)], schema.command)


def _refuse_absent(
    schema: Schema[SettingsModel], path: KeyPath, profile: str | None
) -> SettingsError:
    place = inspect_settings(schema, profile).origins.of(path).describe()
    table = f"{schema.filename} [profiles.{profile}]" if profile else schema.filename
    hint = "there is nothing to do" if place == "default" else f"what holds is from {place}"
    return _refuse(schema, "not_set_here", ".".join(path), f"is not set in {table}", hint)


def _convert(parent: Node | None, path: KeyPath, node: Node, text: str) -> tuple[object, bool]:
    """Return what a text means for a setting, None when no file can say it; and whether it fits."""
    if parent and parent.tag == path[-1]:
        return text, text in parent.variants
    given: object = text
    is_right = True
    try:
        given = _read_list(text) if node.is_list else text
        given = plain_value(leaf_adapter(node).validate_python(given))
    except (ValueError, RecursionError):  # pydantic's and json's errors are of the first kind
        is_right = False
    try:
        toml_value(given).encode()
    except ValueError:  # null, or bytes of the command line that are no text
        return None, False
    return given, is_right


def _read_list(text: str) -> object:
    """Return a list that is written as in JSON or TOML, or the one element that a text is.

    Raises:
        ValueError: it begins as a list and is none.
    """
    if not text.lstrip().startswith(("[", "{")):
        return [text]
    try:
        return json.loads(text)
    except ValueError:
        return tomllib.loads(f"list = {text}")["list"]


def _change(
    schema: Schema[SettingsModel],
    edits: Mapping[KeyPath, Edit],
    profile: str | None,
    wrong: Sequence[Diagnostic] = (),
) -> Changed:
    with locked(_target(schema, profile).parent):
        target = _target(schema, profile)  # read again: another writer may have made or moved it
        is_new = not os.path.lexists(target)
        line = schema_line(schema, of=editor_schemas.config_name(schema))
        raw = line.encode() if is_new else _read(schema, target)
        changed = raw
        for edit in edits.values():
            changed = _apply(schema, edit, target, changed)
        after = _require_no_new_problem(schema, profile, changed, None)
        # Again with no variable set: it would come to light when the one that hides it is gone.
        _require_no_new_problem(schema, profile, changed, {})
        if wrong:
            raise SettingsError(wrong, schema.command)
        notes = [*_notes(edits, profile, after), *_note_other_profiles(schema, profile, changed)]
        if is_new:
            refresh_schemas(schema, target.parent)
        if (is_new or changed != raw) and not replace_file(target, changed):
            notes.append(f"{display_path(target)} {RISK}")
    return Changed(target, changed != raw, tuple(dict.fromkeys(notes)))


def _read(schema: Schema[SettingsModel], target: Path) -> bytes:
    report = Report(schema)
    content = read_file(target, report)
    if content is None:
        raise SettingsError(report.problems, schema.command)
    return content


def _apply(schema: Schema[SettingsModel], edit: Edit, target: Path, raw: bytes) -> bytes:
    try:
        return edit(_parse(schema, target, raw), raw)
    except NotEditable as error:
        subject, hint = display_path(target), "change the file by hand"
        raise _refuse(schema, "not_editable", subject, str(error), hint) from error


def _target(schema: Schema[SettingsModel], profile: str | None) -> Path:
    """Return the file to write: the one that a link leads to, so that the link stays."""
    found = inspect_settings(schema, profile)
    if found.profile not in found.profiles:
        raise SettingsError(found.problems, schema.command)
    return Path(os.path.realpath(found.config or found.folder / schema.filename))


def _parse(schema: Schema[SettingsModel], path: Path, raw: bytes) -> TomlDocument:
    report = Report(schema)
    document = read_text(path, raw, report)
    if document is None:
        raise SettingsError(report.problems, schema.command)
    return document


def _require_no_new_problem(
    schema: Schema[SettingsModel],
    profile: str | None,
    changed: bytes,
    environ: Mapping[str, str] | None,
) -> Inspection[SettingsModel]:
    """Refuse a change that makes the settings wrong, or more wrong than they were."""
    after, new = _find_new_problems(schema, profile, changed, environ)
    if new:
        noted = [replace(problem, notes=(*problem.notes, NOT_WRITTEN)) for problem in new]
        raise SettingsError(noted, schema.command)
    return after


def _find_new_problems(
    schema: Schema[SettingsModel],
    profile: str | None,
    changed: bytes,
    environ: Mapping[str, str] | None,
) -> tuple[Inspection[SettingsModel], list[Diagnostic]]:
    """Find what a change makes wrong.

    A secret that is missing is not the file's fault: it is never written there.
    """
    folder = working_folder(schema.command)  # its files count with no variable set, too
    before = inspect_settings(schema, profile, environ=environ, folder=folder)
    after = inspect_settings(schema, profile, environ=environ, folder=folder, config_text=changed)
    known = {(problem.code, problem.subject) for problem in before.problems}
    return after, [
        problem
        for problem in after.problems
        if (problem.code, problem.subject) not in known and not _is_missing_secret(problem, schema)
    ]


def _note_other_profiles(
    schema: Schema[SettingsModel], profile: str | None, changed: bytes
) -> Iterator[str]:
    """Name the other profiles that a change for all of them makes wrong."""
    for name in sorted(inspect_settings(schema, profile).profiles) if profile is None else ():
        _, new = _find_new_problems(schema, name, changed, {})
        if new:
            command = f"{schema.command} config check --profile {name}"
            yield f"profile {name} has {count_problems(new)} more by this: `{command}`"


def _is_missing_secret(problem: Diagnostic, schema: Schema[SettingsModel]) -> bool:
    node = schema.root.find(tuple(problem.subject.split(".")))
    return problem.code == "missing" and node is not None and node.is_secret


def _notes(
    edits: Mapping[KeyPath, Edit], profile: str | None, after: Inspection[SettingsModel]
) -> Iterator[str]:
    for problem in after.problems:
        if _is_missing_secret(problem, after.schema):
            yield f"{problem.subject} is {problem.message}: {problem.help}"
    for path in edits:
        origin = after.origins.of(path)
        written = isinstance(origin, TomlOrigin) and origin.keys == _keys(path, profile)
        if (
            not written
            and origin.layer != "default"
            and not _is_weaker(origin, profile, after.schema.filename)
        ):
            yield f"{origin.describe()} is stronger, and holds"


def _is_weaker(origin: Origin, profile: str | None, filename: str) -> bool:
    """Whether what holds now is from a layer below the one that was written, as after unset."""
    if origin.layer == "profile choice" or origin.layer.startswith("profile "):
        return True
    return profile is not None and origin.layer == filename
