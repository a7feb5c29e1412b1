"""The whole HTTP contract behind PgBouncer: by transaction and by session, with each driver."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import product

import psycopg

from inkcre.app import create_app
from tests.conftest import DRIVERS, ROOT, postgres_settings
from tests.contract.conftest import SMALL
from tests.edge.homes import LOOPBACK
from tests.homes import serve_app
from tests.poolers import pooling
from tests.postgres import PostgresServer

MODES = ("transaction", "session")


def play(direct: str, mode: str, driver: str, arguments: Sequence[str]) -> int:
    """Run the contract against an application behind a pooler; give pytest's exit status."""
    with (
        pooling(direct, pool_mode=mode, default_pool_size=20) as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        overrides = {
            **SMALL, **LOOPBACK, "database.driver": driver,
            "storage": {"kind": "filesystem", "path": f"{folder}/files"},
            "sources.folders": [folder],
        }  # fmt: skip
        with serve_app(create_app(postgres_settings(url, **overrides))) as base:
            print(f"{mode}, {driver}: {base}", flush=True)
            command = [sys.executable, "-m", "pytest", "-q", str(ROOT / "tests/contract")]
            return subprocess.call([*command, "--base-url", base, *arguments], cwd=ROOT)


def main(arguments: Sequence[str]) -> int:
    """Play each mode with each driver; fail if one of them does."""
    parser = argparse.ArgumentParser(prog="poolers", description=__doc__)
    parser.add_argument("--mode", choices=MODES, action="append", help="both by default")
    chosen, others = parser.parse_known_args(arguments)
    server = PostgresServer().start()
    try:
        statuses = []
        for number, (mode, driver) in enumerate(product(chosen.mode or MODES, DRIVERS.values())):
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE contract{number}".encode())
            statuses.append(play(server.tcp_url(f"contract{number}"), mode, driver, others))
    finally:
        server.remove()
    return max(statuses)
