"""Empty, quoted, with the end of a line: no path, host or name, in any layer."""

import json
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, SecretStr

from inkcre.sections.schema import inspect_settings
from inkcre.sections.settings import Settings
from inkcre.settings.section import SOUND, Section, find_fault
from tests.schemas import SCHEMA
from tests.settings.cases import lay_out

FREE_TEXT = {
    "http.root_path": "the path of an address: empty, or parts whose letters refuse all of this",
    "app.title": "shown to people as it is; nothing is looked up by it",
    "workers.crons": "an expression with a grammar of its own, which refuses all of this",
}
"""Settings that are text and name nothing, and why."""

FAULTY = {
    "": "empty_value",
    " \t ": "empty_value",
    '"data"': "quoted_value",
    " 'data' ": "quoted_value",
    '""': "quoted_value",
    "data\r": "control_character",
    "a\nb": "control_character",
    "a\x7fb": "control_character",
    "a\u2028b": "control_character",
}


def texts_of(annotation: Any, metadata: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the metadata of each text, path and secret in a field's type, down to items and keys."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        yield from texts_of(inner, (*metadata, *more))
    elif annotation in (str, Path, SecretStr):
        yield metadata
    elif origin in (Union, types.UnionType, tuple) or (
        isinstance(origin, type) and issubclass(origin, Mapping)
    ):
        for argument in get_args(annotation):
            yield from texts_of(argument)
    elif annotation is not Ellipsis:
        assert origin is Literal or isinstance(annotation, type), annotation


def models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the tables in a field's type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_of(argument)


def unsound_fields(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the settings that are text, and that may be anything."""
    for name, info in model.model_fields.items():
        metadata = tuple(info.metadata)
        if any(SOUND not in found for found in texts_of(info.annotation, metadata)):
            yield ".".join((*path, name))
        for inner in models_of(info.annotation):
            yield from unsound_fields(inner, (*path, name))


def test_every_text_names_something_or_is_free() -> None:
    """A new setting is a path, a host, a name, or is listed here with the reason."""
    assert set(unsound_fields(Settings)) == set(FREE_TEXT)


def test_walk_finds_what_is_not_sound() -> None:
    """In a field, an item, a choice of types, a table in a table."""

    class Inner(Section):
        path: Path | None = None
        names: tuple[str, ...] = ()
        sound: Annotated[str, SOUND] = ""

    class Outer(Section):
        inner: Inner = Inner()
        secret: SecretStr | None = None

    assert set(unsound_fields(Outer)) == {"inner.path", "inner.names", "secret"}


@pytest.mark.parametrize(("text", "code"), FAULTY.items())
def test_fault_of_a_text(text: str, code: str) -> None:
    """Each has its code."""
    fault = find_fault(text)
    assert fault
    assert fault.code == code


@pytest.mark.parametrize(
    "text", ["data", "a b", "it's", "\"a\" and 'b'", "'", "资料库", "a\u00a0b", "\udcff"]
)
def test_text_without_fault(text: str) -> None:
    """Quotes inside, spaces inside, bytes of a file's name that are no text."""
    assert find_fault(text) is None


NAMING = {
    "storage.path": "dev", "database.path": "dev", "http.host": "dev", "scheduler.timezone": "dev",
    "sources.folders": "dev", "web.private_hosts": "dev", "http.cors.allow_origins": "dev", "extensions.enabled": "dev",
    "checks.silence": "dev", "workers.name": "dev", "database.url": "server",
    "storage.bucket": "s3", "storage.region": "s3", "storage.endpoint": "s3", "storage.access_key_id": "s3",
    "storage.secret_access_key": "s3", "storage.binding": "workers", "bindings.FILES.bucket": "workers",
    "bindings.KV.id": "workers", "database.binding": "workers",
}  # fmt: skip
"""Settings of each kind, and where they are in force."""

LAYERS = ["inkcre.toml", "overlay", "profile", ".env", "secret file", "environ", "--set", "override"]  # fmt: skip


def parts_of(layer: str, key: str, value: Any) -> dict[str, str]:
    """Write a value of a setting into a layer."""
    where = NAMING[key]
    parent = {"s3": "dev"}.get(where, where)
    base = f"extends = {json.dumps(parent)}\n" + (
        '[storage]\nkind = "s3"\n' if where == "s3" else ""
    )
    if where == "s3" and key != "storage.bucket":
        base += 'bucket = "inkcre-files"\n'
    table, _, name = key.rpartition(".")
    line = f"{name} = {json.dumps(value)}\n"
    written = value if isinstance(value, str) else json.dumps(value)
    variable = SCHEMA.variable_name(tuple(key.split(".")))
    arguments: dict[str, Any] = {"profile": "mine"}
    parts: dict[str, str] = {}
    if layer == "inkcre.toml":
        parts["inkcre.toml"] = f"[{table}]\n{line}"
    elif layer == "overlay":
        parts["inkcre.toml"] = f"[profiles.mine.{table}]\n{line}"
    elif layer == "profile":
        has_table = f"[{table}]\n" in base
        base += line if has_table else f"[{table}]\n{line}"
    elif layer == ".env":
        parts[".env"] = f"{variable}={json.dumps(written, ensure_ascii=False)}\n"
    elif layer == "environ":
        arguments_environ = {variable: written}
        return {
            **parts,
            "profiles/mine.toml": base,
            "arguments": repr(arguments),
            "given": repr(arguments_environ),
        }
    elif layer == "secret file":
        parts[f"run/{variable}"] = written
        return {
            **parts,
            "profiles/mine.toml": base,
            "arguments": repr(arguments),
            "given": repr({"CREDENTIALS_DIRECTORY": "run"}),
        }
    elif layer == "--set":
        arguments["assignments"] = [f"{key}={written}"]
    else:
        arguments["overrides"] = {key: value}
    return {**parts, "profiles/mine.toml": base, "arguments": repr(arguments)}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("key", NAMING)
def test_fault_is_an_error_with_its_place_in_every_layer(
    layer: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of lists, each item is asked; a secret's file and variable lose white space around it first."""
    monkeypatch.chdir(tmp_path)
    node = SCHEMA.root.find(tuple(key.split(".")))
    assert node
    faults = {text: code for text, code in FAULTY.items() if "\x7f" not in text}
    for text, code in faults.items():
        is_stripped = (
            node.is_secret and layer in (".env", "environ", "--set")
        ) or layer == "secret file"
        bare = text.strip() if is_stripped else text
        if find_fault(bare) is None or (layer == "secret file" and node.is_list):
            continue
        parts = parts_of(layer, key, [text] if node.is_list else text)
        given = eval(parts.pop("given", "{}"))
        case = lay_out(parts, tmp_path)
        case.environ.update(given)
        problems = case.inspect(tmp_path).problems
        subject = f"{key}.0" if node.is_list else key
        assert [(p.code, p.subject) for p in problems] == [(code, subject)], (text, problems)
        assert problems[0].labels
        assert problems[0].help


def test_empty_path_is_not_the_working_folder(tmp_path: Path) -> None:
    """Neither of files, nor of what sources may read; a dot is, since somebody wrote it."""
    for key, value in {"storage.path": "", "sources.folders": [""], "database.path": " "}.items():
        found = inspect_settings("dev", overrides={key: value}, environ={}, folder=tmp_path)
        assert [p.code for p in found.problems] == ["empty_value"]
    found = inspect_settings("dev", overrides={"storage.path": "."}, environ={}, folder=tmp_path)
    assert found.settings
    assert found.settings.storage.path == tmp_path  # type: ignore[union-attr]


def test_name_of_a_binding_is_asked_as_well(tmp_path: Path) -> None:
    """The key of a table is a name too."""
    overrides = {"bindings": {"": {"type": "kv"}, "'KV2'": {"type": "kv"}}}
    found = inspect_settings("workers", overrides=overrides, environ={}, folder=tmp_path)
    assert [p.code for p in found.problems] == ["empty_value", "quoted_value"]
