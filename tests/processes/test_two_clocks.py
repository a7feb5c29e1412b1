"""Processes whose clocks are wrong, or are set while they work: nothing is done twice or waits."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.cli.test_run import running
from tests.pages import Pages, Write, serve_pages
from tests.processes.set_clocks import SetClock

FEED = b"""<rss version="2.0"><channel><title>Slow</title><item><guid isPermaLink="false">1</guid>
<title>One</title><description>text</description></item></channel></rss>"""
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n\r\n" + FEED
HOUR = 3600


class SlowFeed:
    """A feed that answers when it is told to."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._may_answer = threading.Event()
        self.url = f"{pages.url}/feed"
        pages.answers["/feed"] = self._answer

    def _answer(self, _: dict[str, str], write: Write) -> None:
        self._may_answer.wait(60)
        write(ANSWER)

    def number_asked(self) -> int:
        return len(self._pages.asked)

    def answer(self) -> None:
        self._may_answer.set()


@pytest.fixture
def feed() -> Iterator[SlowFeed]:
    """Serve a feed."""
    with serve_pages() as pages:
        slow = SlowFeed(pages)
        yield slow
        slow.answer()


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    """Return what lets servers tick each second, and fetch from here."""
    (tmp_path / "inkcre.toml").write_text(
        'scheduler.tick_seconds = 1\nweb.private_hosts = ["127.0.0.1"]\n'
    )
    return ["--set", "cache.enabled=false"]


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for half a minute at most."""
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def number(base: str, name: str) -> float:
    """Return one of a server's numbers."""
    found = re.search(rf"^{name} (\S+)$", httpx.get(f"{base}/metrics").text, re.MULTILINE)
    assert found, name
    return float(found[1])


def wait_for_ticks(base: str, more: int = 3) -> None:
    """Wait until a server has ticked some more times."""
    before = number(base, "inkcre_ticks_total")
    wait_until(lambda: number(base, "inkcre_ticks_total") >= before + more)


def collect(base: str, feed: SlowFeed, **more: Any) -> int:
    """Let a server collect the feed, and wait until it has begun; give the job's id."""
    form = {"type": "rss", "config": {"url": feed.url}, **more}
    source = httpx.post(f"{base}/sources", json=form).raise_for_status().json()
    if not more:
        httpx.post(f"{base}/sources/{source['id']}/collect").raise_for_status()
    wait_until(lambda: feed.number_asked() == 1)
    [job] = httpx.get(f"{base}/jobs", params={"kind": "collect"}).json()["jobs"]
    return int(job["id"])


def wait_for_end(base: str, job_id: int) -> dict[str, Any]:
    """Wait until a job has ended; return it."""
    found: dict[str, Any] = {}

    def has_ended() -> bool:
        found.update(httpx.get(f"{base}/jobs/{job_id}").json())
        return found["state"] not in {"pending", "running"}

    wait_until(has_ended)
    return found


@pytest.mark.parametrize("seconds", [180, -180])
def test_replica_with_a_wrong_clock_steals_no_job(
    feed: SlowFeed, options: list[str], tmp_path: Path, postgres_url: str, seconds: int
) -> None:
    """By more than a lease ahead or behind: the feed is fetched once, and the clock is told."""
    environ: dict[str, Any] = {"INKCRE_PROFILE": "server", "INKCRE_DATABASE__URL": postgres_url}
    wrong_environ: dict[str, Any] = {**environ, **SetClock(tmp_path, seconds).environ()}
    with (
        running(tmp_path, *options, **environ) as (right, _),
        running(tmp_path, *options, **wrong_environ) as (wrong, _),
    ):
        holder, other = (right, wrong) if seconds > 0 else (wrong, right)
        httpx.get(f"{holder}/heartbeat").raise_for_status()
        job_id = collect(holder, feed)
        wait_for_ticks(other)
        assert feed.number_asked() == 1
        feed.answer()
        job = wait_for_end(holder, job_id)
        assert (job["state"], job["attempts"]) == ("finished", 1)
        assert feed.number_asked() == 1
        told = httpx.get(f"{wrong}/readyz").json()
        assert [notice["code"] for notice in told["notices"]] == ["clock_skewed"]
        assert round(number(wrong, "inkcre_clock_skew_seconds")) == seconds
        assert "notices" not in httpx.get(f"{right}/readyz").json()
        assert abs(number(right, "inkcre_clock_skew_seconds")) < 2


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
def test_clock_that_is_set_while_a_job_runs(
    feed: SlowFeed, options: list[str], tmp_path: Path, seconds: int
) -> None:
    """On one machine, by an hour: ticks keep their pace, the job goes on, and its schedule too."""
    clock = SetClock(tmp_path)
    options = [*options, "--set", "scheduler.jobs=4"]
    environ: dict[str, Any] = {**clock.environ()}
    with running(tmp_path, *options, **environ) as (base, _):
        job_id = collect(base, feed, schedule={"every": "10m"})
        wait_for_ticks(base, 1)
        clock.set(seconds)
        wait_for_ticks(base)
        assert feed.number_asked() == 1
        feed.answer()
        job = wait_for_end(base, job_id)
        assert (job["state"], job["attempts"]) == ("finished", 1)
        wait_for_ticks(base, 1)
        own = next(
            schedule
            for schedule in httpx.get(f"{base}/schedules").json()["schedules"]
            if schedule["every"] == "10m"
        )
        now = datetime.now().astimezone() + timedelta(seconds=seconds)
        waits = datetime.fromisoformat(own["next_run_at"]) - now
        assert timedelta() < waits < timedelta(minutes=11)
        assert number(base, "inkcre_tick_lag_seconds") < 15 * 60 + HOUR
        assert "notices" not in httpx.get(f"{base}/readyz").json()
