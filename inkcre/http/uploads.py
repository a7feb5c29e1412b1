"""A file in a request's body: the body itself, or the one file of a form (RFC 7578)."""

import sys
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute

from inkcre.errors import Invalid
from inkcre.http.streams import read_suspending
from inkcre.ports.storage import Storage

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks, MultipartParser

FORM = "multipart/form-data"


class FileRoute(APIRoute):
    """A route whose body is a file, which may be larger than other bodies."""


def find_file_paths(routers: Iterable[APIRouter]) -> frozenset[str]:
    """Return the paths whose bodies are files."""
    return frozenset(
        route.path for router in routers for route in router.routes if isinstance(route, FileRoute)
    )


@asynccontextmanager
async def coming_body(request: Request, storage: Storage) -> AsyncIterator[Iterator[bytes]]:
    """Lend a request's body to whoever reads it where it may wait; on Workers, as it comes.

    Raises:
        ClientDisconnect: whoever sends it has hung up.
        QuotaExceeded: there is no room to put it aside.
        Misconfigured: it cannot be put aside.
    """
    if sys.platform == "emscripten":
        yield read_suspending(request.stream())
        return
    from inkcre.http.spools import spooled  # a Worker has no use for it

    async with spooled(request.receive, storage) as body:
        yield body


def open_upload(
    content_type: str, body: Iterator[bytes], name: str | None
) -> tuple[str | None, Iterator[bytes]]:
    """Return the name of a file, which a form brings itself, and its bytes.

    Raises:
        Invalid: a form is broken, or has no file in it. Its bytes raise it too, at their end, when
            there is more in it than one file.
    """
    if content_type.partition(";")[0].strip().lower() != FORM:
        return name, body
    own_name, chunks = _Form(content_type, body).open_file()
    return own_name or name, chunks


# Not request.form(), which parses in the event loop, and takes as many files as come:
# https://www.starlette.io/requests/#request-files
class _Form:
    """A form that is taken apart as it comes: one file, and nothing else."""

    def __init__(self, content_type: str, body: Iterator[bytes]) -> None:
        self._body = body
        self._ready: deque[bytes] = deque()
        self._header, self._value = b"", b""
        self._disposition = b""
        self._has_file = self._is_whole = False
        self._name: str | None = None
        self._parser = self._make_parser(content_type)

    def _make_parser(self, content_type: str) -> "MultipartParser":
        from python_multipart.exceptions import FormParserError
        from python_multipart.multipart import MultipartParser, parse_options_header

        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise Invalid("the form's boundary is missing", field="content-type")
        callbacks: MultipartCallbacks = {
            "on_header_field": self._take_header,
            "on_header_value": self._take_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._begin_part,
            "on_part_data": lambda data, start, end: self._ready.append(data[start:end]),
            "on_end": self._end,
        }
        try:
            return MultipartParser(boundary, callbacks)
        except FormParserError as error:
            raise Invalid("the form's boundary cannot be", field="content-type") from error

    def open_file(self) -> tuple[str | None, Iterator[bytes]]:
        """Read up to the file; give its name and its bytes.

        Raises:
            Invalid: there is none.
        """
        while not self._has_file and self._feed():
            pass
        if not self._has_file:
            raise Invalid("there is no file in the form", field="body")
        return self._name, self._read()

    def _read(self) -> Iterator[bytes]:
        while self._ready or self._feed():
            while self._ready:
                yield self._ready.popleft()
        if not self._is_whole:
            raise Invalid("the form ends too early", field="body")

    def _feed(self) -> bool:
        from python_multipart.exceptions import FormParserError

        part = next(self._body, None)
        if part is None:
            return False
        try:
            self._parser.write(part)
        except FormParserError as error:
            raise Invalid("the form is broken", field="body") from error
        return True

    def _take_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]  # the parser bounds it

    def _take_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _begin_part(self) -> None:
        from python_multipart.multipart import parse_options_header

        _, options = parse_options_header(self._disposition)
        self._disposition = b""
        field = options.get(b"name", b"").decode(errors="replace")
        if self._has_file or b"filename" not in options:
            fact = "is more than one file" if b"filename" in options else "is no file"
            raise Invalid(f'the field "{field}" {fact}', field="body", hint="send one file alone")
        self._has_file = True
        self._name = options[b"filename"].decode(errors="replace")
        if "\x00" in self._name:
            raise Invalid("has a NUL in it", field="filename")

    def _end(self) -> None:
        self._is_whole = True
