"""Serving in a process, with uvicorn."""

import errno
import gc
import logging
import socket
from functools import partial
from typing import Any

import uvicorn

from inkcre.app import create_app
from inkcre.assembly.plan import plan_assembly, render_plan
from inkcre.context import Components
from inkcre.errors import OperatorError
from inkcre.process.connections import ConnectionGuard
from inkcre.process.descriptors import raise_limit
from inkcre.process.wire import GuardedProtocol
from inkcre.runtime.lifecycle import find_custody, prepare_database, prepare_storage
from inkcre.runtime.logs import configure_logging
from inkcre.sections.http import HttpSettings
from inkcre.sections.settings import Settings

logger = logging.getLogger("inkcre")


class WrongTarget(OperatorError):
    """Tell that a profile is for another place than a process."""

    code = "wrong_target"


class CannotListen(OperatorError):
    """Tell that the address to listen on cannot be had."""

    code = "cannot_listen"


def serve(settings: Settings, listener: socket.socket | None = None) -> None:
    """Serve until interrupted, at an address that was taken already if ``listener`` is given.

    Raises:
        WrongTarget: the profile is for Cloudflare Workers.
        CannotListen: the address is taken, or is not this machine's.
        SchemaBehind: the database's schema is not the one that is needed, be it found at the start
            or when the database, which was away, answers.
        StorageTaken: the storage belongs to another base.
    """
    require_own_target(settings)
    configure_logging(settings.logging)
    refusals: list[OperatorError] = []

    def end(refusal: OperatorError) -> None:
        refusals.append(refusal)
        server.should_exit = True

    app = create_app(settings, on_refusal=end)
    raise_limit(settings.http.max_connections)
    guard = ConnectionGuard(settings.http)
    app.state.notices.append(guard.find_notice)
    server = uvicorn.Server(uvicorn.Config(app, **make_options(settings.http, guard)))
    listener = listener or listen(settings)
    # Before uvicorn starts, so that a refusal is one error and no stack trace.
    components: Components = app.state.components
    if prepare_database(settings, components):
        standing = prepare_storage(components)
        custody = find_custody(components)
        if custody and standing and standing.state == "taken":
            raise custody.refuse(standing)
    logger.info(
        "profile %s, chosen by %s", settings.profile, settings.origins.of(("profile",)).describe()
    )
    logger.debug("assembled:\n%s", render_plan(plan_assembly(settings)))
    # What was made so far stays: the garbage collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    host, port = listener.getsockname()[:2]
    logger.info("listening on http://%s:%s", f"[{host}]" if ":" in host else host, port)
    with listener:
        server.run(sockets=[listener])
    for refused in refusals:
        raise refused


def require_own_target(settings: Settings) -> None:
    """Raise unless a profile runs in a process.

    Raises:
        WrongTarget: it does not.
    """
    if settings.target != "process":
        raise WrongTarget(
            f"profile {settings.profile}: runs on target {settings.target}, not in a process",
            hint="choose a profile such as dev or server",
        )


def listen(settings: Settings) -> socket.socket:
    """Take the address before anything else is done, so that a refusal is one error.

    Raises:
        CannotListen: it is taken, or is not this machine's.
    """
    host, port = settings.http.host, settings.http.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        # 2048 is uvicorn's own backlog.
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        is_unknown = (error.errno or -1) < 0  # as getaddrinfo(3) has it
        reason = "no such address" if is_unknown else (error.strerror or "cannot be had").lower()
        # Python tells it of a host and a port that are in its message already.
        reason = reason.partition(" (while attempting")[0]
        raise CannotListen(
            f"http://{host}:{port}: {reason}", hint=_remedy(error, port, is_unknown=is_unknown)
        ) from error


def _remedy(error: OSError, port: int, *, is_unknown: bool) -> str:
    if is_unknown or error.errno == errno.EADDRNOTAVAIL:
        return "http.host is an address of this machine: 127.0.0.1, or 0.0.0.0 for all it has"
    if error.errno == errno.EACCES:
        return "ports below 1024 need rights; try another, for example --port 8000"
    return f"try another, for example --port {min(port + 1, 65535)}"


def make_options(http: HttpSettings, guard: ConnectionGuard) -> dict[str, Any]:
    """Return what uvicorn is told: https://uvicorn.dev/settings/."""
    return {
        # configure_logging has been here; uvicorn's would take its own handlers.
        "log_config": None,
        "access_log": False,  # ours has the request's id: inkcre.http.observation
        # By default uvicorn waits for open requests without end.
        "timeout_graceful_shutdown": 10,
        "timeout_keep_alive": http.idle_seconds,
        "server_header": False,
        # Not its limit_concurrency, which answers in plain text, and only when a head is whole.
        "http": partial(GuardedProtocol, guard=guard),
    }
