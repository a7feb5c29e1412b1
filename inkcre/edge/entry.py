"""The Workers side of the application: assembled at import, given its surroundings per request.

What is made while the Worker's entry is imported is in the snapshot that every isolate starts
from. So nothing here reads a clock, randomness, a binding or a secret until a request or a tick
brings them: https://developers.cloudflare.com/workers/languages/python/how-python-workers-work/
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from inkcre.app import create_app, make_pace_rule
from inkcre.application import Application
from inkcre.assembly.adapters import load_adapter
from inkcre.edge import collector
from inkcre.edge.admission import Admission
from inkcre.edge.bindings import WorkerBindings
from inkcre.edge.requests import BoundedRequest
from inkcre.edge.responses import SentResponse
from inkcre.errors import InkcreError, Misconfigured, TooSlow, Unavailable
from inkcre.http.paths import route_path
from inkcre.http.problems import respond_to
from inkcre.http.streams import PASS_ON
from inkcre.javascript import JsProxy
from inkcre.jobs.tick import tick
from inkcre.ports.database import Statement
from inkcre.runtime import lifecycle
from inkcre.runtime.logs import configure_logging
from inkcre.sections.schema import load_settings, schema_of
from inkcre.sections.settings import Settings
from inkcre.settings.report import SettingsError

logger = logging.getLogger("inkcre")

Variables = Mapping[str, str]

MAX_KEPT = 8
"""How many sets of variables are remembered; a Worker has one, until it is deployed anew."""


@dataclass(frozen=True)
class Assembled:
    """The application that some settings give."""

    settings: Settings
    app: FastAPI
    provide: lifecycle.Provide


class EdgeApplication:
    """The application of a Worker.

    A Worker's own ``INKCRE_*`` variables and secrets are a layer above the artifact's settings.
    They come with a request, so the application that they give is assembled then, once an isolate.
    """

    def __init__(self, application: Application, folder: Path) -> None:
        """Assemble an application with the settings in ``folder``.

        Raises:
            SettingsError: the artifact's settings make no sense.
        """
        self._application = application
        self._schema = schema_of(application)
        self._folder = folder
        self._own = self._assemble({})
        self._kept: dict[tuple[tuple[str, str], ...], Assembled | InkcreError] = {}
        self._admission = Admission()
        self._prepare()

    async def answer(self, request: JsProxy, env: JsProxy) -> JsProxy:
        """Answer a request, or refuse it without reading its body."""
        asked = BoundedRequest(request)
        bindings = WorkerBindings(env)
        try:
            assembled = self._assembled_for(bindings)
        except InkcreError as error:
            return await _answer(respond_to(_explain(error)), asked, bindings)
        http = assembled.settings.http
        path = route_path({"path": asked.path, "root_path": http.root_path})
        is_file = path in assembled.app.state.file_paths
        most_bytes = http.max_file_bytes if is_file else http.max_body_bytes
        asked.bound(http.max_body_bytes, most_bytes, make_pace_rule(http))
        with self._admission.place(
            now=time.monotonic(),
            size=asked.size,
            max_requests=assembled.settings.workers.max_requests,
            max_bytes=http.max_body_bytes,
        ) as has_place:
            if not has_place:
                return await _answer(BUSY, asked, bindings)
            try:
                await asked.hold_body()
            except TooSlow as error:
                return await _answer(respond_to(error), asked, bindings)
            return await _answer(assembled.app, asked, bindings)

    def tick(self, env: JsProxy) -> None:
        """Do what is due now: what the Cron Trigger calls. What fails is logged, and due again."""
        bindings = WorkerBindings(env)
        try:
            assembled = self._assembled_for(bindings)
            scheduler = assembled.settings.scheduler
            if scheduler.kind != "cron-trigger":
                return
            with assembled.provide(bindings) as components:
                # Here, for no process looks now and then: an isolate lives as long as it likes.
                lifecycle.prepare_storage(components)
                kinds = assembled.app.state.kinds
                due, done = tick(components, kinds, budget_seconds=scheduler.budget_seconds)
        except InkcreError as error:
            said = _explain(error)
            logger.error("tick: %s (%s)", said.message, said.hint)  # noqa: TRY400 - no fault of ours
        else:
            logger.info("tick: %d jobs due, %d run", due.enqueued, done)

    def _assembled_for(self, bindings: WorkerBindings) -> Assembled:
        """Return the application of a Worker's variables; what is wrong is remembered too.

        Raises:
            SettingsError: they make no sense.
            Unsupported: they choose what was not built in.
        """
        # The artifact sets this one itself: alone it is no reason to assemble anew.
        own = {self._schema.profile_variable: self._own.settings.profile}
        variables = {
            name: value
            for name, value in bindings.variables(self._schema.prefix).items()
            if own.get(name) != value
        }
        if not variables:
            return self._own
        key = tuple(sorted(variables.items()))
        if key not in self._kept:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = self._try(variables)
        kept = self._kept[key]
        if isinstance(kept, InkcreError):
            raise kept
        return kept

    def _try(self, variables: Variables) -> Assembled | InkcreError:
        try:
            return self._assemble(variables)
        except SettingsError as error:
            logger.error("the Worker's variables make no sense:\n%s", error)  # noqa: TRY400
            return error
        except InkcreError as error:
            logger.error("the Worker's variables: %s", error)  # noqa: TRY400
            return error

    def _assemble(self, variables: Variables) -> Assembled:
        settings = load_settings(
            application=self._application, environ=variables, folder=self._folder
        )
        configure_logging(settings.logging)
        _, provide = lifecycle.provide_components(settings)
        return Assembled(settings, create_app(settings), provide)

    def _prepare(self) -> None:
        """Do now, for the snapshot, what every isolate would do at its first request."""
        collector.take_over()  # before it, so that what follows finds room in the heap
        # FastAPI makes both when they are first asked for, in each isolate anew.
        self._own.app.openapi()
        self._own.app.middleware_stack = self._own.app.build_middleware_stack()
        own = self._own.settings
        adapter = load_adapter(own.application, "database", own.database.kind)
        adapter.prepare(Statement.made)
        collector.take_over()


def _explain(error: InkcreError) -> InkcreError:
    """Tell of wrong settings only how many there are: the rest is in the log."""
    if isinstance(error, SettingsError):
        return Misconfigured(
            f"settings: {len(error.diagnostics)} wrong", hint="read the Worker's log"
        )
    return error


async def _answer(app: ASGIApp, asked: BoundedRequest, bindings: WorkerBindings) -> JsProxy:
    sent = SentResponse()
    scope = asked.scope(**{"inkcre.bindings": bindings, PASS_ON: sent.pass_on})
    try:
        await sent.run(app, scope, asked.receiving())
    finally:
        asked.drop_body()
    return sent.make()


BUSY = respond_to(
    Unavailable("the Worker is busy with other requests", hint="try again in a moment")
)
