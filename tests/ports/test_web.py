"""The web port's adapter for processes: what it refuses, what it bounds, what it asks."""

import gzip
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpcore2 as httpcore
import pytest

from inkcre.adapters.web.addresses import is_public, parse_url
from inkcre.adapters.web.redirects import _decompress
from inkcre.adapters.web.sockets import SocketsWeb
from inkcre.errors import BadAnswer, InkcreError, Refused, TimedOut, Unavailable
from inkcre.ports.web import Page
from inkcre.sections.web import SocketsSettings
from tests.certificates import make_certificate
from tests.memory import forget_peak, peak_bytes
from tests.pages import Pages, Write, serve_pages

MIB = 1024 * 1024
PUBLIC = "93.184.215.14"


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Serve pages on loopback."""
    with serve_pages() as served:
        yield served


def web(*hosts: str, resolve: Callable[[str, int], list[str]] | None = None, **limits: Any) -> SocketsWeb:  # fmt: skip
    """Make a client that may fetch from some private hosts."""
    settings = SocketsSettings(private_hosts=hosts or ("127.0.0.1",), **limits)
    return SocketsWeb(settings, resolve) if resolve else SocketsWeb(settings)


HOSTILE = [
    # what is not fetched at all
    "", " ", "example.org", "//example.org/", "/etc/passwd", "file:///etc/passwd", "ftp://example.org/",
    "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/stat", "data:text/html,x", "javascript:alert(1)",
    "jar:http://example.org!/", "ldap://127.0.0.1/", "http:example.org", "http:/example.org", "http://",
    "http:///path", "https://?q", "HTTP://", "ws://example.org/", "view-source:http://example.org/",
    # loopback in every spelling
    "http://127.0.0.1/", "http://127.0.0.1:8000/", "http://127.1/", "http://127.0.1/", "http://2130706433/",
    "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://017700000001/", "http://127.0.0.1./",
    "http://127.255.255.254/", "http://0/", "http://0.0.0.0/", "http://localhost/", "http://LOCALHOST/",
    "http://localhost./", "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::127.0.0.1]/", "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/", "http://[fe80::1%25lo]/", "http://[fe80::1]/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/",
    # private networks and metadata services
    "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/", "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/", "http://100.100.100.200/",
    "http://168.63.129.16/", "http://192.0.0.192/", "http://[fc00::1]/", "http://224.0.0.1/", "http://255.255.255.255/",
    "http://198.18.0.1/", "http://240.0.0.1/", "http://[ff02::1]/", "http://[2001:db8::1]/", "http://[::ffff:a9fe:a9fe]/",
    "http://0xa9fea9fe/", "http://2852039166/", "http://[64:ff9b::a9fe:a9fe]/",
    # what two parsers would read differently
    "http://user@127.0.0.1/", "http://example.org@127.0.0.1/", "http://127.0.0.1@example.org/", "http://user:pw@example.org/",
    "http://example.org\\@127.0.0.1/", "http://127.0.0.1\\.example.org/", "http://127.0.0.1#@example.org/",
    "http://127.0.0.1?@example.org/", "http://127.0.0.1%2eexample.org/", "http://example.org:80:80/", "http://example.org:x/",
    "http://example.org:99999/", "http://example.org:0/", "http://exa mple.org/", "http://example.org\t.evil/",
    "http://example.org\r\nHost: evil/", "http://example.org/\x00", "http://[::1/", "http://::1/", "http://[127.0.0.1]/",
    "http://%31%32%37.0.0.1/", "http://example.org%00.evil/", "http://" + "a" * 300 + "/", "http://example.org/" + "a" * 9000,
    "https://127.0.0.1/", "https://[::1]:8443/", "http://%6c%6f%63alhost/", "http://127.0.0.1%00@example.org/",
]  # fmt: skip


def test_table_is_long_enough() -> None:
    """At least forty hostile addresses, none twice."""
    assert len(HOSTILE) == len(set(HOSTILE)) >= 40


@pytest.mark.parametrize("url", HOSTILE, ids=lambda url: repr(url)[:40])
def test_hostile_address_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anybody is asked: no connection is made."""

    def connect(*_: object) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "create_connection", connect)
    # The machine's own resolver, which must not ask the network in a test: names of the table that
    # are no number and no loopback stand for a public address.
    real = socket.getaddrinfo

    def resolve(host: str, port: int) -> list[str]:
        if "example" in host or "evil" in host or "aaa" in host:
            return [PUBLIC]
        return [str(found[4][0]) for found in real(host, port, type=socket.SOCK_STREAM)]

    with pytest.raises(Refused, match=r"^address: "):
        web("nobody.test", resolve=resolve).fetch(url)


@pytest.mark.parametrize("url", HOSTILE, ids=lambda url: repr(url)[:40])
def test_redirect_to_a_hostile_address_is_refused(pages: Pages, url: str) -> None:
    """As if it had been asked for; the page that redirects is the last that is asked."""
    if not url.isprintable() or not url.isascii() or not url.strip():
        url = url.encode("unicode_escape").decode() or "file:///"
    with suppress(ValueError):
        if urlsplit(url).scheme in ("", "http") and not urlsplit(url).netloc:
            url = "file:///etc/passwd"  # relative, so an address of the same server
    pages.put("/", b"", 302, location=url)

    def resolve(host: str, port: int) -> list[str]:
        if "example" in host or "evil" in host or "aaa" in host or host == "127.0.0.1":
            return ["127.0.0.1"]
        return [
            str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        ]

    # The first page is on an address that is open by name; the hostile ones are not.
    address = f"http://open.test:{pages.port}/"
    opened = web(
        "open.test", resolve=lambda h, p: ["127.0.0.1"] if h == "open.test" else resolve(h, p)
    )
    with pytest.raises(Refused, match=r"^address: "):
        opened.fetch(address)
    assert [path for path, _ in pages.asked] == ["/"]


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.215.14", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:2800:21f:cb07::1", "64:ff9b::8.8.8.8"],
)  # fmt: skip
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    """Just beside the private ones too."""
    assert is_public(address)


def test_every_reserved_network_is_not_public() -> None:
    """All that Python's own registry knows as not global, and it knows fewer than we refuse."""
    import ipaddress

    for number in range(0, 2**32, 65_521):
        address = ipaddress.ip_address(number)
        assert not is_public(str(address)) or address.is_global, address
    assert not is_public("not an address")


def test_name_that_changes_its_address_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was looked at is the one that is connected to, whatever comes next."""
    answers = [[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]]
    connected: list[object] = []

    def connect(address: object, *_: object, **__: object) -> None:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Unavailable):
        web("nobody.test", resolve=lambda *_: answers.pop(0)).fetch("http://rebind.test:8080/")
    assert connected == [(PUBLIC, 8080)]
    assert len(answers) == 2


def test_name_with_one_private_address_is_refused() -> None:
    """Though the others are public."""
    with pytest.raises(Refused, match=r"both\.test is not on the open Internet") as caught:
        web("nobody.test", resolve=lambda *_: [PUBLIC, "10.0.0.1"]).fetch("http://both.test/")
    assert caught.value.hint == 'if it is yours, add "both.test" to web.private_hosts'


def test_host_is_opened_by_its_name_alone(pages: Pages) -> None:
    """Not the address that it has, nor a name that ends alike."""
    pages.put("/a", b"x")
    opened = web("nas.test", resolve=lambda *_: ["127.0.0.1"])
    assert opened.fetch(f"http://NAS.test:{pages.port}/a").content == b"x"
    for host in ("127.0.0.1", "other.nas.test", "nas.test.evil"):
        with pytest.raises(Refused):
            opened.fetch(f"http://{host}:{pages.port}/a")


def test_request_is_plain(pages: Pages) -> None:
    """The host as the URL has it, the path escaped, and nothing that tells of this machine."""
    pages.put("/a%20b?c=%C3%A9&d=%2F", b"x")
    page = web().fetch(f"{pages.url}/a b?c=é&d=%2F#part", headers={"If-None-Match": '"1"'})
    ((path, headers),) = pages.asked
    assert page.content == b"x"
    assert path == "/a%20b?c=%C3%A9&d=%2F"
    assert headers["host"] == f"127.0.0.1:{pages.port}"
    assert headers["if-none-match"] == '"1"'
    assert set(headers) == {"host", "accept", "accept-encoding", "user-agent", "if-none-match", "connection"}  # fmt: skip


@pytest.mark.parametrize("status", [200, 304, 404, 410, 429, 500])
def test_every_answer_is_given(pages: Pages, status: int) -> None:
    """Whoever asked knows what to make of it."""
    url = pages.put("/a", b"" if status == 304 else b"x", status=status, etag='"1"')
    page = web().fetch(url)
    assert (page.status, page.headers["etag"], page.url) == (status, '"1"', url)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(pages: Pages, status: int) -> None:
    """Relative or not, up to the limit; the page says where it was found."""
    pages.put("/b/c", b"", status, location="../d?e")
    pages.put("/a", b"", status, location=f"{pages.url}/b/c")
    pages.put("/d?e", b"found")
    page = web(max_redirects=2).fetch(f"{pages.url}/a")
    assert (page.content, page.url) == (b"found", f"{pages.url}/d?e")
    with pytest.raises(BadAnswer, match="redirects more than 1 times"):
        web(max_redirects=1).fetch(f"{pages.url}/a")
    pages.put("/loop", b"", status, location="/loop")
    with pytest.raises(BadAnswer, match="redirects more than 5 times"):
        web().fetch(f"{pages.url}/loop")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_compression_is_undone(pages: Pages, encoding: str) -> None:
    """Of the kinds that were asked for."""
    content = bytes(range(256)) * 2000
    compressed = zlib.compress(content) if encoding == "deflate" else gzip.compress(content)
    url = pages.put("/a", compressed, content_encoding=encoding)
    assert web().fetch(url).content == content


def deflate_bare(content: bytes) -> bytes:
    """Compress without a header, as many servers do that say "deflate"."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


PACKED = gzip.compress(b"good")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"good", "UTF-8"), (b"good", "none"), (b"good", "None"), (b"good", "aws-chunked"), (b"good", "identity"),
        (b"good", ""), (b"good", "text/html"), (b"good", "windows-1251"), (b"good", "utf-8, identity"), (b"good", "binary"),
        (PACKED, "identity, gzip"), (PACKED, "gzip, identity"), (PACKED, "aws-chunked,gzip"), (PACKED, "GZIP , none"),
        (PACKED, "UTF-8, gzip"), (deflate_bare(b"good"), "deflate"), (zlib.compress(b"good"), "deflate"), (PACKED, "deflate"),
        (PACKED + bytes(7), "gzip"), (PACKED + bytes(200_000), "gzip"), (PACKED + b"\r\n", "gzip"), (PACKED + b"\n" + PACKED, "gzip"),
        (gzip.compress(b"go") + bytes(9) + gzip.compress(b"od"), "gzip"), (zlib.compress(b"good") + b"\0", "deflate"),
        (deflate_bare(b"good") + b"\0\0", "deflate"),
    ],
)  # fmt: skip
def test_coding_that_says_nothing_is_passed_over(
    pages: Pages, content: bytes, encoding: str
) -> None:
    """Nor does it matter what is behind a compressed content, or that it has no header."""
    assert web().fetch(pages.put("/a", content, content_encoding=encoding)).content == b"good"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_compression_is_undone_however_it_comes(pages: Pages, size: int) -> None:
    """Also a byte at a time, of which the first does not tell how it is compressed."""
    content = b"a text that is compressed"
    for packed in (
        deflate_bare(content), zlib.compress(content), gzip.compress(content[:9]) + gzip.compress(content[9:]),
    ):  # fmt: skip
        parts = [packed[at : at + size] for at in range(0, len(packed), size)]
        assert b"".join(_decompress(parts, "deflate")) == content


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Text/HTML", "text/html"), ("TEXT/HTML;charset=x", "text/html"), ("text/html , text/html", "text/html"),
        (" Application/XHTML+XML ; a=b", "application/xhtml+xml"), ("", ""),
    ],
)  # fmt: skip
def test_media_type_has_small_letters(said: str, kind: str) -> None:
    """Without its parameters, and once."""
    assert Page("", 200, {"content-type": said}).media_type == kind
    assert Page("", 203).media_type == ""


def test_unknown_compression_is_no_answer(pages: Pages) -> None:
    """Nor is one that is broken, or ends too early."""
    for content, encoding in (
        (b"x", "br"), (b"x", "identity, zstd"), (b"x", "gzip, gzip"), (b"no gzip at all", "gzip"), (gzip.compress(b"x" * 999)[:-9], "gzip"),
    ):  # fmt: skip
        url = pages.put("/a", content, content_encoding=encoding)
        with pytest.raises(BadAnswer, match="compress"):
            web().fetch(url)


def bomb(mebibytes: int) -> bytes:
    """Make a gzip file that is a thousand times as large when its compression is undone."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(bytes(MIB)) for _ in range(mebibytes)]) + packer.flush()


def test_bomb_is_refused_in_bounded_memory(pages: Pages) -> None:
    """A gigabyte in a megabyte; and a flood that decompresses to nothing."""
    url = pages.put("/bomb", bomb(1024), content_encoding="gzip")
    forget_peak()
    before = peak_bytes()
    with pytest.raises(BadAnswer, match="larger than 1048576 bytes"):
        web(max_bytes=MIB).fetch(url)
    assert peak_bytes() - before < 16 * MIB
    stored = zlib.compressobj(0, wbits=31)
    nothing = b"".join(
        stored.flush(zlib.Z_FULL_FLUSH) or b"\x00\x00\x00\xff\xff" for _ in range(300_000)
    )
    url = pages.put("/nothing", gzip.compress(b"")[:10] + nothing, content_encoding="gzip")
    with pytest.raises(BadAnswer):
        web(max_bytes=MIB).fetch(url)


def test_page_over_the_limit_is_refused(pages: Pages) -> None:
    """Announced or not; one of just the limit is taken."""
    assert len(web(max_bytes=MIB).fetch(pages.put("/a", bytes(MIB))).content) == MIB
    with pytest.raises(BadAnswer, match=r"larger than 1048576 bytes") as caught:
        web(max_bytes=MIB).fetch(pages.put("/a", bytes(MIB + 1)))
    assert caught.value.hint == "raise web.max_bytes"

    def endless(_: dict[str, str], write: Write) -> None:
        write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _number in range(10_000):
            write(bytes(MIB))

    pages.answers["/endless"] = endless
    with pytest.raises(BadAnswer, match="larger than"):
        web(max_bytes=MIB).fetch(f"{pages.url}/endless")


def drip(head: bytes, part: bytes) -> Callable[[dict[str, str], Write], None]:
    """Answer a little at a time, for ever."""

    def answer(_: dict[str, str], write: Write) -> None:
        write(head)
        for _number in range(200):
            time.sleep(0.05)
            write(part)

    return answer


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"", b"H"), (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"), (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), (b"HTTP/1.1 100 Continue\r\n\r\n", b""),
    ],
    ids=["status", "headers", "content", "chunks", "silence"],
)  # fmt: skip
def test_page_that_drips_is_given_up(pages: Pages, head: bytes, part: bytes) -> None:
    """All of it has to come in time, however often something comes."""
    pages.answers["/a"] = drip(head, part)
    started = time.monotonic()
    with pytest.raises((TimedOut, BadAnswer)):
        web(timeout_seconds=0.5).fetch(f"{pages.url}/a")
    assert time.monotonic() - started < 5


def test_time_is_for_all_redirects_together(pages: Pages) -> None:
    """Each in time is not enough."""

    def slow(_: dict[str, str], write: Write) -> None:
        time.sleep(0.2)
        write(b"HTTP/1.1 302 Found\r\nlocation: /a\r\ncontent-length: 0\r\n\r\n")

    pages.answers["/a"] = slow
    with pytest.raises(TimedOut):
        web(timeout_seconds=0.5, max_redirects=20).fetch(f"{pages.url}/a")


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"hello\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 50_000 + b"\r\n",
    ],
    ids=["nothing", "no HTTP", "short", "bad chunk", "bad length", "too many headers"],
)  # fmt: skip
def test_what_is_no_http_is_no_answer(pages: Pages, answer: bytes) -> None:
    """A length that is a lie, too: half a page is none."""

    def write_it(_: dict[str, str], write: Write) -> None:
        write(answer)

    pages.answers["/a"] = write_it
    with pytest.raises(BadAnswer):
        web().fetch(f"{pages.url}/a")


def test_nobody_there_is_unavailable() -> None:
    """At an address, or behind a name."""
    with pytest.raises(Unavailable, match=r"no answer from 127\.0\.0\.1"):
        web().fetch("http://127.0.0.1:1/")

    def unknown(*_: object) -> list[str]:
        raise socket.gaierror

    with pytest.raises(Unavailable, match=r"nobody knows no\.test"):
        web(resolve=unknown).fetch("http://no.test/")


def test_second_address_is_tried(pages: Pages) -> None:
    """When nobody answers at the first."""
    pages.put("/a", b"x")
    opened = web("two.test", resolve=lambda *_: ["127.0.0.3", "127.0.0.1"])
    assert opened.fetch(f"http://two.test:{pages.port}/a").content == b"x"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a certificate for ``secure.test`` that nobody has signed."""
    return make_certificate(tmp_path / "certificate.pem", "secure.test")


def test_certificate_is_checked(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the name in the URL, though the connection is to an address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
    port = listener.getsockname()[1]

    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except ssl.SSLError:
                continue
            except OSError:
                return
            with connection, suppress(OSError):
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecure")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    opened = ("secure.test", "other.test")
    client = web(*opened, resolve=lambda *_: ["127.0.0.1"])
    with pytest.raises(Unavailable):  # nobody has signed it
        client.fetch(f"https://secure.test:{port}/")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    client = web(*opened, resolve=lambda *_: ["127.0.0.1"])
    assert client.fetch(f"https://secure.test:{port}/").content == b"secure"
    with pytest.raises(Unavailable):  # it is for another name
        client.fetch(f"https://other.test:{port}/")
    listener.close()


def test_name_that_is_not_found_in_time_is_given_up() -> None:
    """The system's resolver takes its own time."""
    over = threading.Event()

    def resolve(*_: object) -> list[str]:
        over.wait(20)
        return []

    with pytest.raises(TimedOut, match="its name was not found in time"):
        web(resolve=resolve, timeout_seconds=0.3).fetch("http://slow.test/")
    over.set()


def test_silent_address_leaves_time_for_the_next(pages: Pages) -> None:
    """One that takes no connection, and says nothing."""
    silent = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(4)]
    for each in waiting:  # fill its queue, so that a further connection is not answered
        each.settimeout(0)
        each.connect_ex(silent.getsockname())
    pages.put("/a", b"x")
    real = httpcore.SyncBackend.connect_tcp

    def to_silent(self: Any, host: str, port: int, *rest: Any, **named: Any) -> Any:
        return real(
            self, host, silent.getsockname()[1] if host == "127.0.0.2" else port, *rest, **named
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore.SyncBackend, "connect_tcp", to_silent)
        opened = web("two.test", resolve=lambda *_: ["127.0.0.2", "127.0.0.1"], timeout_seconds=4)
        assert opened.fetch(f"http://two.test:{pages.port}/a").content == b"x"
    for each in (silent, *waiting):
        each.close()


def test_headers_of_one_name_are_joined(pages: Pages) -> None:
    """As RFC 9110 has it; letters beyond ASCII come and go as they are."""

    def twice(headers: dict[str, str], write: Write) -> None:
        write(
            b'HTTP/1.1 200 OK\r\nCache-Control: no-store\r\ncache-control: private\r\nETag: "\xe9"\r\ncontent-length: 0\r\n\r\n'
        )

    pages.answers["/a"] = twice
    page = web().fetch(f"{pages.url}/a")
    assert page.headers["cache-control"] == "no-store, private"
    web().fetch(f"{pages.url}/a", headers={"if-none-match": page.headers["etag"]})
    assert pages.asked[1][1]["if-none-match"] == '"\xe9"'


def test_answer_without_a_body_has_no_compression(pages: Pages) -> None:
    """Though its headers say so, as those of the whole page would."""
    for status in (204, 304):
        url = pages.put("/a", b"", status=status, content_encoding="gzip")
        assert web().fetch(url).status == status
    assert web().fetch(pages.put("/a", b"", content_encoding="gzip")).content == b""


def test_compressed_files_after_one_another_are_one(pages: Pages) -> None:
    """RFC 1952, section 2.2."""
    url = pages.put("/a", gzip.compress(b"one ") + gzip.compress(b"two"), content_encoding="gzip")
    assert web().fetch(url).content == b"one two"


def test_redirect_of_raw_letters_is_followed(pages: Pages) -> None:
    """UTF-8 in a header, which is Latin-1 on the wire."""

    def redirect(_: dict[str, str], write: Write) -> None:
        write("HTTP/1.1 302 Found\r\nlocation: /caf\u00e9\r\ncontent-length: 0\r\n\r\n".encode())

    pages.answers["/a"] = redirect
    pages.put("/caf%C3%A9", b"coffee")
    assert web().fetch(f"{pages.url}/a").content == b"coffee"


@pytest.mark.parametrize(
    ("url", "again"),
    [
        ("HTTP://Example.ORG", "http://example.org/"), ("https://example.org:443/a", "https://example.org/a"),
        ("http://example.org:8080?a=b c", "http://example.org:8080/?a=b%20c"), (" http://example.org/ä ", "http://example.org/%C3%A4"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"), ("http://[2606:2800:21f::1]:81/", "http://[2606:2800:21f::1]:81/"),
    ],
)  # fmt: skip
def test_address_has_one_spelling(url: str, again: str) -> None:
    """What is asked for is what was looked at."""
    assert parse_url(url).url == again


def test_errors_tell_no_address_of_this_machine(pages: Pages) -> None:
    """Only what the caller wrote."""
    for url in ("http://10.0.0.1/", "http://127.0.0.1:1/", pages.put("/a", bytes(2 * MIB))):
        with pytest.raises(InkcreError) as caught:
            web(max_bytes=MIB).fetch(url)
        assert socket.gethostname() not in f"{caught.value}{caught.value.hint}"
