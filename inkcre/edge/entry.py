"""The Workers side of the application: assembled at import, given its surroundings per request.

What is made while the Worker's entry is imported is in the snapshot that every isolate starts
from. So nothing here reads a clock, randomness, a binding or a secret until a request or a tick
brings them: https://developers.cloudflare.com/workers/languages/python/how-python-workers-work/
"""

import logging
import logging.config
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from inkcre import lifecycle
from inkcre.app import create_app
from inkcre.assembly import load_adapter
from inkcre.edge import collector
from inkcre.edge.bindings import WorkerBindings
from inkcre.edge.overload import LimitInFlight
from inkcre.errors import Misconfigured, SurroundingsError
from inkcre.http.problems import respond_to
from inkcre.infobase.ticking import tick
from inkcre.logs import logging_config
from inkcre.ports.database import Statement
from inkcre.settings.loader import load_settings
from inkcre.settings.model import Settings
from inkcre.settings.report import SettingsError

logger = logging.getLogger("inkcre")

Variables = Mapping[str, str]


@dataclass(frozen=True)
class Assembled:
    """The application that some settings give."""

    settings: Settings
    app: FastAPI
    provide: lifecycle.Provide


class EdgeApplication:
    """The ASGI application of a Worker.

    A Worker's own ``INKCRE_*`` variables and secrets are a layer above the artifact's settings.
    They come with a request, so the application that they give is assembled then, once an isolate.
    """

    def __init__(self, folder: Path) -> None:
        """Assemble the application of the settings in ``folder``.

        Raises:
            SettingsError: the artifact's settings make no sense.
        """
        self._folder = folder
        self._own = self._assemble({})
        self._others: dict[tuple[tuple[str, str], ...], Assembled] = {}
        self._handle: ASGIApp = LimitInFlight(
            self._pass_on, self._own.settings.workers.max_requests
        )
        logging.config.dictConfig(logging_config(self._own.settings.logging))
        self._prepare()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        # The SDK plays a start and a stop around every request. Not answered, they are left out.
        if scope["type"] != "lifespan":
            await self._handle(scope, receive, send)

    def tick(self, env: Any) -> None:
        """Do what is due now: what the Cron Trigger calls."""
        bindings = WorkerBindings(env)
        assembled = self._assembled_for(bindings)
        with assembled.provide(bindings) as components:
            try:
                swept = tick(components.database, components.clock())
            except SurroundingsError as error:
                logger.error("tick: %s", error)  # noqa: TRY400 - the next tick does it
            else:
                logger.info("tick: %d expired values swept", swept)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        bindings = WorkerBindings(scope["env"])
        try:
            app = self._assembled_for(bindings).app
        except SettingsError as error:
            logger.error("the Worker's variables make no sense:\n%s", error)  # noqa: TRY400
            refusal = Misconfigured(
                f"settings: {len(error.diagnostics)} wrong", hint="read the Worker's log"
            )
            await respond_to(refusal)(scope, receive, send)
            return
        await app({**scope, "inkcre.bindings": bindings}, receive, send)

    def _assembled_for(self, bindings: WorkerBindings) -> Assembled:
        variables = {
            name: value
            for name, value in bindings.variables("INKCRE_").items()
            if self._own_variables.get(name) != value
        }
        if not variables:
            return self._own
        key = tuple(sorted(variables.items()))
        if key not in self._others:
            self._others[key] = self._assemble(variables)
        return self._others[key]

    @property
    def _own_variables(self) -> Variables:
        return {"INKCRE_PROFILE": self._own.settings.profile}

    def _assemble(self, variables: Variables) -> Assembled:
        settings = load_settings(environ=variables, folder=self._folder)
        _, provide = lifecycle.provide_components(settings)
        return Assembled(settings, create_app(settings), provide)

    def _prepare(self) -> None:
        """Do now, for the snapshot, what every isolate would do at its first request."""
        self._own.app.openapi()
        self._own.app.middleware_stack = self._own.app.build_middleware_stack()
        load_adapter("database", self._own.settings.database.kind).prepare(Statement.made)
        collector.take_over()
