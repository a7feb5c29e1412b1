"""PostgreSQL when many want the same of it: who waits is told so, and nobody waits for ever."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest
from sqlalchemy import Integer, func, select

from inkcre.assembly.assembly import build_components
from inkcre.sql import schema
from inkcre.sql.rows import Values
from tests.conftest import (
    DRIVERS,
    postgres_settings,
)
from tests.homes import serve
from tests.lines import LINES
from tests.postgres import PostgresServer

BLOCK = {"resolver": "text", "content": "a block"}


def expect_busy(answer: httpx.Response) -> None:
    """Check that a request is told to come again, since the database is busy."""
    assert answer.status_code == 503, answer.text
    assert answer.json()["type"] == "urn:inkcre:problem:database_busy"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["hint"]


@pytest.mark.parametrize("driver", DRIVERS.values())
def test_row_that_somebody_holds_is_not_waited_for_without_end(
    postgres_url: str, driver: str
) -> None:
    """503 with its own code, and what only reads is served; then the write goes through."""
    overrides = {"database.driver": driver, "database.lock_timeout_seconds": 0.2}
    with (
        serve(postgres_settings(postgres_url, **overrides)) as base,
        psycopg.connect(postgres_url) as holder,
    ):
        address = f"{base}{httpx.post(f'{base}/blocks', json=BLOCK).headers['location']}"
        holder.execute("SELECT * FROM blocks FOR UPDATE")
        expect_busy(httpx.delete(address))
        assert httpx.get(address).status_code == 200
        holder.rollback()
        assert httpx.delete(address).status_code == 204


@contextmanager
def paused(server: PostgresServer) -> Iterator[None]:
    """Have a server's processes stand still."""
    assert server.process_id is not None
    children = Path(f"/proc/{server.process_id}/task/{server.process_id}/children")
    stopped = [server.process_id, *map(int, children.read_text().split())]
    for process in stopped:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)


@pytest.mark.parametrize("driver", DRIVERS.values())
def test_server_that_stands_still_is_given_up(driver: str) -> None:
    """Each request is answered 503 while it does, whatever it waits for; then all is well again."""
    server = PostgresServer().start()
    try:
        overrides = {
            "database.driver": driver, "database.migrate_on_start": True,
            "database.statement_timeout_seconds": 1, "database.connect_timeout_seconds": 2,
        }  # fmt: skip
        settings = postgres_settings(server.tcp_url("postgres"), **overrides)
        with serve(settings) as base, ThreadPoolExecutor(8) as clients:
            barrier = threading.Barrier(8)

            def ask(number: int) -> int:
                barrier.wait()
                block = {**BLOCK, "content": f"block {number}"}
                if number % 2:
                    return httpx.get(f"{base}/blocks", timeout=60).status_code
                return httpx.post(f"{base}/blocks", json=block, timeout=60).status_code

            assert set(clients.map(ask, range(8))) == {200, 201}
            with paused(server):
                assert set(clients.map(ask, range(8))) == {503}
            assert set(clients.map(ask, range(8))) <= {200, 201}
            assert httpx.get(f"{base}/readyz").status_code == 200
    finally:
        server.remove()


FAILING = """
CREATE SEQUENCE attempts;
CREATE FUNCTION fail_once() RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('attempts') % 2 = 1 THEN
    RAISE EXCEPTION 'met head on' USING ERRCODE = '40001';
  END IF;
  RETURN 1;
END $$;
"""
FAIL_ONCE = Values(select(func.fail_once(type_=Integer)), int)


@pytest.mark.parametrize("driver", DRIVERS.values())
def test_what_met_another_head_on_is_tried_again(postgres_url: str, driver: str) -> None:
    """A read as well as a batch: neither has done anything."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(FAILING)
    database = build_components(postgres_settings(postgres_url, **{"database.driver": driver})).database  # fmt: skip
    schema.require_head(database, LINES)
    assert FAIL_ONCE.read_one(database) == 1
    assert database.atomic([FAIL_ONCE()]) == [[(1,)]]
    database.close()
