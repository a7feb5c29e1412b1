"""Layers against a reference model, and whatever may be written against a planted secret."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inkcre.assembly.compare import compare_profiles, render_difference
from inkcre.assembly.plan import plan_inspection, render_plan
from inkcre.cli.config_show import _as_json
from inkcre.sections.rules.checks import check_settings
from inkcre.sections.rules.findings import Facts
from inkcre.sections.schema import Inspection, inspect_settings
from inkcre.settings.explanations import explain_key, render_explanation
from inkcre.settings.merge import merge
from inkcre.settings.nodes import KeyPath
from inkcre.settings.origins import DefaultOrigin, Definition, Layer
from inkcre.settings.renderers import render_github, render_json, render_text
from inkcre.settings.toml_values import toml_settings
from tests.schemas import SCHEMA

SLOW = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "http.port": st.integers(0, 65535),
    "http.host": st.sampled_from(["a", "b", "c"]),
    "http.cors.max_age_seconds": st.integers(0, 9),
    "http.cors.allow_origins": st.lists(st.sampled_from("xyz"), max_size=2),
    "app.docs": st.booleans(),
    "scheduler.kind": st.sampled_from(["apscheduler", "off"]),
    "scheduler.tick_seconds": st.integers(1, 9),
    "scheduler.timezone": st.sampled_from(["UTC", "Europe/Berlin"]),
    "storage.kind": st.sampled_from(["filesystem", "memory"]),
    "storage.path": st.sampled_from(["/a", "/b"]),
}
LAYER = st.lists(st.sampled_from(list(VALUES)), unique=True, max_size=6).flatmap(
    lambda keys: st.fixed_dictionaries({key: VALUES[key] for key in keys})
)
OWNED = {
    "scheduler.tick_seconds": "apscheduler",
    "scheduler.timezone": "apscheduler",
    "storage.path": "filesystem",
}
"""The keys of the model that only one of its kinds has: they cannot be left over from another."""

TAGGED = {"scheduler": "apscheduler", "storage": "filesystem"}
"""The tagged tables of the model, with the kind that holds when no layer names one."""


def resolve(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Tell in ten lines what layers, weakest first, come to."""
    result: dict[str, Any] = {}
    for layer in layers:
        for table, default in TAGGED.items():
            kind = layer.get(f"{table}.kind")
            if kind is not None and kind != result.get(f"{table}.kind", default):
                kept = {k for k, owner in OWNED.items() if owner == kind}
                result = {
                    k: v for k, v in result.items() if k in kept or k.partition(".")[0] != table
                }
        result.update(layer)
    return result


def to_toml(layer: dict[str, Any], prefix: str = "") -> str:
    """Write a layer with dotted keys."""
    return "".join(f"{prefix}{key} = {json.dumps(value)}\n" for key, value in layer.items())


def to_variables(layer: dict[str, Any]) -> dict[str, str]:
    """Write a layer as variables."""
    return {
        SCHEMA.variable_name(tuple(key.split("."))): value
        if isinstance(value, str)
        else json.dumps(value)
        for key, value in layer.items()
    }


@SLOW
@given(layers=st.tuples(LAYER, LAYER, LAYER, LAYER, LAYER, LAYER, LAYER))
def test_any_layering_resolves_as_the_model_says(
    layers: tuple[dict[str, Any], ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Parent, profile, inkcre.toml, its overlay, .env, variables, overrides: values and origins."""
    folder = tmp_path_factory.mktemp("layers")
    parent, profile, config, overlay, dotenv, variables, overrides = layers
    (folder / "profiles").mkdir()
    (folder / "profiles/base.toml").write_text(to_toml(parent))
    (folder / "profiles/mine.toml").write_text('extends = "base"\n' + to_toml(profile))
    (folder / "inkcre.toml").write_text(to_toml(config) + to_toml(overlay, "profiles.mine."))
    lines = [f"{name}='{value}'\n" for name, value in to_variables(dotenv).items()]
    (folder / ".env").write_text("".join(lines))
    found = inspect_settings(
        "mine", environ=to_variables(variables), overrides=overrides, folder=folder
    )
    expected = resolve(list(layers))
    leaves = {leaf.key: leaf for leaf in found.leaves()}
    allowed = {"scheduler.tick_seconds": "apscheduler", "storage.path": "filesystem"}
    for key, kind in allowed.items():
        table = key.partition(".")[0]
        if key in expected and expected.get(f"{table}.kind", TAGGED[table]) != kind:
            assert any(problem.subject == key for problem in found.problems)
            return
    is_off = expected.get("scheduler.kind") == "off"
    if is_off and "scheduler.timezone" in expected:
        assert found.settings is None
        return
    assert found.problems == ()
    for key, value in expected.items():
        shown = leaves[key].value
        plain = list(shown) if isinstance(shown, tuple) else shown
        assert (str(plain) if isinstance(plain, Path) else plain) == value
    names = ["profile base", "profile mine", "inkcre.toml", "inkcre.toml [profiles.mine]", ".env", "environment", "override"]  # fmt: skip
    for key in expected:
        strongest = max(n for n, layer in enumerate(layers) if key in layer)
        assert leaves[key].origin.layer == names[strongest]


SECRET = "hunter2-planted"
KEYS = [".".join(path) for path, _ in SCHEMA.root.walk_leaves()]
WORD = st.sampled_from([*KEYS, *{k.split(".")[0] for k in KEYS}, "x", "kind", "extends", "profile", "profiles.dev", "bindings.KV"])  # fmt: skip
ANY = st.recursive(
    st.sampled_from([SECRET, f"postgresql://u:{SECRET}@h/d", "dev", "", "postgres", "\x1b[31m"])
    | st.integers()
    | st.floats()
    | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([SECRET[:3], "kind", "url", "a b"]), inner, max_size=2),
    max_leaves=4,
)  # fmt: skip


def write_any(value: Any) -> str:
    """Write a value as TOML does."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {write_any(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write_any, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value)


LINE = st.tuples(WORD, ANY).map(lambda pair: f"{pair[0]} = {write_any(pair[1])}") | st.sampled_from(
    ["[database]", "[http", "]", f"url {SECRET}", f'url = "{SECRET}', "[profiles.dev.database]", "# x"]
)  # fmt: skip


def is_secret(path: KeyPath) -> bool:
    """Tell whether a setting is a secret."""
    node = SCHEMA.root.find(path)
    return node is not None and node.is_secret


def everything_said(found: Inspection, other: Inspection) -> str:
    """Make every report that there is of an inspection."""
    findings = check_settings(found, Facts(is_deploying=True, connection_limit=1))
    leaves = found.leaves()
    said = [
        render_text(found.problems, command="inkcre"), render_json(findings), render_github(findings), repr(found),
        toml_settings(SCHEMA, leaves), "".join(leaf.show() for leaf in leaves if leaf.node.is_secret),
        render_plan(plan_inspection(found)),
        render_difference(compare_profiles(found, other)), str(_as_json(leaves, origins=True, secrets=False)),
    ]  # fmt: skip
    for key in ("database.url", "storage.secret_access_key", "database", "http.port"):
        explanation = explain_key(key, found)
        said.append(render_explanation(explanation) + str(explanation.as_json()))
    return "".join(said)


@SLOW
@given(
    lines=st.lists(LINE, max_size=5),
    environ=st.dictionaries(
        st.sampled_from([SCHEMA.variable_name(tuple(k.split("."))) for k in KEYS] + ["INKCRE_X", "DB_CONN_STRING", "INKCRE_DATABASE"]),
        st.sampled_from([SECRET, f"postgresql://u:{SECRET}@h/d", f'{{"url": "{SECRET}"}}', "5", "[", ""]),
        max_size=3,
    ),
    profile=st.sampled_from(["dev", "server", "workers"]),
)  # fmt: skip
def test_nothing_written_makes_a_traceback_or_shows_a_secret(
    lines: list[str],
    environ: dict[str, str],
    profile: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Any lines, any variables: every report can be made, and none has the planted secret.

    Where a setting that is no secret was given the secret, its own line may quote it.
    """
    folder = tmp_path_factory.mktemp("any")
    text = "\n".join(lines)
    (folder / "inkcre.toml").write_text(text)
    found = inspect_settings(profile, environ=environ, folder=folder)
    other = inspect_settings("dev", environ={}, folder=folder.parent)
    said = everything_said(found, other)
    public = [
        leaf for leaf in found.leaves() if not leaf.node.is_secret and SECRET in str(leaf.value)
    ]
    hidden = [
        definition
        for path, definitions in found.origins.shadowed.items()
        for definition in definitions
        if SECRET in str(definition.value) and not is_secret(path)
    ]
    if not public and not hidden:
        assert SECRET not in said


@pytest.mark.parametrize(("kind", "pool"), [("postgres", "queue"), ("hyperdrive", "null")])
def test_default_of_a_kind_is_that_of_the_kind_around_it(kind: str, pool: str) -> None:
    """Whoever sets something of a pool, and not which one, has the one of the database's kind."""
    said = {("database", "kind"): kind, ("database", "pool", "size"): 5}
    definitions = tuple(Definition(path, value, DefaultOrigin()) for path, value in said.items())
    merged = merge([Layer("x", definitions)], SCHEMA.root)
    assert merged.winners["database", "pool", "kind"].value == pool
