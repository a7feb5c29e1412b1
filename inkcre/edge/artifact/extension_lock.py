"""The lock of what extensions need on Workers besides us: resolved by uv, kept beside the settings.

An extension's own modules are taken as they are installed here, like the application's.
"""

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from inkcre.application import Application
from inkcre.discovery import FRAMEWORK, find_distribution
from inkcre.edge.artifact.lock import LockedPackage, lock_file, read_lock
from inkcre.edge.artifact.tags import PLATFORM, PYTHON
from inkcre.edge.artifact.wheels import NoWheel
from inkcre.edge.tools import run_program
from inkcre.errors import OperatorError, Unavailable, Unsupported

NAME = "extensions.lock"

RESOLVE_SECONDS = 300

UV_PLATFORM = "wasm32-pyodide2025"
"""uv's name of the platform: https://docs.astral.sh/uv/reference/cli/#uv-pip-compile."""

ENVIRONMENT = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_system": "Emscripten",
    "python_full_version": f"{PYTHON}.0",
    "python_version": PYTHON,
    "sys_platform": "emscripten",
    "extra": "",
}
"""What markers are judged by: https://peps.python.org/pep-0508/#environment-markers."""

HEADER = "# What extensions need on Workers. Written by `{command} extensions lock`.\n"


class StaleLock(OperatorError):
    """Tell that the lock does not have what an extension needs."""

    code = "stale_lock"


def list_requirements(application: Application) -> Iterator[tuple[str, Requirement]]:
    """Yield what the extensions that settings enable need on Workers, each with its extension.

    Ourselves, and what only another platform needs, are left out.
    """
    for part in application.on("workers").enabled:
        distribution = find_distribution(application, part.name)
        for line in (distribution.requires if distribution else None) or ():
            requirement = Requirement(line)
            applies = requirement.marker is None or requirement.marker.evaluate(ENVIRONMENT)
            if applies and canonicalize_name(requirement.name) != FRAMEWORK:
                yield part.name, requirement


def resolve_lock(application: Application) -> str:
    """Resolve what extensions need, at the versions that our own lock has; return the lock.

    Raises:
        NoWheel: a package has none for the platform.
        Unsupported: uv is not installed, or what extensions need cannot be had together.
    """
    header = HEADER.format(command=application.name)
    needed = [str(requirement) for _, requirement in list_requirements(application)]
    if not needed:
        return header
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder) / "extensions.in"
        asked.write_text("\n".join(needed) + "\n")
        command = [
            *_find_uv(), "pip", "compile", "--quiet", "--python-platform", UV_PLATFORM,
            "--python-version", PYTHON, "--only-binary", ":all:", "--generate-hashes",
            "--no-header", "--constraint", str(lock_file()), str(asked),
        ]  # fmt: skip
        done = run_program("uv", command, folder=Path(folder), seconds=RESOLVE_SECONDS)
    if done.returncode:
        raise _explain(done.stderr, application)
    return header + re.sub(r"-[cr] \S*[/\\](\S+)", r"\1", done.stdout)


def _find_uv() -> list[str]:
    found = shutil.which("uv")
    if found:
        return [found]
    if find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    raise Unsupported("uv: is not installed, and resolves what extensions need", hint=INSTALL)


INSTALL = "run `pip install uv`"


def _explain(said: str, application: Application) -> Exception:
    """Tell what uv says in one sentence: a package without a wheel, or what else there is."""
    text = " ".join(said.split())
    without = re.search(r"(\S+?)(?:==(\S+))? has no wheels with a matching", text)
    if without:
        name = canonicalize_name(without[1])
        by = [part for part, need in list_requirements(application) if need.name == name]
        asking = f"extension {by[0]}" if by else "what an extension needs"
        return NoWheel(
            f"{name} {without[2] or ''}".rstrip()
            + f": has no wheel for {PLATFORM}, Python {PYTHON}; required by {asking}",
            hint="ask its authors for one, or do without what requires it",
        )
    if "Failed to fetch" in text or "error sending request" in text:
        return Unavailable("uv: the package index does not answer", hint="run it again")
    return Unsupported(f"uv: {text.removeprefix('error: ')[:500]}", hint="look at what they need")


def read_packages(application: Application, folder: Path) -> list[LockedPackage]:
    """Return what a Worker needs besides us: of our own lock, and of the extensions'.

    Args:
        application: what is built.
        folder: where the settings file is.

    Raises:
        StaleLock: the extensions' lock lacks something, or has a version that does not fit.
    """
    packages = read_lock(lock_file().read_text())
    path = folder / NAME
    needed = list(list_requirements(application))
    if needed and path.is_file():
        known = {package.name for package in packages}
        theirs = read_lock(path.read_text(encoding="utf-8"))
        packages += [package for package in theirs if package.name not in known]
    for part, requirement in needed:
        _require(packages, requirement, of=f"extension {part}", command=application.name)
    return packages


def _require(
    packages: Sequence[LockedPackage], requirement: Requirement, *, of: str, command: str
) -> None:
    name = canonicalize_name(requirement.name)
    locked = next((package for package in packages if package.name == name), None)
    if locked and requirement.specifier.contains(locked.version, prereleases=True):
        return
    said = f"has {name} {locked.version}" if locked else f"has no {name}"
    raise StaleLock(
        f"{of}: needs {requirement}, and {NAME} {said}", hint=f"run `{command} extensions lock`"
    )
