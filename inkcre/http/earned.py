"""Which problems a route may be answered with: the one table, for the API's description.

A route names those by itself that are its own, such as a collision. 405 is of no route: it is what
the other methods of a path are answered.
"""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from inkcre.context import Components
from inkcre.http.bounds import SAFE_METHODS
from inkcre.http.middleware import CHANGING_GET
from inkcre.http.router import find_lent
from inkcre.lending import OPENED
from inkcre.ports.web import Web

ALL = (400, 414, 422, 431, 500, 503)
"""Of the head of a request, of its parameters, of us, and of a home that is busy."""

PARAMETERS = (404,)
"""Of a path with the id of something."""

CHANGES = (403, 413, 415)
"""Of a page of another site, and of a body, be there one or not."""

BODIES = (408,)

LENT = (504,)
"""Of what takes a database or a place for files to be there."""

LENT_CHANGES = (409, 507)

OTHERS = (502,)
"""Of servers of others."""


def find_earned(route: APIRoute, method: str) -> list[int]:
    """Return the statuses of the problems that a route may be answered with, in order."""
    lent = set(_list_lent(route.dependant))
    is_change = method not in SAFE_METHODS
    earned = {*ALL}
    if "{" in route.path:
        earned.update(PARAMETERS)
    if is_change or route.path.startswith(CHANGING_GET):
        earned.update(CHANGES)
    if is_change and (route.body_field or "requestBody" in (route.openapi_extra or {})):
        earned.update(BODIES)
    if lent & OPENED:
        earned.update((*LENT, *LENT_CHANGES) if is_change else LENT)
    if lent & {Components, Web}:
        earned.update(OTHERS)
    return sorted(earned)


def _list_lent(dependant: Dependant) -> Iterator[object]:
    yield from find_lent(dependant.call)
    for other in dependant.dependencies:
        yield from _list_lent(other)
