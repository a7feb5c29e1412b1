"""Cloudflare KV, by its binding: a cache for all of the world, not a store of record.

https://developers.cloudflare.com/kv/api/
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

from inkcre.errors import Invalid, Unavailable
from inkcre.javascript import JsProxy, make_bytes, make_object, wait_for
from inkcre.ports.keys import MAX_LISTED
from inkcre.ports.keyvalue import KeyPage, KeyValueCapabilities, ValueKey, check_put
from inkcre.sections.keyvalue import KvSettings

MIN_TTL_SECONDS = 60
"""https://developers.cloudflare.com/kv/api/write-key-value-pairs/#expiring-keys"""

MAX_VALUE_BYTES = 25 * 1024 * 1024
"""https://developers.cloudflare.com/kv/platform/limits/"""

CURSOR = "cursor"
"""What is in the message when a listing's cursor is none."""


class KvKeyValue:
    """Values in a namespace, for one invocation."""

    capabilities: ClassVar[KeyValueCapabilities] = KeyValueCapabilities(
        is_shared=True,
        min_ttl_seconds=MIN_TTL_SECONDS,
        reads_own_writes=False,
        max_value_bytes=MAX_VALUE_BYTES,
    )

    def __init__(self, settings: KvSettings, lend: Callable[[], JsProxy]) -> None:
        self._setting = f"bindings.{settings.binding}"
        self._lend = lend

    def put(self, key: ValueKey, value: bytes, *, ttl_seconds: int | None = None) -> None:
        """Keep a value; KV takes one write a second to a key."""
        check_put(self.capabilities, value, ttl_seconds)
        options = make_object({"expirationTtl": ttl_seconds})
        with self._translated():
            wait_for(self._lend().put(key, make_bytes(value), options))

    def get(self, key: ValueKey) -> bytes | None:
        """Return a value."""
        with self._translated():
            found = wait_for(self._lend().get(key, "arrayBuffer"))
        return None if found is None else bytes(found.to_bytes())

    def delete(self, key: ValueKey) -> None:
        """Forget a value."""
        with self._translated():
            wait_for(self._lend().delete(key))

    def list(
        self, prefix: str = "", *, cursor: str | None = None, limit: int = MAX_LISTED
    ) -> KeyPage:
        """List keys."""
        wanted = {"prefix": prefix or None, "cursor": cursor, "limit": limit}
        try:
            with self._translated():
                page = wait_for(self._lend().list(make_object(wanted)))
        except Unavailable as error:
            if cursor is not None and CURSOR in str(error.__cause__):
                raise Invalid("not a cursor of this listing", field="cursor") from error
            raise
        keys = tuple(ValueKey(item.name) for item in page.keys)
        return KeyPage(keys, None if page.list_complete else str(page.cursor))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from pyodide.ffi import JsException

        try:
            yield
        except JsException as error:
            raise Unavailable(f"{self._setting}: no answer") from error
