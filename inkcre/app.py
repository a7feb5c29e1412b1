"""The app factory: settings and components in, FastAPI out."""

import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from inkcre.api import blocks, files, graphs, relations, sources
from inkcre.assembly.assembly import CORE_NEEDS, utc_now
from inkcre.assembly.plan import describe_capabilities
from inkcre.core import CUSTODY, KINDS
from inkcre.errors import OperatorError
from inkcre.http import health, jobs, openapi
from inkcre.http import metrics as metrics_routes
from inkcre.http.middleware import EXPOSED_HEADERS, BindComponents, BoundBody, RefuseCrossSite
from inkcre.http.problems import LastResort, install_problem_handlers
from inkcre.http.tracing import ObserveRequests
from inkcre.jobs.kinds import JobKind, Kinds
from inkcre.ports.clock import Clock
from inkcre.ports.keyvalue import KeyValueNeeds
from inkcre.runtime import lifecycle
from inkcre.runtime.metrics import build_metrics
from inkcre.sections.settings import Settings
from inkcre.settings.loader import load_settings
from inkcre.sql import schema


def create_app(
    settings: Settings | None = None,
    *,
    profile: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    bindings: Mapping[str, Any] | None = None,
    needs: KeyValueNeeds = CORE_NEEDS,
    kinds: Iterable[JobKind[Any]] = (),
    clock: Clock = utc_now,
    on_refusal: Callable[[OperatorError], None] | None = None,
) -> FastAPI:
    """Make the application of a profile, or of given settings, without any I/O on its components.

    In a test: ``create_app(profile="dev", overrides={"database.path": ":memory:"}, environ={})``,
    which reads no file and no variable from around it. The schema is looked at when the
    application starts (its lifespan), not here.

    Args:
        settings: made by ``load_settings``; the other arguments but ``bindings`` are for it
            otherwise, and are not looked at when this is given.
        profile: as for ``load_settings``.
        overrides: as for ``load_settings``.
        environ: as for ``load_settings``: when it is given, no ``.env``, no secret folder and no
            ``inkcre.toml`` counts that is not named.
        folder: as for ``load_settings``.
        bindings: resources that Workers lend, by name; without them, those of the request's
            scope are taken (``inkcre.bindings``).
        needs: what the place of small values must be able to do, for what an extension adds.
        kinds: further kinds of jobs that are run here.
        clock: what gives the time.
        on_refusal: told what forbids to serve, when that is found after the start, such as the
            schema of a database that was away before. The log and ``/readyz`` say it anyhow, and
            no process is ended from here.

    Raises:
        SettingsError: everything that is wrong with the settings, at once.
        Unsupported: the settings choose an adapter that is not there, or one that cannot do what
            is needed.
    """
    settings = settings or load_settings(
        profile, overrides=overrides, environ=environ, folder=folder
    )
    woken = threading.Event()
    components, provide = lifecycle.provide_components(settings, needs, clock=clock, wake=woken.set)
    metrics = build_metrics(settings, components)
    work = lifecycle.Work(
        Kinds.of(*KINDS.by_name.values(), *kinds),
        woken,
        metrics.observe_tick if metrics else None,
        on_refusal,
        CUSTODY,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with lifecycle.running(settings, components, work):
            app.state.is_started = True
            yield
            app.state.is_started = components is None

    app = FastAPI(
        title=settings.app.title,
        version=openapi.VERSION,
        summary="An information base: blocks, relations, and ways to find them.",
        docs_url="/docs" if settings.app.docs else None,
        redoc_url="/redoc" if settings.app.docs else None,
        openapi_url="/openapi.json" if settings.app.docs else None,
        lifespan=lifespan,
        # A path that is nearly another's is not that one: /blocks/%2F was led to the list.
        redirect_slashes=False,
    )
    app.state.settings, app.state.components = settings, components
    app.state.is_started = components is None  # what an invocation has needs no start
    health_router = health.build_router(
        profile=settings.profile,
        is_worker=settings.target == "workers",
        capabilities=describe_capabilities(settings),
        require_schema=schema.require_head,
        notice=CUSTODY.notice,
        has_docs=settings.app.docs,
    )
    for router in (
        blocks.router,
        files.router,
        relations.router,
        graphs.router,
        sources.router,
        jobs.router,
        metrics_routes.build_router(metrics.render if metrics else None),
        health_router,
    ):
        # As include_router, without the matching that it adds to every request (15 us of 270).
        app.router.routes.extend(router.routes)
    openapi.install(app, graphs.FORM_MODELS)
    install_problem_handlers(app)
    # The last added is the outermost: CORS headers stand on errors too.
    app.add_middleware(BindComponents, provide=provide, bindings=bindings)
    app.add_middleware(
        BoundBody,
        max_bytes=settings.http.max_body_bytes,
        others={files.FILES_PATH: (settings.http.max_file_bytes, "http.max_file_bytes")},
    )
    app.add_middleware(RefuseCrossSite, allow_origins=settings.http.cors.allow_origins)
    app.add_middleware(LastResort)
    app.add_middleware(ObserveRequests, observe=metrics.observe_request if metrics else None)
    if settings.http.cors.allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.http.cors.allow_origins,
            allow_credentials=settings.http.cors.allow_credentials,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
            max_age=settings.http.cors.max_age_seconds,
        )
    return app
