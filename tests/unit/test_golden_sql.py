"""SQL that can be read: each longer statement as its database gets it, one file a dialect.

A change of a statement is a change of these files, to be read in review. ``WRITE_EXPECTED=1`` writes
them anew.
"""

import ast
import importlib
import os
import pkgutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlparse
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from inkcre.ports.database import Statement
from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "golden" / "sql"
ROOMS = ("sql", "jobs", "graph", "sources", "transfer", "process")
LONG_LINES = 10
"""A statement of more lines has a file."""

DIALECTS: Mapping[str, Any] = {
    "postgresql": psycopg_dialect(paramstyle="named"),  # type: ignore[no-untyped-call]
    "sqlite": sqlite_dialect(paramstyle="named"),
}


def named_statements() -> Iterator[tuple[str, Statement]]:
    """Yield every statement that a module names, and how: tables of statements by their keys."""
    for room in ROOMS:
        package = importlib.import_module(f"inkcre.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"inkcre.{room}."):
            module = importlib.import_module(found.name)
            others = imported_names(module)
            for name, value in vars(module).items():
                if name in others:
                    continue
                place = f"{found.name.removeprefix('inkcre.')}.{name}"
                if isinstance(value, Statement):
                    yield place, value
                elif isinstance(value, dict):
                    for key, one in value.items():
                        if isinstance(one, Statement):
                            yield f"{place}.{name_of_key(key)}", one


def imported_names(module: ModuleType) -> set[str]:
    """Return the names that a module has from others."""
    tree = ast.parse(Path(str(module.__file__)).read_text())
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in froms for alias in node.names}


def name_of_key(key: object) -> str:
    """Write a key of a table of statements as a part of a file's name."""
    parts = key if isinstance(key, tuple) else (key,)
    return "-".join(str(part).lower().replace(" ", "-") for part in parts) or "all"


def own_statements() -> dict[str, Statement]:
    """Return each statement once, by the module that makes it and not by those that import it."""
    names: dict[Statement, str] = {}
    for place, statement in sorted(named_statements(), key=lambda pair: pair[0]):
        names.setdefault(statement, place)
    return {name: statement for statement, name in names.items()}


def render(statement: Statement, dialect: str) -> str:
    """Write a statement as its database gets it, laid out for reading."""
    sql = str(statement.clause.compile(dialect=DIALECTS[dialect]))
    laid_out = sqlparse.format(sql, reindent=True, indent_width=2)
    lines = (line.rstrip() for line in laid_out.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def long_statements() -> dict[str, str]:
    """Return the SQL of each longer statement, by the name of its file."""
    rendered: dict[str, str] = {}
    for name, statement in own_statements().items():
        for dialect in DIALECTS:
            sql = render(statement, dialect)
            if sql.count("\n") > LONG_LINES:
                rendered[f"{name}.{dialect}.sql"] = sql
    return rendered


def test_longer_statements_are_as_they_were_read() -> None:
    """Each has its file for each dialect, and no file is left of a statement that went."""
    rendered = long_statements()
    if os.environ.get("WRITE_EXPECTED"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        for path in FOLDER.glob("*.sql"):
            path.unlink()
        for name, sql in rendered.items():
            (FOLDER / name).write_text(sql)
    kept = {path.name: path.read_text() for path in FOLDER.glob("*.sql")}
    assert sorted(kept) == sorted(rendered)
    changed = [name for name, sql in rendered.items() if kept[name] != sql]
    assert changed == [], "read the difference, then WRITE_EXPECTED=1"
    assert len(rendered) >= 40
