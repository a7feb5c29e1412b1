"""Harnesses of a test's own, and clients of the shared ones."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from inkcre.edge.local.harness import Harness, HarnessOptions
from tests.edge import homes


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


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return what starts a harness of a home's artifact, or of another artifact."""
    started: list[Running] = []

    def start_harness(home: str = "edge-postgres", **changes: Any) -> Running:
        options: HarnessOptions = replace(homes.options_of(home), **changes)
        log = tmp_path / f"harness-{len(started)}.log"
        started.append(Running(Harness(options, log), log))
        return started[-1]

    yield start_harness
    for running in started:
        running.harness.close()


@pytest.fixture(params=list(homes.HOMES))
def home(request: pytest.FixtureRequest) -> str:
    """Return the name of each edge home in turn."""
    return str(request.param)


@pytest.fixture
def edge(home: str) -> Iterator[httpx.Client]:
    """Return a client of a shared home."""
    with httpx.Client(base_url=homes.base_url(home), timeout=60) as client:
        yield client
