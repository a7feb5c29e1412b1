"""What holds for every route, whoever brings it: its methods, and the parameters that it knows."""

from collections.abc import Awaitable, Iterable, Iterator, Sequence
from urllib.parse import parse_qsl

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from inkcre.errors import Invalid
from inkcre.http.paths import route_path

ALLOWED = "inkcre.allow"
"""Key of a scope: the methods of its path."""

MAX_NAME = 64
"""How much of an unknown name is said again."""


def complete_routes(router: APIRouter) -> None:
    """Complete the routes of an application, when all are there.

    HEAD is answered wherever GET is (RFC 9110, section 9.1), OPTIONS everywhere, 405 with all the
    methods of the path, and a parameter that a route does not know is refused.
    """
    routes = [route for route in router.routes if isinstance(route, Route)]
    for route in routes:
        if isinstance(route, APIRoute):
            methods = route.methods or set()
            if "GET" in methods:
                methods.add("HEAD")
            # Routers are modules' own, and stand in every application that is made of them.
            if not isinstance(route.app, KnownParameters):
                route.app = KnownParameters(route.app, list_names(route.dependant))
    table = _Table(routes)
    # The first takes what is decided by the path alone, the last what no route has taken.
    router.routes.insert(0, PathMethods(table, is_last=False))
    router.routes.append(PathMethods(table, is_last=True))


class KnownParameters:
    """Refuse a query with a parameter that a route does not know.

    What is misspelt, or meant for another route, would be ignored: a search that finds the newest.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self.app = app
        self.names = frozenset(names)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle a request whose parameters are known.

        Raises:
            Invalid: one is not.
        """
        query: bytes = scope["query_string"]
        if query:
            for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
                if name not in self.names:
                    raise self._refuse(name)
        return self.app(scope, receive, send)

    def _refuse(self, name: str) -> Invalid:
        from difflib import get_close_matches  # only for who errs

        near = get_close_matches(name, self.names, n=1)
        known = ", ".join(f"`{one}`" for one in sorted(self.names))
        if near:
            hint = f"did you mean `{near[0]}`?"
        else:
            hint = f"it knows {known}" if known else "it takes none; leave the query out"
        return Invalid("no parameter of this route", field=name[:MAX_NAME], hint=hint)


def list_names(dependant: Dependant) -> Iterator[str]:
    """Yield what a function, and what it depends on, take of a query."""
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, one in annotation.model_fields.items():
                yield one.alias or name
        else:
            yield field.alias
    for other in dependant.dependencies:
        yield from list_names(other)


class _Path:
    """A path, and its methods."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.methods = {"OPTIONS"}

    def said(self) -> str:
        """Return them for ``Allow``."""
        return ", ".join(sorted(self.methods))


class _Table:
    """The methods of each path; one without parameters is itself, and not one with them."""

    def __init__(self, routes: Sequence[Route]) -> None:
        paths: dict[str, _Path] = {}
        for route in routes:
            path = paths.setdefault(route.path, _Path(route))
            path.methods |= route.methods or set()
        self.literal = {name: path for name, path in paths.items() if "{" not in name}
        self._others = [path for name, path in paths.items() if "{" in name]

    def find(self, path: str) -> _Path | None:
        """Return the path that a request is for."""
        found = self.literal.get(path)
        if found is not None:
            return found
        return next((one for one in self._others if one.route.path_regex.match(path)), None)


class PathMethods(BaseRoute):
    """Answer OPTIONS, and 405 with all methods of a path where it has not the one that is asked.

    Starlette names those of the first route of the path, and gives PATCH of ``/blocks/recent``
    to the route of ``/blocks/{block_id}``.
    """

    def __init__(self, table: _Table, *, is_last: bool) -> None:
        self._table = table
        self._is_last = is_last

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Tell whether a request is answered here."""
        if scope["type"] != "http":
            return Match.NONE, {}
        if self._is_last or scope["method"] == "OPTIONS":
            found = self._table.find(route_path(scope))
        else:
            found = self._table.literal.get(route_path(scope))
            if found is not None and scope["method"] in found.methods:
                return Match.NONE, {}
        if found is None:
            return Match.NONE, {}
        return Match.FULL, {"route": found.route, ALLOWED: found.said()}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer it."""
        allow = {"Allow": scope[ALLOWED]}
        if scope["method"] != "OPTIONS":
            raise HTTPException(405, headers=allow)
        await Response(status_code=204, headers=allow)(scope, receive, send)
