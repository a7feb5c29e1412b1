"""What developers run, in a checkout in which somebody keeps a base: it runs, and leaves that alone."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import clean_environ
from tests.conftest import ROOT
from tests.isolation import surroundings

REAL = ("data", ".env", "inkcre.toml", "build/workers-local/.wrangler", "profiles", "secrets")
"""What is somebody's: bases and files, settings, and the base of ``inkcre dev --edge``."""

NOT_RUN = {"run", "check", "format", "lock", "clean"}
"""Targets that start nothing of ours, but for ``run``, which serves what is kept here."""

SMALLEST = {
    "test": "tests/unit/test_app.py tests/cli/test_run.py -k 'imports_beside or threads or without_any'",
    "bench": "serving",
    "bench-edge": "none",
    "soak": "storages --rounds 1",
}
"""The least work of a target, as its ARGS; whatever else runs takes ``--seconds``."""

SAYS = {
    "test": " passed",
    "bench": "GET /blocks/{id}",
    "bench-edge": "",
    "fuzz": "only diagnostics",
    "soak": "nothing was lost",
}
"""What shows that a target did its work."""

(PHONY,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
RUN = sorted(set(PHONY.split()) - NOT_RUN)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the sources, with the same packages, and with what somebody keeps in it."""
    left = (".git", ".venv*", ".env", "data", "build", "dist", "secrets", ".*_cache", "__pycache__")
    shutil.copytree(ROOT, tmp_path / "co", ignore=shutil.ignore_patterns(*left))
    folder = tmp_path / "co"
    (folder / ".venv").symlink_to(sys.prefix)
    surroundings.keep_base(folder)
    edge = folder / "build" / "workers-local"
    for name in (".wrangler/state/v3/d1/base.sqlite", ".wrangler/empty/.keep", "src/worker.py"):
        (edge / name).parent.mkdir(parents=True, exist_ok=True)
        (edge / name).write_text("kept by dev --edge")
    (edge / ".wrangler/empty/.keep").unlink()
    return folder


def make(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a target, its packages taken for installed: they are those of this checkout."""
    return subprocess.run(
        ["make", "--old-file=.venv/.ready", *arguments],
        cwd=folder, env=clean_environ(PYTHONPATH=str(folder), **environ),
        capture_output=True, text=True, check=False, timeout=170,
    )  # fmt: skip


@pytest.mark.parametrize("target", RUN)
def test_target_touches_nothing_real(target: str, checkout: Path) -> None:
    """Settings that lead to a server, in files and in variables: nothing changes, nobody calls."""
    with surroundings.listening() as listener:
        hostile = surroundings.hostile_files(listener.port)
        del hostile["profiles/dev.toml"]  # it is the package's here
        surroundings.lay_files(checkout, hostile)
        variables = surroundings.hostile_variables(listener.port, checkout)
        ours = {k: v for k, v in variables.items() if k.startswith(("INKCRE_", "CREDENTIALS_"))}
        before = surroundings.digest(checkout, *REAL)
        done = make(
            checkout, target, f"ARGS={SMALLEST.get(target, '--seconds 1')}", "JOBS=1",
            BENCH_ROUNDS="1", BENCH_SECONDS="0.05", BENCH_CONNECTIONS="1", **ours,
        )  # fmt: skip
        assert SAYS.get(target, "") in done.stdout, done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        assert surroundings.digest(checkout, *REAL) == before
        assert listener.connections == 0


def test_clean_leaves_what_is_kept(checkout: Path) -> None:
    """What was built is gone, and the packages; a base is none of that, wherever it lies."""
    before = surroundings.digest(checkout, *REAL)
    for name in ("build/workers/src/worker.py", "dist/a.whl", ".ruff_cache/x", ".hypothesis/x"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("made")
    beside = checkout / "dist" / "mine" / ".wrangler" / "state"  # inkcre dev --edge --out dist/mine
    beside.mkdir(parents=True)
    (beside / "base.sqlite").write_text("kept")
    done = make(checkout, "clean")
    assert done.returncode == 0, done.stderr
    assert surroundings.digest(checkout, *REAL) == before
    assert (beside / "base.sqlite").read_text() == "kept"
    left = {path.name for path in checkout.iterdir()}
    assert not left & {".venv", ".ruff_cache", ".hypothesis", ".pytest_cache"}
    assert not (checkout / "build" / "workers").exists()
    assert [path.name for path in (checkout / "build" / "workers-local").iterdir()] == [".wrangler"]
    assert [path.name for path in (checkout / "dist").iterdir()] == ["mine"]
    assert make(checkout, "clean").returncode == 0


def test_another_python_has_packages_of_its_own(checkout: Path) -> None:
    """Those of the Python that was there first are left as they are, and used when it is named."""
    named = checkout / "python3.99"
    named.write_text("#!/bin/sh\necho 3.99\n")
    named.chmod(0o755)
    for python, environment in ((sys.executable, ".venv"), (str(named), ".venv-3.99")):
        done = make(checkout, "--dry-run", "check", f"PYTHON={python}")
        assert f"\n{environment}/bin/mypy\n" in done.stdout, done.stderr
