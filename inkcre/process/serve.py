"""Serving in a process, with uvicorn."""

import gc
import logging
import signal
import socket
import time
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from inkcre.app import create_app
from inkcre.assembly.plan import plan_assembly, render_plan
from inkcre.context import Components
from inkcre.errors import OperatorError
from inkcre.process.addresses import describe, listening
from inkcre.process.connections import ConnectionGuard
from inkcre.process.descriptors import raise_limit
from inkcre.process.memory import giving_back
from inkcre.process.wire import GuardedProtocol
from inkcre.runtime.lifecycle import find_custody, prepare_database, prepare_storage
from inkcre.runtime.logs import configure_logging
from inkcre.sections.http import HttpSettings
from inkcre.sections.settings import Settings

logger = logging.getLogger("inkcre")


class WrongTarget(OperatorError):
    """Tell that a profile is for another place than a process."""

    code = "wrong_target"


def serve(settings: Settings) -> None:
    """Serve until interrupted, at the address that the settings name.

    Raises:
        WrongTarget: the profile is for Cloudflare Workers.
        CannotListen: the address is taken, or is not this machine's.
        OperatorError: what ``serve_at`` raises.
    """
    require_own_target(settings)
    configure_logging(settings.logging)
    # Before anything else is done, so that a refusal is one error.
    with ending_by_signal(), listening(settings.http) as listener:
        serve_at(settings, listener)


class _Terminated(BaseException):
    """Tell that SIGTERM has come, so that what has begun is ended in order."""


@contextmanager
def ending_by_signal() -> Iterator[None]:
    """Let SIGTERM leave the block, and then end the process as it would have.

    uvicorn raises it anew when it has stopped, and nothing would come after that.
    """

    def leave(*_: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    except _Terminated:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def _shorten(record: logging.LogRecord) -> bool:
    """Say in a line, and not in a hundred, what was given up for the sake of an end at once."""
    is_cancelled = record.exc_info and isinstance(record.exc_info[1], CancelledError)
    if is_cancelled or record.getMessage().rstrip().endswith("CancelledError"):
        record.msg, record.args, record.exc_info = "what was not done yet was given up", (), None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
    return True


def serve_at(settings: Settings, listener: socket.socket) -> None:
    """Serve until interrupted, at an address that was taken already.

    Raises:
        SchemaBehind: the database's schema is not the one that is needed, be it found at the start
            or when the database, which was away, answers.
        StorageTaken: the storage belongs to another base.
    """
    refusals: list[OperatorError] = []

    def end(refusal: OperatorError) -> None:
        refusals.append(refusal)
        server.should_exit = True

    app = create_app(settings, on_refusal=end)
    raise_limit(settings.http.max_connections)
    guard = ConnectionGuard(settings.http)
    app.state.notices.append(guard.find_notice)
    logging.getLogger("uvicorn.error").addFilter(_shorten)
    server = DrainingServer(app, settings.http, guard)
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
    logger.info("listening on %s", describe(listener))
    with giving_back():
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


class DrainingServer(uvicorn.Server):
    """A server that says that it will stop, and goes on for a while, before it does.

    Who balances between replicas looks at ``/readyz`` from time to time, and sends requests here
    until it has.
    """

    def __init__(self, app: FastAPI, http: HttpSettings, guard: ConnectionGuard) -> None:
        super().__init__(uvicorn.Config(app, **make_options(http, guard)))
        self._state = app.state
        self._seconds = http.drain_seconds
        self._stops_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal: the first SIGTERM begins the while, any other one ends at once."""
        if sig != signal.SIGTERM or not self._seconds or self._stops_at is not None:
            super().handle_exit(sig, frame)
            return
        self._stops_at = time.monotonic() + self._seconds
        self._state.is_stopping = True
        logger.info("stopping in %d seconds; /readyz is 503 until then", self._seconds)

    async def on_tick(self, counter: int) -> bool:
        """Tell, ten times a second, whether it is time to end."""
        if self._stops_at is not None and time.monotonic() >= self._stops_at:
            self._stops_at = None
            super().handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)


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
