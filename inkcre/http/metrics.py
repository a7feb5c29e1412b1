"""``/metrics``."""

from fastapi import Request
from starlette.responses import PlainTextResponse, Response

from inkcre.errors import Unsupported
from inkcre.http.responses import PROBLEMS
from inkcre.http.router import Router

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format"""


router = Router(tags=["health"])


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    response_class=PlainTextResponse,
    responses={501: PROBLEMS[501]},
)
def metrics(request: Request) -> Response:
    """Return requests, jobs, the queue's age, the tick's lag and the pool, as text."""
    # Asked for here: FastAPI remembers functions for good, and what one encloses with them.
    kept = request.app.state.metrics
    if kept is None:
        raise Unsupported("metrics: this home keeps none", hint="ask a process that has them")
    return Response(kept.render(), media_type=MEDIA_TYPE)
