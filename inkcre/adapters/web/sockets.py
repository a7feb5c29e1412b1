"""Pages over this process's own sockets: whose addresses are looked at before they are asked."""

import queue
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import ClassVar

from inkcre.adapters.web.addresses import Target, require_public
from inkcre.adapters.web.redirects import Deadline, HopAnswer, follow
from inkcre.errors import TimedOut, Unavailable
from inkcre.ports.web import Page, WebCapabilities
from inkcre.sections.web import SocketsSettings

Resolve = Callable[[str, int], list[str]]
"""Gives the addresses that a host's name stands for."""


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for a name's addresses, in its order; numbers in any spelling are names.

    Raises:
        OSError: it knows none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


class SocketsWeb:
    """A client that connects to the addresses that it has looked at."""

    capabilities: ClassVar[WebCapabilities] = WebCapabilities(pins_addresses=True)

    def __init__(self, settings: SocketsSettings, resolve: Resolve = resolve) -> None:
        self._settings = settings
        self._resolve = resolve
        self._context: ssl.SSLContext | None = None

    def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Page:
        """Fetch a page; each on a connection of its own."""
        return follow(url, self._ask, self._settings, headers)

    def _ask(
        self, target: Target, headers: Mapping[str, str], deadline: Deadline
    ) -> AbstractContextManager[HopAnswer]:
        # By whoever fetches first: most starts fetch nothing, and httpcore took a thirtieth of one.
        from inkcre.adapters.web.pinned import ask

        addresses = self._look_up(target, deadline)
        context = self._trust() if target.scheme == "https" else None
        return ask(target, headers, deadline, addresses=addresses, context=context)

    def _look_up(self, target: Target, deadline: Deadline) -> list[str]:
        """Find a name's addresses, and look at them; the system takes its own time for that."""
        answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answers.put(self._resolve(target.host, target.port))
            except (OSError, UnicodeError) as error:
                answers.put(error)

        # getaddrinfo takes no timeout. Its thread is left behind where it is slow.
        threading.Thread(target=ask, daemon=True).start()
        try:
            found = answers.get(timeout=deadline.remaining())
        except queue.Empty:
            raise TimedOut("page: its name was not found in time") from None
        if isinstance(found, Exception):
            raise Unavailable(f"page: nobody knows {target.host}") from found
        require_public(target, found, open_hosts=self._settings.private_hosts)
        return found

    def _trust(self) -> ssl.SSLContext:
        if self._context is None:  # reads the system's certificates
            self._context = ssl.create_default_context()
        return self._context
