"""One request by httpcore, to addresses that were looked at.

https://www.encode.io/httpcore/network-backends/
"""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import httpcore2 as httpcore

from inkcre.adapters.web.addresses import Target
from inkcre.adapters.web.redirects import Deadline, HopAnswer
from inkcre.errors import BadAnswer, InkcreError, TimedOut, Unavailable


@contextmanager
def ask(
    target: Target,
    headers: Mapping[str, str],
    deadline: Deadline,
    *,
    addresses: list[str],
    context: ssl.SSLContext | None,
) -> Iterator[HopAnswer]:
    """Ask for a page, on a connection of its own.

    Args:
        target: what is asked for.
        headers: sent with it.
        deadline: when it has to be there.
        addresses: where its host is, in the order in which they are tried.
        context: whom TLS trusts; None for a URL without TLS.

    Raises:
        TimedOut: not all of it came in time.
        Unavailable: nobody answers.
        BadAnswer: what answers does not speak HTTP.
    """
    connection = httpcore.HTTPConnection(
        httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port),
        ssl_context=context,
        network_backend=_PinnedBackend(addresses, deadline),
    )
    with _translated(target), connection:
        response = connection.handle_request(_request(target, headers))
        try:
            yield HopAnswer(response.status, _joined(response.headers), response.iter_stream())
        finally:
            response.close()


def _request(target: Target, headers: Mapping[str, str]) -> httpcore.Request:
    url = httpcore.URL(
        scheme=target.scheme.encode(),
        host=target.host.encode(),
        port=target.port,
        target=target.path.encode(),
    )
    sent = {"host": target.authority, **headers, "connection": "close"}
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()]
    return httpcore.Request("GET", url, headers=lines)


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Join headers of one name, in small letters (RFC 9110, section 5.3)."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


class _PinnedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were looked at, whatever name it is given, until a deadline."""

    def __init__(self, addresses: list[str], deadline: Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[object] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the addresses that answers."""
        failure: Exception | None = None
        for number, address in enumerate(self._addresses):
            # One that is silent must leave some time to the others.
            seconds = self._deadline.remaining() / (len(self._addresses) - number)
            try:
                stream = self._sockets.connect_tcp(address, port, seconds)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failure or httpcore.ConnectError(host)


class _TimedStream(httpcore.NetworkStream):
    """A connection each of whose waits ends with the deadline, so that drips do not prolong it."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come."""
        return self._stream.read(max_bytes, self._deadline.remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all of it."""
        self._stream.write(buffer, self._deadline.remaining())

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Go on in TLS, with the name that the URL has."""
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining())
        return _TimedStream(secured, self._deadline)

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def get_extra_info(self, info: str) -> object:
        """Tell what is known of the connection."""
        return self._stream.get_extra_info(info)


@contextmanager
def _translated(target: Target) -> Iterator[None]:
    try:
        yield
    except InkcreError:
        raise
    except httpcore.TimeoutException as error:
        raise TimedOut("page: not all of it came in time") from error
    except (httpcore.NetworkError, ssl.SSLError) as error:
        raise Unavailable(f"page: no answer from {target.host}") from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise BadAnswer(f"page: {target.host} does not answer in HTTP") from error
