"""Profiles: which there are, which one is chosen, and what it extends."""

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inkcre.settings.diagnostics import Diagnostic, Label, suggest
from inkcre.settings.labels import label_toml, label_value
from inkcre.settings.masks import MASK, show_key
from inkcre.settings.nodes import Node
from inkcre.settings.origins import (
    DefaultOrigin,
    Definition,
    Origin,
    OverrideOrigin,
    TomlOrigin,
    display_path,
)
from inkcre.settings.report import Report
from inkcre.settings.section import PROFILE_NAME, find_fault
from inkcre.settings.toml import MAX_FILE_BYTES, TomlDocument, TomlSyntaxError, parse_document
from inkcre.settings.variables import Variable

DEFAULT_PROFILE = "dev"
NO_PROFILE = ""
"""The choice where what should name a profile is no name."""

META_KEYS = ("extends", "description")
"""Keys of a profile file that are about the profile and are not settings."""


@dataclass(frozen=True)
class Choice:
    """The chosen profile's name and what chose it."""

    name: str = field(repr=False)
    origin: Origin


def package_profiles() -> Path:
    """Return the folder of the profiles that come with the package."""
    package = Path(__file__).parent.parent
    installed = package / "profiles"
    return installed if installed.is_dir() else package.parent / "profiles"


def profile_folders(base: Path | None) -> list[Path]:
    """Return the folders that are searched, in order: the user's own if any, then the package's."""
    own = [base / "profiles"] if base else []
    return list(dict.fromkeys([*own, package_profiles()]))


def list_profiles(folders: Sequence[Path], report: Report) -> dict[str, Path]:
    """Map each profile's name to its file; the first folder that has a name wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            paths = sorted(folder.iterdir()) if os.path.lexists(folder) else []
        except OSError as error:
            report.add(unreadable(folder, error, "folder"))
            continue
        for path in paths:
            if path.suffix == ".toml" and re.fullmatch(PROFILE_NAME, path.stem):
                found.setdefault(path.stem, path)
    return found


def choose_profile(
    argument: str | None,
    chosen: Mapping[str, Variable],
    config: TomlDocument | None,
    report: Report,
) -> Choice:
    """Choose by argument, ``…_PROFILE``, the settings file, a switch, or choose ``dev``.

    What is no name is reported wherever it stands, and chooses nothing.
    """
    # Read whoever chooses: a table of that name would be passed over, with all that it says.
    configured = _configured_profile(config, report)
    named = chosen.get(report.schema.profile_variable)
    if argument is not None:
        return _choose_name(argument, OverrideOrigin("profile"), report)
    if named:
        return _choose_name(named.value, named.origin, report)
    if configured:
        return configured
    for name, profile in report.schema.switches.items():
        switch = chosen.get(name)
        if switch and switch.value.lower() in ("true", "1"):
            return Choice(profile, switch.origin)
    return Choice(DEFAULT_PROFILE, DefaultOrigin())


def _choose_name(name: str, origin: Origin, report: Report) -> Choice:
    fault = find_fault(name)
    if fault:
        label = label_value(Definition(("profile",), name, origin), report.schema.root)
        report.add(Diagnostic(fault.code, "profile", fault.message, (label,), help=fault.help))
    return Choice(NO_PROFILE if fault else name, origin)


def _configured_profile(config: TomlDocument | None, report: Report) -> Choice | None:
    """Read ``profile`` in the settings file."""
    if config is None or "profile" not in config.data:
        return None
    value = config.data["profile"]
    origin = TomlOrigin(config.path.name, config, ("profile",), config.path.parent)
    if isinstance(value, str):
        return _choose_name(value, origin, report)
    label = label_toml(config, ("profile",), at_key=True, masked=True)
    if isinstance(value, dict):
        problem = Diagnostic(
            "table_for_a_name",
            "profile",
            "a table where a name is expected",
            (label,),
            help=f"did you mean `profiles`? Write [{'.'.join(_meant_table(value))}]",
        )
    else:
        help_ = "write text in quotes"
        problem = Diagnostic(
            "string_type", "profile", "input should be a profile's name", (label,), help=help_
        )
    report.add(problem)
    return Choice(NO_PROFILE, origin)


def _meant_table(value: Mapping[str, object]) -> Iterator[str]:
    """Yield the keys of the table that was meant by ``[profile.…]``."""
    yield "profiles"
    key, inner = next(iter(value.items()), ("NAME", {}))
    yield show_key(key) if isinstance(inner, dict) else "NAME"
    while isinstance(inner, dict) and inner:
        key, inner = next(iter(inner.items()))
        if isinstance(inner, dict):
            yield show_key(key)


def resolve_chain(
    name: str, pointer: Label, profiles: Mapping[str, Path], report: Report, *, add_own: str
) -> list[TomlDocument]:
    """Read a profile's file and those it extends, nearest first; problems go to ``report``.

    ``add_own`` is said of a profile that is not there and like no other, with ``{name}`` for it.
    """
    chain: list[TomlDocument] = []
    seen: list[str] = []
    while name != NO_PROFILE:  # why there is none is said already
        if name in seen:
            trail = " -> ".join([*seen[seen.index(name) :], name])
            report.add(
                Diagnostic(
                    "extends_cycle",
                    f"profile {seen[0]}",
                    f"extends itself: {trail}",
                    (pointer,),
                    help="remove one extends line",
                )
            )
            return chain
        document = _read_profile(name, pointer, profiles, report, add_own)
        if document is None:
            return chain
        seen.append(name)
        chain.append(document)
        parent = document.data.get("extends")
        if parent is None:
            return chain
        pointer = label_toml(document, ("extends",), at_key=False, masked=False)
        if not isinstance(parent, str):
            report.add(
                Diagnostic(
                    "string_type",
                    f"profile {name}",
                    "extends should be a profile's name",
                    (pointer,),
                )
            )
            return chain
        name = parent
    return chain


def _read_profile(
    name: str, pointer: Label, profiles: Mapping[str, Path], report: Report, add_own: str
) -> TomlDocument | None:
    if name in profiles:
        return read_document(profiles[name], report)
    known = ", ".join(sorted(profiles))
    meant = suggest(name, profiles)
    report.add(
        Diagnostic(
            "unknown_profile",
            f"profile {_quote_name(name)}",
            "there is no such profile",
            (pointer,),
            (f"profiles: {known}",),
            f"did you mean `{meant}`?" if meant else add_own.format(name=_file_name(name)),
        )
    )
    return None


def _quote_name(name: str) -> str:
    return repr(name) if re.fullmatch(r"[\w./\\ -]{1,64}", name) else MASK


def _file_name(name: str) -> str:
    return name if re.fullmatch(PROFILE_NAME, name) else "NAME"


def read_document(path: Path, report: Report) -> TomlDocument | None:
    """Read a TOML file; a problem goes to ``report`` and gives None."""
    content = read_file(path, report)
    return None if content is None else read_text(path, content, report)


def read_file(path: Path, report: Report) -> bytes | None:
    """Read a settings file, not much more of it than one may have; a problem gives None."""
    try:
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            raise OSError(0, "it is not a regular file")  # a pipe would be waited for
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:  # the second: a name with NUL
        report.add(unreadable(path, error))
        return None


def unreadable(path: Path, error: OSError | ValueError, wanted: str = "file") -> Diagnostic:
    """Tell why a file or a folder cannot be read."""
    subject = display_path(path)
    if isinstance(error, IsADirectoryError):
        reason, remedy = "is a folder, not a file", "move the folder away, or name another file"
    elif isinstance(error, NotADirectoryError) and wanted == "folder":
        reason, remedy = "is a file, not a folder", "move the file away"
    else:
        text = error.strerror if isinstance(error, OSError) else None
        reason = f"cannot be read: {(text or 'not a file name').lower()}"
        remedy = f"check the {wanted}'s name and its rights"
    return Diagnostic("unreadable_file", subject, reason, (Label(subject),), help=remedy)


def read_text(path: Path, content: bytes, report: Report) -> TomlDocument | None:
    """Parse what a TOML file has in it, or would have; a problem goes to ``report``."""
    subject = display_path(path)
    if len(content) > MAX_FILE_BYTES:
        report.add(
            Diagnostic(
                "file_too_large",
                subject,
                f"is larger than {MAX_FILE_BYTES} bytes",
                (Label(subject),),
                help="check that it is the settings file that you meant",
            )
        )
        return None
    try:
        return parse_document(path, content)
    except TomlSyntaxError as error:
        report.add(_syntax_problem(path, content, error, report.schema.root))
        return None


def _syntax_problem(path: Path, content: bytes, error: TomlSyntaxError, root: Node) -> Diagnostic:
    source = display_path(path)
    shown, caret = None, 1
    if error.place:
        lines = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")
        line = lines[error.place.line - 1] if error.place.line <= len(lines) else ""
        shown = _mask_line(line, root)
        caret = min(error.place.column, len(shown) + 1)
    label = Label(source, error.place, shown, caret)
    reason = error.reason[:1].lower() + error.reason[1:]
    return Diagnostic("toml_syntax", source, reason, (label,))


def _mask_line(line: str, root: Node) -> str:
    """Show of a line that could not be parsed only a known key or table: the rest may be a secret.

    Even what looks like a key may be one, where the line goes on with a text of several lines.
    """
    beginning = re.match(r"\s*(\[?)([\w.-]+)(\s*=\s*|\])?\s*", line)
    is_known = beginning is not None and set(beginning[2].split(".")) <= _known_names(root)
    shown = beginning[0] if beginning and is_known else ""
    return shown + (MASK if line[len(shown) :].strip() else "")


def _known_names(root: Node) -> set[str]:
    names = {name for path, _ in root.walk_leaves() for name in path}
    return names | {*META_KEYS, "profiles", *(path.stem for path in package_profiles().glob("*"))}


def check_profile_tables(
    config: TomlDocument | None, profiles: Mapping[str, Path], report: Report
) -> None:
    """A ``[profiles.NAME]`` table that no profile reads is a mistake, not noise."""
    if config is None:
        return
    table = config.data.get("profiles", {})
    if not isinstance(table, dict):
        label = label_toml(config, ("profiles",), at_key=True, masked=True)
        report.add(Diagnostic("dict_type", "profiles", "input should be a table", (label,)))
        return
    for name, overlay in table.items():
        label = label_toml(config, ("profiles", name), at_key=True, masked=True)
        if name not in profiles:
            meant = suggest(name, profiles)
            report.add(
                Diagnostic(
                    "unknown_profile",
                    f"profiles.{name}",
                    "there is no such profile",
                    (label,),
                    (f"profiles: {', '.join(sorted(profiles))}",),
                    f"did you mean `{meant}`?"
                    if meant
                    else f"add profiles/{name}.toml beside {display_path(config.path)}",
                )
            )
        elif not isinstance(overlay, dict):
            report.add(
                Diagnostic("dict_type", f"profiles.{name}", "input should be a table", (label,))
            )
