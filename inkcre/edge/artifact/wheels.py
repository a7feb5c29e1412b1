"""Wheels for the Workers platform: fetched by pip, kept by hash, read as files."""

import hashlib
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from inkcre.edge.artifact.lock import LockedPackage
from inkcre.edge.artifact.tags import PLATFORM, PYTHON, rank_wheels
from inkcre.edge.tools import run_program
from inkcre.errors import OperatorError, Unavailable, Unsupported

FETCH_SECONDS = 600


class WrongHash(OperatorError):
    """Tell that a package's file is not the one that the lock names."""

    code = "wrong_hash"


class NoWheel(OperatorError):
    """Tell that a package has no wheel that Workers can run."""

    code = "no_wheel"


def fetch_wheels(packages: Sequence[LockedPackage], folder: Path) -> dict[str, Path]:
    """Return the wheel of each package, by name; those that ``folder`` has not are fetched into it.

    Raises:
        NoWheel: a package has none for the platform.
        Unavailable: the package index does not answer.
        Unsupported: pip is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = _find_wheels(packages, folder)
    missing = [package for package in packages if package.name not in found]
    if missing:
        _download(missing, folder)
        found = _find_wheels(packages, folder)
    for package in packages:
        if package.name not in found:
            raise _no_wheel(package)
    return found


def _find_wheels(packages: Sequence[LockedPackage], folder: Path) -> dict[str, Path]:
    ranks = rank_wheels(path.name for path in folder.glob("*.whl"))
    # Of several files of a package the last one wins: the best stands there.
    names = sorted(ranks, key=lambda name: (-ranks[name], name))
    digests = {_digest(folder / name): folder / name for name in names}
    return {
        package.name: path
        for package in packages
        for value, path in digests.items()
        if value in package.hashes
    }


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(packages: Sequence[LockedPackage], folder: Path) -> None:
    if find_spec("pip") is None:
        raise Unsupported("pip: is not installed, and fetches the wheels", hint=INSTALL)
    with tempfile.TemporaryDirectory() as temporary:
        requirements = Path(temporary) / "requirements.txt"
        requirements.write_text("\n".join(package.requirement for package in packages))
        # Without what they need: pip would judge that by this machine's markers, and the lock names
        # all.
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--only-binary=:all:", "--platform", PLATFORM, "--python-version", PYTHON,
            "--implementation", "cp", "--require-hashes", "--dest", str(folder),
            "--requirement", str(requirements),
        ]  # fmt: skip
        done = run_program("pip", command, seconds=FETCH_SECONDS)
    if done.returncode:
        raise _explain(done.stderr, packages)


INSTALL = "install inkcre[edge]"


def _explain(message: str, packages: Sequence[LockedPackage]) -> Exception:
    """Tell what pip says in one sentence: a package without a wheel, or nobody there to ask."""
    if "DO NOT MATCH THE HASHES" in message:
        named = [p.name for p in packages if f"{p.name}==" in message or f"{p.name} " in message]
        return WrongHash(
            f"{named[0] if len(named) == 1 else 'a package'}: the index has another file than the"
            " lock names",
            hint="do not use it; ask who changed the file",
        )
    lines = [line for line in message.splitlines() if line.startswith("ERROR:")]
    is_away = "after connection broken by" in message  # of its retries; the rest looks the same
    for package in packages:
        if not is_away and any(f"{package.name}==" in line for line in lines):
            return _no_wheel(package)
    reason = lines[-1].removeprefix("ERROR: ") if lines else "it does not say why"
    return Unavailable(
        f"pip: could not fetch the wheels: {reason}", hint="run it again, or --wheels"
    )


def _no_wheel(package: LockedPackage) -> NoWheel:
    by = " and ".join(package.required_by) or "the lock"
    return NoWheel(
        f"{package.name} {package.version}: has no wheel for {PLATFORM}, Python {PYTHON};"
        f" required by {by}",
        hint="ask its authors for one, or do without what requires it",
    )


def read_wheel(path: Path) -> Mapping[str, bytes]:
    """Return the files that a wheel installs, by path, in order.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    files = {}
    with zipfile.ZipFile(path) as wheel:
        for name in sorted(wheel.namelist()):
            if not name.endswith("/"):
                files[_installed_path(name)] = wheel.read(name)
    return {name: content for name, content in files.items() if name}


def _installed_path(name: str) -> str:
    """Return where a file of a wheel goes; nowhere for scripts and headers."""
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return name
    scheme, _, inner = rest.partition("/")
    return inner if scheme in ("purelib", "platlib") else ""
