"""This process's memory."""

import threading
import time
from collections import OrderedDict
from typing import ClassVar

from inkcre.ports.keyvalue import KeyValueCapabilities
from inkcre.settings.sections.keyvalue import MemoryKeyValueSettings


class MemoryKeyValue:
    """Values in a dictionary of bounded size; the least recently used goes first."""

    capabilities: ClassVar[KeyValueCapabilities] = KeyValueCapabilities(is_shared=False)

    def __init__(self, settings: MemoryKeyValueSettings) -> None:
        self._max_entries = settings.max_entries
        self._entries: OrderedDict[str, tuple[bytes, float | None]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, key: str, value: bytes, *, ttl_seconds: int | None = None) -> None:
        """Keep a value."""
        # Monotonic: setting the machine's clock neither kills nor revives a value.
        ends_at = None if ttl_seconds is None else time.monotonic() + ttl_seconds
        with self._lock:
            self._entries[key] = (value, ends_at)
            self._entries.move_to_end(key)
            if len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def get(self, key: str) -> bytes | None:
        """Give a value."""
        with self._lock:
            value, ends_at = self._entries.get(key, (None, None))
            if ends_at is not None and ends_at <= time.monotonic():
                del self._entries[key]
                return None
            if value is not None:
                self._entries.move_to_end(key)
            return value

    def delete(self, key: str) -> None:
        """Forget a value."""
        with self._lock:
            self._entries.pop(key, None)
