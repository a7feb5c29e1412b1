"""``/metrics``."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from inkcre.errors import Unsupported
from inkcre.http.responses import PROBLEMS

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format"""


def build_router(render: Callable[[], bytes] | None) -> APIRouter:
    """Make the route that gives an application's numbers; None: it keeps none."""
    router = APIRouter(tags=["health"])

    @router.get(
        "/metrics",
        summary="Numbers for Prometheus",
        response_class=PlainTextResponse,
        responses={501: PROBLEMS[501]},
    )
    def metrics() -> Response:
        """Return requests, jobs, the queue's age, the tick's lag and the pool, as text."""
        if render is None:
            raise Unsupported("metrics: this home keeps none", hint="ask a process that has them")
        return Response(render(), media_type=MEDIA_TYPE)

    return router
