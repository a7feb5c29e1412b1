"""What settings cost beside plain pydantic-settings and dynaconf, which read the same files."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dynaconf import Dynaconf

from benchmarks import plain_settings
from benchmarks.tables import Table
from inkcre.sections.schema import load_settings
from inkcre.settings.profiles import package_profiles

ROUNDS = 300
STARTS = 21
CONFIG = '[http]\nport = 9000\n\n[logging]\nlevel = "debug"\n\n[database.pool]\nsize = 7\n'
ENVIRON = {"INKCRE_DATABASE__URL": "postgresql://u@h/d", "INKCRE_HTTP__HOST": "0.0.0.0"}

PROGRAMS = {
    "ours": "import inkcre.settings.loader",
    "plain": "import benchmarks.plain_settings",
    "dynaconf": "import dynaconf; dynaconf.Dynaconf()",
    "help": "from inkcre.core import INKCRE; INKCRE.cli(['--help'])",
    "typer and rich": "import typer, rich",
}


def measure(table: Table) -> None:
    """Measure loading, importing, and the first page of the command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "inkcre.toml").write_text(CONFIG)
        loads = measure_loading(folder)
    ours, plain, dynaconf = (loads[name] for name in ("ours", "plain", "dynaconf"))
    what = "load settings: a profile, inkcre.toml, two variables"
    _add(table, f"{what} (pydantic-settings)", ours, plain, "<= 1", 1.0)
    _add(table, f"{what} (dynaconf)", ours, dynaconf, "<= 0.2", 0.2)
    starts = measure_starting()
    what = "start Python and import the settings"
    _add(table, f"{what} (pydantic-settings)", starts["ours"], starts["plain"], "", None)
    _add(table, f"{what} (dynaconf)", starts["ours"], starts["dynaconf"], "", None)
    what = "inkcre --help (python -c 'import typer, rich')"
    _add(table, what, starts["help"], starts["typer and rich"], "< 2", 2.0)


def _add(
    table: Table, what: str, ours: float, baseline: float, goal: str, most: float | None
) -> None:
    ratio = ours / baseline
    is_met = most is None or ratio <= most
    table.add(what, f"{ours:.2f} ms", f"{baseline:.2f} ms", ratio, goal, is_met)


def measure_loading(folder: Path) -> dict[str, float]:
    """Return the median milliseconds of one load each, taken in turns."""
    files = [package_profiles() / "server.toml", folder / "inkcre.toml"]
    plain_settings.FILES[:] = files
    os.environ.update(ENVIRON)

    def load_dynaconf() -> None:
        loaded = Dynaconf(
            settings_files=[str(path) for path in files],
            envvar_prefix="INKCRE",
            merge_enabled=True,
        )
        assert loaded.http.port == 9000  # it loads when it is first asked

    def load_ours() -> None:
        assert load_settings("server", folder=folder).http.port == 9000

    def load_plain() -> None:
        assert plain_settings.PlainSettings().http.port == 9000

    loaders = {"ours": load_ours, "plain": load_plain, "dynaconf": load_dynaconf}
    try:
        return _medians(loaders, ROUNDS)
    finally:
        for name in ENVIRON:
            del os.environ[name]


def measure_starting() -> dict[str, float]:
    """Return the median milliseconds of one process each, taken in turns."""

    def start(program: str) -> Callable[[], object]:
        command = [sys.executable, "-c", program]
        return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    return _medians({name: start(program) for name, program in PROGRAMS.items()}, STARTS)


def _medians(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()  # what is made once is made before
    for _ in range(rounds):
        for name, function in functions.items():
            started = time.perf_counter()
            function()
            times[name].append(1000 * (time.perf_counter() - started))
    return {name: statistics.median(found) for name, found in times.items()}
