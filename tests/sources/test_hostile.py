"""Servers that mean no good: bounded in time and memory, and a failed job that says why."""

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import pytest

from inkcre.context import Components
from inkcre.jobs.jobs import get_job
from tests.jobs.conftest import Clock
from tests.on_base import enqueue_collect
from tests.pages import Pages, Write
from tests.sources.conftest import add_source, run_jobs

MIB = 2**20
TIMEOUT_SECONDS = 1
Serve = Callable[[dict[str, str], Write], None]


def drip(headers: dict[str, str], write: Write) -> None:
    """Send a byte a second."""
    write(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(60):
        write(b"<")
        time.sleep(1)


def never_end(headers: dict[str, str], write: Write) -> None:
    """Send for as long as somebody listens."""
    write(b"HTTP/1.1 200 OK\r\n\r\n<rss>")
    with suppress(OSError):
        for _ in range(100_000):
            write(b"<item>" * 10_000)


def lie_long(_: dict[str, str], write: Write) -> None:
    """Announce more than is sent."""
    write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n<rss></rss>")


def announce_much(_: dict[str, str], write: Write) -> None:
    """Announce more than anybody would take."""
    write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")


def explode(headers: dict[str, str], write: Write) -> None:
    """Send ten gigabytes of nothing, as ten megabytes."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = squeeze.compress(bytes(8 * MIB)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
    write(gzip.compress(b"")[:10])
    with suppress(OSError):
        for _ in range(1280):
            write(block)


def say_nothing(_: dict[str, str], write: Write) -> None:
    """Take the request and keep still."""
    time.sleep(30)


def speak_nonsense(_: dict[str, str], write: Write) -> None:
    """Answer in no protocol."""
    write(b"\x16\x03\x01 hello, is this TLS?\r\n\r\n")


@pytest.mark.parametrize("type_", ["rss", "webpage"])
@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("serve", "code"),
    [
        (drip, "timed_out"),
        (never_end, "bad_answer"),
        (lie_long, "bad_answer"),
        (announce_much, "bad_answer"),
        (explode, "bad_answer"),
        (say_nothing, "timed_out"),
        (speak_nonsense, "bad_answer"),
    ],
)
def test_hostile_server_costs_little_and_is_named(
    base: Components, pages: Pages, clock: Clock, serve: Serve, code: str, type_: str
) -> None:
    """Each attempt is bounded; in the end the job has failed, and says why."""
    pages.answers["/hostile"] = serve
    source_id = add_source(base, type_, url=f"{pages.url}/hostile")
    job = enqueue_collect(base, source_id, full=False)
    tracemalloc.start()
    try:
        while job.state == "pending":
            clock.now = max(clock.now, datetime.fromisoformat(job.run_at))
            began = time.monotonic()
            run_jobs(base)
            assert time.monotonic() - began < TIMEOUT_SECONDS + 2
            job = get_job(base.database, job.id)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert job.state == "failed"
    assert str(job.error).startswith(f"{code}: "), job.error
    assert job.attempts == (5 if code == "timed_out" else 1)
    assert peak < 64 * MIB  # a page is up to 10 MiB; the bomb would be ten gigabytes


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_redirects_for_ever_are_followed_a_few_times(base: Components, pages: Pages) -> None:
    """In a circle, or each time to another address."""
    pages.put("/circle", b"", 302, location="/circle")
    for number in range(30):
        pages.put(f"/on/{number}", b"", 302, location=f"/on/{number + 1}")
    for path in ("/circle", "/on/0"):
        before = len(pages.asked)
        source_id = add_source(base, "rss", url=f"{pages.url}{path}")
        job = enqueue_collect(base, source_id, full=False)
        run_jobs(base)
        job = get_job(base.database, job.id)
        assert (job.state, job.attempts) == ("failed", 1)
        assert "redirect" in str(job.error)
        assert len(pages.asked) - before <= 6


@pytest.mark.parametrize("base", ["sqlite"], indirect=True)
def test_private_addresses_are_not_collected(base: Components, pages: Pages) -> None:
    """A feed is somebody else's word: it may lead into one's own network."""
    for url in ("http://127.0.0.2/feed", "http://169.254.169.254/latest", "http://[::1]/feed"):
        source_id = add_source(base, "rss", url=url)
        job = enqueue_collect(base, source_id, full=False)
        run_jobs(base)
        job = get_job(base.database, job.id)
        assert (job.state, job.attempts) == ("failed", 1)
        assert str(job.error).startswith("address_refused: ")


HTML = {
    "deep": b"<div>" * 200_000,
    "attributes": b"<p " + b"a='b' " * 100_000 + b">x</p>",
    "unclosed-comments": b"<!--" * 100_000,
    "unclosed-tags": b"<a href='x" * 100_000,
    "angles": b"<" * 300_000,
    "ampersands": b"&" * 300_000,
    "declarations": b"<![CDATA[" * 50_000,
    "links": b"<a href='/x'>x</a>" * 50_000,
    "paragraphs": b"<div><p>" + b"word, word, word " * 5 + b"</p>" * 10_000,
    "table": b"<table><tr>" + b"<td>cell, cell, cell, cell, cell</td>" * 20_000,
    "lists": b"<ul><li>" * 20_000,
    "scripts": b"<script type='application/ld+json'>[[[[[[[[" * 5_000,
    "brackets": b"<script type='application/ld+json'>" + b"[" * 100_000 + b"</script>",
    "open-paragraphs": b"<div><p>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" * 25_000,
    "sections": b"<section>some text, that has a vote of its own" * 250
    + b"<p>word, word " * 100_000,
    "texts": (b"<div>" + b"some text, and more of it, for a vote. " * 3) * 5_000,
}


@pytest.mark.parametrize("name", HTML)
def test_hostile_pages_are_read_in_bounded_time(name: str) -> None:
    """A page of a megabyte that was made to be slow is not."""
    from inkcre.sources.pages.pages import decode_html, read_page_lightly

    began = time.process_time()
    read_page_lightly(decode_html(HTML[name]), url="https://example.org/")
    assert time.process_time() - began < 20
