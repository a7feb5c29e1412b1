"""A limit on how deep JSON is nested, applied before anything parses it.

Parsers of nested text go down the stack. CPython stops them in a process; in a Worker the stack is
JavaScript's, whose end is the end of the isolate and of every request in it.
"""

import json
from collections.abc import Callable, Coroutine

from fastapi import Request, Response
from fastapi.routing import APIRoute

from inkcre.errors import Invalid
from inkcre.runtime.depth import is_deep


def refuse_deep(body: bytes) -> None:
    """Raise unless a body is UTF-8 and not nested too deeply; it need not be JSON.

    Raises:
        Invalid: it is deeper; or it is in another encoding, which Python's parser would take and
            JSON between systems may not have (RFC 8259, section 8.1).
    """
    if not json.detect_encoding(body).startswith("utf-8"):
        raise Invalid("not UTF-8", field="body")
    if is_deep(body):
        raise Invalid("nested too deeply", field="body")


class JsonRoute(APIRoute):
    """A route whose JSON body is looked at before it is parsed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[object, object, Response]]:
        """Return FastAPI's handler, behind the look at the body where there is one."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_shallow(request: Request) -> Response:
            refuse_deep(await request.body())
            return await handle(request)

        return handle_shallow
