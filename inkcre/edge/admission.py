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
"""A body of up to so much is let in beside others; the number of requests bounds these."""


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
                one. While it is worked on, a body takes some twenty times its size.
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
            if len(self._in_flight) >= max_requests:
                return False
            large = sum(size for _, size in self._in_flight.values() if size > SMALL_BYTES)
            return size <= SMALL_BYTES or large + size <= max_bytes

        if fits():
            return True
        for ticket, (came, _) in list(self._in_flight.items()):
            if now - came > ABANDONED_SECONDS:
                del self._in_flight[ticket]
        return fits()
