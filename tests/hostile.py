"""A real server, and what somebody may give it to make it take memory: by HTTP, and by sources."""

import gzip
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.pages import Pages, Write, serve_pages
from tests.postgres import free_port

MIB = 2**20
JSON = {"content-type": "application/json"}
SHARE = 1.3
"""How much a process may hold at the end of what it held after its first valid requests."""

WAIT_SECONDS = 60
"""How long it may take until it does."""


@dataclass
class Served:
    """A server of its own base, and pages that it may fetch."""

    port: int
    pid: int
    pages: Pages
    _sources: dict[str, int] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Ask for something; give the status and what was answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body or None, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def collect(self, kind: str, path: str) -> int:
        """Collect a page by a source of a kind; give the status."""
        if path not in self._sources:
            made = {"type": kind, "config": {"url": f"{self.pages.url}{path}"}}
            status, source = self.ask("POST", "/sources", json.dumps(made).encode(), JSON)
            assert status == 201, source
            self._sources[path] = source["id"]
        return self.ask("GET", f"/source/{self._sources[path]}/collect?full=true")[0]

    def resident_bytes(self) -> int:
        """Return how much memory the server holds."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def await_share(self, before: int) -> float:
        """Wait until no more is held than may be; give the share of what was held before."""
        deadline = time.monotonic() + WAIT_SECONDS
        while (share := self.resident_bytes() / before) > SHARE and time.monotonic() < deadline:
            time.sleep(0.5)
        return share


@contextmanager
def serve_hostile(folder: Path) -> Iterator[Served]:
    """Serve a new base of the profile dev, after its first valid requests."""
    with serve_pages() as pages, (folder / "log").open("wb") as log:
        port = free_port()
        command = [str(Path(sys.executable).with_name("inkcre")), "run"]
        for setting in (f"http.port={port}", 'web.private_hosts=["127.0.0.1"]'):
            command += ["--set", setting]
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        try:
            served = Served(port, process.pid, pages)
            _await_start(served, process)
            _put_pages(pages)
            _use(served)
            yield served
        finally:
            process.kill()
            process.wait()


def _await_start(served: Served, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            served.ask("GET", "/livez")
            return
        time.sleep(0.1)
    raise AssertionError("the server did not start")


def _use(served: Served) -> None:
    """Do what any user does first."""
    star = _make_star(5)
    for _ in range(5):
        assert _put_graph(served, star) == 200
        assert served.ask("POST", "/files", b"\x01" * 1000)[0] in (200, 201)
        assert served.ask("GET", "/blocks/recent")[0] == 200
    for kind, path in (("rss", "/feed"), ("webpage", "/article"), ("webpage", "/short")):
        assert served.collect(kind, path) == 200


def text(content: str) -> dict[str, str]:
    """Return a block of text."""
    return {"resolver": "text", "content": content}


def _put_pages(pages: Pages) -> None:
    channel = b'<rss version="2.0"><channel><title>t</title>'
    item = b"<item><title>i</title><guid>g%d</guid><description>words</description></item>"
    items = b"".join(item % number for number in range(20))
    paragraph = b"<p>Some words of a page, with <a href='/x'>links</a> and more of them.</p>"
    pages.put("/feed", channel + items + b"</channel></rss>", content_type="application/rss+xml")
    pages.put("/article", b"<article>" + paragraph * 200, content_type="text/html")
    pages.put("/short", b"<html><body><p>hello</p></body></html>", content_type="text/html")
    pages.put(
        "/deep.rss", channel + b"<item>" + b"<a>" * 50_000, content_type="application/rss+xml"
    )
    pages.put("/entities.rss", _make_entities(), content_type="application/rss+xml")
    pages.put(
        "/huge.rss",
        channel + (b"<item>" + paragraph + b"</item>") * 200_000,
        content_type="application/rss+xml",
    )
    pages.put(
        "/long",
        b"<html><body>" + b"<p>word <a href='x'>y</a> word" * 200_000,
        content_type="text/html",
    )
    pages.put("/deep", b"<html><body>" + b"<div>" * 300_000 + b"x", content_type="text/html")
    pages.put(
        "/signs", b"<p>" + b"https://a.b/" * 100_000 + b"#< " * 300_000, content_type="text/html"
    )
    attributes = b" ".join(b"a%d='1'" % number for number in range(300_000))
    pages.put("/attributes", b"<p " + attributes + b">x", content_type="text/html")
    pages.answers["/bomb"] = _explode


def _make_entities() -> bytes:
    """Make a billion laughs."""
    each = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    declared = f'<!DOCTYPE rss [<!ENTITY e0 "laughs">{each}]>'
    return f"{declared}<rss><channel><title>&e9;</title></channel></rss>".encode()


def _explode(_: dict[str, str], write: Write) -> None:
    write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n")
    with suppress(OSError):
        write(gzip.compress(bytes(200 * MIB)))


def _put_graph(served: Served, body: bytes, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return served.ask("PUT", "/graph", body, {**JSON, **named})[0]


def _make_star(points: int) -> bytes:
    """Make a block with relations to others, each of a hundred letters."""
    relations = [
        {"relation": {"content": "r"}, "to_block": {"block": text(f"{number:0100}")}}
        for number in range(points)
    ]
    return json.dumps({"block": text("star"), "out_relations": relations}).encode()


def _make_large(size: int) -> bytes:
    return json.dumps({"block": text("y" * size)}).encode()


def _at_once(act: Callable[[], int], count: int) -> int:
    with ThreadPoolExecutor(count) as pool:
        return max(pool.map(lambda _: act(), range(count)))


Attack = Callable[[Served], int]

BODIES: dict[str, Attack] = {
    "nested": lambda s: _put_graph(s, b'{"a":' * 200_000 + b"1" + b"}" * 200_000),
    "lists": lambda s: _put_graph(s, b"[" * 5_000_000),
    "numbers": lambda s: _put_graph(s, b"[" + b"1," * 5_000_000 + b"1]"),
    "mistakes": lambda s: _put_graph(s, json.dumps({f"k{n}": [] for n in range(200_000)}).encode()),
    "wide": lambda s: _put_graph(s, _make_star(30_000)),
    "large": lambda s: _put_graph(s, _make_large(25 * MIB)),
    "large, at once": lambda s: _at_once(lambda: _put_graph(s, _make_large(25 * MIB)), 4),
    "bomb": lambda s: _put_graph(s, gzip.compress(bytes(200 * MIB)), content_encoding="gzip"),
    "file": lambda s: s.ask("POST", "/files", bytes(range(256)) * (100 * MIB // 256))[0],
    "files": lambda s: _at_once(lambda: s.ask("POST", "/files", b"12345678" * MIB)[0], 8),
}
"""What may be sent, by a name; each gives a status."""


def _collect(kind: str, path: str) -> Attack:
    return lambda served: served.collect(kind, path)


COLLECTED: dict[str, Attack] = {
    f"{kind} {path}": _collect(kind, path)
    for kind, paths in (
        ("rss", ("/deep.rss", "/entities.rss", "/huge.rss", "/bomb")),
        ("webpage", ("/long", "/deep", "/signs", "/attributes")),
    )
    for path in paths
}
"""What may be collected."""
