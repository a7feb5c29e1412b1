"""The Bot API on loopback, in its documented form: https://core.telegram.org/bots/api."""

import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

TOKEN = "123456:AAtheBotsOwnToken_for-tests"
FILE = "file"
"""What stands for a download where methods have names."""

Json = dict[str, Any]


def refusal(status: int, description: str, **parameters: int) -> tuple[int, Json]:
    """Make an answer that tells of an error."""
    said: Json = {"ok": False, "error_code": status, "description": description}
    return status, {**said, "parameters": parameters} if parameters else said


UNAUTHORIZED = refusal(401, "Unauthorized")
NOT_FOUND = refusal(404, "Not Found")
BROKEN = refusal(500, "Internal Server Error")
BUSY = refusal(429, "Too Many Requests: retry after 77", retry_after=77)
TOO_BIG = refusal(400, "Bad Request: file is too big")
GONE = refusal(400, "Bad Request: wrong file_id or the file is temporarily unavailable")


@dataclass
class BotApi:
    """What the API knows, and what it was asked."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    """Contents by ``file_id``."""

    hook: Json = field(default_factory=lambda: {"url": "", "pending_update_count": 0})
    asked: list[tuple[str, Json]] = field(default_factory=list)
    """Methods, each with its parameters."""

    failures: dict[str, deque[Any]] = field(default_factory=lambda: defaultdict(deque))
    """What is answered instead, by method, once each: an answer, "cut", or seconds of silence."""

    def count(self, method: str) -> int:
        """Count the calls of a method."""
        return sum(1 for asked, _ in self.asked if asked == method)

    def answer(self, method: str, said: Json) -> tuple[int, Json]:
        """Answer a method."""
        if method == "getMe":
            me = {"id": 123456, "is_bot": True, "first_name": "Keeper", "username": "keeper_bot"}
            return 200, {"ok": True, "result": me}
        if method == "getWebhookInfo":
            return 200, {"ok": True, "result": {**self.hook, "has_custom_certificate": False}}
        if method == "setWebhook":
            if not said["url"].startswith("https://"):
                return refusal(
                    400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
                )
            self.hook |= {
                "url": said["url"],
                "allowed_updates": json.loads(said["allowed_updates"]),
            }
            return 200, {"ok": True, "result": True, "description": "Webhook was set"}
        if method == "getFile":
            return self._find(said.get("file_id", ""))
        return NOT_FOUND

    def _find(self, file_id: str) -> tuple[int, Json]:
        if file_id not in self.files:
            return GONE
        found = {"file_id": file_id, "file_unique_id": f"of-{file_id}"}
        size, path = len(self.files[file_id]), f"documents/{file_id}"
        return 200, {"ok": True, "result": {**found, "file_size": size, "file_path": path}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: BotApi

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        with suppress(ConnectionError):
            if address.path.startswith(f"/file/bot{TOKEN}/documents/"):
                self._send_file(address.path.rpartition("/")[2])
            elif address.path.startswith(f"/bot{TOKEN}/"):
                self._send_answer(address.path.rpartition("/")[2], address.query)
            else:
                self._send(*UNAUTHORIZED)

    def _next_failure(self, method: str, said: Json) -> Any:
        self.api.asked.append((method, said))
        failures = self.api.failures[method]
        failure = failures.popleft() if failures else None
        if isinstance(failure, float):
            time.sleep(failure)
        return failure

    def _send_answer(self, method: str, query: str) -> None:
        said = dict(parse_qsl(query, strict_parsing=bool(query)))
        failure = self._next_failure(method, said)
        self._send(*(failure if isinstance(failure, tuple) else self.api.answer(method, said)))

    def _send_file(self, file_id: str) -> None:
        failure = self._next_failure(FILE, {"file_id": file_id})
        if isinstance(failure, tuple):
            self._send(*failure)
        elif file_id not in self.api.files:
            self._send(*NOT_FOUND)
        else:
            content = self.api.files[file_id]
            self._begin(200, "application/octet-stream", len(content))
            self.wfile.write(content[: len(content) // 2] if failure == "cut" else content)
            self.close_connection = self.close_connection or failure == "cut"

    def _send(self, status: int, said: Json) -> None:
        content = json.dumps(said).encode()
        self._begin(status, "application/json", len(content))
        self.wfile.write(content)

    def _begin(self, status: int, kind: str, size: int) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(size))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve_bot_api() -> Iterator[BotApi]:
    """Serve the API."""

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    api = Handler.api = BotApi(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield api
    server.shutdown()
    server.server_close()
    thread.join()
