"""How fast a body has to come."""

import time

from inkcre.errors import TooSlow

SILENT_SECONDS = 60
"""How long a client may send nothing of a body that it has announced."""

MIN_BYTES_A_SECOND = 1024
"""How fast a body has to come on the whole, after the first minute."""


class Pace:
    """What has come of a body, and since when."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._size = 0

    def count(self, size: int) -> None:
        """Take note of a part of so many bytes.

        Raises:
            TooSlow: all of them together are too few for the time.
        """
        self._size += size
        seconds = time.monotonic() - self._began
        if seconds > SILENT_SECONDS and self._size < seconds * MIN_BYTES_A_SECOND:
            raise TooSlow(f"body: comes with less than {MIN_BYTES_A_SECOND} bytes a second")


def silent() -> TooSlow:
    """Tell that nothing more has come."""
    return TooSlow("body: nothing more has come for a long time")
