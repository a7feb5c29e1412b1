"""Routes whose functions are lent what they name by type, and say who may call them."""

import inspect
import sys
from collections.abc import Callable, Collection
from functools import partial, update_wrapper
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from fastapi import APIRouter, BackgroundTasks, Response
from fastapi.exceptions import FastAPIError
from fastapi.security import SecurityScopes
from pydantic import TypeAdapter
from pydantic.errors import PydanticSchemaGenerationError
from starlette.requests import HTTPConnection

from inkcre.context import components
from inkcre.errors import BadReference
from inkcre.lending import Function, Parameters, describe, find_parameters, not_lent

Scope = Literal["read", "write", "sources", "admin"]
"""What somebody has to be allowed who calls a route."""

OWN = (HTTPConnection, Response, BackgroundTasks, SecurityScopes)
"""What FastAPI gives a function that names it:
https://fastapi.tiangolo.com/advanced/using-request-directly/."""

HAS_THREADS = sys.platform != "emscripten"
"""Without them a function that waits runs where it is, and suspends its request meanwhile."""

Endpoint = TypeVar("Endpoint", bound=Function[Any])
Option = Any
"""One of FastAPI's, which looks at it itself: https://fastapi.tiangolo.com/reference/apirouter/."""

SAFE_METHODS = ("GET", "HEAD")

SCOPE = "inkcre_scope"
PARAMETERS = "inkcre_parameters"
"""Attributes of a route's function: its scope, and what it is lent."""


class Router(APIRouter):
    """FastAPI's router, with functions that are lent what they name in their signatures.

    Those that are no coroutines run in the threads of requests, where there are threads, and not in
    anyio's: ``anyio.from_thread`` is of no use there.
    """

    def get(
        self, path: str, *, scope: Scope = "read", **options: Option
    ) -> Callable[[Endpoint], Endpoint]:
        """Add a route for GET; the options are FastAPI's."""
        return self._add("GET", path, scope, options)

    def head(
        self, path: str, *, scope: Scope = "read", **options: Option
    ) -> Callable[[Endpoint], Endpoint]:
        """Add a route for HEAD; the options are FastAPI's."""
        return self._add("HEAD", path, scope, options)

    def post(
        self, path: str, *, scope: Scope = "write", **options: Option
    ) -> Callable[[Endpoint], Endpoint]:
        """Add a route for POST; the options are FastAPI's."""
        return self._add("POST", path, scope, options)

    def put(
        self, path: str, *, scope: Scope = "write", **options: Option
    ) -> Callable[[Endpoint], Endpoint]:
        """Add a route for PUT; the options are FastAPI's."""
        return self._add("PUT", path, scope, options)

    def patch(
        self, path: str, *, scope: Scope = "write", **options: Option
    ) -> Callable[[Endpoint], Endpoint]:
        """Add a route for PATCH; the options are FastAPI's."""
        return self._add("PATCH", path, scope, options)

    def delete(
        self, path: str, *, scope: Scope = "write", **options: Option
    ) -> Callable[[Endpoint], Endpoint]:
        """Add a route for DELETE; the options are FastAPI's."""
        return self._add("DELETE", path, scope, options)

    def _add(
        self, method: str, path: str, scope: Scope, options: dict[str, Option]
    ) -> Callable[[Endpoint], Endpoint]:
        def add(endpoint: Endpoint) -> Endpoint:
            if scope not in get_args(Scope):
                known = ", ".join(get_args(Scope))
                raise BadReference(
                    f'{describe(endpoint)}: there is no scope "{scope}"',
                    hint=f"write one of {known}",
                )
            called = lend_to(endpoint, changes=method not in SAFE_METHODS)
            setattr(called, SCOPE, scope)
            try:
                self.add_api_route(path, called, methods=[method], **options)
            except FastAPIError:
                _refuse(find_parameters(endpoint))
                raise
            return endpoint

        return add


def lend_to(endpoint: Function[Any], *, changes: bool = False) -> Function[Any]:
    """Return a function that FastAPI calls with what is its own, and that is lent the rest.

    For a route's function, which may change something, and for what it depends on.

    Raises:
        NotLent: an annotation names nothing.
    """
    parameters = find_parameters(endpoint)
    # FastAPI looks at the signature, and would take what is lent for the request's body.
    signature = inspect.signature(endpoint).replace(parameters=list(parameters.others.values()))
    lend = parameters.lend
    if inspect.iscoroutinefunction(endpoint):

        async def call_async(**given: object) -> object:
            return await endpoint(**given, **lend(components()))

        called: Function[Any] = call_async
    elif HAS_THREADS:
        # Here: a Worker has no threads, and need not load what is theirs.
        from inkcre.runtime.threads import run_in_thread

        async def call_in_thread(**given: object) -> object:
            lent = components()
            call = partial(endpoint, **given, **lend(lent))
            return await run_in_thread(call, of=lent.database, changes=changes)

        called = call_in_thread
    else:

        def call(**given: object) -> object:
            return endpoint(**given, **lend(components()))

        called = call
    update_wrapper(called, endpoint)
    delattr(called, "__wrapped__")  # FastAPI would look behind it
    called.__signature__ = signature  # type: ignore[attr-defined]
    setattr(called, PARAMETERS, parameters)
    return called


def list_parameters(router: APIRouter) -> list[Parameters[Any]]:
    """Return what the functions of a router are lent, of those that are lent something."""
    endpoints = [getattr(route, "endpoint", None) for route in router.routes]
    return [found for each in endpoints if (found := getattr(each, PARAMETERS, None))]


def find_lent(function: object) -> Collection[object]:
    """Return the types of what a function is lent that FastAPI calls."""
    parameters: Parameters[Any] | None = getattr(function, PARAMETERS, None)
    return parameters.types.values() if parameters else ()


def _refuse(parameters: Parameters[object]) -> None:
    """Raise for the first parameter that FastAPI can make nothing of.

    Raises:
        NotLent: naming it and the function.
    """
    for name, parameter in parameters.others.items():
        annotation = parameter.annotation
        bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
        if isinstance(bare, type) and issubclass(bare, OWN):
            continue
        try:
            TypeAdapter(bare)
        except PydanticSchemaGenerationError:
            raise not_lent(parameters.function, name, bare) from None
