"""Which requests one isolate takes on.

An isolate has 128 MB for all of them. Nobody waits for a place: a waiter that another request's
context wakes hangs on Workers. Cloudflare starts further isolates under load.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

ABANDONED_SECONDS = 120
"""A request that has been in flight for so long is gone: when a client hangs up, what it left
suspended is never resumed, not even to say so. Statements are stopped long before."""


SMALL_BYTES = 16 * 1024
"""A body of up to so much is let in beside others."""

REQUEST_BYTES = 64 * 1024
"""What a request takes of the heap while it is worked on, beside its body."""

TIMES_BODY = 20
"""How many times its size a body takes while it is worked on."""

SMALL_MEMORY_BYTES = 16 * 1024 * 1024
"""What all requests with small bodies, or none, may take together. Beside the largest body, of
which there is one, and the 59 MiB of the start, this leaves V8 what it needs of the 128 MB."""


@dataclass
class Admission:
    """The requests in flight: when each came, and how large its body may be."""

    _in_flight: dict[object, tuple[float, int]] = field(default_factory=dict)

    @contextmanager
    def place(self, *, now: float, size: int, max_requests: int, max_bytes: int) -> Iterator[bool]:
        """Take a place for the time of a request; give whether there was one.

        Args:
            now: seconds on any clock that goes forward.
            size: bytes that the body may have.
            max_requests: how many requests may be in flight.
            max_bytes: how large all bodies in flight but small ones may be together: as large as
                one.
        """
        if not self._has_room(now, size, max_requests, max_bytes):
            yield False
            return
        ticket = object()
        self._in_flight[ticket] = (now, size)
        try:
            yield True
        finally:
            self._in_flight.pop(ticket, None)

    def _has_room(self, now: float, size: int, max_requests: int, max_bytes: int) -> bool:
        def fits() -> bool:
            sizes = [size for _, size in self._in_flight.values()]
            if len(sizes) >= max_requests:
                return False
            if size > SMALL_BYTES:
                return sum(one for one in sizes if one > SMALL_BYTES) + size <= max_bytes
            small = [one for one in [*sizes, size] if one <= SMALL_BYTES]
            return REQUEST_BYTES * len(small) + TIMES_BODY * sum(small) <= SMALL_MEMORY_BYTES

        if fits():
            return True
        for ticket, (came, _) in list(self._in_flight.items()):
            if now - came > ABANDONED_SECONDS:
                del self._in_flight[ticket]
        return fits()
