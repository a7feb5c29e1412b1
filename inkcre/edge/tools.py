"""The programs that building and serving use, and where what they fetch is kept."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from inkcre.errors import Unavailable


def tools_folder() -> Path:
    """Return the folder of what is fetched: in the venv, beside its packages."""
    return Path(sys.prefix) / "share" / "inkcre"


def run_program(
    name: str,
    command: Sequence[str],
    *,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    seconds: float,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, and give what it wrote.

    Args:
        name: what people call it.
        command: the program and its arguments; there is no shell.
        folder: the working folder.
        environ: its environment; None: ours.
        seconds: how long it may take.

    Raises:
        Unavailable: it took longer, or could not be started.
    """
    try:
        return subprocess.run(  # noqa: S603 - no shell
            command,
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{name}: did not end in {seconds:.0f} s", hint="run it again") from error
    except OSError as error:
        reason = (error.strerror or "cannot be run").lower()
        raise Unavailable(f"{name}: {reason}", hint="reinstall inkcre[edge]") from error
