"""S3-compatible stores beside moto, each the real program, and what stands in front of one.

SeaweedFS keeps files as people use it, and checks signatures. ``rclone serve s3`` is a folder: it
knows neither ranges nor conditional puts. ``Manners`` gives a store the faults of others.
"""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.postgres import free_port

START_SECONDS = 60
BUCKET = "inkcre-files"
ATTEMPTS = 3
"""How often another set of ports is tried."""

KEYS = {"access_key_id": "inkcre-tests", "secret_access_key": "a-secret-of-the-tests"}
IDENTITY = {
    "name": "tests",
    "credentials": [
        {"accessKey": KEYS["access_key_id"], "secretKey": KEYS["secret_access_key"]},
    ],
    "actions": ["Admin", "Read", "Write", "List"],
}


@contextmanager
def serve_seaweedfs() -> Iterator[dict[str, Any]]:
    """Serve a bucket of SeaweedFS on loopback, and give its section; it tells nobody of itself."""

    def command(folder: Path, port: int) -> list[str]:
        (folder / "s3.json").write_text(json.dumps({"identities": [IDENTITY]}))
        inner, ports = ("master", "volume", "filer"), iter(_free_ports(7))
        named = [f"-{name}.port={next(ports)}" for name in inner]
        named += [f"-{name}.port.grpc={next(ports)}" for name in (*inner, "s3")]
        named += [f"-{name}.localSocket={folder}/{name}.sock" for name in ("filer", "s3")]
        return [
            _find("weed"), "-logtostderr=true", "server", f"-dir={folder}", "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1", "-master.telemetry=false", "-filer", "-s3", *named,
            f"-s3.port={port}", f"-s3.config={folder}/s3.json", "-s3.port.iceberg=0",
            "-s3.port.lance=0", "-master.volumeSizeLimitMB=1024",
            "-volume.max=0",
        ]  # fmt: skip

    with _serve(command) as section:
        yield section


@contextmanager
def serve_rclone() -> Iterator[dict[str, Any]]:
    """Serve a folder as a bucket by rclone on loopback, and give its section."""

    def command(folder: Path, port: int) -> list[str]:
        (folder / "buckets" / BUCKET).mkdir(parents=True)
        return [
            _find("rclone"), "serve", "s3", f"{folder}/buckets", "--addr", f"127.0.0.1:{port}",
            "--auth-key", ",".join(KEYS.values()), "--config", f"{folder}/rclone.conf",
        ]  # fmt: skip

    with _serve(command) as section:
        yield section


def _find(program: str) -> str:
    """Return the path of a program that a package of the tests' ships."""
    return str(Path(sys.executable).with_name(program))


def _free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on, each another."""
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)
        ]
        return [listener.getsockname()[1] for listener in listeners]


@contextmanager
def _serve(make_command: Callable[[Path, int], list[str]]) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        said = ""
        for _ in range(ATTEMPTS):
            home = Path(stack.enter_context(TemporaryDirectory(prefix="inkcre-store-")))
            port = free_port()
            command = make_command(home, port)
            log = stack.enter_context((home / "log").open("wb"))
            process = subprocess.Popen(command, stdout=log, stderr=log, env={"HOME": str(home)})
            stack.callback(process.wait)
            stack.callback(process.kill)
            section = {
                "kind": "s3", "bucket": BUCKET,
                "region": "us-east-1", "endpoint": f"http://127.0.0.1:{port}", **KEYS,
            }  # fmt: skip
            if _await(section, process):
                yield section
                return
            said += (home / "log").read_text()
        raise AssertionError(said)


def _await(section: Mapping[str, str], process: subprocess.Popen[bytes]) -> bool:
    """Wait until the store takes a file; tell whether it does: a port can be taken."""
    store = S3Store(
        section["bucket"],
        endpoint=section["endpoint"],
        region=section["region"],
        access_key_id=section["access_key_id"],
        secret_access_key=section["secret_access_key"],
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            obstore.put(store, "ready", b"")
        except BaseError:
            time.sleep(0.1)
        else:
            obstore.delete(store, "ready")
            return True
    return False


@dataclass
class Asked:
    """A request to a store."""

    method: str
    path: str
    headers: dict[str, str]
    """With names in lower case; what is changed here is sent on."""

    def is_about(self, operation: str) -> bool:
        """Tell whether it is one of S3's operations."""
        copies = "x-amz-copy-source" in self.headers
        return {
            "DeleteObjects": self.method == "POST" and "?delete" in self.path,
            "CopyObject": self.method == "PUT" and copies,
            "PutObject": self.method == "PUT" and not copies and "partNumber=" not in self.path,
            "CreateMultipartUpload": self.method == "POST" and "?uploads" in self.path,
            "conditional": "if-none-match" in self.headers,
        }[operation]


@dataclass(frozen=True)
class Refusal:
    """An answer in the place of the store's own."""

    status: int
    code: str
    message: str = "said by the tests"

    @property
    def body(self) -> bytes:
        """Return it as S3 writes it."""
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        return (
            f"{head}<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        ).encode()


CUT = Refusal(0, "the connection is cut")
Decide = Callable[[Asked], Refusal | None]


@dataclass
class Manners:
    """What stands in front of a store: it asks ``decide`` how each request is to be refused."""

    upstream: str
    decide: Decide = lambda _: None
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def count(self, operation: str) -> int:
        """Tell how many requests there were of an operation."""
        return sum(asked.is_about(operation) for asked in self.asked)


@contextmanager
def stand_before(section: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Manners]]:
    """Stand in front of a store; give the section that names this place, and what it does."""
    manners = Manners(str(section["endpoint"]).removeprefix("http://"))

    class Handler(_Handler):
        before = manners

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    manners.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield {**section, "endpoint": manners.url}, manners
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    before: Manners
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers)
        self.before.asked.append(asked)
        refusal = self.before.decide(asked)
        if refusal is None:
            self._pass_on(asked, body)
        elif refusal is CUT:
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._reply(refusal.status, {}, refusal.body)

    def _pass_on(self, asked: Asked, body: bytes) -> None:
        with _closing(http.client.HTTPConnection(self.before.upstream, timeout=30)) as upstream:
            upstream.request(asked.method, asked.path, body, asked.headers)
            answer = upstream.getresponse()
            content = answer.read()
            self._reply(answer.status, dict(answer.getheaders()), content)

    def _reply(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response_only(status)
        names = {name.lower(): value for name, value in headers.items()}
        size = names.get("content-length", "0") if self.command == "HEAD" else str(len(content))
        for name in ("transfer-encoding", "connection", "content-length"):
            names.pop(name, None)
        for name, value in {**names, "content-length": size}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer


@contextmanager
def _closing(connection: http.client.HTTPConnection) -> Iterator[http.client.HTTPConnection]:
    try:
        yield connection
    finally:
        connection.close()
