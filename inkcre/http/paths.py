"""Which route a request is for, and where an answer leads, under whatever prefix.

A server that is given ``--root-path``, and an application that mounts this one, say the prefix as
``root_path``, and ``path`` begins with it:
https://asgi.readthedocs.io/en/latest/specs/www.html#http-connection-scope
"""

from collections.abc import Awaitable
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send


def route_path(scope: Scope) -> str:
    """Return the path that routes are matched by: the request's, without the prefix.

    Starlette's router takes the prefix off in the same way. Whatever else is compared guards
    another path than the one that answers.
    """
    path: str = scope["path"]
    rest = path.removeprefix(scope.get("root_path", ""))
    return rest if not rest or rest.startswith("/") else path


def place(scope: Scope, path: str) -> str:
    """Return the address of a route for a header such as ``Location``, with the prefix before it.

    It is a path, and not a URL: behind a proxy, nobody here knows the host. A prefix that a mount
    takes from the request is no more than a path either (``//elsewhere`` would be a host).
    """
    prefix = quote(scope.get("root_path", "").strip("/"))
    return f"/{prefix}{path}" if prefix else path


class UnderPrefix:
    """Say the prefix of the settings, unless the server, or who mounts this application, says one.

    Not by FastAPI's ``root_path``, which is deprecated, and overrules both.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self.app = app
        self.root_path = root_path

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle a request below the prefix."""
        if not scope.get("root_path"):
            scope["root_path"] = self.root_path
        return self.app(scope, receive, send)
