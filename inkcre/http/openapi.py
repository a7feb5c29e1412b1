"""The API's description: FastAPI's, completed by what holds for every route."""

import copy
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.routing import BaseRoute

from inkcre.http.earned import find_earned
from inkcre.http.problems import Problem
from inkcre.http.responses import PROBLEM_SCHEMA, PROBLEMS, REF_TEMPLATE

Described = dict[str, Any]
"""A part of the description, as JSON has it."""

REPLACED = ("HTTPValidationError", "ValidationError")
"""Of FastAPI's own schemas those of an answer that is not given here."""

REQUEST_ID: Described = {
    "description": "The request's id: in `X-Request-Id` or `CF-Ray` of the request, else a new one",
    "schema": {"type": "string"},
}
TOLD_ID = {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}}


def install(app: FastAPI, form_models: Iterable[type[BaseModel]]) -> None:
    """Let an application describe itself: also bodies that routes read by themselves."""
    models: list[type[BaseModel]] = [*form_models, Problem]

    def openapi() -> Described:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app, models)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _describe(app: FastAPI, models: Iterable[type[BaseModel]]) -> Described:
    described = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        routes=[_without_head(route) for route in app.routes],
        servers=app.servers or None,
    )
    described["security"] = []  # said, and not forgotten: there is none
    taken: set[str] = set()
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method, operation in described["paths"][route.path_format].items():
                if method.upper() in (route.methods or ()):
                    _name(operation, route, taken)
                    _complete(operation, find_earned(route, method.upper()))
    _add_components(described, models)
    return described


def _without_head(route: BaseRoute) -> BaseRoute:
    """Return a route without HEAD, of which there is nothing to say that GET has not."""
    if not isinstance(route, APIRoute) or not {"GET", "HEAD"} <= (route.methods or set()):
        return route
    bare = copy.copy(route)
    bare.methods = (route.methods or set()) - {"HEAD"}
    return bare


def _name(operation: Described, route: APIRoute, taken: set[str]) -> None:
    """Call an operation what its function is called, which generators make names of.

    FastAPI's own id has the path in it. It stays where another operation has the short name.
    """
    name = route.name.removesuffix("_route")
    if name not in taken:
        operation["operationId"] = name
    taken.add(operation["operationId"])


def _complete(operation: Described, earned: Iterable[int]) -> None:
    """Add to an operation the problems that it may be answered with."""
    responses = operation["responses"]
    if _is_fastapis(responses.get("422")):
        del responses["422"]
    for status, own in responses.items():
        if own == PROBLEMS.get(int(status)):
            responses[status] = _refer(int(status))
    for status in earned:
        own = responses.setdefault(str(status), _refer(status))
        if "$ref" not in own:  # of another shape too, as a list of reasons
            own.setdefault("content", {}).setdefault(PROBLEM_SCHEMA[0], PROBLEM_SCHEMA[1])
    for response in responses.values():
        if "$ref" not in response:
            _tell_id(response)
    operation["responses"] = dict(sorted(responses.items()))


@cache
def _refer(status: int) -> Described:
    """Return what refers to a problem: one for all, for each Worker keeps the description."""
    return {"$ref": f"#/components/responses/{status}"}


def _tell_id(response: Described) -> None:
    response["headers"] = {**response.get("headers", {}), **TOLD_ID}


def _is_fastapis(response: Described | None) -> bool:
    return "HTTPValidationError" in str(response)


def _add_components(described: Described, models: Iterable[type[BaseModel]]) -> None:
    asked: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for model in models
    ]
    _, schema = models_json_schema(asked, ref_template=REF_TEMPLATE)
    components = described.setdefault("components", {})
    schemas = components.setdefault("schemas", {}) | schema["$defs"]
    components["schemas"] = {
        name: schemas[name] for name in sorted(schemas) if name not in REPLACED
    }
    for each in _properties(components["schemas"]):
        # Generators of clients take what has a default for what is always there, and so to be sent.
        each.pop("default", None)
    components["headers"] = {"X-Request-Id": REQUEST_ID}
    used = _responses(described["paths"])
    components["responses"] = {s: dict(one) for s, one in _NAMED.items() if s in used}
    for response in components["responses"].values():
        _tell_id(response)


_NAMED = {str(status): one for status, one in PROBLEMS.items()}


def _responses(paths: Described) -> set[str]:
    """Return the statuses of the shared problems that operations refer to."""
    operations = [operation for path in paths.values() for operation in path.values()]
    return {
        status
        for operation in operations
        for status, one in operation["responses"].items()
        if one == _refer(int(status))
    }


def _properties(schemas: Described) -> Iterator[Described]:
    for schema in schemas.values():
        yield from schema.get("properties", {}).values()
