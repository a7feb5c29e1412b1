"""Run the command the way a person does: as a process, in a folder, with an environment."""

import functools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = str(Path(sys.executable).with_name("inkcre"))


def clean_environ(**more: str) -> dict[str, str]:
    """Return an environment without anything of ours, nor of the run of tests that we are in."""
    inside = ("INKCRE_", "TEST_", "PYTEST_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(inside)}
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1", **more}


def run_command(
    folder: Path, *arguments: str, stdin: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    """Run ``inkcre`` in a folder."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env=clean_environ(**environ),
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
