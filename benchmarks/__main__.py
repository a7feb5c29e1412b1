"""Run everything, print the table, write it down."""

import argparse
import itertools
import os
import platform
import sqlite3
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import psycopg

from benchmarks import configuring, extending, importing, logs, queueing, serving, starting, storing
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
)


ALONE = {"starting": starting, "configuring": configuring, "extending": extending}
"""What needs no database."""


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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    parts = parser.parse_args().parts
    os.environ["PYTHONPATH"] = str(ROOT)
    table, stored, queued = Table(), Table(), Table()
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

                for name, part in ALONE.items():
                    if name in parts:
                        part.measure(table)
                if "serving" in parts:
                    serving.measure("sqlite", new_sqlite(), table)
                    serving.measure("postgres", new_postgres(), table)
                if "importing" in parts:
                    source = Path(folder) / "input.ndjson"
                    importing.write_input(source)
                    importing.measure("sqlite", new_sqlite, source, table)
                    importing.measure("postgres", new_postgres, source, table)
                if "logs" in parts:
                    source = Path(folder) / "input.ndjson"
                    importing.write_input(source)
                    logs.measure("sqlite", new_sqlite, source, table)
                    logs.measure("postgres", new_postgres, source, table)
                if "storing" in parts:
                    storing.measure(stored, new_sqlite, new_postgres)
                if "queueing" in parts:
                    queueing.measure(queued, new_sqlite, new_postgres)
        finally:
            server.remove()
    said = describe().format(postgres=postgres.split()[0])
    write("Processes", said, table, is_whole=len(parts) == len(PARTS))
    write("Files and small values", said, stored, is_whole="storing" in parts)
    write("Jobs and schedules", said, queued, is_whole="queueing" in parts)
    sys.exit(0 if all(row[5] == "yes" for row in (*table.rows, *stored.rows, *queued.rows)) else 1)


def write(title: str, said: str, table: Table, *, is_whole: bool) -> None:
    """Print a table, and write it down if all of it was measured."""
    text = f"{said}\n\n{table.as_markdown()}\n"
    if table.rows:
        print(f"\n{text}")
    if is_whole:
        write_section(title, "Printed by `make bench`.", text)


if __name__ == "__main__":
    main()
