"""Errors as RFC 9457 problem responses: the one table that knows HTTP statuses."""

import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from inspect import isawaitable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails, to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response

from inkcre.application import Application
from inkcre.errors import (
    BadAnswer,
    BadReference,
    ChangeForgotten,
    ClockAhead,
    Conflict,
    CursorExpired,
    DatabaseDamaged,
    Forbidden,
    HeadersTooLarge,
    InkcreError,
    Invalid,
    InvariantBroken,
    MalformedHeader,
    Misconfigured,
    NotFound,
    NotOurs,
    OutOfDescriptors,
    PreconditionFailed,
    QuotaExceeded,
    ReadOnly,
    Refused,
    SchemaBehind,
    TargetTooLong,
    TimedOut,
    TooLarge,
    TooManyConnections,
    TooSlow,
    Unavailable,
    UnknownCoding,
    Unsupported,
    in_words_of,
)
from inkcre.ports.database import DatabaseBusy
from inkcre.wording import say_fault

Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

logger = logging.getLogger("inkcre.http")

HTTP_400 = 400

MESSAGES = {
    "model_attributes_type": "input should be a JSON object, sent as application/json",
    "model_type": "input should be a JSON object",
}
"""What pydantic says in Python's words, in HTTP's."""

ACCEPTED_CODINGS = "gzip, deflate"
"""Those of a request's body: RFC 9110, section 12.5.3, and RFC 7694."""

MAX_FIELD_ERRORS = 20
"""Fields named in one problem: a request may have as many mistakes as bytes."""

STATUSES: Mapping[type[InkcreError], tuple[int, str]] = {
    Invalid: (422, "The request says something that cannot be"),
    MalformedHeader: (400, "A header cannot be read"),
    NotFound: (404, "Not found"),
    CursorExpired: (410, "No longer known"),
    ChangeForgotten: (410, "No longer known"),
    Conflict: (409, "The change collides with what is there"),
    PreconditionFailed: (412, "Not what was seen"),
    TooLarge: (413, "Too large"),
    TargetTooLong: (414, "The address is too long"),
    UnknownCoding: (415, "The body is coded in a way that is not known"),
    HeadersTooLarge: (431, "The headers are too large"),
    TooSlow: (408, "The request does not come"),
    Forbidden: (403, "Not allowed"),
    Refused: (403, "An address that may not be fetched"),
    TooManyConnections: (503, "Too many connections"),
    DatabaseBusy: (503, "The database is busy"),
    OutOfDescriptors: (503, "No more connections can be taken"),
    Unavailable: (503, "No answer from the surroundings for now"),
    TimedOut: (504, "No answer from the surroundings in time"),
    BadAnswer: (502, "An answer of another server cannot be used"),
    QuotaExceeded: (507, "No room left"),
    ReadOnly: (503, "Nothing can be written now"),
    DatabaseDamaged: (503, "What is kept is damaged"),
    ClockAhead: (503, "The clock may be wrong"),
    SchemaBehind: (503, "The database's schema is not up to date"),
    BadReference: (503, "A part of the application is not as it says"),
    Unsupported: (501, "Not possible here"),
    Misconfigured: (503, "The server is not set up rightly"),
    NotOurs: (503, "The storage is not this base's to write to"),
    InvariantBroken: (500, "A fault of the server"),
}
"""Status and title of each kind of error."""


class ProblemDetail(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Where: a path such as block.content")
    detail: str = Field(description="What is wrong there")


class Problem(BaseModel):
    """An RFC 9457 problem."""

    type: str = Field(description="What kind of problem: urn:inkcre:problem:CODE")
    title: str = Field(description="The kind in words")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What happened this time")
    hint: str | None = Field(default=None, description="What to do about it")
    errors: list[ProblemDetail] | None = Field(default=None, description="Field by field")


def problem_response(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    hint: str | None = None,
    errors: Sequence[Mapping[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make a problem response."""
    body: dict[str, object] = {
        "type": f"urn:inkcre:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
    }
    if hint:
        body["hint"] = hint
    if errors is not None:
        body["errors"] = list(errors)
    return Response(to_json(body), status, dict(headers or {}), "application/problem+json")


def respond_to(error: InkcreError) -> Response:
    """Make the response that an error of ours earns."""
    # By the nearest of its classes: an error of its own need not be in the table.
    status, title = next(
        (STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), (500, "Error")
    )
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, UnknownCoding):
        headers["Accept-Encoding"] = ACCEPTED_CODINGS
    errors = None
    if isinstance(error, Invalid):
        errors = [{"field": error.field, "detail": error.fact}]
    return problem_response(
        status, error.code, title, error.message, hint=error.hint, errors=errors, headers=headers
    )


def respond_to_validation(problems: Sequence[ErrorDetails]) -> Response:
    """Make the response to a request that does not fit its model; input is never echoed."""
    errors = [
        {
            "field": ".".join(str(part) for part in _field(p["loc"])),
            "detail": MESSAGES.get(p["type"]) or say_fault(p),
        }
        for p in problems[:MAX_FIELD_ERRORS]
    ]
    first = f"{errors[0]['field']}: {errors[0]['detail']}" if errors else "the request is invalid"
    status, title = STATUSES[Invalid]
    return problem_response(status, Invalid.code, title, first, errors=errors)


def _field(loc: Sequence[str | int]) -> Sequence[str | int]:
    """Drop FastAPI's word for where a value came from, unless it is all there is."""
    if len(loc) == 2 and loc[0] == "body" and isinstance(loc[1], int):
        return loc[:1]  # an offset into text that is not JSON
    return loc[1:] if len(loc) > 1 and loc[0] in ("body", "query", "path") else loc


START = (
    "start the application by its lifespan (an application that mounts it runs"
    " `async with app.router.lifespan_context(app)` in its own), or run `inkcre migrate`"
)
"""What to do about a schema that is missing since nobody has started the application."""


def find_remedy(app: FastAPI, error: InkcreError) -> str | None:
    """Return what to do about an error that an application met."""
    is_started = getattr(app.state, "is_started", True)
    hint = error.hint if is_started or not isinstance(error, SchemaBehind) else START
    settings = getattr(app.state, "settings", None)
    if hint is None or settings is None:
        return hint
    application: Application = settings.application
    return in_words_of(application.name, application.prefix, hint)


async def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, InkcreError)
    error.hint = find_remedy(request.app, error)
    if isinstance(error, (InvariantBroken, DatabaseDamaged)):
        logger.error("%s %s: %s", request.method, request.url.path, error, exc_info=error)
    return respond_to(error)


async def _on_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return respond_to_validation(error.errors())


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTP_400:  # FastAPI's answer to a body that is not even text
        return respond_to(Invalid("not JSON", field="body"))
    code = {404: "no_route", 405: "method_not_allowed"}.get(error.status_code, "http")
    detail = {
        404: f"{request.url.path}: there is no such route",
        405: f"{request.method}: not a method of this route",
    }.get(error.status_code, str(error.detail))
    return problem_response(
        error.status_code, code, str(error.detail), detail, headers=error.headers
    )


HANDLERS: Mapping[int | type[Exception], Handler] = {
    InkcreError: _on_error,
    RequestValidationError: _on_invalid,
    HTTPException: _on_http_exception,
}
"""What answers each error that was foreseen."""


async def respond_to_unforeseen(request: Request, error: Exception) -> Response:
    """Log an error that nobody foresaw; make the response, which says nothing of its insides.

    Where whoever has the application has a handler of their own for it, the response is theirs.
    """
    scope = request.scope
    logger.error("%s %s: unforeseen error", scope["method"], scope["path"], exc_info=error)
    handlers = request.app.exception_handlers
    if handler := handlers.get(Exception) or handlers.get(500):
        made = handler(request, error)
        response: Response = await made if isawaitable(made) else made
        return response
    status, title = STATUSES[InvariantBroken]
    return problem_response(status, "unforeseen", title, "the error was logged")
