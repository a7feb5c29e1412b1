"""Change one setting in ``inkcre.toml``: checked before it is written, and written whole."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from inkcre.settings.describing import leaf_adapter
from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.explanations import unknown_setting
from inkcre.settings.files import locked, replace_file
from inkcre.settings.layers import CONFIG_NAME
from inkcre.settings.leaves import plain_value
from inkcre.settings.loader import Inspection, inspect_settings, working_folder
from inkcre.settings.origins import KeyPath, Origin, TomlOrigin, display_path
from inkcre.settings.profiles import read_file, read_text
from inkcre.settings.rendering import count_problems
from inkcre.settings.report import Report, SettingsError
from inkcre.settings.schema import Node, find_node
from inkcre.settings.templates import SCHEMA_LINE, refresh_schemas
from inkcre.settings.toml import TomlDocument
from inkcre.settings.toml_edit import NotEditable, set_value, unset_value
from inkcre.settings.variables import variable_name
from inkcre.settings.writing import toml_value

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


def _convert(path: KeyPath, node: Node, text: str) -> tuple[object, bool]:
    """Return what a text means for a setting, None when no file can say it; and whether it fits."""
    parent = find_node(path[:-1])
    if parent and parent.tag == path[-1]:
        return text, text in parent.variants
    given: object = text
    is_right = True
    try:
        given = json.loads(text) if node.is_list else text
        given = plain_value(leaf_adapter(node).validate_python(given))
    except (ValueError, RecursionError):  # pydantic's and json's errors are of the first kind
        is_right = False
    try:
        toml_value(given).encode()
    except ValueError:  # null, or bytes of the command line that are no text
        return None, False
    return given, is_right


def _change(
    edits: Mapping[KeyPath, Edit], profile: str | None, wrong: Sequence[Diagnostic] = ()
) -> Changed:
    with locked(_target(profile).parent):
        target = _target(profile)  # read again: another writer may have made or moved it
        is_new = not os.path.lexists(target)
        raw = SCHEMA_LINE.encode() if is_new else _read(target)
        changed = raw
        for edit in edits.values():
            changed = _apply(edit, target, changed)
        after = _require_no_new_problem(profile, changed, None)
        # Again with no variable set: it would come to light when the one that hides it is gone.
        _require_no_new_problem(profile, changed, {})
        if wrong:
            raise SettingsError(wrong)
        notes = [*_notes(edits, profile, after), *_note_other_profiles(profile, changed)]
        if is_new:
            refresh_schemas(target.parent)
        if is_new or changed != raw:
            replace_file(target, changed)
    return Changed(target, changed != raw, tuple(dict.fromkeys(notes)))


def _read(target: Path) -> bytes:
    report = Report()
    content = read_file(target, report)
    if content is None:
        raise SettingsError(report.problems)
    return content


def _apply(edit: Edit, target: Path, raw: bytes) -> bytes:
    try:
        return edit(_parse(target, raw), raw)
    except NotEditable as error:
        subject, hint = display_path(target), "change the file by hand"
        raise _refuse("not_editable", subject, str(error), hint) from error


def _target(profile: str | None) -> Path:
    """Return the file to write: the one that a link leads to, so that the link stays."""
    found = inspect_settings(profile)
    if found.profile not in found.profiles:
        raise SettingsError(found.problems)
    return Path(os.path.realpath(found.config or found.folder / CONFIG_NAME))


def _parse(path: Path, raw: bytes) -> TomlDocument:
    report = Report()
    document = read_text(path, raw, report)
    if document is None:
        raise SettingsError(report.problems)
    return document


def _require_no_new_problem(
    profile: str | None, changed: bytes, environ: Mapping[str, str] | None
) -> Inspection:
    """Refuse a change that makes the settings wrong, or more wrong than they were."""
    after, new = _find_new_problems(profile, changed, environ)
    if new:
        raise SettingsError(new)
    return after


def _find_new_problems(
    profile: str | None, changed: bytes, environ: Mapping[str, str] | None
) -> tuple[Inspection, list[Diagnostic]]:
    """Find what a change makes wrong.

    A secret that is missing is not the file's fault: it is never written there.
    """
    folder = working_folder()  # its files count with no variable set, too
    before = inspect_settings(profile, environ=environ, folder=folder)
    after = inspect_settings(profile, environ=environ, folder=folder, config_text=changed)
    known = {(problem.code, problem.subject) for problem in before.problems}
    return after, [
        problem
        for problem in after.problems
        if (problem.code, problem.subject) not in known and not _is_missing_secret(problem)
    ]


def _note_other_profiles(profile: str | None, changed: bytes) -> Iterator[str]:
    """Name the other profiles that a change for all of them makes wrong."""
    for name in sorted(inspect_settings(profile).profiles) if profile is None else ():
        _, new = _find_new_problems(name, changed, {})
        if new:
            command = f"inkcre config check --profile {name}"
            yield f"profile {name} has {count_problems(new)} more by this: `{command}`"


def _is_missing_secret(problem: Diagnostic) -> bool:
    node = find_node(tuple(problem.subject.split(".")))
    return problem.code == "missing" and node is not None and node.is_secret


def _notes(edits: Mapping[KeyPath, Edit], profile: str | None, after: Inspection) -> Iterator[str]:
    for problem in after.problems:
        if _is_missing_secret(problem):
            yield f"{problem.subject} is {problem.message}: {problem.help}"
    for path in edits:
        origin = after.origins.of(path)
        written = isinstance(origin, TomlOrigin) and origin.keys == _keys(path, profile)
        if not written and origin.layer != "default" and not _is_weaker(origin, profile):
            yield f"{origin.describe()} is stronger, and holds"


def _is_weaker(origin: Origin, profile: str | None) -> bool:
    """Whether what holds now is from a layer below the one that was written, as after unset."""
    if origin.layer == "profile choice" or origin.layer.startswith("profile "):
        return True
    return profile is not None and origin.layer == CONFIG_NAME
