"""Every code is explained, and every example does what it says."""

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic_core import core_schema

from inkcre.cli.explanations import read_explanations
from inkcre.core import INKCRE
from inkcre.sections.rules.checks import CHECKS, check_settings
from inkcre.sections.rules.findings import Facts
from inkcre.sections.schema import inspect_settings
from tests.conftest import ROOT
from tests.schemas import SCHEMA
from tests.settings.cases import lay_out
from tests.unit.test_errors import concrete_codes

EXPLANATIONS = read_explanations()
BLOCK = re.compile(r"^```(\S+)(?: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

OVER_HTTP = {
    *(
        "no_route",
        "method_not_allowed",
        "http",
        "cross_site",
        "range_not_satisfiable",
        "unforeseen",
    ),
}
"""Problems that are no error of ours: those of the framework, and of what stands before a route."""

WRONG_VALUES: list[Any] = [
    "", "x", "x" * 100, "9" * 5000, "\ud800", 5, -5, 10**30, 1.5, float("inf"), True, None,
    [], ["a"], [5], {}, {"a": 1}, "2026-13-01", "2026-12-01T05:00", b"x",
]  # fmt: skip


def parts_of(text: str) -> dict[str, str]:
    """Turn the blocks of an example into the parts of a case; what is only to be read is left out."""
    parts: dict[str, str] = {}
    for language, name, body in BLOCK.findall(text):
        if language == "python":
            parts["arguments"] = f"{{'overrides': {body}}}"
        elif name.startswith("too-large "):
            parts[f"large {name.partition(' ')[2]}"] = "# more\n"
        elif language == "console":
            parts["console"] = body
        elif name:
            parts[name] = body.strip("\n")
    return parts


def sides(code: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the parts of the wrong example and of the right one."""
    wrong, _, right = EXPLANATIONS[code].partition("Right:\n")
    return parts_of(wrong), parts_of(right)


def run_console(lines: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Run commands one after the other; give what they printed."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    printed = io.StringIO()
    for line in lines.splitlines():
        with redirect_stderr(printed), redirect_stdout(printed), pytest.raises(SystemExit):
            INKCRE.cli(line.removeprefix("$ inkcre ").split())
    return printed.getvalue()


def codes_of(parts: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return the codes that an example earns, by loading, by the checks, or by its commands."""
    monkeypatch.chdir(folder)
    console = parts.pop("console", None)
    case = lay_out(parts, folder)
    if console:
        return set(
            re.findall(
                r"^(?:error|warning|note)\[(\w+)\]",
                run_console(console, case.environ, monkeypatch),
                re.MULTILINE,
            )
        )
    found = case.inspect(folder)
    facts = Facts(is_deploying=True, connection_limit=97)
    return {p.code for p in (*found.problems, *check_settings(found, facts))}


RUNNABLE = [code for code in EXPLANATIONS if sides(code)[0]]


@pytest.mark.parametrize("code", RUNNABLE)
def test_wrong_example_earns_its_code(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever does what it shows meets what it explains."""
    earned = codes_of(sides(code)[0], tmp_path, monkeypatch)
    assert code in earned or (code == "settings" and earned)


@pytest.mark.parametrize("code", RUNNABLE)
def test_right_example_does_not_earn_it(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever copies it is rid of the problem."""
    right = sides(code)[1]
    assert right or code in ("cannot_share", "misconfigured", "wrong_target")
    assert code not in codes_of(right, tmp_path, monkeypatch)


def test_every_example_that_can_run_does() -> None:
    """Only what needs the surroundings' help is left to be read."""
    unrun = set(EXPLANATIONS) - set(RUNNABLE)
    assert unrun == {
        "broken_extension", "cannot_listen", "cannot_serve", "conflict", "database_busy", "int_parsing_size", "invalid", "invariant_broken",
        "misconfigured", "missing_reference", "no_wheel", "not_installed", "not_lent", "foreign_table", "cursor_expired", "built_on", "change_forgotten", "no_working_folder", "not_found",
        "address_refused", "bad_answer", "bad_reference", "base_changed", "partly_read", "no_backup", "damaged", "damaged_backup", "not_empty", "clash", "clock_ahead", "collect_failed", "forbidden", "gave_up", "lease_lost", "strange_payload", "malformed_header", "precondition_failed", "quota_exceeded", "read_only", "same_place", "schema_behind", "secret_in_configuration", "timed_out", "too_large", "too_slow", "unavailable", "unfit_version",
        "headers_too_large", "out_of_descriptors", "target_too_long", "tick_stalled", "clock_skewed", "too_many_connections", "unknown_coding", *OVER_HTTP,
        "time_refused", "keys_expired", "keys_refused", "slow_down", "wrong_region",
        "stale_lock", "storage_contested", "storage_taken", "storage_unclaimed", "unreadable_wrangler_configuration", "unsupported", "wrong_hash",
    }  # fmt: skip
    assert all("```" in EXPLANATIONS[code] for code in unrun)


def overrides() -> Iterator[dict[str, Any]]:
    """Return every setting of every kind every wrong value."""
    sections = SCHEMA.root.children()
    for port, node in sections.items():
        for kind in node.variants or ("",):
            base = {f"{port}.kind": kind} if node.tag else {}
            for key, child in node.children(kind).items():
                inner = [f"{port}.{key}.{name}" for name in child.children()]
                for path in (f"{port}.{key}", *inner):
                    yield from ({**base, path: value} for value in WRONG_VALUES)
        yield from ({port: value} for value in WRONG_VALUES)
    bindings = SCHEMA.root.find(("bindings", "X"))
    assert bindings
    for kind, keys in bindings.variants.items():
        for key in keys:
            for value in WRONG_VALUES:
                yield {"bindings.X.type": kind, f"bindings.X.{key}": value}


def test_every_code_that_a_setting_can_earn_is_explained(tmp_path: Path) -> None:
    """Each setting of each kind is chosen each kind of wrong value: no traceback, no unknown code."""
    earned = {
        problem.code
        for chosen in overrides()
        for problem in inspect_settings(
            "dev", overrides=chosen, environ={}, folder=tmp_path
        ).problems
    }
    assert len(earned) > 25
    assert earned <= set(EXPLANATIONS)


def test_every_code_in_the_source_is_explained() -> None:
    """Those of diagnostics, of checks and of errors; and none is explained that does not exist."""
    codes = {check.id for check in CHECKS} | concrete_codes()
    rooms = (ROOT / "inkcre" / room for room in ("settings", "sections"))
    for path in (path for room in rooms for path in room.rglob("*.py")):
        codes |= set(re.findall(r'Diagnostic\(\s*"(\w+)"', path.read_text()))
        codes |= set(re.findall(r'_refuse\(\s*(?:schema, )?"(\w+)"', path.read_text()))
        codes |= set(re.findall(r'(?:PydanticCustomError|Fault)\(\s*"(\w+)"', path.read_text()))
    codes |= OVER_HTTP
    assert codes <= set(EXPLANATIONS)
    pydantics = set(EXPLANATIONS) - codes - {"path_type"}
    assert pydantics <= set(get_args(core_schema.ErrorType))
