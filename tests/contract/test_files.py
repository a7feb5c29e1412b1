"""``/files`` and the content of blocks."""

import hashlib
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest

from tests.contract.conftest import Home, block, expect_problem, follow, located, star
from tests.pages import Pages, serve_pages

Unique = Callable[[str], str]
MIB = 1024 * 1024
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Serve pages on loopback, which every home may fetch by this one address."""
    with serve_pages() as served:
        yield served


def fresh(prefix: bytes = b"", size: int = 0) -> bytes:
    """Make content that nobody has sent yet, of at least ``size`` bytes."""
    mark = uuid.uuid4().bytes
    return prefix + mark + bytes(range(256)) * (size // 256)


def digest(content: bytes) -> str:
    """Return a block's content for a file."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def send(api: httpx.Client, content: bytes, **query: str) -> httpx.Response:
    """Send a file as a body."""
    return api.post("/files", content=content, params=query)


def read(api: httpx.Client, block_id: int, **headers: str) -> httpx.Response:
    """Read a block's content."""
    context = {name.replace("_", "-"): value for name, value in headers.items()}
    return api.get(f"/blocks/{block_id}/content", headers=context)


@pytest.mark.parametrize("size", [0, 300_000, 6 * MIB])
def test_file_is_kept_and_read_back(api: httpx.Client, size: int) -> None:
    """As a body: 201 with the whole block and where it is; its content is the file's bytes."""
    content = fresh(b"\x00", size)
    created = send(api, content)
    assert created.status_code == 201, created.text
    body = created.json()
    assert created.headers["location"] == located(api, f"/blocks/{body['id']}")
    assert (body["storage"], body["resolver"], body["content"]) == ("file", "file", digest(content))
    assert follow(api, created.headers["location"]).json() == body
    found = read(api, body["id"])
    assert found.content == content
    assert found.headers["content-length"] == str(len(content))
    assert found.headers["content-type"] == "application/octet-stream"
    assert found.headers["etag"] == f'"{digest(content).removeprefix("sha256:")}"'


@pytest.mark.parametrize("size", [0, 6 * MIB])
def test_same_file_twice_is_one_block(api: httpx.Client, size: int) -> None:
    """The second answers 200 with the same block; also when ten come at once."""
    content = fresh(b"\x00", size)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(api, content), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert read(api, answers[0].json()["id"]).content == content


@pytest.mark.parametrize(
    ("content", "name", "resolver", "media_type"),
    [
        (PNG, "photo.html", "image", "image/png"),
        (b"<!DOCTYPE html><script>x</script>", "photo.png", "text", "text/html; charset=utf-8"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "a.txt", "image", "image/svg+xml"),
        ("Grüße\n".encode(), "movie.mp4", "text", "text/plain; charset=utf-8"),
        (b"\x00\x00\x00\x18ftypmp42", "text.txt", "video", "video/mp4"),
        (b"\x1a\x45\xdf\xa3\x01\x02", None, "video", "video/webm"),
        (b"%PDF-1.7\n", None, "file", "application/pdf"),
        (b"PK\x03\x04\x00\x00", None, "file", "application/zip"),
        (b"ID3\x04\x00", None, "file", "audio/mpeg"),
        (b"MZ\x90\x00\x03", "cat.jpg", "file", "application/octet-stream"),
    ],
)
def test_file_is_what_its_bytes_say(
    api: httpx.Client, content: bytes, name: str | None, resolver: str, media_type: str
) -> None:
    """Never its name, and never what the client says that it is."""
    content += uuid.uuid4().hex.encode()
    created = api.post(
        "/files",
        content=content,
        params={"name": name} if name else {},
        headers={"content-type": "image/gif"},
    )
    assert created.status_code == 201, created.text
    assert created.json()["resolver"] == resolver
    found = read(api, created.json()["id"])
    assert found.headers["content-type"] == media_type
    assert found.content == content


def test_form_is_taken(api: httpx.Client) -> None:
    """One file in a form, of any field's name, small or large, in whatever pieces it comes."""
    for size in (0, 3 * MIB):
        content = fresh(b"\r\n--", size)
        created = api.post("/files", files={"upload": ("päge.bin", content, "text/html")})
        assert created.status_code == 201, created.text
        assert created.json()["content"] == digest(content)
        found = read(api, created.json()["id"])
        assert found.content == content
        assert "filename*=UTF-8''p%C3%A4ge.bin" in found.headers["content-disposition"]


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (b"--x\r\n", "multipart/form-data", "boundary is missing"),
        (b"hello", "multipart/form-data; boundary=x", "broken"),
        (b"", "multipart/form-data; boundary=x", "no file in the form"),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
         "multipart/form-data; boundary=x", 'the field "a" is no file'),
        ((b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n1\r\n'
          b'--x\r\nContent-Disposition: form-data; name="b"; filename="b"\r\n\r\n2\r\n--x--\r\n'),
         "multipart/form-data; boundary=x", 'the field "b" is more than one file'),
        (b'--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\nhalf',
         "multipart/form-data; boundary=x", "ends too early"),
    ],
    ids=["no boundary", "no form", "empty", "no file", "two files", "cut off"],
)  # fmt: skip
def test_broken_form_is_refused(
    api: httpx.Client, body: bytes, content_type: str, words: str
) -> None:
    """With what is wrong with it; nothing is kept."""
    answer = api.post("/files", content=body, headers={"content-type": content_type})
    expect_problem(answer, 422, "invalid", words)


def test_name_is_found_from_the_file(api: httpx.Client, unique: Unique) -> None:
    """It is a text block that the file's block is related to; a second name is one more."""
    content, names = fresh(), [unique("one") + ".txt", unique("two") + ".txt"]
    first = send(api, content, name=f"C:\\folder/{names[0]}")
    second = send(api, content, name=names[1])
    assert (first.status_code, second.status_code) == (201, 200)
    graph = api.get(f"/blocks/{first.json()['id']}/graph").json()
    texts = {b["content"] for b in graph["blocks"] if b["storage"] is None}
    assert texts == set(names)
    assert {r["content"] for r in graph["relations"]} == {"named"}
    disposition = read(api, first.json()["id"]).headers["content-disposition"]
    assert names[0].replace(" ", "%20") in disposition


def test_name_that_nothing_can_be_called_is_refused(api: httpx.Client) -> None:
    """And not dropped; a file without a name is one all the same."""
    for name in ("\x00", "..", "/"):
        answer = api.post("/files", params={"name": name}, content=fresh())
        expect_problem(answer, 422, "invalid", "name")
    assert api.post("/files", params={"name": ""}, content=fresh()).status_code == 201


def test_file_may_be_larger_than_other_bodies(api: httpx.Client, max_body_bytes: int) -> None:
    """The limit of files is one of its own."""
    limit = api.get("/capabilities").json()["limits"]["max_file_bytes"]
    content = fresh(b"\x00", min(limit, max_body_bytes + 1))
    created = send(api, content)
    assert created.status_code == 201, created.text
    assert read(api, created.json()["id"]).content == content


def test_file_over_the_limit_is_413(api: httpx.Client, home: Home) -> None:
    """At its announcement, without its bytes."""
    limit = api.get("/capabilities").json()["limits"]["max_file_bytes"]
    url = httpx.URL(api.base_url)
    with socket.create_connection((url.host, url.port or 80), timeout=30) as connection:
        head = f"POST {home.target('/files')} HTTP/1.1\r\nHost: x\r\nContent-Length: {limit + 1}\r\n\r\n"
        connection.sendall(head.encode())
        connection.sendall(b"x" * 1000)
        answer = connection.recv(65536)
    assert b" 413 " in answer.partition(b"\r\n")[0]


def test_block_of_a_file_can_be_written_by_hand(api: httpx.Client, unique: Unique) -> None:
    """It names the file by its SHA-256; anything else is refused, and a missing file is 404."""
    content = fresh()
    kept = send(api, content).json()
    made = api.post("/blocks", json=block(kept["content"], unique("mine"), "file"))
    assert made.status_code == 201
    assert read(api, made.json()["id"]).content == content
    for wrong in (
        "x",
        digest(b"")[:-1],
        digest(b"").upper(),
        f"{digest(b'')}\n",
        "../../etc/passwd",
    ):
        answer = api.post("/blocks", json=block(wrong, storage="file"))
        expect_problem(answer, 422, "invalid", "sha256:")
        answer = api.put("/graph", json=star(block(wrong, storage="file")))
        expect_problem(answer, 422, "invalid", "sha256:")
    inline = api.post("/blocks", json=block(unique("a note"))).json()
    answer = api.patch(f"/blocks/{inline['id']}", json={"storage": "file"})
    expect_problem(answer, 422, "invalid", "sha256:")
    lost = api.post("/blocks", json=block(digest(fresh()), storage="file")).json()
    expect_problem(read(api, lost["id"]), 404, "not_found", lost["content"])
    expect_problem(read(api, 2**62), 404, "not_found")


def test_inline_content_is_text(api: httpx.Client, unique: Unique) -> None:
    """In UTF-8, of whatever resolver: a page that is inline is shown as its source."""
    text = unique("<h1>Grüße</h1><script>alert(1)</script>")
    for resolver in ("text", "webpage"):
        made = api.post("/blocks", json=block(text, resolver)).json()
        found = read(api, made["id"])
        assert found.content == text.encode()
        assert found.headers["content-type"] == "text/plain; charset=utf-8"
    empty = api.post("/blocks", json=block("")).json()
    assert read(api, empty["id"]).content == b""


def test_content_can_do_nothing_to_the_site(api: httpx.Client) -> None:
    """Whatever it is: a sandbox, no guessing of types, and no script's type."""
    page = b"<!DOCTYPE html><script>parent.location='/'</script>" + uuid.uuid4().hex.encode()
    made = send(api, page, name='x".html\r\nSet-Cookie: a=b').json()
    found = read(api, made["id"])
    policy = found.headers["content-security-policy"]
    assert policy.startswith("sandbox;")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert found.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in found.headers
    assert found.headers["content-disposition"].startswith("inline; ")
    kept = api.get(f"/blocks/{made['id']}/content", params={"download": "true"})
    assert kept.headers["content-disposition"].startswith("attachment; ")
    pdf = send(api, b"%PDF-1.7" + uuid.uuid4().bytes).json()
    assert read(api, pdf["id"]).headers["content-security-policy"] == "script-src 'none'"
    binary = send(api, b"MZ\x00" + uuid.uuid4().bytes).json()
    assert read(api, binary["id"]).headers["content-disposition"].startswith("attachment; ")


@pytest.fixture
def kept(api: httpx.Client) -> tuple[int, bytes]:
    """Keep a file of 1000 bytes; give its block's id and its content."""
    content = fresh(b"\x00" * 984)
    return int(send(api, content).json()["id"]), content


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1), ("bytes=0-99", 0, 100), ("bytes=999-", 999, 1000), ("bytes=500-5000", 500, 1000),
        ("bytes=-1", 999, 1000), ("bytes=-5000", 0, 1000), ("Bytes=1-2", 1, 3), ("bytes=0-", 0, 1000),
    ],
)  # fmt: skip
def test_part_is_read(
    api: httpx.Client, kept: tuple[int, bytes], asked: str, start: int, end: int
) -> None:
    """206 with the part, and where it is in the whole."""
    block_id, content = kept
    found = read(api, block_id, range=asked)
    assert found.status_code == 206
    assert found.content == content[start:end]
    assert found.headers["content-range"] == f"bytes {start}-{end - 1}/1000"
    assert found.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-2000", "bytes=-0"])
def test_part_behind_the_end_is_416(api: httpx.Client, kept: tuple[int, bytes], asked: str) -> None:
    """With how long the whole is."""
    found = read(api, kept[0], range=asked)
    expect_problem(found, 416, "range_not_satisfiable")
    assert found.headers["content-range"] == "bytes */1000"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-1,5-6",
        "lines=0-5",
        "bytes=5-2",
        "bytes=-",
        "x",
        "bytes=a-b",
        "bytes=" + " " * 5000 + "x",
        "bytes=0-" + "9" * 5000,
    ],
)
def test_other_ranges_get_all_of_it(api: httpx.Client, kept: tuple[int, bytes], asked: str) -> None:
    """As RFC 9110 allows."""
    found = read(api, kept[0], range=asked)
    assert (found.status_code, found.content) == (200, kept[1])


def test_part_of_another_content_is_all_of_this(api: httpx.Client, kept: tuple[int, bytes]) -> None:
    """If-Range names what the rest is of."""
    etag = read(api, kept[0]).headers["etag"]
    assert read(api, kept[0], range="bytes=0-1", if_range=etag).status_code == 206
    assert read(api, kept[0], range="bytes=0-1", if_range='"other"').content == kept[1]


def test_known_content_is_304(api: httpx.Client, kept: tuple[int, bytes]) -> None:
    """By its etag, among others, weak, or any."""
    etag = read(api, kept[0]).headers["etag"]
    for known in (etag, f'"a", W/{etag}', "*"):
        found = read(api, kept[0], if_none_match=known, range="bytes=0-1")
        assert (found.status_code, found.content) == (304, b"")
        assert found.headers["etag"] == etag
    assert read(api, kept[0], if_none_match='"other"').status_code == 200


def test_content_is_asked_for_by_date(api: httpx.Client, kept: tuple[int, bytes]) -> None:
    """RFC 9110, sections 13.1.3 to 13.1.5: where a tag is named too, that alone counts."""
    deadline = time.monotonic() + 5
    while (said := read(api, kept[0]).headers.get("last-modified")) is None:  # in its first second
        assert time.monotonic() < deadline
        time.sleep(0.2)
    tag, before = read(api, kept[0]).headers["etag"], "Thu, 01 Jan 1970 00:00:00 GMT"
    unchanged = read(api, kept[0], if_modified_since=said)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (unchanged.headers["last-modified"], unchanged.headers["etag"]) == (said, tag)
    for asked in (before, "yesterday", "2026-11-24"):
        assert read(api, kept[0], if_modified_since=asked).status_code == 200
    assert read(api, kept[0], if_modified_since=said, if_none_match='"other"').status_code == 200
    gone = read(api, kept[0], if_unmodified_since=before)
    expect_problem(gone, 412, "precondition_failed", "If-Unmodified-Since")
    assert read(api, kept[0], if_unmodified_since=before, if_match=tag).status_code == 200
    assert read(api, kept[0], if_unmodified_since=said).status_code == 200
    assert read(api, kept[0], range="bytes=0-1", if_range=said).status_code == 206
    assert read(api, kept[0], range="bytes=0-1", if_range=before).status_code == 200
    assert "last-modified" not in api.get(f"/blocks/{kept[0]}").headers


def test_head_says_the_same_without_the_bytes(api: httpx.Client, kept: tuple[int, bytes]) -> None:
    """As GET would."""
    whole = read(api, kept[0])
    head = api.head(f"/blocks/{kept[0]}/content")
    assert head.content == b""
    for name in ("content-length", "content-type", "etag", "content-disposition", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    # A range is for GET only (RFC 9110, section 14.2).
    for asked in ("bytes=0-1", "bytes=5000-"):
        head = api.head(f"/blocks/{kept[0]}/content", headers={"range": asked})
        assert (head.status_code, head.headers["content-length"]) == (200, "1000")


def test_page_of_others_is_read(api: httpx.Client, pages: Pages) -> None:
    """Through the server, with its type, in parts if asked; a redirect is followed."""
    page = fresh(b"<!DOCTYPE html>\x80")
    url = pages.put("/a", page, content_type="text/html; charset=iso-8859-1")
    pages.put("/from", b"", 302, location="/a")
    for address in (url, f"{pages.url}/from"):
        made = api.post("/blocks", json=block(address, "webpage", "url")).json()
        found = read(api, made["id"])
        assert found.content == page
        assert found.headers["content-type"] == "text/html; charset=iso-8859-1"
        assert found.headers["content-security-policy"].startswith("sandbox")
        assert read(api, made["id"], range="bytes=0-14").content == page[:15]
        assert read(api, made["id"], if_none_match=found.headers["etag"]).status_code == 304


def test_page_that_cannot_be_had_is_said_so(api: httpx.Client, pages: Pages) -> None:
    """Each in its own way: an error of theirs, nobody there, an address that may not be fetched."""
    pages.put("/large", bytes(11 * MIB))
    pages.put("/to", b"", 302, location=f"http://127.0.0.2:{pages.port}/a")
    cases = [
        (f"{pages.url}/missing", 502, "bad_answer", "answered 404"),
        (f"{pages.url}/large", 502, "bad_answer", "larger than"),
        ("http://127.0.0.1:1/", 503, "unavailable", "no answer"),
        ("http://127.0.0.2/", 403, "address_refused", "not on the open Internet"),
        (f"{pages.url}/to", 403, "address_refused", "not on the open Internet"),
        ("http://169.254.169.254/latest/meta-data/", 403, "address_refused", "open Internet"),
        ("http://2130706434/", 403, "address_refused", "open Internet"),
        ("http://[::1]/", 403, "address_refused", "open Internet"),
        ("http://localhost/", 403, "address_refused", "open Internet"),
        ("file:///etc/passwd", 403, "address_refused", "only http and https"),
        ("not an address", 403, "address_refused", "only http and https"),
    ]
    for url, status, code, words in cases:
        made = api.post("/blocks", json=block(url, "webpage", "url")).json()
        expect_problem(read(api, made["id"]), status, code, words)


def test_content_of_a_deleted_block_is_gone(api: httpx.Client) -> None:
    """And comes back with the file."""
    content = fresh()
    first = send(api, content).json()
    assert api.delete(f"/blocks/{first['id']}").status_code == 204
    expect_problem(read(api, first["id"]), 404, "not_found")
    second = send(api, content)
    assert second.status_code == 201
    assert read(api, second.json()["id"]).content == content
