"""What the adapters of Cloudflare's bindings share: Python's and JavaScript's values.

Pyodide is imported where it is used: what an adapter declares can be asked for anywhere.
https://pyodide.org/en/stable/usage/api/python-api/ffi.html
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def wait_for(promise: Any) -> Any:
    """Suspend this request until a promise is kept; None for JavaScript's null and undefined."""
    from pyodide.ffi import jsnull, run_sync

    value = run_sync(promise)
    return None if value is jsnull else value


def make_object(values: Mapping[str, Any]) -> Any:
    """Make a JavaScript object, leaving out what is None."""
    import js
    from pyodide.ffi import to_js

    given = {name: value for name, value in values.items() if value is not None}
    return to_js(given, dict_converter=js.Object.fromEntries)


def make_bytes(content: bytes | bytearray | memoryview) -> Any:
    """Copy bytes into a ``Uint8Array``."""
    from pyodide.ffi import to_js

    return to_js(content)


def make_array(values: Iterable[Any]) -> Any:
    """Make a JavaScript array."""
    from pyodide.ffi import to_js

    return to_js(list(values))


class StreamChunks:
    """The bytes of a ``ReadableStream``, one of its parts at a time.

    ``stream`` is what is gone through: who can pass it on as it is saves the way through Python.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self._reader: Any = None

    def __iter__(self) -> Iterator[bytes]:
        """Give itself."""
        return self

    def __next__(self) -> bytes:
        """Wait for the next part."""
        if self._reader is None:
            self._reader = self.stream.getReader()
        part = wait_for(self._reader.read())
        if part.done:
            raise StopIteration
        content: bytes = part.value.to_bytes()
        return content

    def close(self) -> None:
        """Let go of what has not been read."""
        wait_for(self._reader.cancel() if self._reader else self.stream.cancel())
