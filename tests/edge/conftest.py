"""Harnesses of a test's own, and clients of the shared ones."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from inkcre.edge.local.harness import Harness, HarnessOptions
from tests.edge import homes
from tests.edge.bare import build_bare


class Running:
    """A harness and a client of it."""

    def __init__(self, harness: Harness, log: Path) -> None:
        self.harness = harness
        self.url = harness.wait_until_ready()
        self.log = log

    def client(self, seconds: float = 120) -> httpx.Client:
        """Return a client that waits so long, to be closed."""
        return httpx.Client(base_url=self.url, timeout=seconds)

    def control(self, name: str, content: str = "") -> Any:
        """Ask the harness itself for something."""
        with self.client() as client:
            answer = client.post(f"/__harness/{name}", content=content)
        assert answer.status_code == 200, f"{answer.text}\n{self.log.read_text()}"
        return answer.json()

    def tick(self) -> None:
        """Fire the Cron Trigger."""
        with self.client() as client:
            client.post("/cdn-cgi/local/scheduled").raise_for_status()

    def run(self, source: str) -> Any:
        """Run Python inside the Worker; give the value of its last expression."""
        return self.control("run", source)

    def memory(self) -> dict[str, Any]:
        """Return the sizes of the heap, in bytes."""
        measured: dict[str, Any] = self.control("memory")
        return measured


Start = Callable[..., Running]


@contextmanager
def running_harness(options: HarnessOptions, log: Path) -> Iterator[Running]:
    """Run a harness for as long as the block."""
    with ExitStack() as stack:
        harness = Harness(options, log)
        stack.callback(harness.close)
        yield Running(harness, log)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return what starts a harness of a home's artifact, or of another artifact."""
    with ExitStack() as stack:
        numbers = itertools.count()

        def start_harness(home: str = "edge-postgres", **changes: Any) -> Running:
            options: HarnessOptions = replace(homes.options_of(home), **changes)
            if "artifact" in changes:  # whose modules are not those of the home
                options = replace(options, bytecode=None)
            log = tmp_path / f"harness-{next(numbers)}.log"
            return stack.enter_context(running_harness(options, log))

        yield start_harness


@pytest.fixture(scope="session")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a harness that a worker's tests share, one after the other.

    For what would disturb others in a shared home, and leaves nothing that the next would mind.
    """
    log = tmp_path_factory.mktemp("patient") / "log"
    with running_harness(homes.options_of("edge-postgres"), log) as running:
        yield running


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an artifact of next to nothing."""
    folder = tmp_path_factory.mktemp("bare") / "artifact"
    like = homes.options_of("edge-postgres").artifact / "wrangler.jsonc"
    build_bare(folder, like.read_bytes())
    return folder


@pytest.fixture(params=list(homes.HOMES))
def home(request: pytest.FixtureRequest) -> str:
    """Return the name of each edge home in turn."""
    return str(request.param)


@pytest.fixture
def edge(home: str) -> Iterator[httpx.Client]:
    """Return a client of a shared home."""
    with httpx.Client(base_url=homes.base_url(home), timeout=60) as client:
        yield client
