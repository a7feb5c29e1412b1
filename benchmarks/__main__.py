"""Run everything, print the table, write it down."""

import argparse
import itertools
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psycopg

from benchmarks import (
    configuring,
    extending,
    growth,
    importing,
    logs,
    queueing,
    serving,
    starting,
    storing,
)
from benchmarks.tables import Table, write_section
from tests.alone import working_alone
from tests.postgres import PostgresServer

PACKAGES = (
    "fastapi", "starlette", "uvicorn", "pydantic", "pydantic-settings", "dynaconf", "sqlalchemy",
    "psycopg", "procrastinate",
)  # fmt: skip
ROOT = Path(__file__).parent.parent
PARTS = (
    "starting",
    "configuring",
    "extending",
    "serving",
    "importing",
    "logs",
    "storing",
    "queueing",
    "growth",
)


ALONE = {"starting": starting, "configuring": configuring, "extending": extending}
"""What needs no database."""

APART = {
    "storing": ("Files and small values", storing),
    "queueing": ("Jobs and schedules", queueing),
    "growth": ("Growth", growth),
}
"""What has a table of its own."""


def describe() -> str:
    """Tell what ran on what."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.strip()  # fmt: skip
    return (
        f"Commit {commit}; {os.cpu_count()} cores; Python {platform.python_version()}; "
        f"SQLite {sqlite3.sqlite_version}; PostgreSQL {{postgres}}; {packages}."
    )


@dataclass(frozen=True)
class Homes:
    """What gives addresses of new databases."""

    sqlite: Callable[[], str]
    postgres: Callable[[], str]


def measure(
    parts: Collection[str], folder: Path, homes: Homes, table: Table, apart: Mapping[str, Table]
) -> None:
    """Measure some parts, and add their rows."""
    for name, part in ALONE.items():
        if name in parts:
            part.measure(table)
    if "serving" in parts:
        serving.measure("sqlite", homes.sqlite(), table)
        serving.measure("postgres", homes.postgres(), table)
    if "importing" in parts:
        source = folder / "input.ndjson"
        importing.write_input(source)
        importing.measure("sqlite", homes.sqlite, source, table)
        importing.measure("postgres", homes.postgres, source, table)
    if "logs" in parts:
        source = folder / "input.ndjson"
        importing.write_input(source)
        logs.measure("sqlite", homes.sqlite, source, table)
        logs.measure("postgres", homes.postgres, source, table)
    for name, (_, its_own) in APART.items():
        if name in parts:
            its_own.measure(apart[name], homes.sqlite, homes.postgres)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    parts = parser.parse_args().parts
    os.environ["PYTHONPATH"] = str(ROOT)
    table, apart = Table(), {name: Table() for name in APART}
    names = itertools.count()
    with working_alone() as folder:
        server = PostgresServer(is_durable=True).start()
        try:
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                postgres = connection.info.parameter_status("server_version") or ""

                def new_postgres() -> str:
                    name = f"bench{next(names)}"
                    connection.execute(f"CREATE DATABASE {name}".encode())
                    return server.url(name)

                def new_sqlite() -> str:
                    return f"{folder}/bench{next(names)}.sqlite3"

                measure(parts, Path(folder), Homes(new_sqlite, new_postgres), table, apart)
        finally:
            server.remove()
    said = describe().format(postgres=postgres.split()[0])
    write("Processes", said, table, is_whole={*PARTS} - {*APART} <= {*parts})
    for name, (title, _) in APART.items():
        write(title, said, apart[name], is_whole=name in parts)
    rows = [row for each in (table, *apart.values()) for row in each.rows]
    sys.exit(0 if all(row[5] == "yes" for row in rows) else 1)


def write(title: str, said: str, table: Table, *, is_whole: bool) -> None:
    """Print a table, and write it down if all of it was measured."""
    text = f"{said}\n\n{table.as_markdown()}\n"
    if table.rows:
        print(f"\n{text}")
    if is_whole:
        write_section(title, "Printed by `make bench`.", text)


if __name__ == "__main__":
    main()
