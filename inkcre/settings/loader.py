"""Load the settings: find the files, choose the profile, stack the layers, validate, check."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from inkcre.sections.rules.consequences import IN_MEMORY, let_storage_follow
from inkcre.sections.rules.constraints import check_constraints
from inkcre.sections.settings import Settings
from inkcre.settings.diagnostics import Diagnostic, Label, suggest
from inkcre.settings.labels import label_toml, label_value
from inkcre.settings.layers import CONFIG_NAME, file_layers, override_layer, string_layers
from inkcre.settings.leaves import Leaf, list_leaves
from inkcre.settings.merging import merge
from inkcre.settings.origins import Definition, Origins, display_path
from inkcre.settings.profiles import (
    Choice,
    choose_profile,
    list_profiles,
    profile_folders,
    read_document,
    read_text,
    resolve_chain,
)
from inkcre.settings.report import Report, SettingsError
from inkcre.settings.schema import find_node
from inkcre.settings.section import find_fault
from inkcre.settings.toml import TomlDocument
from inkcre.settings.validation import validate
from inkcre.settings.variables import (
    SECRET_FOLDER,
    Variable,
    choosing_variables,
    dotenv_variables,
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
class Inspection:
    """All that loading found out, also when the settings are wrong."""

    profile: str = field(repr=False)
    origins: Origins
    settings: Settings | None
    """None when there are problems."""

    problems: tuple[Diagnostic, ...]
    profiles: Mapping[str, Path]
    """The profiles that can be chosen, and their files."""

    config: Path | None = field(repr=False)
    """The file ``inkcre.toml``, or what ``INKCRE_CONFIG`` names; None when there is none."""

    folder: Path = field(repr=False)
    """Where that file is, or would be looked for first."""

    environ: Mapping[str, str] = field(repr=False)

    def leaves(self) -> list[Leaf]:
        """List every setting that is in force."""
        return list_leaves(self.origins, self.settings)


def load_settings(
    profile: str | None = None,
    *,
    overrides: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Load the settings of a profile.

    Layers, weakest first: defaults, the profile's files, ``inkcre.toml``, its
    ``[profiles.NAME]``, ``.env``, secret files, ``INKCRE_*`` variables, overrides.

    Variables that are given are the whole surroundings. Then no ``.env``, no secret folder and no
    ``inkcre.toml`` with its ``profiles/`` counts, unless ``folder`` names the folder of them, or a
    given variable does: ``INKCRE_CONFIG`` the file, ``CREDENTIALS_DIRECTORY`` the secrets.

    Args:
        profile: the profile's name; without one, the surroundings choose.
        overrides: values by dotted key (``{"database.path": ":memory:"}``) or nested.
        assignments: ``key=text`` as typed on a command line, read as variables are.
        environ: variables; by default those of the process, and none at all on Workers.
        folder: where to start looking for ``inkcre.toml``; by default the working folder, and
            with variables that are given, nowhere.

    Raises:
        SettingsError: everything that is wrong, at once.
    """
    found = inspect_settings(
        profile, overrides=overrides, assignments=assignments, environ=environ, folder=folder
    )
    if found.settings is None:
        raise SettingsError(found.problems)
    return found.settings


def inspect_settings(
    profile: str | None = None,
    *,
    overrides: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    config_text: bytes | None = None,
) -> Inspection:
    """Find out all about the settings of a profile, and raise nothing when they are wrong.

    The arguments are those of ``load_settings``; ``config_text`` is read in the place of what the
    file ``inkcre.toml`` has in it.
    """
    report = Report()
    context = _context(environ, folder)
    variables = environment_variables(context.environ)
    chosen = choosing_variables(variables)
    dotenv, config_path = _find_files(context, chosen, report)
    if config_text is not None:
        config_path = config_path or context.folder / CONFIG_NAME
    config = _read_config(config_path, config_text, report)
    chosen_by = {**choosing_variables(dotenv), **chosen}
    choice = choose_profile(profile, chosen_by, config, report)
    base = config_path.parent if config_path else context.folder
    own = base if config_path or context.is_searched else None
    profiles = list_profiles(profile_folders(own), report)
    chain = resolve_chain(
        choice.name, _choice_label(choice), profiles, report, add_own=_add_own(own)
    )
    layers = [
        *file_layers(chain, config, base, choice, report),
        *string_layers(dotenv, variables, context.secret_folders, report),
        override_layer(overrides or {}, assignments, report),
    ]
    _check_profile_tables(config, profiles, report)
    origins = replace(merge(layers), lineage=_lineage(chain))
    origins = let_storage_follow(_resolve_paths(origins, context.folder))
    # Of a profile that is not there, most of what would be said follows from that.
    settings = _validate(origins, report) if choice.name in profiles else None
    return Inspection(
        profile=choice.name,
        origins=origins,
        settings=None if report.problems else settings,
        problems=tuple(report.problems),
        profiles=profiles,
        config=config_path,
        folder=base,
        environ=context.environ,
    )


def _validate(origins: Origins, report: Report) -> Settings | None:
    settings = validate(origins, report)
    check_constraints(origins, report)
    return settings


def _context(environ: Mapping[str, str] | None, folder: Path | None) -> LoadContext:
    is_machine = environ is None
    if environ is None:
        environ = {} if sys.platform == "emscripten" else os.environ
    folders = [SECRET_FOLDER] if is_machine else []
    if environ.get("CREDENTIALS_DIRECTORY"):
        folders.append(Path(environ["CREDENTIALS_DIRECTORY"]))
    return LoadContext(
        environ,
        (folder or working_folder()).absolute(),
        is_machine or folder is not None,
        tuple(folders),
    )


def _add_own(base: Path | None) -> str:
    """Tell how a profile of one's own comes to be among those that can be chosen."""
    if base is None:
        return "give `folder`, or INKCRE_CONFIG among the variables, for one of your own"
    return "add profiles/{name}.toml, or choose one of them"


def working_folder() -> Path:
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
        raise SettingsError([problem]) from error


def _find_files(
    context: LoadContext, chosen: Mapping[str, Variable], report: Report
) -> tuple[list[Variable], Path | None]:
    """Read ``.env`` and find ``inkcre.toml``; the first may name the second, and lies beside it."""
    found, dotenv = None, []
    if context.is_searched:
        found = _config_upwards(context.folder)
        dotenv_path = (found.parent if found else context.folder) / ".env"
        dotenv = dotenv_variables(dotenv_path, report) if _is_there(dotenv_path) else []
    named = {**choosing_variables(dotenv), **chosen}.get("INKCRE_CONFIG")
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


def _config_upwards(folder: Path) -> Path | None:
    for candidate in (folder, *folder.parents):
        if _is_there(candidate / CONFIG_NAME):
            return candidate / CONFIG_NAME
    return None


def _is_there(path: Path) -> bool:
    """Tell whether there is something, be it unreadable: a link that leads nowhere is a mistake."""
    return os.path.lexists(path)


def _choice_label(choice: Choice) -> Label:
    return label_value(Definition(("profile",), choice.name, choice.origin))


def _lineage(chain: Sequence[TomlDocument]) -> tuple[str, ...]:
    return tuple(document.path.stem for document in chain)


def _check_profile_tables(
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


def _resolve_paths(origins: Origins, folder: Path) -> Origins:
    """Make relative paths absolute: against the file that says them, else the working folder."""
    winners = dict(origins.winners)
    for path, definition in winners.items():
        node = find_node(path)
        value = definition.value
        if node and node.is_local_path:
            absolute = _make_absolute(value, definition.origin.base or folder)
            winners[path] = replace(definition, value=absolute)
    return replace(origins, winners=winners)


def _make_absolute(value: object, base: Path) -> object:
    """Make a path absolute, or those in a list; what is no path is for the model to refuse."""
    if isinstance(value, (list, tuple)):
        return type(value)(_make_absolute(item, base) for item in value)
    if not isinstance(value, (str, Path)) or find_fault(str(value)):
        return value
    if str(value) == IN_MEMORY:
        return str(value)
    return base / _expand_home(Path(value))


def _expand_home(path: Path) -> Path:
    """Put a home folder in the place of ``~``; of nobody's home, leave it as it is."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
