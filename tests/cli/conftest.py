"""Run the command as a person does: in a process, in a folder, with an environment."""

import atexit
import functools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.prepared import Prepared, concerns_the_start

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = str(Path(sys.executable).with_name("inkcre"))


def clean_environ(**more: str) -> dict[str, str]:
    """Return an environment without anything of ours, nor of the run of tests that we are in."""
    inside = ("INKCRE_", "TEST_", "PYTEST_", "MAKE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(inside)}
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1", **more}


@functools.cache
def prepared() -> Prepared:
    """Return the process that commands are forked from, one for a worker of the tests."""
    made = Prepared(clean_environ())
    atexit.register(made.close)
    return made


def run_command(
    folder: Path, *arguments: str, stdin: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run ``inkcre`` in a folder: forked, unless the interpreter itself is told something."""
    command, env = [COMMAND, *arguments], clean_environ(**environ)
    if concerns_the_start(env) == concerns_the_start(prepared().environ):
        return prepared().run(command, cwd=folder, env=env, stdin=stdin, seconds=120)
    return subprocess.run(
        command,
        cwd=folder,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs ``inkcre`` in an empty folder."""
    return functools.partial(run_command, tmp_path)
