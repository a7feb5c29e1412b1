"""The lowest versions that pyproject.toml declares: installed, used, and tested with.

A copy of the checkout, and an environment with the lowest version of everything that is named
there, the newest of what that needs, and the tools of tests beside it. What is given goes to
pytest; by itself, what needs no server.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT
from tests.soak.packaging import copy_checkout, run, use

TESTS = ["tests/unit", "tests/graph", "tests/sql", "tests/settings", "tests/sources"]
BOOTSTRAP = Path(sys.prefix) / ".bootstrap"
"""Where `make` puts uv if it is not on the path."""


def run_uv(*arguments: str | Path, folder: Path) -> str:
    """Run uv; return what it says."""
    found = shutil.which("uv")
    program = [found] if found else [sys.executable, "-m", "uv"]
    return run(*program, *arguments, folder=folder, PYTHONPATH=str(BOOTSTRAP))


def make_environment(checkout: Path, made: Path) -> Path:
    """Make the environment; return its folder of commands."""
    run_uv("venv", "--quiet", "--python", sys.executable, made / "environment", folder=made)
    commands, lock = made / "environment" / "bin", made / "lowest.txt"
    options = ["--quiet", "--resolution", "lowest-direct", "--all-extras", "--no-header"]
    run_uv("pip", "compile", *options, "-o", lock, "pyproject.toml", folder=checkout)
    install: list[str | Path] = ["pip", "install", "--quiet", "--python", commands / "python"]
    run_uv(*install, "-r", lock, folder=checkout)
    run_uv(*install, "--group", "dev", "--constraints", lock, folder=checkout)
    run_uv(*install, "--no-deps", "--no-build-isolation", "--editable", ".", folder=checkout)
    return commands


def main(arguments: Sequence[str]) -> int:
    """Run it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak lowest", description=__doc__)
    parser.add_argument("tests", nargs="*", default=TESTS, help="for pytest")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="inkcre-lowest-") as made:
        checkout = copy_checkout(Path(made) / "checkout")
        commands = make_environment(checkout, Path(made))
        base = Path(made) / "base"
        base.mkdir()
        use(commands, ROOT, base)
        tested = run(commands / "pytest", "-q", "-n", "2", *asked.tests, folder=checkout)
        print(tested.strip().rpartition("\n")[2])
    return 0
