"""This process's memory."""

import threading
import time
from collections import OrderedDict
from typing import ClassVar

from inkcre.ports.keys import MAX_LISTED, decode_cursor, encode_cursor
from inkcre.ports.keyvalue import KeyPage, KeyValueCapabilities, ValueKey, check_put
from inkcre.sections.keyvalue import MemoryKeyValueSettings

MAX_VALUE_BYTES = 25 * 1024 * 1024
"""As much as Cloudflare KV takes."""

Entry = tuple[bytes, float | None]
"""A value and when its time is over, on the monotonic clock: setting the machine's clock neither
kills nor revives a value."""


class MemoryKeyValue:
    """Values in a dictionary of bounded number and bytes; the least recently used goes first."""

    capabilities: ClassVar[KeyValueCapabilities] = KeyValueCapabilities(
        is_shared=False,
        min_ttl_seconds=1,
        reads_own_writes=True,
        max_value_bytes=MAX_VALUE_BYTES,
    )

    def __init__(self, settings: MemoryKeyValueSettings) -> None:
        self._max_entries = settings.max_entries
        self._max_bytes = settings.max_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def put(self, key: ValueKey, value: bytes, *, ttl_seconds: int | None = None) -> None:
        """Keep a value."""
        check_put(self.capabilities, value, ttl_seconds)
        ends_at = None if ttl_seconds is None else time.monotonic() + ttl_seconds
        with self._lock:
            self._remove(key)
            if _size(key, value) > self._max_bytes:
                return  # forgotten at once, and nothing else with it
            self._entries[key] = (value, ends_at)
            self._bytes += _size(key, value)
            while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
                self._remove(next(iter(self._entries)))

    def get(self, key: ValueKey) -> bytes | None:
        """Return a value."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if _is_over(entry):
                self._remove(key)
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def delete(self, key: ValueKey) -> None:
        """Forget a value."""
        with self._lock:
            self._remove(key)

    def list(
        self, prefix: str = "", *, cursor: str | None = None, limit: int = MAX_LISTED
    ) -> KeyPage:
        """List keys."""
        after = decode_cursor(cursor) if cursor else ""
        with self._lock:
            # The whole of it each time: what is listed here is bounded by max_entries.
            found = sorted(
                key
                for key, entry in self._entries.items()
                if key.startswith(prefix) and key > after and not _is_over(entry)
            )
        keys = tuple(ValueKey(key) for key in found[:limit])
        return KeyPage(keys, encode_cursor(keys[-1]) if len(found) > limit else None)

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= _size(key, entry[0])


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value)


def _is_over(entry: Entry) -> bool:
    return entry[1] is not None and entry[1] <= time.monotonic()
