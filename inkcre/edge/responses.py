"""What an ASGI application sends, as a response of Cloudflare's.

Not by the SDK's adapter: it lends each body to JavaScript as a view of Python's memory, which it
never takes back, so that every response stays in the heap for good.
"""

import logging

from starlette.types import ASGIApp, Message, Receive, Scope

from inkcre.javascript import JsProxy, make_array, make_bytes, make_object

logger = logging.getLogger("inkcre")

BODILESS = (101, 103, 204, 205, 304)
"""A response with one of these has no body: https://fetch.spec.whatwg.org/#null-body-status."""


class SentResponse:
    """The response to one request."""

    def __init__(self) -> None:
        self.status = 0
        self.stream: JsProxy = None
        """A body that goes from a binding to the client without coming through Python."""

        self._headers: list[tuple[str, str]] = []
        self._parts: list[bytes] = []
        self._is_complete = False

    async def send(self, message: Message) -> None:
        """Take what the application sends."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = [(n.decode(), v.decode()) for n, v in message.get("headers", ())]
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)

    def pass_on(self, chunks: JsProxy) -> bool:
        """Take the stream that a body is read from; tell whether there is one."""
        self.stream = getattr(chunks, "stream", None)
        return self.stream is not None

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive) -> None:
        """Let an application answer."""
        try:
            await app(scope, receive, self.send)
        except Exception:
            if not self._is_complete:
                raise
            logger.exception("%s %s: failed behind its response", scope["method"], scope["path"])

    def make(self) -> JsProxy:
        """Make the ``Response``, its body copied out of Python's memory."""
        import js

        body = self.stream
        if body is None and self.status not in BODILESS:
            body = make_bytes(b"".join(self._parts))
        headers = js.Headers.new(make_array(self._headers))
        return js.Response.new(body, make_object({"status": self.status, "headers": headers}))
