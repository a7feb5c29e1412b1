"""Three server processes on one PostgreSQL, killed at random: each due time once, none missing."""

import os
import random
import signal
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from tests.conftest import ROOT
from tests.lengths import rounds
from tests.postgres import free_port

SCHEDULES, PROCESSES = 200, 3
MINUTES = rounds(10, whole=30)
START = datetime(2026, 3, 29, 0, 55, tzinfo=UTC)
"""Over a change of the clocks in the schedules' zone."""

MINUTE_SECONDS = 60
"""How long a simulated minute may take before the test gives up."""


class Server:
    """A process that is started again when it was killed."""

    def __init__(self, url: str, clock: Path, log: Path) -> None:
        self._url, self._clock, self._log = url, clock, log
        self.start()

    def start(self) -> None:
        self.port = free_port()
        program = [sys.executable, "-m", "tests.processes.ticking_server"]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [*program, self._url, str(self.port), str(self._clock)],
                env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log,
            )  # fmt: skip

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/livez", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


def set_clock(path: Path, moment: datetime) -> None:
    """Move the clock of all processes."""
    with path.open("r+b") as file:
        file.write(struct.pack("d", moment.timestamp()))


@pytest.mark.timeout(400)
def test_each_due_time_is_done_once_whoever_is_killed(
    postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """200 schedules each minute, ten minutes: 2,000 jobs, each added once and done once."""
    clock, log = tmp_path / "clock", tmp_path / "log"
    clock.write_bytes(struct.pack("d", START.timestamp()))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DELETE FROM schedules")
        connection.execute("DROP INDEX uq_schedules_own")  # a base has one schedule of a kind
        connection.execute("CREATE TABLE test_marks (job bigint)")
        connection.execute(
            "INSERT INTO schedules (created_at, updated_at, kind, payload, cron, timezone, next_run_at)"
            " SELECT %s, %s, 'mark', '{}', '* * * * *', 'Europe/Berlin', %s"
            " FROM generate_series(1, %s)",
            (START, START, START + timedelta(minutes=1), SCHEDULES),
        )
        servers = [Server(postgres_url, clock, log) for _ in range(PROCESSES)]
        kills = 0
        chance = random.Random(1)
        try:
            while not all(server.is_ready() for server in servers):
                time.sleep(0.05)
            for minute in range(1, MINUTES + 1):
                due = START + timedelta(minutes=minute)
                set_clock(clock, due + timedelta(seconds=chance.randrange(50)))
                kills += _wait_for_minute(connection, due, servers, chance)
            _wait_for_end(connection, clock)
        finally:
            for server in servers:
                server.stop()
        rows = connection.execute(
            "SELECT id, dedupe_key, run_at, state, attempts FROM jobs WHERE kind = 'mark'"
        ).fetchall()
        marks = Counter(row[0] for row in connection.execute("SELECT job FROM test_marks"))
    expected = {START + timedelta(minutes=minute) for minute in range(1, MINUTES + 1)}
    due_times = Counter(row[2] for row in rows)
    again = sum(row[4] > 1 for row in rows)
    with capsys.disabled():
        print(
            f"\n{PROCESSES} processes, {kills} killed -9: {len(rows)} due times of"
            f" {SCHEDULES * MINUTES}, {sum(marks.values())} done, {again} begun more than once,"
            f" {sum(n > 1 for n in marks.values())} done twice"
        )
    assert due_times == dict.fromkeys(expected, SCHEDULES)
    assert len({row[1] for row in rows}) == SCHEDULES * MINUTES
    assert {row[3] for row in rows} == {"finished"}
    assert marks == dict.fromkeys((row[0] for row in rows), 1)
    assert kills == MINUTES // 2


def _wait_for_minute(
    connection: psycopg.Connection[tuple[object, ...]],
    due: datetime,
    servers: list[Server],
    chance: random.Random,
) -> int:
    """Wait until a minute's jobs are there; every other minute kill a process while they come.

    Give how many were killed. One at least is left: with nobody there, the minute would be missed.
    """
    deadline = time.monotonic() + MINUTE_SECONDS
    wanted, kills = due.minute % 2, 0
    kill_at = time.monotonic() + chance.uniform(0, 0.5)
    while True:
        if kills < wanted and time.monotonic() > kill_at:
            ready = [server for server in servers if server.is_ready()]
            if len(ready) > 1:
                victim = chance.choice(ready)
                victim.kill()
                victim.start()
                kills += 1
        (number,) = connection.execute(
            "SELECT count(*) FROM jobs WHERE kind = 'mark' AND run_at = %s", (due,)
        ).fetchone() or (0,)
        if number == SCHEDULES and kills == wanted:
            return kills
        assert time.monotonic() < deadline, number
        time.sleep(0.02)


def _wait_for_end(connection: psycopg.Connection[tuple[object, ...]], clock: Path) -> None:
    """Wait until everything is done; leases of the dead lapse as time goes on, but no minute begins."""
    connection.execute("UPDATE schedules SET next_run_at = NULL")
    moment = START + timedelta(minutes=MINUTES + 1)
    deadline = time.monotonic() + 120
    while True:
        moment += timedelta(seconds=20)
        set_clock(clock, moment)
        (number,) = connection.execute(
            "SELECT count(*) FROM jobs WHERE kind = 'mark' AND state <> 'finished'"
        ).fetchone() or (0,)
        if number == 0:
            return
        assert time.monotonic() < deadline, number
        time.sleep(0.5)
