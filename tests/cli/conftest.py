"""Run the command the way a person does: as a process, in a folder, with an environment."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
COMMAND = str(Path(sys.executable).with_name("inkcre"))


def clean_environ(**more: str) -> dict[str, str]:
    """Give an environment without anything of ours."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("INKCRE_", "TEST_"))}
    return {**kept, "COLUMNS": "200", "NO_COLOR": "1", **more}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Give a function that runs ``inkcre`` in an empty folder."""

    def run_(*arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=tmp_path,
            env=clean_environ(**environ),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run_
