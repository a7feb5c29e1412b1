"""What extensions cost: installed, enabled, and with a table of settings each."""

import compileall
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import Field, create_model

from benchmarks import plain_settings
from benchmarks.tables import Table
from inkcre.sections.extensions import ExtensionsSettings
from inkcre.sections.schema import load_settings
from inkcre.settings.profiles import package_profiles
from tests.planted import Plants

STARTS = 15
ROUNDS = 200
NAMES = [f"planted{number}" for number in range(10)]
MOST_MILLISECONDS = 1.0
"""What each that is enabled may add."""

PROGRAM = """
from inkcre.app import create_app
overrides = {"database.path": ":memory:", "extensions.enabled": %r}
create_app(profile="dev", overrides=overrides, environ={})
"""


FURTHER = """
import time
from inkcre.app import create_app

def make(enabled):
    started = time.process_time()
    overrides = {"database.path": ":memory:", "extensions.enabled": enabled}
    create_app(profile="dev", overrides=overrides, environ={})
    return time.process_time() - started

one, others = %r, %r
make(one)
few = min(make(one) for _ in range(3))
print(make(others) - few)
"""
"""The others are measured with all that a new one costs: finding, importing, a model."""


def measure(table: Table) -> None:
    """Measure both."""
    with tempfile.TemporaryDirectory() as name:
        plants = Plants(Path(name))
        for each in NAMES:
            plants.extension(each, settings=False)
        compileall.compile_dir(name, quiet=2)
        _measure_starts(table, Path(name))
    with tempfile.TemporaryDirectory() as name:
        plants = Plants(Path(name))
        for each in NAMES:
            plants.extension(each)
        _measure_loading(table, Path(name))


def _measure_starts(table: Table, folder: Path) -> None:
    cases: dict[str, tuple[Sequence[str], Path | None]] = {
        "none installed": ([], None),
        "ten installed": ([], folder),
        "one enabled": (NAMES[:1], folder),
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(STARTS):
        for name, (enabled, installed) in cases.items():
            times[name].append(_start(enabled, installed))
    median = {name: statistics.median(taken) for name, taken in times.items()}
    bare, installed_ = median["none installed"], median["ten installed"]
    ratio = statistics.median(
        here / there
        for here, there in zip(times["ten installed"], times["none installed"], strict=True)
    )
    table.add(
        "create_app in a new process, ten extensions installed (none)",
        f"{installed_:.0f} ms", f"{bare:.0f} ms", ratio, "<= 1.05", ratio <= 1.05, "CPU",
    )  # fmt: skip
    one = median["one enabled"]
    table.add(
        "the same, one of them enabled (none)",
        f"{one:.0f} ms", f"{installed_:.0f} ms", one / installed_, "",
        is_met=True,
        note=f"CPU; {one - installed_:.1f} ms, most of it to read what packages are installed",
    )  # fmt: skip
    each = statistics.median(_measure_further(folder) for _ in range(STARTS))
    table.add(
        "settings and create_app, imports done: each further one of ten enabled",
        f"{each:.2f} ms", f"{MOST_MILLISECONDS:.0f} ms", each / MOST_MILLISECONDS, "<= 1",
        each <= MOST_MILLISECONDS, "CPU",
    )  # fmt: skip


def _measure_further(folder: Path) -> float:
    """Return what each further extension costs a process in which all else is imported."""
    done = subprocess.run(
        [sys.executable, "-c", FURTHER % (NAMES[:1], NAMES[1:])],
        env={**os.environ, "PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{folder}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return 1000 * float(done.stdout) / (len(NAMES) - 1)


def _start(enabled: Sequence[str], installed: Path | None) -> float:
    """Return the CPU time of a process that makes the application, in milliseconds."""
    path = os.pathsep.join(
        [os.environ.get("PYTHONPATH", ""), *([str(installed)] if installed else [])]
    )
    environ = {**os.environ, "PYTHONPATH": path}
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", PROGRAM % [*enabled]], environ)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit("the application could not be made")
    return 1000 * (used.ru_utime + used.ru_stime)


def _measure_loading(table: Table, folder: Path) -> None:
    sys.path.insert(0, str(folder))
    try:
        tables = "".join(f'\n[extensions.{name}]\ncity = "Oslo"\ntimes = 7\n' for name in NAMES)
        (folder / "inkcre.toml").write_text(f"[extensions]\nenabled = {NAMES}\n{tables}")
        environ = {"INKCRE_EXTENSIONS__PLANTED3__TOKEN": "secret"}
        plain = _make_plain()
        plain_settings.FILES[:] = [package_profiles() / "dev.toml", folder / "inkcre.toml"]
        ours = _median(lambda: load_settings("dev", environ=environ, folder=folder))
        theirs = _median_in(environ, plain)
    finally:
        sys.path.remove(str(folder))
    ratio = ours / theirs
    table.add(
        "load settings with ten tables of extensions (pydantic-settings)",
        f"{ours:.2f} ms", f"{theirs:.2f} ms", ratio, "<= 1", ratio <= 1,
    )  # fmt: skip


def _make_plain() -> type[plain_settings.PlainSettings]:
    """Return the plain model with the same tables."""
    models = {n: import_module(f"planted_{n}.settings").PlantedSettings for n in NAMES}
    fields: dict[str, Any] = {name: (model, model()) for name, model in models.items()}
    extensions = create_model("Extensions", __base__=ExtensionsSettings, **fields)
    made: dict[str, Any] = {"extensions": (extensions, Field(extensions()))}
    return create_model("Plain", __base__=plain_settings.PlainSettings, **made)


def _median(function: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def _median_in(environ: Mapping[str, str], function: Callable[[], object]) -> float:
    kept = dict(os.environ)
    os.environ.update(environ)
    try:
        return _median(function)
    finally:
        os.environ.clear()
        os.environ.update(kept)
