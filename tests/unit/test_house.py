"""The house's own rules: what is loaded when, and how modules are."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOADED_BY_NOTHING_EDGY = (
    "apscheduler",
    "uvicorn",
    "alembic",
    "psycopg",
    "obstore",
    "tomlkit",
    "sqlite3",
)


MODULES = sorted((ROOT / "inkcre").rglob("*.py"))


def modules_after(program: str) -> set[str]:
    """Run a program in a fresh interpreter and give the modules that are loaded at its end."""
    code = f"import sys\n{program}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return {name.partition(".")[0] for name in done.stdout.splitlines()}


def test_importing_the_app_loads_no_other_homes_packages() -> None:
    """What only processes or only tools need stays out of the application's import."""
    loaded = modules_after("import inkcre.app")
    assert not loaded & set(LOADED_BY_NOTHING_EDGY)


def test_workers_settings_load_no_other_homes_packages() -> None:
    """Nor does loading the profile of the edge."""
    program = (
        "from inkcre.sections.schema import load_settings\nload_settings('workers', environ={})"
    )
    assert not modules_after(program) & set(LOADED_BY_NOTHING_EDGY)


def test_plan_of_the_edge_loads_no_other_homes_packages() -> None:
    """Nor does saying what it would be assembled from."""
    program = (
        "from inkcre.assembly.plan import plan_assembly\n"
        "from inkcre.sections.schema import load_settings\n"
        "plan_assembly(load_settings('workers', environ={}))"
    )
    assert not modules_after(program) & set(LOADED_BY_NOTHING_EDGY)


def test_dev_loads_only_what_it_uses() -> None:
    """An application on SQLite has no PostgreSQL driver and nothing of Cloudflare's."""
    program = (
        "from inkcre.app import create_app\n"
        "create_app(profile='dev', overrides={'database.path': ':memory:'}, environ={})"
    )
    loaded = modules_after(program)
    assert "sqlite3" in loaded
    assert not loaded & {"psycopg", "alembic", "uvicorn", "apscheduler", "workers", "js", "pg8000"}


@pytest.mark.parametrize(("driver", "other"), [("psycopg", "pg8000"), ("pg8000", "psycopg")])
def test_server_loads_its_driver_and_no_other(driver: str, other: str) -> None:
    """An application on PostgreSQL has no SQLite."""
    overrides = {"database.url": "postgresql://u@h/d", "database.driver": driver}
    program = (
        "from inkcre.app import create_app\n"
        f"create_app(profile='server', overrides={overrides!r}, environ={{}})"
    )
    loaded = modules_after(program)
    assert driver in loaded
    assert not loaded & {other, "sqlite3", "alembic", "uvicorn", "apscheduler"}


def test_help_loads_nothing_heavy() -> None:
    """The command answers --help without the application."""
    program = "import inkcre.cli.main"
    assert not modules_after(program) & {"fastapi", "sqlalchemy", "pydantic", "uvicorn", "alembic"}


def test_importing_any_module_does_nothing(tmp_path: Path) -> None:
    """No file, no clock, no randomness, no environment is read at import."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "inkcre").rglob("*.py"))
        if path.name != "boot.py"  # a script that runs inside Pyodide
    ]
    program = (
        "import importlib, os, sys, time, random, uuid, secrets\n"
        f"names = {names!r}\n"
        "import fastapi.testclient, sqlalchemy, psycopg, uvicorn, pytest, typer, pydantic_settings\n"
        "import alembic.command, rich.progress, dotenv.parser, sqlalchemy.dialects.sqlite\n"
        "import sqlalchemy.dialects.postgresql.psycopg, importlib.metadata, pg8000\n"
        "used = []\n"
        "class Watched(dict):\n"
        "    pass\n"
        "def forbid(name):\n"
        "    def forbidden(*a, **k):\n"
        "        frame = sys._getframe(1)\n"
        "        if frame.f_globals.get('__name__', '').startswith('inkcre'):\n"
        "            used.append((name, frame.f_globals['__name__']))\n"
        "        return real[name](*a, **k)\n"
        "    return forbidden\n"
        "real = {'time': time.time, 'urandom': os.urandom, 'getenv': os.getenv, 'uuid4': uuid.uuid4}\n"
        "time.time, os.urandom, os.getenv, uuid.uuid4 = map(forbid, real)\n"
        "before = set(os.listdir('.'))\n"
        "for name in names:\n"
        "    importlib.import_module(name)\n"
        "assert not used, used\n"
        "assert set(os.listdir('.')) == before\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_modules_stay_small() -> None:
    """None has more than 350 lines."""
    lines = {path.name: len(path.read_text().splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > 350} == {}


def test_functions_stay_small() -> None:
    """Without its docstring none has more than 50 lines, half have 6, nine tenths 18."""
    own: dict[str, int] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                said = length(node.body[0]) if ast.get_docstring(node) else 0
                place = f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
                own[place] = length(node) - said
    assert {name: count for name, count in own.items() if count > 50} == {}
    counts = sorted(own.values())
    assert counts[len(counts) // 2] <= 6
    assert counts[len(counts) * 9 // 10] <= 18


def length(node: ast.stmt) -> int:
    """Count the lines of a statement."""
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_rows_are_read_by_name() -> None:
    """Only adapters and what makes records of rows know where a column stands."""
    rooms = ("adapters", "sql")
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        if path.relative_to(ROOT / "inkcre").parts[0] not in rooms
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("row", "rows")
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, int)
    ]
    assert found == []


def test_names_of_classes_are_used_once() -> None:
    """In the whole project; what is a module's own may be called as it is elsewhere."""
    found: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_any_is_kept_to_the_borders() -> None:
    """The base has none at all, which the type checker sees to as well; the rest has few."""
    named = {
        path: sum(getattr(node, "id", None) == "Any" for node in ast.walk(ast.parse(text)))
        for path in MODULES
        if "Any" in (text := path.read_text())
    }
    rooms = {path.relative_to(ROOT / "inkcre").parts[0] for path, count in named.items() if count}
    assert not rooms & {"graph", "jobs", "sources"}
    assert sum(named.values()) < 100


def test_init_files_are_empty_but_for_the_public_face() -> None:
    """No code hides in a package's __init__."""
    for path in (ROOT / "inkcre").rglob("__init__.py"):
        body = ast.parse(path.read_text()).body
        is_face = path.parent.name == "inkcre" or "testing" in path.parts
        assert is_face or not [node for node in body if not isinstance(node, ast.Expr)], path
