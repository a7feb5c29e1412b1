"""Python's and JavaScript's values, and waiting for promises: what everything on Workers shares.

Pyodide is imported where it is used: what an adapter declares can be asked for anywhere.
https://pyodide.org/en/stable/usage/api/python-api/ffi.html
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

JsProxy = Any
"""An object of JavaScript's: https://pyodide.org/en/stable/usage/api/python-api/ffi.html.
What it has, a runtime says that no type checker can ask."""


def wait_for(promise: JsProxy) -> JsProxy:
    """Suspend this request until a promise is kept; None for JavaScript's null and undefined."""
    from pyodide.ffi import jsnull, run_sync

    value = run_sync(promise)
    return None if value is jsnull else value


EXPIRED = "inkcre: expired"
"""What a watchdog's timer says, so that no wait takes it for its own answer."""


class Watchdog:
    """A deadline for any number of waits, with one timer.

    It is moved on without touching the timer, which looks at it when it fires. A timer for each
    wait would be one too many soon: those that asyncio cancels stay until they fire, and a Worker
    has 10,000.
    """

    def __init__(self, seconds: float) -> None:
        """Begin: nothing may be waited for longer than ``seconds`` from now."""
        self._expired: JsProxy = None
        self._timer: JsProxy = None
        self.restart(seconds)

    def restart(self, seconds: float) -> None:
        """Move the deadline: it is so many seconds from now."""
        self._due = time.monotonic() + seconds

    def stop(self) -> None:
        """Take the timer back."""
        import js

        if self._timer is not None:
            js.clearTimeout(self._timer)
            self._timer = self._expired = None

    def wait_for(self, promise: JsProxy) -> JsProxy:
        """Suspend this request until a promise is kept, or the deadline has passed.

        Raises:
            TimeoutError: it has; what was waited for goes on.
            JsException: the promise was broken.
        """
        while (value := wait_for(self._race(promise))) == EXPIRED:
            self._check()
        return value

    async def until(self, promise: JsProxy) -> JsProxy:
        """Do the same in a coroutine."""
        while (value := await self._race(promise)) == EXPIRED:
            self._check()
        return value

    def _race(self, promise: JsProxy) -> JsProxy:
        import js

        if self._expired is None:
            made = js.Promise.withResolvers()
            milliseconds = 1000 * max(0, self._due - time.monotonic())
            self._expired = made.promise
            # workerd does not hand on what else is given to setTimeout.
            self._timer = js.setTimeout(made.resolve.bind(None, EXPIRED), milliseconds)
        return js.Promise.race(make_array((promise, self._expired)))

    def _check(self) -> None:
        self._timer = self._expired = None
        if time.monotonic() >= self._due:
            raise TimeoutError


def make_object(values: Mapping[str, object]) -> JsProxy:
    """Make a JavaScript object, leaving out what is None."""
    import js
    from pyodide.ffi import to_js

    given = {name: value for name, value in values.items() if value is not None}
    return to_js(given, dict_converter=js.Object.fromEntries)


def make_bytes(content: bytes | bytearray | memoryview) -> JsProxy:
    """Copy bytes into a ``Uint8Array``."""
    from pyodide.ffi import to_js

    return to_js(content)


def make_array(values: Iterable[object]) -> JsProxy:
    """Make a JavaScript array."""
    from pyodide.ffi import to_js

    return to_js(list(values))


class StreamChunks:
    """The bytes of a ``ReadableStream``, one of its parts at a time.

    ``stream`` is what is gone through: who can pass it on as it is saves the way through Python.
    """

    def __init__(self, stream: JsProxy) -> None:
        self.stream = stream
        self._reader: JsProxy = None

    def __iter__(self) -> Iterator[bytes]:
        """Return itself."""
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
