"""``/heartbeat``, ``/livez``, ``/readyz`` and ``/capabilities``."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from inkcre.errors import InkcreError
from inkcre.http.paths import place
from inkcre.http.problems import find_remedy
from inkcre.http.responses import json_response
from inkcre.http.router import Router
from inkcre.ports.database import Database, Hindered
from inkcre.ports.storage import Storage, Tenure

STOPPING = {
    "code": "stopping",
    "detail": "this process is about to stop, and answers until then",
    "hint": "send requests to another one",
}


def _describe(error: InkcreError) -> dict[str, object]:
    return {"code": error.code, "detail": error.message, "hint": error.hint}


def build_router(
    *,
    profile: str,
    is_worker: bool,
    capabilities: Mapping[str, object],
    require_schema: Callable[[Database], None],
    notice: Callable[[Database, Storage, Tenure], list[InkcreError]] | None,
    has_docs: bool,
) -> APIRouter:
    """Make the routes that tell how the application is."""
    router = Router(tags=["health"])
    if has_docs:
        _lead_to_docs(router)
    _tell_life(router, {"status": "ok", "worker": is_worker, "profile": profile})
    _tell_readiness(router, require_schema, notice)

    @router.get("/capabilities", summary="What this home can do")
    async def capabilities_route() -> Response:
        """Tell the profile, the adapters, and what they can do."""
        return json_response(capabilities)

    return router


def _lead_to_docs(router: APIRouter) -> None:
    @router.get("/", include_in_schema=False)
    async def root(request: Request) -> Response:
        """Lead those who follow the printed address to the description of the API."""
        return RedirectResponse(place(request.scope, "/docs"))


def _tell_life(router: APIRouter, heartbeat: Mapping[str, object]) -> None:
    @router.get("/heartbeat", summary="Is anybody there")
    async def heartbeat_route() -> Response:
        """Touch nothing and say which profile answers."""
        return json_response(heartbeat)

    @router.get("/livez", summary="Is the process alive")
    async def livez() -> Response:
        """Tell that the process can answer."""
        return json_response({"status": "ok"})


def _tell_readiness(
    router: Router,
    require_schema: Callable[[Database], None],
    notice: Callable[[Database, Storage, Tenure], list[InkcreError]] | None,
) -> None:
    @router.get(
        "/readyz",
        summary="Can requests be served",
        responses={
            503: {
                "description": "They cannot; the reasons are listed",
                "content": {"application/json": {"schema": {"type": "object"}}},
            }
        },
    )
    def readyz(request: Request, database: Database, storage: Storage, tenure: Tenure) -> Response:
        """Try the database and its schema; tell what does not keep requests from being served."""
        if request.app.state.is_stopping:
            return json_response({"status": "stopping", "reasons": [STOPPING]}, 503)
        try:
            database.ping()
            require_schema(database)
        except InkcreError as error:
            reason = {**_describe(error), "hint": find_remedy(request.app, error)}
            return json_response({"status": "unavailable", "reasons": [reason]}, 503)
        told = notice(database, storage, tenure) if notice else []
        told += [find() for find in request.app.state.notices]
        hindrance = database.find_hindrance() if isinstance(database, Hindered) else None
        notices = [_describe(error) for error in (*told, hindrance) if error is not None]
        return json_response({"status": "ok", **({"notices": notices} if notices else {})})
