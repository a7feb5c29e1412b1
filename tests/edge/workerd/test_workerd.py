"""The artifact on Cloudflare's own runtime: what the harness on Node survives, and this does not."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.edge import homes
from tests.edge.stalling import FAULTS, stalling
from tests.edge.test_alive import QUICK, stop_in_the_body
from tests.edge.test_heads import LONGEST_OF_WORKERD, refuse_all
from tests.edge.workerd.load import Load, send, send_first
from tests.edge.workerd.runtime import Workerd, WorkerdOptions
from tests.lengths import is_whole, rounds

MIB = 1024 * 1024
LARGEST_FILE = 100_000_000
"""What is documented as the limit of a file."""

HEAP_AT_START, HEAP_AFTER_LOAD = 59 * MIB, 72 * MIB
"""Of an isolate's 128 MB the rest is V8's."""

OF_GRAPHS = ("test_graph.py", "test_relations.py", "test_health.py")
CONTRACT = {
    "edge-postgres": tuple(
        path.name
        for path in sorted((ROOT / "tests/contract").glob("test_*.py"))
        if path.name not in OF_GRAPHS
    ),
    "edge-d1": OF_GRAPHS,
}
"""What of the contract is asked of each home, all of it in all: on Node each passes the whole."""

ONE = list(homes.HOMES) if is_whole() else ["edge-postgres"]
"""Where that is asked which is the runtime's affair, whatever database is behind it."""

MANY_PARTS = rounds(10_000_000, whole=LARGEST_FILE)
"""Of a file that comes in small ones, each of which takes its time."""

REQUESTS = rounds(500, whole=1_000)

pytestmark = pytest.mark.timeout(400)
Start = Callable[..., Workerd]


@pytest.fixture
def start(home: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Return what starts a workerd with a home's artifact."""
    told = homes.options_of(home)
    folder = tmp_path_factory.mktemp("workerd")
    options = WorkerdOptions(told.artifact, folder, hyperdrive=told.hyperdrive)
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(Workerd(replace(options, **changes)))


def test_contract_holds_from_a_snapshot(start: Start, home: str, tmp_path: Path) -> None:
    """As at Cloudflare: the isolate is restored from the memory of one that has been started."""
    snapshot = {"snapshot": tmp_path, "is_probed": False}
    with start(**snapshot, saves_snapshot=True) as saving, saving.client() as client:
        assert client.get("/readyz").status_code == 200
    running = start(**snapshot)
    asked = [f"tests/contract/{name}" for name in ([""] if is_whole() else CONTRACT[home])]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *asked, "--base-url", running.url, "-q", "-p", "no:cacheprovider"],
        check=False, cwd=ROOT, capture_output=True, text=True, env=_without_xdist(),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + "\n".join(running.complaints())
    print(done.stdout.splitlines()[-1])
    refuse_all(running.url, LONGEST_OF_WORKERD)
    assert running.is_alive()
    assert running.complaints() == []


def _without_xdist() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}


def test_clients_that_give_up_end_nothing(start: Start) -> None:
    """A tenth of hundreds hang up: the others are answered, and the heap stays where it was."""
    running = start(telling=True)
    assert running.probe()["heap"] <= HEAP_AT_START
    outcomes = send(running.url, Load(requests=REQUESTS, connections=64, given_up=0.1))
    print(dict(outcomes), running.probe())
    assert set(outcomes) <= {"200", "503", "given up"}
    assert outcomes["200"] > 0.8 * REQUESTS
    assert running.is_alive()
    assert running.probe()["heap"] <= HEAP_AFTER_LOAD
    assert running.probe()["in_flight"] == 0
    assert running.complaints() == []


@pytest.mark.parametrize("home", ONE)
def test_largest_file_arrives(start: Start) -> None:
    """In parts of whatever size; one that stops on its way is told so, and leaves nothing behind."""
    running = start(variables={"INKCRE_HTTP__MAX_FILE_BYTES": str(LARGEST_FILE)})
    with running.client() as client:
        for size, whole in ((1024, MANY_PARTS), (4096, MANY_PARTS), (65_536, LARGEST_FILE)):
            parts = (bytes([size % 251]) * size for _ in range(whole // size))
            answer = client.post("/files", content=parts)
            assert answer.status_code == 201, answer.text
            head = client.head(f"/blocks/{answer.json()['id']}/content")
            assert int(head.headers["content-length"]) == whole // size * size
    running.run(
        "import inkcre.edge.entry as e\nfrom inkcre.http.pace import PaceRule\ne.make_pace_rule = lambda _: PaceRule(0.5)\n1"
    )
    for target in ("POST /files", "PUT /graph"):
        for how in ("Content-Length: 900000", "Transfer-Encoding: chunked"):
            assert stop_in_the_body(running.url, f"{target} HTTP/1.1\r\n{how}") == 408
    assert running.probe()["in_flight"] == 0
    assert running.complaints() == []


@pytest.mark.parametrize("home", ONE)
def test_first_requests_at_once_are_all_answered(start: Start) -> None:
    """None waits for another's beginning, which has not been made by one that came before."""
    assert send_first(start().url, 80) == {"200": 80}


HURRY = "import inkcre.adapters.database.hyperdrive as h\nh.MARGIN_SECONDS = 0.5\n1"


@pytest.mark.parametrize("home", ["edge-postgres"])
def test_database_that_stalls_is_503_in_time(start: Start, home: str) -> None:
    """Whatever it does, the request ends with its deadline, and its place is given back."""
    url = homes.options_of(home).hyperdrive["HYPERDRIVE"]
    with stalling(url) as stalled:
        running = start(hyperdrive={"HYPERDRIVE": stalled.url}, variables=QUICK)
        running.run(HURRY)
        for stalled.fault in FAULTS:
            with running.client(30) as client:
                answer: Any = client.get("/blocks")
                assert (answer.status_code, stalled.fault) == (503, stalled.fault)
                assert client.get("/heartbeat").status_code == 200
            assert running.probe()["in_flight"] == 0
