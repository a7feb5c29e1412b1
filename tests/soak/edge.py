"""The artifact on workerd for as long as it takes: the contract, load, large files, many beginnings.

Both variants, PostgreSQL and D1, each with an empty base for every part. One line says what came of
a part; the exit status is 1 if one of them failed.
"""

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2 as httpx

from tests.conftest import ROOT
from tests.edge.homes import HOMES, build, migrated_database
from tests.edge.workerd.load import Load, send, send_first
from tests.edge.workerd.runtime import Workerd, WorkerdOptions
from tests.postgres import PostgresServer

MIB = 2**20
HEAP_AT_START, HEAP_AFTER_LOAD = 59 * MIB, 72 * MIB
FILE_MEGABYTES = (41, 90, 100)
PART_BYTES = 65_536


class Failed(Exception):
    """A part did not go as it has to; what is wrong."""


@dataclass(frozen=True)
class Soak:
    """One variant: how it is started, and how much of everything there is."""

    options: Callable[[], WorkerdOptions]
    """Gives what a workerd with an empty base behind it is told."""

    times: int
    requests: int
    connections: int

    def parts(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield the parts by name; each gives what it found.

        Raises:
            Failed: by a part, when it did not go as it has to.
        """
        for number in range(1, self.times + 1):
            yield f"contract, time {number} of {self.times}", self.run_contract
        for share in (0.1, 0.0):
            name = f"{self.requests:,} requests at {self.connections}, {share:.0%} given up"
            yield name, partial(self.load, share)
        yield f"files of {', '.join(map(str, FILE_MEGABYTES))} MB", self.upload
        for number in range(1, 6):
            yield f"80 first requests at once, time {number} of 5", self.begin

    def run_contract(self) -> str:
        """Run the contract tests against it."""
        with Workerd(self.options()) as running:
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "tests/contract", "--base-url", running.url, "-q", "-p", "no:cacheprovider"],
                check=False, cwd=ROOT, capture_output=True, text=True,
            )  # fmt: skip
            said = done.stdout.strip().rpartition("\n")[2]
            _demand(done.returncode == 0, done.stdout[-4000:])
            return f"{said}; {_health(running)}"

    def load(self, given_up: float) -> str:
        """Send many mixed requests at once."""
        with Workerd(self.options()) as running:
            at_start = running.probe()["heap"]
            _demand(at_start <= HEAP_AT_START, f"heap at start {at_start / MIB:.1f} MiB")
            outcomes = send(running.url, Load(self.requests, self.connections, given_up))
            said = f"{dict(sorted(outcomes.items()))}; heap at start {at_start / MIB:.1f} MiB"
            allowed = {"200", "503", "given up"} if given_up else {"200"}
            _demand(set(outcomes) <= allowed, said)
            _demand(outcomes["200"] >= 0.85 * self.requests, said)
            found = _health(running)
            _demand(running.probe()["heap"] <= HEAP_AFTER_LOAD, f"{said}; {found}")
            return f"{said}; {found}"

    def upload(self) -> str:
        """Send large files, and read them back."""
        with Workerd(self.options()) as running, running.client(300) as client:
            for megabytes in FILE_MEGABYTES:
                _upload(client, 1_000_000 * megabytes)
            return f"sent and read back; {_health(running)}"

    def begin(self) -> str:
        """Send the first requests of an isolate at once."""
        with Workerd(self.options()) as running:
            outcomes = send_first(running.url, 80)
            _demand(outcomes == Counter({"200": 80}), str(dict(outcomes)))
            return f"{dict(outcomes)}; {_health(running)}"


def _upload(client: httpx.Client, size: int) -> None:
    sent, part = hashlib.sha256(), bytes(range(256)) * (PART_BYTES // 256)

    def parts() -> Iterator[bytes]:
        for at in range(0, size, PART_BYTES):
            one = part[: size - at]
            sent.update(one)
            yield one

    answer = client.post("/files", content=parts())
    _demand(answer.status_code == 201, f"{size} bytes: {answer.status_code} {answer.text}")
    came = hashlib.sha256()
    with client.stream("GET", f"/blocks/{answer.json()['id']}/content") as back:
        for one in back.iter_raw():
            came.update(one)
    _demand(came.digest() == sent.digest(), f"{size} bytes: what came back is something else")


def _health(running: Workerd) -> str:
    _demand(running.is_alive(), "workerd has ended")
    _demand(not running.complaints(), str(running.complaints()[:3]))
    found = running.probe()
    _demand(found["in_flight"] == 0, f"{found['in_flight']} requests still in flight")
    return f"heap {found['heap'] / MIB:.1f} MiB"


def _demand(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise Failed(otherwise)


def _run(home: str, soak: Soak) -> bool:
    has_passed = True
    for name, part in soak.parts():
        began = time.monotonic()
        try:
            said = f"passed  {home}: {name}: {part()}"
        except (Failed, AssertionError, httpx.HTTPError) as error:
            has_passed, said = False, f"FAILED  {home}: {name}: {error!r}"
        print(f"{said} ({time.monotonic() - began:.0f} s)", flush=True)
    return has_passed


def main(arguments: Sequence[str]) -> int:
    """Run every part of the named variants, or of both; give the exit status."""
    parser = argparse.ArgumentParser(prog="make soak ARGS=edge", description=__doc__)
    parser.add_argument("homes", nargs="*", default=list(HOMES), help=", ".join(HOMES))
    parser.add_argument("--times", type=int, default=3, help="how often the contract is run")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=64)
    told = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        server = PostgresServer().start()
        try:
            passed = []
            for home in told.homes:
                folder = Path(temporary) / home
                folder.mkdir()
                build(HOMES[home], folder / "artifact")
                options = _options(home, folder, server)
                passed.append(
                    _run(home, Soak(options, told.times, told.requests, told.connections))
                )
        finally:
            server.remove()
    return 0 if all(passed) else 1


def _options(home: str, folder: Path, server: PostgresServer) -> Callable[[], WorkerdOptions]:
    """Return what makes an empty base: D1 is new with each workerd, and in its memory."""

    def make() -> WorkerdOptions:
        lent = {} if home == "edge-d1" else {"HYPERDRIVE": migrated_database(server)}
        return WorkerdOptions(folder / "artifact", folder, hyperdrive=lent)

    return make
