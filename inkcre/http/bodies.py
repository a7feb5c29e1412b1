"""Bodies as they came, read by the route itself."""

import json
from typing import Annotated

from fastapi import Depends, Request

from inkcre.errors import Invalid
from inkcre.http.json_depth import refuse_deep


async def _raw_body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_raw_body)]
"""The body as it came: it may be large, and is read in a worker thread, not in the loop."""


def load_json(body: bytes) -> object:
    """Read a body as JSON.

    Raises:
        Invalid: it is none, or nested too deeply.
    """
    refuse_deep(body)
    try:
        return json.loads(body)
    except ValueError:
        raise Invalid("not JSON", field="body") from None
