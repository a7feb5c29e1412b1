"""Files on the edge: they pass through in parts, and the isolate does not hold them."""

import gzip
import hashlib
import uuid
from collections.abc import Iterator
from contextlib import suppress

import httpx2 as httpx

from tests.edge import homes
from tests.edge.conftest import Running, Start
from tests.pages import serve_pages

MIB = 1024 * 1024
SIZE = 60 * MIB


def parts(size: int) -> Iterator[bytes]:
    """Yield content that nobody has sent yet, without holding it."""
    yield uuid.uuid4().bytes + b"\x00" * (MIB - 16)
    for number in range(size // MIB - 1):
        yield bytes([number % 256]) * MIB


def test_large_file_passes_through_the_isolate(start: Start) -> None:
    """60 MB in, of which parts are held, and out, of which nothing is."""
    running = start("edge-postgres")
    before = running.memory()
    digest = hashlib.sha256()

    def counted() -> Iterator[bytes]:
        for part in parts(SIZE):
            digest.update(part)
            yield part

    with running.client() as client:
        kept = client.post("/files", content=counted())
        assert kept.status_code == 201, f"{kept.text}\n{running.log.read_text()[-2000:]}"
        assert kept.json()["content"] == f"sha256:{digest.hexdigest()}"
        after_put = running.memory()
        path = f"/blocks/{kept.json()['id']}/content"
        found = hashlib.sha256()
        with client.stream("GET", path) as answer:
            assert answer.headers["content-length"] == str(SIZE)
            for chunk in answer.iter_bytes():
                found.update(chunk)
        assert found.digest() == digest.digest()
        after_get = running.memory()
        part = client.get(path, headers={"range": f"bytes={SIZE - 10}-"})
        assert (part.status_code, len(part.content)) == (206, 10)
    put, get = (after_put["heap"] - before["heap"]) / MIB, (after_get["heap"] - after_put["heap"]) / MIB  # fmt: skip
    print(f"60 MiB: the heap grows by {put:.1f} MiB when it comes, {get:.1f} when it goes")
    assert put < 32
    assert get < 2


def test_file_goes_out_without_python(edge: httpx.Client) -> None:
    """The bucket's own stream is the body, whole or in part; HEAD has none."""
    content = uuid.uuid4().bytes + bytes(3 * MIB)
    kept = edge.post("/files", content=content).json()
    path = f"/blocks/{kept['id']}/content"
    assert edge.get(path).content == content
    assert edge.get(path, headers={"range": "bytes=5-2000000"}).content == content[5:2000001]
    head = edge.head(path)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(content)))
    assert edge.get(path, headers={"if-none-match": head.headers["etag"]}).status_code == 304


def test_file_that_breaks_off_leaves_nothing(patient: Running) -> None:
    """A client that hangs up in the middle of a large file."""
    before = kept_files(patient)

    def broken() -> Iterator[bytes]:
        yield bytes(12 * MIB)
        raise ConnectionError

    with patient.client() as client:
        with suppress(ConnectionError, httpx.HTTPError):
            client.post("/files", content=broken())
        assert client.get("/heartbeat").status_code == 200
        content = uuid.uuid4().bytes
        assert client.post("/files", content=content).status_code == 201
    assert len(kept_files(patient) - before) == 1


def kept_files(running: Running) -> set[str]:
    """Return the keys of what is in the bucket, but for what is said there of the base."""
    listed = running.run(
        "from pyodide.ffi import run_sync\n[item.key for item in run_sync(env.FILES.list()).objects]"
    )
    return {key for key in listed if not key.startswith("inkcre/")}


def test_page_is_cached_in_kv(edge: httpx.Client, home: str) -> None:
    """The second time its server is not asked; the workers profile has the cache on."""
    with serve_pages() as pages:
        url = pages.put("/a", uuid.uuid4().hex.encode(), content_type="text/plain")
        form = {"resolver": "webpage", "storage": "url", "content": url}
        made = edge.post("/blocks", json=form).json()
        first, second = (edge.get(f"/blocks/{made['id']}/content") for _ in range(2))
        assert first.content == second.content
        assert first.headers["content-type"] == second.headers["content-type"]
        assert len(pages.asked) == 1
    key = f"page:{hashlib.sha256(url.encode()).hexdigest()}"
    source = f"from pyodide.ffi import run_sync\nstr(run_sync(env.KV.get('{key}')))"
    kept = edge.post("/__harness/run", content=source)
    assert kept.status_code == 200, f"{kept.text}\n{homes.log_of(home)[-1000:]}"
    assert url in kept.json()


def test_compressed_page_is_read_and_a_bomb_is_not(edge: httpx.Client) -> None:
    """The platform undoes compression as it is read, and no more is read than is taken."""
    with serve_pages() as pages:
        text = uuid.uuid4().hex * 1000
        url = pages.put("/a", gzip.compress(text.encode()), content_encoding="gzip")
        bomb = pages.put("/bomb", gzip.compress(bytes(64 * MIB)), content_encoding="gzip")
        for address, status in ((url, 200), (bomb, 502)):
            form = {"resolver": "webpage", "storage": "url", "content": address}
            made = edge.post("/blocks", json=form).json()
            answer = edge.get(f"/blocks/{made['id']}/content")
            assert answer.status_code == status, answer.text
            if status == 200:
                assert answer.text == text
