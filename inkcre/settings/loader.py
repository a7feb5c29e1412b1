"""Load the settings: find the files, choose the profile, stack the layers, validate, check."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic

from inkcre.settings.diagnostics import Diagnostic, Label
from inkcre.settings.elsewhere import OtherProfiles
from inkcre.settings.labels import label_value
from inkcre.settings.layers import file_layers, override_layer, string_layers
from inkcre.settings.leaves import Leaf, list_leaves
from inkcre.settings.local_paths import resolve_paths
from inkcre.settings.merge import merge
from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import KeyPath, Node
from inkcre.settings.origins import Definition, Layer, Origins
from inkcre.settings.profiles import (
    Choice,
    check_profile_tables,
    choose_profile,
    list_profiles,
    profile_folders,
    read_document,
    read_text,
    resolve_chain,
)
from inkcre.settings.report import Report, SettingsError
from inkcre.settings.rules import Constraint
from inkcre.settings.schema import Elsewhere, Grown, M, M_co, Schema
from inkcre.settings.toml import TomlDocument
from inkcre.settings.validation import validate
from inkcre.settings.variables import (
    SECRET_FOLDER,
    Variable,
    choosing_variables,
    environment_variables,
)


@dataclass(frozen=True)
class LoadContext:
    """What loading looks at: variables, a folder of files, the secret folders."""

    environ: Mapping[str, str]
    folder: Path
    """What relative paths are relative to that stand in no file."""

    is_searched: bool
    """Whether that folder's files count: ``inkcre.toml``, looked for upwards too, and ``.env``."""

    secret_folders: tuple[Path, ...]


@dataclass(frozen=True)
class Inspection(Generic[M_co]):
    """All that loading found out, also when the settings are wrong."""

    schema: Schema[M_co]
    profile: str = field(repr=False)
    origins: Origins
    settings: M_co | None
    """None when there are problems."""

    problems: tuple[Diagnostic, ...]
    notes: tuple[Diagnostic, ...]
    """What should be known of settings that are right."""

    profiles: Mapping[str, Path]
    """The profiles that can be chosen, and their files."""

    config: Path | None = field(repr=False)
    """The settings file, or what ``…_CONFIG`` names; None when there is none."""

    folder: Path = field(repr=False)
    """Where that file is, or would be looked for first."""

    environ: Mapping[str, str] = field(repr=False)

    file_schema: Callable[[], Schema[M_co]] = field(repr=False)
    """Returns what settings files may have, under whatever profile: what editors go by."""

    def leaves(self) -> list[Leaf]:
        """List every setting that is in force."""
        return list_leaves(self.origins, self.settings)


def load_settings(
    schema: Schema[M],
    profile: str | None = None,
    *,
    overrides: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> M:
    """Load the settings of a profile of an application.

    Layers, weakest first: defaults, the profile's files, the settings file (``inkcre.toml``), its
    ``[profiles.NAME]``, ``.env``, secret files, variables (``INKCRE_*``), overrides.

    Variables that are given are the whole surroundings. Then no ``.env``, no secret folder and no
    settings file with its ``profiles/`` counts, unless ``folder`` names the folder of them, or a
    given variable does: ``INKCRE_CONFIG`` the file, ``CREDENTIALS_DIRECTORY`` the secrets.

    Args:
        schema: what settings the application has.
        profile: the profile's name; without one, the surroundings choose.
        overrides: values by dotted key (``{"database.path": ":memory:"}``) or nested.
        assignments: ``key=text`` as typed on a command line, read as variables are.
        environ: variables; by default those of the process, and none at all on Workers.
        folder: where to start looking for the settings file; by default the working folder, and
            with variables that are given, nowhere.

    Raises:
        SettingsError: everything that is wrong, at once.
    """
    found = inspect_settings(
        schema,
        profile,
        overrides=overrides,
        assignments=assignments,
        environ=environ,
        folder=folder,
    )
    if found.settings is None:
        raise SettingsError(found.problems, schema.command)
    return found.settings


def inspect_settings(
    schema: Schema[M],
    profile: str | None = None,
    *,
    overrides: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    config_text: bytes | None = None,
) -> Inspection[M]:
    """Find out all about the settings of a profile, and raise nothing when they are wrong.

    The arguments are those of ``load_settings``; ``config_text`` is read in the place of what the
    settings file has in it.
    """
    report, context = Report(schema), _context(environ, folder, schema.command)
    variables = environment_variables(context.environ, schema)
    chosen = choosing_variables(variables, schema)
    dotenv, config_path = _find_files(context, chosen, report)
    if config_text is not None:
        config_path = config_path or context.folder / schema.filename
    config = _read_config(config_path, config_text, report)
    chosen_by = {**choosing_variables(dotenv, schema), **chosen}
    choice = choose_profile(profile, chosen_by, config, report)
    base = config_path.parent if config_path else context.folder
    own = base if config_path or context.is_searched else None
    profiles = list_profiles(profile_folders(own), report)
    pointer = _choice_label(choice, schema.root)
    chain = resolve_chain(choice.name, pointer, profiles, report, add_own=_add_own(own, schema))

    def read_layers(report: Report) -> Iterator[Layer]:
        yield from file_layers(chain, config, base, choice, report)
        yield from string_layers(dotenv, variables, context.secret_folders, report)
        yield override_layer(overrides or {}, assignments, report)

    check_profile_tables(config, profiles, report)
    others = OtherProfiles(config, profiles, schema)
    grown, merged = _merge(schema, read_layers, others.read, report)
    schema, origins = grown.schema, replace(merged, lineage=_lineage(chain))
    origins = schema.rules.settle(resolve_paths(origins, context.folder))
    # Of a profile that is not there, most of what would be said follows from that.
    settings = _validate(schema, origins, report, others) if choice.name in profiles else None
    return Inspection(
        schema=schema,
        profile=choice.name,
        origins=origins,
        settings=None if report.problems else settings,
        problems=tuple(report.problems),
        notes=grown.notes,
        profiles=profiles,
        config=config_path,
        folder=base,
        environ=context.environ,
        file_schema=grown.widen or (lambda: schema),
    )


def _merge(
    schema: Schema[M],
    read_layers: Callable[[Report], Iterable[Layer]],
    elsewhere: Elsewhere,
    report: Report,
) -> tuple[Grown[M], Origins]:
    """Merge the layers, read once more with another schema where what they enable asks for that."""
    tried = Report(schema)
    layers = list(read_layers(tried))
    grown = Grown(schema)
    if schema.grow:
        grown = schema.grow(merge(_within(layers, schema.open_table), schema.root), elsewhere)
    if grown.schema is not schema:
        tried = Report(grown.schema)
        layers = [_leave_out(layer, grown.schema) for layer in read_layers(tried)]
    origins = merge(layers, grown.schema.root)
    report.problems.extend((*tried.problems, *grown.problems))
    return grown, origins


def _within(layers: Iterable[Layer], table: str) -> Iterator[Layer]:
    """Yield what layers say of one table."""
    for layer in layers:
        found = tuple(one for one in layer.definitions if one.path[0] == table)
        if found:
            yield replace(layer, definitions=found)


def _leave_out(layer: Layer, schema: Schema[SettingsModel]) -> Layer:
    """Return what of a layer is looked at."""
    if not schema.unread:
        return layer
    kept = tuple(one for one in layer.definitions if not schema.is_unread(one.path))
    return replace(layer, definitions=kept)


def _validate(
    schema: Schema[M], origins: Origins, report: Report, others: OtherProfiles
) -> M | None:
    settings = validate(schema, origins, report, others)
    _check_constraints(schema.rules.constraints, origins, report)
    return settings


def _check_constraints(constraints: Sequence[Constraint], origins: Origins, report: Report) -> None:
    """Report every constraint that the merged settings break."""
    broken: list[KeyPath] = []
    for constraint in constraints:
        # What is inside a table of a forbidden kind goes with it.
        is_inside = any(p[: len(b) - 1] == b[:-1] for p in constraint.paths for b in broken)
        problem = None if is_inside else constraint.find_violation(origins)
        if problem:
            broken += constraint.paths
            report.add(problem)


def _context(environ: Mapping[str, str] | None, folder: Path | None, command: str) -> LoadContext:
    is_machine = environ is None
    if environ is None:
        # On Workers variables come with a request, and os.environ has none of them.
        environ = {} if sys.platform == "emscripten" else os.environ
    folders = [SECRET_FOLDER] if is_machine else []
    if environ.get("CREDENTIALS_DIRECTORY"):
        folders.append(Path(environ["CREDENTIALS_DIRECTORY"]))
    return LoadContext(
        environ,
        (folder or working_folder(command)).absolute(),
        is_machine or folder is not None,
        tuple(folders),
    )


def _add_own(base: Path | None, schema: Schema[SettingsModel]) -> str:
    """Tell how a profile of one's own comes to be among those that can be chosen."""
    if base is None:
        variable = schema.config_variable
        return f"give `folder`, or {variable} among the variables, for one of your own"
    return "add profiles/{name}.toml, or choose one of them"


def working_folder(command: str) -> Path:
    """Return the working folder.

    Raises:
        SettingsError: it has been deleted.
    """
    try:
        return Path.cwd()
    except OSError as error:
        problem = Diagnostic(
            "no_working_folder",
            "the working folder",
            "is not there any more",
            help="change to a folder that exists",
        )
        raise SettingsError([problem], command) from error


def _find_files(
    context: LoadContext, chosen: Mapping[str, Variable], report: Report
) -> tuple[list[Variable], Path | None]:
    """Read ``.env`` and find the settings file, which the first may name, and lies beside it."""
    schema = report.schema
    found, dotenv = None, []
    if context.is_searched:
        found = _config_upwards(context.folder, schema.filename)
        dotenv_path = (found.parent if found else context.folder) / ".env"
        if _is_there(dotenv_path):
            from inkcre.settings.dotenv_files import dotenv_variables  # none is on Workers

            dotenv = dotenv_variables(dotenv_path, report)
    named = {**choosing_variables(dotenv, schema), **chosen}.get(schema.config_variable)
    if named is None:
        return dotenv, found
    problem = named.find_problem()
    if problem:
        report.add(problem)
        return dotenv, None
    return dotenv, context.folder / named.value


def _read_config(path: Path | None, text: bytes | None, report: Report) -> TomlDocument | None:
    if path is None:
        return None
    return read_document(path, report) if text is None else read_text(path, text, report)


def _config_upwards(folder: Path, filename: str) -> Path | None:
    for candidate in (folder, *folder.parents):
        if _is_there(candidate / filename):
            return candidate / filename
    return None


def _is_there(path: Path) -> bool:
    """Tell whether there is something, be it unreadable: a link that leads nowhere is a mistake."""
    return os.path.lexists(path)


def _choice_label(choice: Choice, root: Node) -> Label:
    return label_value(Definition(("profile",), choice.name, choice.origin), root)


def _lineage(chain: Sequence[TomlDocument]) -> tuple[str, ...]:
    return tuple(document.path.stem for document in chain)
