"""What extensions need on Workers: locked by uv from wheels at hand, and carried by the artifact."""

import os
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from inkcre.application import Application
from inkcre.edge.artifact.builder import build_artifact
from inkcre.edge.artifact.extension_lock import (
    NAME,
    StaleLock,
    list_requirements,
    read_packages,
    resolve_lock,
)
from inkcre.edge.artifact.lock import read_lock
from inkcre.edge.artifact.wheels import NoWheel, fetch_wheels
from inkcre.edge.tools import tools_folder
from inkcre.errors import Unsupported
from inkcre.sections.schema import Inspection, inspect_settings
from tests.conftest import ROOT
from tests.planted import Plants


def make_wheel(
    folder: Path, name: str, requires: Sequence[str] = (), tag: str = "py3-none-any"
) -> None:
    """Write a wheel of one module."""
    info = f"{name}-1.0.dist-info"
    said = "".join(f"Requires-Dist: {one}\n" for one in requires)
    with zipfile.ZipFile(folder / f"{name}-1.0-{tag}.whl", "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", f'name = "{name}"\n')
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{said}"
        )
        wheel.writestr(
            f"{info}/WHEEL",
            f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of wheels, the only ones that there are; ours are in it."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    for path in (tools_folder() / "wheels").glob("*.whl"):
        (folder / path.name).symlink_to(path)
    make_wheel(
        folder,
        "tiny_dep",
        ["idna>=3", "helper-dep; sys_platform == 'emscripten'", "old-dep; python_version < '3.14'"],
    )
    make_wheel(folder, "helper_dep")
    make_wheel(folder, "native_dep", tag="cp314-cp314-manylinux_2_28_x86_64")
    # Where `make` has put it; elsewhere it is on the path.
    own = Path(sys.prefix) / ".bootstrap" / "bin"
    monkeypatch.setenv("PATH", f"{own}{os.pathsep}{os.environ['PATH']}")
    for name in ("UV_NO_INDEX", "PIP_NO_INDEX"):
        monkeypatch.setenv(name, "1")
    for name in ("UV_FIND_LINKS", "PIP_FIND_LINKS"):
        monkeypatch.setenv(name, str(folder))
    return folder


def enable(folder: Path, **overrides: Any) -> Inspection:
    """Return the settings of a Worker with the planted extension."""
    given = {"extensions.enabled": ["tides"], **overrides}
    return inspect_settings("workers", overrides=given, environ={}, folder=folder)


def application_of(found: Inspection) -> Application:
    """Return the application of settings that are right."""
    assert found.settings is not None, found.problems
    return found.settings.application


def test_what_extensions_need_is_locked_and_carried(
    plants: Plants, wheels: Path, tmp_path: Path
) -> None:
    """For that platform and its Python, at our own versions of what we have too."""
    plants.extension("tides", settings=False, requires="tiny-dep>=1")
    found = enable(tmp_path)
    application = application_of(found)
    with pytest.raises(StaleLock, match=r"extension tides: needs tiny-dep>=1"):
        read_packages(application, tmp_path)
    lock = resolve_lock(application)
    assert str(tmp_path) not in lock
    assert [package.name for package in read_lock(lock)] == ["helper-dep", "idna", "tiny-dep"]
    assert resolve_lock(application) == lock
    (tmp_path / NAME).write_text(lock)
    packages = read_packages(application, tmp_path)
    assert len({package.name for package in packages}) == len(packages)
    assert found.settings is not None
    artifact = build_artifact(
        found.settings,
        found.leaves(),
        entry=(ROOT / "worker.py").read_bytes(),
        packages=packages,
        wheels=fetch_wheels(packages, wheels),
        wrangler={},
    )
    assert artifact.files["python_modules/tiny_dep/__init__.py"] == b'name = "tiny_dep"\n'
    assert "python_modules/helper_dep/__init__.py" in artifact.files
    assert "src/planted_tides/__init__.py" in artifact.files


def test_package_without_a_wheel_is_named(plants: Plants, wheels: Path, tmp_path: Path) -> None:
    """And who needs it; before anything is built."""
    plants.extension("tides", settings=False, requires="native-dep")
    with pytest.raises(NoWheel, match=r"native-dep 1.0: has no wheel .* extension tides"):
        resolve_lock(application_of(enable(tmp_path)))
    assert wheels.is_dir()


def test_package_that_is_not_there_is_told(plants: Plants, wheels: Path, tmp_path: Path) -> None:
    """In uv's words."""
    plants.extension("tides", settings=False, requires="nobodys-dep")
    with pytest.raises(Unsupported, match="nobodys-dep"):
        resolve_lock(application_of(enable(tmp_path)))
    assert wheels.is_dir()


def test_lock_of_another_version_is_stale(plants: Plants, tmp_path: Path) -> None:
    """What was locked once does not fit what is installed now."""
    plants.extension("tides", settings=False, requires="tiny-dep>=2")
    (tmp_path / NAME).write_text("tiny-dep==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(StaleLock, match=r"needs tiny-dep>=2, and extensions.lock has tiny-dep 1.0"):
        read_packages(application_of(enable(tmp_path)), tmp_path)


def test_what_needs_nothing_needs_no_lock(plants: Plants, tmp_path: Path) -> None:
    """Nor what only another platform needs, what we have, or ourselves."""
    plants.extension("tides", settings=False, requires="inkcre>=0.1")
    assert list(list_requirements(application_of(enable(tmp_path)))) == []
    assert len(resolve_lock(application_of(enable(tmp_path))).splitlines()) == 1
