"""``[http]``: the HTTP side."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from inkcre.settings.section import Name, Section, require_host


class CorsSettings(Section):
    """``[http.cors]``: which web pages of other origins may call the API."""

    allow_origins: tuple[Name, ...] = ()
    """Origins such as "https://app.example.org"; "*" is any. Empty: no CORS headers at all."""

    allow_credentials: bool = False
    """Whether cookies and Authorization headers may be sent along."""

    max_age_seconds: Annotated[int, Field(ge=0)] = 600
    """How long a browser may remember a preflight answer."""


def _require_listenable(host: str) -> str:
    kind, colon, rest = host.partition(":")
    if not colon or kind not in ("unix", "fd"):
        return require_host(host)
    if kind == "unix" and not rest.startswith("/"):
        raise PydanticCustomError("host_name", "write the path whole, such as unix:/run/ink.sock")
    if kind == "fd" and not rest.isdecimal():
        raise PydanticCustomError("host_name", "name the socket by its number, such as fd:3")
    return host


class HttpSettings(Section):
    """The HTTP side: where a process listens, and the limits on a request."""

    host: Annotated[Name, AfterValidator(_require_listenable)] = "127.0.0.1"
    """Where a process listens: an address, * for all, unix:/path, or fd:3, a socket it is given."""

    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """The TCP port that a process listens on; 0 takes a free one."""

    root_path: Annotated[str, Field(max_length=200, pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    """The path below which a proxy serves the base, such as "/ink", be it taken off or not."""

    worker_threads: Annotated[int, Field(ge=1, le=256)] = 4
    """Threads that run requests; more lengthen the tail. One of several never waits to write."""

    max_body_bytes: Annotated[int, Field(ge=1024)] = 33_554_432
    """The largest request body; a larger one is answered 413. One that is coded counts decoded."""

    max_file_bytes: Annotated[int, Field(ge=1024, le=5_368_709_120)] = 1_073_741_824
    """The largest file that is taken; S3 copies no larger one than 5 GiB in one request."""

    body_silent_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    """How long a client may send nothing of a body that it has announced; then 408."""

    body_bytes_per_second: Annotated[int, Field(ge=0)] = 1024
    """How fast a body has to come on the whole, once it was waited for as long as that."""

    max_headers: Annotated[int, Field(ge=16)] = 256
    """The most headers of a request; more are answered 431."""

    max_header_bytes: Annotated[int, Field(ge=1024)] = 65_536
    """The most bytes of their names and values; more are answered 431."""

    head_seconds: Annotated[int, Field(ge=1, le=3600)] = 15
    """How long the head of a request may take from its connection's begin; then 408, or nothing."""

    idle_seconds: Annotated[int, Field(ge=1, le=3600)] = 5
    """How long a connection is kept after an answer; more than a proxy before it keeps its own."""

    drain_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """How long a process that is to stop goes on, with /readyz false: as long as a proxy looks."""

    max_connections: Annotated[int, Field(ge=1)] = 2048
    """Connections to a process at once; a further one is answered 503."""

    max_peer_connections: Annotated[int, Field(ge=0)] = 256
    """Those of one public address, or IPv6 network (/64); 0: any number, for a proxy has one."""

    cors: CorsSettings = CorsSettings()
    """Which web pages of other origins may call the API."""
