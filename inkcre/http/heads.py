"""What stands before a request's body: how large it may be, and whose it is."""

from dataclasses import dataclass

from starlette.types import Scope

from inkcre.errors import CallerError, HeadersTooLarge, MalformedHeader, TargetTooLong

MAX_TARGET_BYTES = 16_384
"""As Cloudflare has it: https://developers.cloudflare.com/workers/platform/limits/#request-limits;
RFC 9110, section 4.1, asks for 8000 at least."""


@dataclass(frozen=True)
class HeadLimits:
    """How much may be said before a request's body."""

    max_headers: int = 256
    max_header_bytes: int = 65_536
    """Names and values together. Servers in front of us take 8 to 128 KB."""


DEFAULT = HeadLimits()


def find_fault(scope: Scope, limits: HeadLimits = DEFAULT) -> CallerError | None:
    """Return what is wrong with the head of a request; None: nothing."""
    headers = scope["headers"]
    if len(headers) > limits.max_headers:
        return HeadersTooLarge(f"headers: more than {limits.max_headers}", hint="send fewer")
    size = hosts = 0
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts += 1
    if size > limits.max_header_bytes:
        return headers_too_large(limits.max_header_bytes)
    target = len(scope.get("raw_path") or scope["path"]) + len(scope["query_string"])
    if target > MAX_TARGET_BYTES:
        return target_too_long()
    # RFC 9112, section 3.2. Proxies may take either of two; before HTTP/1.1 there was none.
    if hosts > 1 or (not hosts and scope["http_version"] == "1.1"):
        said = "is there twice" if hosts else "is missing"
        return MalformedHeader(said, field="Host", hint="send one")
    return None


def target_too_long() -> TargetTooLong:
    """Tell that an address is too long."""
    return TargetTooLong(
        f"address: longer than {MAX_TARGET_BYTES} bytes", hint="ask for less at once"
    )


def headers_too_large(most: int) -> HeadersTooLarge:
    """Tell that headers are too large."""
    return HeadersTooLarge(
        f"headers: larger than {most} bytes", hint="send fewer; look at cookies first"
    )
