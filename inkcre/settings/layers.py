"""Layers out of files, named strings and overrides, for the loader to stack."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from inkcre.settings.diagnostics import Diagnostic, Label
from inkcre.settings.labels import label_toml
from inkcre.settings.masks import MASK, show_key
from inkcre.settings.merge import flatten
from inkcre.settings.nodes import Node
from inkcre.settings.origins import Definition, Layer, OverrideOrigin, TomlOrigin
from inkcre.settings.profiles import META_KEYS, Choice
from inkcre.settings.report import Report
from inkcre.settings.toml import TomlDocument
from inkcre.settings.variables import (
    Variable,
    parse_override,
    secret_folder_variables,
    split_file_variables,
    variables_layer,
)


def file_layers(
    chain: Sequence[TomlDocument],
    config: TomlDocument | None,
    base: Path,
    choice: Choice,
    report: Report,
) -> Iterator[Layer]:
    """Yield the layers of files: of profiles, nearest last, of the settings file, its overlay."""
    root, filename = report.schema.root, report.schema.filename
    for document in reversed(chain):
        data = _profile_settings(document, document.data, (), report)
        yield _toml_layer(f"profile {document.path.stem}", document, data, (), base, root)
    if config:
        data = {k: v for k, v in config.data.items() if k not in ("profile", "profiles")}
        yield _toml_layer(filename, config, data, (), base, root)
        overlay = _profile_table(config).get(choice.name)
        if isinstance(overlay, dict):
            keys = ("profiles", choice.name)
            data = _profile_settings(config, overlay, keys, report)
            name = f"{filename} [profiles.{choice.name}]"
            yield _toml_layer(name, config, data, keys, base, root)
    yield Layer("profile choice", (Definition(("profile",), choice.name, choice.origin),))


def _profile_settings(
    document: TomlDocument, data: dict[str, object], keys: tuple[str, ...], report: Report
) -> dict[str, object]:
    """Return what a profile sets; that it may not choose a profile is said, not forgotten."""
    if "profile" in data:
        is_table = not isinstance(data["profile"], str)
        label = label_toml(document, (*keys, "profile"), at_key=True, masked=is_table)
        report.add(
            Diagnostic(
                "profile_in_profile",
                ".".join((*keys, "profile")),
                "a profile does not choose a profile",
                (label,),
                help=f"write it above the tables of {report.schema.filename}, or remove it",
            )
        )
    about = ("profile",) if keys else ("profile", *META_KEYS)
    return {key: value for key, value in data.items() if key not in about}


def _profile_table(config: TomlDocument) -> dict[str, object]:
    table = config.data.get("profiles", {})
    return table if isinstance(table, dict) else {}


def _toml_layer(
    name: str,
    document: TomlDocument,
    data: dict[str, object],
    keys: tuple[str, ...],
    base: Path,
    root: Node,
) -> Layer:
    return Layer(
        name,
        tuple(
            Definition(path, value, TomlOrigin(name, document, keys + path, base))
            for path, value in flatten(data, root)
        ),
    )


def string_layers(
    dotenv: Sequence[Variable],
    variables: Sequence[Variable],
    secret_folders: Sequence[Path],
    report: Report,
) -> Iterator[Layer]:
    """Yield the layers of named strings: ``.env``, secret files, variables."""
    plain_dotenv, dotenv_files = split_file_variables(dotenv, report)
    plain, files = split_file_variables(variables, report)
    secrets = [*secret_folder_variables(secret_folders, report), *dotenv_files, *files]
    yield from variables_layer(".env", plain_dotenv, report)
    yield from variables_layer("secret file", secrets, report)
    yield from variables_layer("environment", plain, report)


def override_layer(
    overrides: Mapping[str, object], assignments: Sequence[str], report: Report
) -> Layer:
    """Make the layer of what is given in code, and of ``--set``."""
    definitions: list[Definition] = []
    for dotted, value in overrides.items():
        *outer, last = dotted.split(".")
        nested = {last: value}
        for key in reversed(outer):
            nested = {key: nested}
        for path, leaf in flatten(nested, report.schema.root):
            definitions.append(Definition(path, leaf, OverrideOrigin(".".join(path))))
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or show_key(key.strip()) == MASK:
            report.add(
                Diagnostic(
                    "not_an_assignment",
                    "--set",
                    "expected KEY=VALUE",
                    (),
                    (),
                    "write --set http.port=8080",
                )
            )
            continue
        definitions.extend(
            parse_override(key.strip(), text, OverrideOrigin(f"--set {key.strip()}"), report)
        )
    for definition in definitions:
        if definition.path == ("profile",):
            report.add(_refuse_choice(definition))
    return Layer("override", tuple(definitions))


def _refuse_choice(definition: Definition) -> Diagnostic:
    """Tell that by now the profile is chosen, and its files are read."""
    return Diagnostic(
        "profile_chosen_late",
        "profile",
        "is not chosen by an override",
        (Label(definition.origin.describe()),),
        help="use --profile, or the argument of that name",
    )
