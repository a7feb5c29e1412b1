"""Whether the API's description says what a route answers."""

from fastapi import APIRouter
from fastapi.datastructures import DefaultPlaceholder
from fastapi.routing import APIRoute

from inkcre.errors import BadReference

WITHOUT_BODY = (204, 304, 307, 308)


def has_model(route: APIRoute) -> bool:
    """Tell whether a route says what it answers: by a model, a kind of response, or no body."""
    status = route.status_code or 200
    if route.response_model is not None or status in WITHOUT_BODY:
        return True
    if not isinstance(route.response_class, DefaultPlaceholder):
        return True
    told = {str(code): one.get("model") for code, one in route.responses.items()}
    return told.get(str(status)) is not None


def require_models(router: APIRouter, *, of: object) -> None:
    """Raise unless each route that is described says what it answers.

    Raises:
        BadReference: one does not.
    """
    for route in router.routes:
        if isinstance(route, APIRoute) and route.include_in_schema and not has_model(route):
            methods = ", ".join(sorted(route.methods or ()))
            raise BadReference(
                f"{of}: route {methods} {route.path}: nothing says what it answers",
                hint="annotate what its function returns, or name a response_class",
            )
