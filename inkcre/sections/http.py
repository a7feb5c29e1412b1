"""``[http]``: the HTTP side."""

from typing import Annotated

from pydantic import Field

from inkcre.settings.section import Host, Name, Section


class CorsSettings(Section):
    """``[http.cors]``: which web pages of other origins may call the API."""

    allow_origins: tuple[Name, ...] = ()
    """Origins such as "https://app.example.org"; "*" is any. Empty: no CORS headers at all."""

    allow_credentials: bool = False
    """Whether cookies and Authorization headers may be sent along."""

    max_age_seconds: Annotated[int, Field(ge=0)] = 600
    """How long a browser may remember a preflight answer."""


class HttpSettings(Section):
    """The HTTP side: where a process listens, and the limits on a request."""

    host: Host = "127.0.0.1"
    """The address that a process listens on."""

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

    cors: CorsSettings = CorsSettings()
    """Which web pages of other origins may call the API."""
