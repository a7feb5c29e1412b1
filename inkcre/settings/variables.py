"""Layers that come as named strings: variables, ``.env``, secret files, ``--set``.

A name is read as pydantic-settings reads it: prefix, then keys parted by two underscores; a list
or a table is JSON. Its own source is not used: it costs as much as all the rest of loading, and
tells neither which variable it could not read nor which it ignored.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inkcre.settings.diagnostics import Diagnostic, Label, suggest
from inkcre.settings.masks import MASK, show_key
from inkcre.settings.merge import flatten
from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import KeyPath, Node
from inkcre.settings.origins import (
    Definition,
    DotenvOrigin,
    Layer,
    Origin,
    SecretFileOrigin,
    VariableOrigin,
    display_path,
)
from inkcre.settings.report import Report
from inkcre.settings.schema import Schema
from inkcre.settings.section import find_fault
from inkcre.settings.service_links import is_service_link
from inkcre.settings.toml import Place

SECRET_FOLDER = Path("/run/secrets")
MAX_SECRET_BYTES = 65_536

ELSEWHERE = {"ENV": "PROFILE", "ENVIRONMENT": "PROFILE", "STAGE": "PROFILE", "PORT": "HTTP__PORT"}
"""What others call what one of our variables says, without the prefix."""


@dataclass(frozen=True)
class Variable:
    """A named string and where it stands."""

    name: str = field(repr=False)
    value: str = field(repr=False)
    origin: Origin

    @property
    def label(self) -> Label:
        """Point at the variable."""
        if isinstance(self.origin, DotenvOrigin):
            return Label(display_path(self.origin.path), Place(self.origin.line, 1, 1))
        return Label(self.origin.describe())

    def find_problem(self) -> Diagnostic | None:
        """Tell why the value cannot be what the variable should have: a path."""
        fault = find_fault(self.value)
        if fault is None:
            return None
        labels = (self.label,) if self.label.name != self.name else ()
        return Diagnostic(fault.code, self.name, fault.message, labels, help=fault.help)


def read_variable(variable: Variable, report: Report) -> Iterator[Definition]:
    """Turn one variable into definitions; what it does not name goes to ``report``."""
    path = report.schema.path_of_variable(variable.name)
    node = report.schema.root.find(path)
    if report.schema.is_open(path):
        yield Definition(path, variable.value, variable.origin)
    elif node is None or not all(path):
        report.add(_unknown_variable(variable, report.schema))
    else:
        yield from _read_value(variable, path, node, report)


def _read_value(
    variable: Variable, path: KeyPath, node: Node, report: Report
) -> Iterator[Definition]:
    if node.is_secret and not isinstance(variable.origin, SecretFileOrigin):  # as of a file
        yield Definition(path, cut_line_end(variable.value), variable.origin)
    elif node.is_leaf and not node.is_list:
        yield Definition(path, variable.value, variable.origin)
    else:
        yield from _read_json(variable, path, node, report)


def _read_json(
    variable: Variable, path: KeyPath, node: Node, report: Report
) -> Iterator[Definition]:
    """Read a list or a table."""
    try:
        value = json.loads(variable.value)
    except (ValueError, RecursionError):
        report.add(
            Diagnostic(
                "json_invalid",
                variable.name,
                "input should be JSON, since the setting is a list or a table",
                (variable.label,),
                help="""write for example '["one", "two"]'""",
            )
        )
        return
    if node.is_leaf or not isinstance(value, dict) or not value:
        yield Definition(path, value, variable.origin)
        return
    for inner, leaf in flatten(value, node, path):
        yield Definition(inner, leaf, variable.origin)


def _unknown_variable(variable: Variable, schema: Schema[SettingsModel]) -> Diagnostic:
    leaves = [(schema.variable_name(path), node) for path, node in schema.root.walk_leaves()]
    known = [name for name, _ in leaves] + [f"{n}_FILE" for n, node in leaves if node.is_secret]
    meant = ELSEWHERE.get(variable.name.removeprefix(schema.prefix))
    meant = f"{schema.prefix}{meant}" if meant else None
    meant = meant or suggest(variable.name, [*known, *schema.choosing])
    return Diagnostic(
        "unknown_variable",
        show_key(variable.name),
        "no setting has this name",
        (variable.label,) if variable.label.name != variable.name else (),
        help=f"did you mean {meant}?"
        if meant
        else f"variables are named {schema.prefix}SECTION__KEY",
    )


def environment_variables(
    environ: Mapping[str, str], schema: Schema[SettingsModel]
) -> list[Variable]:
    """Pick an application's variables out of an environment."""
    others = {*schema.aliases, *schema.switches}
    return [
        Variable(name.upper(), value, VariableOrigin(name.upper()))
        for name, value in environ.items()
        if (name.upper().startswith(schema.prefix) or name in others)
        and not is_service_link(name.upper(), value, schema.prefix)
    ]


def cut_line_end(secret: str) -> str:
    """Return a secret without one line end behind it, which editors write; blanks may be its own.

    What is nothing but white space is empty.
    """
    return secret.removesuffix("\n").removesuffix("\r") if secret.strip() else ""


def secret_folder_variables(folders: Sequence[Path], report: Report) -> list[Variable]:
    """Read the files of secret folders whose names are the application's, in any case."""
    found: list[Variable] = []
    for folder in folders:
        try:
            names = sorted(p for p in folder.iterdir() if _is_ours(p.name, report.schema))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            report.add(_refuse_folder(folder, error))
            continue
        for path in names:
            value = read_secret(path, None, report, inside=folder)
            if value is not None:
                found.append(Variable(path.name.upper(), value, SecretFileOrigin(path)))
    return found


def _refuse_folder(folder: Path, error: OSError) -> Diagnostic:
    """Tell that secrets may lie in a folder that cannot be looked into: they are not missing."""
    reason = f"cannot be read: {(error.strerror or 'no reason given').lower()}"
    label = Label(display_path(folder))
    help_ = "let the user that runs this list and read it"
    return Diagnostic("unreadable_secret", "the folder of secrets", reason, (label,), help=help_)


def _is_ours(name: str, schema: Schema[SettingsModel]) -> bool:
    return name.upper().startswith(schema.prefix) or name.upper() in schema.aliases


def split_file_variables(
    variables: Sequence[Variable], report: Report
) -> tuple[list[Variable], list[Variable]]:
    """Part variables that hold a value from those that name a file (``…_X_FILE``)."""
    plain: dict[str, Variable] = {}
    files: list[Variable] = []
    for variable in variables:
        path = report.schema.path_of_variable(variable.name.removesuffix("_FILE"))
        node = report.schema.root.find(path)
        if not variable.name.endswith("_FILE") or node is None or not node.is_leaf:
            plain[variable.name] = variable
        elif not node.is_secret:
            report.add(
                Diagnostic(
                    "not_a_secret",
                    variable.name,
                    "only secrets are read from files",
                    (variable.label,) if variable.label.name != variable.name else (),
                    help=f"set {variable.name.removesuffix('_FILE')} itself",
                )
            )
        else:
            files.append(variable)
    return list(plain.values()), list(_read_files(files, plain, report))


def _read_files(
    files: Sequence[Variable], plain: Mapping[str, Variable], report: Report
) -> Iterator[Variable]:
    for variable in files:
        name = variable.name.removesuffix("_FILE")
        if name in plain:
            report.add(
                Diagnostic(
                    "both_value_and_file",
                    name,
                    f"both {name} and {variable.name} are set",
                    (plain[name].label, variable.label),
                    help="keep one of the two",
                )
            )
            continue
        problem = variable.find_problem()
        if problem:
            report.add(problem)
            continue
        path = Path(variable.value)
        value = read_secret(path, variable.name, report)
        if value is not None:
            yield Variable(name, value, SecretFileOrigin(path, variable.name))


def read_secret(
    path: Path, variable: str | None, report: Report, *, inside: Path | None = None
) -> str | None:
    """Read one secret, without the line end behind it; a problem goes to ``report``."""
    origin = SecretFileOrigin(path, variable)
    reason = None
    try:
        if inside and not path.resolve().is_relative_to(inside.resolve()):
            reason = f"is a link that leaves {display_path(inside)}"
        elif path.is_dir():
            reason = "is a folder, not a file"
        else:
            with path.open("rb") as file:
                content = file.read(MAX_SECRET_BYTES + 1)
            if len(content) <= MAX_SECRET_BYTES:
                return cut_line_end(content.decode("utf-8-sig"))
            reason = f"is larger than {MAX_SECRET_BYTES} bytes"
    except UnicodeDecodeError:
        reason = "is not UTF-8 text"
    except (OSError, RuntimeError, ValueError) as error:  # the last: a name with NUL
        text = error.strerror if isinstance(error, OSError) else None
        reason = f"cannot be read: {(text or 'the link goes in circles').lower()}"
    place = origin.describe()
    if variable and path.name == str(path) and not os.path.lexists(path):
        place = f"{MASK} (via {variable})"  # a word alone may be the secret, and not its file
    report.add(Diagnostic("unreadable_secret", variable or path.name, reason, (Label(place),)))
    return None


def variables_layer(name: str, variables: Sequence[Variable], report: Report) -> list[Layer]:
    """Make a layer of settings, with what variables of other names say below it."""
    schema = report.schema
    former: list[Definition] = []
    current: list[Definition] = []
    for variable in variables:
        alias = schema.aliases.get(variable.name)
        if alias:
            said = {**alias.along, alias.sets: variable.value}
            former += [Definition(tuple(k.split(".")), v, variable.origin) for k, v in said.items()]
        elif variable.name not in schema.choosing and variable.name.startswith(schema.prefix):
            current.extend(read_variable(variable, report))
    # Two layers: where both names are set, the present one holds.
    return [Layer(name, tuple(former)), Layer(name, tuple(current))]


def parse_override(key: str, text: str, origin: Origin, report: Report) -> Iterator[Definition]:
    """Turn ``--set key=text`` into definitions, read as a variable of the same path would be."""
    path = tuple(key.split("."))
    root = report.schema.root
    node = root.find(path)
    if report.schema.is_open(path):
        yield Definition(path, text, origin)
        return
    if node is None or not all(path):
        meant = suggest(key, [".".join(known) for known, _ in root.walk_leaves()])
        help_ = (
            f"did you mean {meant}?"
            if meant
            else f"`{report.schema.command} config show` lists the keys"
        )
        label = (Label(origin.describe()),)
        report.add(Diagnostic("extra_forbidden", key, "unknown key", label, (), help_))
        return
    yield from _read_value(Variable(f"--set {key}", text, origin), path, node, report)


def choosing_variables(
    variables: Sequence[Variable], schema: Schema[SettingsModel]
) -> dict[str, Variable]:
    """Return the variables that choose a profile or a file, by name."""
    return {v.name: v for v in variables if v.name in {*schema.choosing, *schema.switches}}
