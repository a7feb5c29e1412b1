"""How many files and sockets a process may have open, and whether there is one left.

uvloop closes what it cannot take without a word, and asyncio writes a stack trace a second; neither
tells anybody that there is something to be done.
"""

import os
from contextlib import suppress

from inkcre.errors import OutOfDescriptors

OTHERS = 128
"""Descriptors for what is no connection: the database's, files that are read and written, fetches,
and what the process began with."""

HINT = "raise it: ulimit -n, LimitNOFILE= of systemd; or lower http.max_connections"


def raise_limit(connections: int) -> None:
    """Let this process open as many as so many connections need, as far as it may.

    Many systems begin with 1,024, for programs of the time of select(2), and let who needs more
    take more: https://0pointer.net/blog/file-descriptor-limits.html
    """
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHERS
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def find_limit() -> int | None:
    """Return how many there may be; None: any number."""
    try:
        import resource
    except ModuleNotFoundError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


class Descriptors:
    """The descriptors of this process."""

    def __init__(self) -> None:
        self.limit = find_limit()
        # A few stay for what is no connection: whoever is connected wants something read.
        self._most = None if self.limit is None else self.limit - min(OTHERS, self.limit // 4)

    def is_last(self, descriptor: int) -> bool:
        """Tell whether a connection has one that should stay for others.

        A new one is the lowest that is free:
        https://pubs.opengroup.org/onlinepubs/9799919799/functions/V2_chap02.html#tag_16_06
        """
        return self._most is not None and descriptor >= self._most

    def are_out(self) -> bool:
        """Tell whether there is none left."""
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return True
        return False

    def describe(self) -> OutOfDescriptors:
        """Make the error that tells of it."""
        number = "that the system may have" if self.limit is None else f"({self.limit} may be open)"
        return OutOfDescriptors(f"descriptors: none is left of those {number}", hint=HINT)
