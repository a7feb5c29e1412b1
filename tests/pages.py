"""A web server on loopback that answers what a test tells it to, and remembers what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Write = Callable[[bytes], object]
Answer = tuple[int, dict[str, str], bytes] | Callable[[dict[str, str], Write], None]
"""Status, headers and content; or what writes everything itself, given the request's headers."""


@dataclass
class Pages:
    """Pages by path, and the requests for them."""

    url: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Return the server's port."""
        return int(self.url.rpartition(":")[2])

    def put(self, path: str, content: bytes, status: int = 200, **headers: str) -> str:
        """Put a page; give its address."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = (status, named, content)
        return f"{self.url}{path}"


@contextmanager
def serve_pages() -> Iterator[Pages]:
    """Serve pages."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            pages.asked.append((self.path, headers))
            answer = pages.answers.get(self.path, (404, {}, b"not here"))
            with suppress(ConnectionError):
                if callable(answer):
                    self.close_connection = True
                    answer(headers, self.wfile.write)
                    return
                status, context, content = answer
                self.send_response(status)
                for name, value in {"content-length": str(len(content)), **context}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    pages = Pages(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield pages
    server.shutdown()
    server.server_close()
    thread.join()
