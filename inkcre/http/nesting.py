"""A limit on how deep JSON is nested, applied before anything parses it.

Parsers of nested text go down the stack. CPython stops them in a process; in a Worker the stack is
JavaScript's, whose end is the end of the isolate and of every request in it.
"""

import json
import re
from collections.abc import Callable, Coroutine
from itertools import accumulate
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from inkcre.errors import Invalid

MAX_NESTING = 256
"""A star form at its own limit of arcs is 194 deep."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def refuse_deep(body: bytes) -> None:
    """Return if a body is UTF-8 and nested no deeper than ``MAX_NESTING``; it need not be JSON.

    Raises:
        Invalid: it is deeper; or it is in another encoding, which Python's parser would take and
            JSON between systems may not have (RFC 8259, section 8.1).
    """
    if not json.detect_encoding(body).startswith("utf-8"):
        raise Invalid("not UTF-8", field="body")
    if body.count(b"[") + body.count(b"{") <= MAX_NESTING:
        return
    brackets = _STRING.sub(b"", body).translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_NESTING:
        raise Invalid("nested too deeply", field="body")


class JsonRoute(APIRoute):
    """A route whose JSON body is looked at before it is parsed."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give FastAPI's handler, behind the look at the body where there is one."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_shallow(request: Request) -> Response:
            refuse_deep(await request.body())
            return await handle(request)

        return handle_shallow
