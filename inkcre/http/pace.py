"""How fast a body has to come: one rule for every home.

What counts is the time that its client is waited for. What we take to write a part, or to find a
thread for it, is no fault of the client's.
"""

import time
from dataclasses import dataclass

from anyio import move_on_after
from starlette.types import Message, Receive

from inkcre.errors import TooSlow


@dataclass(frozen=True)
class PaceRule:
    """How long is waited for a client that has announced a body."""

    silent_seconds: float = 60
    """How long it may send nothing."""

    min_bytes_per_second: int = 1024
    """How fast the body has to come on the whole, once it was waited for so long."""


DEFAULT = PaceRule()


class Pace:
    """What has come of a body, and how long it was waited for."""

    def __init__(self, rule: PaceRule = DEFAULT) -> None:
        self._rule = rule
        self._seconds = 0.0
        self._size = 0

    def count(self, size: int, seconds: float) -> None:
        """Take note of a part of so many bytes, which was waited for so long.

        Raises:
            TooSlow: all of them together are too few for the time.
        """
        self._size += size
        self._seconds += seconds
        least = self._rule.min_bytes_per_second
        if self._seconds > self._rule.silent_seconds and self._size < self._seconds * least:
            raise TooSlow(f"body: comes with less than {least} bytes a second")


def silent() -> TooSlow:
    """Tell that nothing more has come."""
    return TooSlow("body: nothing more has come for a long time")


def paced(receive: Receive, rule: PaceRule) -> Receive:
    """Return what receives a body, as long as it comes fast enough.

    It raises ``TooSlow`` otherwise. Behind the body's end it waits without a limit: for the client
    to hang up.
    """
    kept, is_more = Pace(rule), True

    async def receive_in_time() -> Message:
        nonlocal is_more
        if not is_more:
            return await receive()
        began = time.monotonic()
        with move_on_after(rule.silent_seconds):
            message = await receive()
            is_more = message.get("more_body", False)
            if is_more:
                kept.count(len(message["body"]), time.monotonic() - began)
            return message
        raise silent()

    return receive_in_time
