"""The rule about routes: what they answer is described, the problems too."""

from collections.abc import Collection, Iterator, Mapping

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from inkcre.http.described import has_model
from inkcre.testing.extension.candidate import Candidate
from inkcre.testing.extension.references import REFERENCES
from inkcre.testing.extension.rules import Breach, ExtensionRule

PROBLEM = "application/problem+json"
Responses = Mapping[str, Mapping[str, Collection[str]]]
"""What is described of a route's responses, by their statuses."""


def find_undescribed_routes(candidate: Candidate) -> Iterator[Breach]:
    """Yield the routes whose answers nobody can know from the API's description."""
    for named, router in candidate.found("routers"):
        if not isinstance(router, APIRouter):
            continue
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.router.routes.extend(router.routes)
        described = app.openapi()["paths"]
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                for method in sorted(route.methods or ()):
                    place = f"{named}: {method} {route.path}"
                    operation = described[route.path_format][method.lower()]
                    yield from _examine(place, route, operation["responses"])


def _examine(place: str, route: APIRoute, responses: Responses) -> Iterator[Breach]:
    if not has_model(route):
        yield Breach(
            place,
            "nothing says what it answers",
            "annotate what its function returns, or name a response_class, or status_code=204",
        )
    told = {status for status, one in responses.items() if PROBLEM in one.get("content", {})}
    step = "give it responses=documented(Model, 200, 404), of inkcre.framework"
    if not told:
        yield Breach(place, "no problem response is described", step)
    elif "422" in responses and "422" not in told:
        yield Breach(place, "what is wrong with a request is described otherwise than it is", step)


ROUTES = ExtensionRule(
    "routes", "each route says what it answers, problems included, in the API's description",
    find_undescribed_routes,
    after=(REFERENCES,),
)  # fmt: skip
