"""Clients that others' programs make of the API's description, in TypeScript and in Python.

They are made, checked as strictly as their language can, and run the README's main flow.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest

from inkcre.edge.local.node import modules_folder, node_environment, node_program
from tests.conftest import sqlite_settings
from tests.homes import serve

HERE = Path(__file__).parent / "generators"
MODULES = modules_folder(HERE) / "node_modules"
PYTHON_PACKAGES = Path(sys.prefix) / "generators"
SECONDS = 120

DONE = {
    "created": [2, 0],
    "page": [1, None],
    "arcs": ["about"],
    "walked": [2, False],
    "kept": True,
    "items": 1,
    "metrics": True,
    "missing": [404, "block 999999: not found"],
}
"""What the flow says, in either language."""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Serve an empty base."""
    overrides = {"database.migrate_on_start": True, "storage.path": str(tmp_path / "files")}
    with serve(sqlite_settings(tmp_path / "base.sqlite3", **overrides)) as served:
        yield served


@pytest.fixture
def described(url: str, tmp_path: Path) -> Path:
    """Return a file with the description."""
    (tmp_path / "openapi.json").write_bytes(httpx.get(f"{url}/openapi.json").content)
    return tmp_path / "openapi.json"


def run(*command: object, folder: Path, **environ: str) -> str:
    """Run a program to its good end; return what it says."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_node(script: str, *arguments: object, folder: Path) -> str:
    """Run one of the npm packages' programs, or a file of the folder."""
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    path = MODULES / script if (MODULES / script).exists() else script
    return run(node_program(), path, *arguments, folder=folder, **node_environment(), **quiet)


@pytest.mark.timeout(SECONDS)
def test_client_in_typescript(url: str, described: Path) -> None:
    """By openapi-typescript and openapi-fetch; ``tsc`` takes it as strictly as it can."""
    folder = described.parent
    (folder / "node_modules").symlink_to(MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "flow.ts").write_bytes((HERE / "flow.ts").read_bytes())
    (folder / "node.d.ts").write_text(
        'declare module "node:fs" { export function readFileSync(path: string, coding: string): string }\n'
        "declare const process: { argv: string[] };\n"
    )
    run_node("openapi-typescript/bin/cli.js", described, "-o", "schema.d.ts", folder=folder)
    strict = "--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --noEmit"
    modules = "--module nodenext --target es2024 --lib es2024,dom --allowImportingTsExtensions"
    options = f"{strict} {modules} --skipLibCheck false".split()
    run_node("typescript/bin/tsc", *options, "flow.ts", "node.d.ts", folder=folder)
    assert json.loads(run_node("flow.ts", url, folder=folder)) == DONE


@pytest.mark.timeout(SECONDS)
def test_client_in_python(url: str, described: Path) -> None:
    """By openapi-python-client; mypy takes it, and the flow that uses it, as strictly as it can."""
    folder = described.parent
    environ = {**os.environ, "PYTHONPATH": str(PYTHON_PACKAGES)}
    environ["PATH"] = f"{PYTHON_PACKAGES / 'bin'}{os.pathsep}{environ['PATH']}"
    (folder / "names.yml").write_text("package_name_override: base_client\n")
    said = run(
        sys.executable, "-m", "openapi_python_client", "generate", "--path", described,
        "--output-path", "client", "--config", "names.yml", "--fail-on-warning",
        folder=folder, **environ,
    )  # fmt: skip
    assert "WARNING" not in said
    flow = folder / "client" / "flow.py"
    flow.write_bytes((HERE / "flow.py").read_bytes())
    strict = ["--strict", "--config-file", os.devnull]
    run(
        sys.executable,
        "-m",
        "mypy",
        *strict,
        flow.name,
        "base_client",
        folder=flow.parent,
        **environ,
    )
    assert json.loads(run(sys.executable, flow.name, url, folder=flow.parent, **environ)) == DONE


@pytest.mark.timeout(SECONDS)
def test_description_has_nothing_to_complain_of(described: Path) -> None:
    """By redocly's recommended rules. A base has no license, and a server only below a prefix."""
    (described.parent / "redocly.yaml").write_text(
        "extends: [recommended-strict]\nrules: {info-license: off, no-empty-servers: off}\n"
    )
    run_node("@redocly/cli/bin/cli.js", "lint", described.name, folder=described.parent)
