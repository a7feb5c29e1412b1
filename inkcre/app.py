"""The app factory: settings and components in, FastAPI out."""

import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from inkcre.api import blocks, files, graphs, relations, sources
from inkcre.assembly.assembly import CORE_NEEDS, Bindings, utc_now
from inkcre.assembly.plan import describe_capabilities
from inkcre.context import Components
from inkcre.core import CUSTODY, KINDS
from inkcre.errors import OperatorError
from inkcre.http import health, jobs, openapi
from inkcre.http import metrics as metrics_routes
from inkcre.http.middleware import EXPOSED_HEADERS, BindComponents, BoundBody, RefuseCrossSite
from inkcre.http.problems import HANDLERS
from inkcre.http.tracing import ObserveRequests
from inkcre.jobs.kinds import JobKind, Kinds
from inkcre.ports.clock import Clock
from inkcre.ports.keyvalue import KeyValueNeeds
from inkcre.runtime import lifecycle
from inkcre.runtime.metrics import Metrics, build_metrics
from inkcre.sections.http import CorsSettings
from inkcre.sections.settings import Settings
from inkcre.settings.loader import load_settings
from inkcre.sql import schema

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings | None = None,
    *,
    profile: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    bindings: Bindings | None = None,
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
        settings: made by ``load_settings``, which otherwise is given the next four.
        profile: the deployment profile.
        overrides: what wins over everything else, by dotted key.
        environ: in the environment's place: no ``.env``, no secret folder and no ``inkcre.toml``
            counts then that is not named.
        folder: where those are looked for.
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
    on_tick = metrics.observe_tick if metrics else None
    all_kinds = Kinds.of(*KINDS.by_name.values(), *kinds)
    work = lifecycle.Work(all_kinds, woken, on_tick, on_refusal, CUSTODY)
    bind = Middleware(BindComponents, kept=components, provide=provide, bindings=bindings)
    app = _make_app(
        settings,
        lifespan=_make_lifespan(settings, components, work),
        layers=_list_layers(settings, metrics, bind),
        routers=_list_routers(settings, metrics),
    )
    app.state.settings, app.state.components = settings, components
    app.state.is_started = components is None  # what an invocation has needs no start
    return app


def _make_app(
    settings: Settings,
    *,
    lifespan: Lifespan,
    layers: list[Middleware],
    routers: tuple[APIRouter, ...],
) -> FastAPI:
    has_docs = settings.app.docs
    app = FastAPI(
        title=settings.app.title,
        version=openapi.VERSION,
        summary="An information base: blocks, relations, and ways to find them.",
        docs_url="/docs" if has_docs else None,
        redoc_url="/redoc" if has_docs else None,
        openapi_url="/openapi.json" if has_docs else None,
        lifespan=lifespan,
        middleware=layers,
        exception_handlers={**HANDLERS},
        # A path that is nearly another's is not that one: /blocks/%2F was led to the list.
        redirect_slashes=False,
    )
    # As include_router, without the matching that it adds to every request (15 us of 270); and
    # before FastAPI's own routes, which nobody is in a hurry for: each is matched before the next.
    app.router.routes[:0] = [route for router in routers for route in router.routes]
    openapi.install(app, graphs.FORM_MODELS)
    return app


def _list_routers(settings: Settings, metrics: Metrics | None) -> tuple[APIRouter, ...]:
    """Return what answers, in the order in which it is asked."""
    return (
        blocks.router,
        files.router,
        relations.router,
        graphs.router,
        sources.router,
        jobs.router,
        metrics_routes.build_router(metrics.render if metrics else None),
        health.build_router(
            profile=settings.profile,
            is_worker=settings.target == "workers",
            capabilities=describe_capabilities(settings),
            require_schema=schema.require_head,
            notice=CUSTODY.notice,
            has_docs=settings.app.docs,
        ),
    )


def _list_layers(settings: Settings, metrics: Metrics | None, bind: Middleware) -> list[Middleware]:
    """Return what stands around every request, outermost first."""
    http = settings.http
    file_limit = (http.max_file_bytes, "http.max_file_bytes")
    return [
        # A page that is allowed may read every answer, those to faults too.
        *_list_cors(http.cors),
        # What is refused has an id and is counted as well.
        Middleware(ObserveRequests, observe=metrics.observe_request if metrics else None),
        # Before a body is read: nothing is taken from another site's page.
        Middleware(RefuseCrossSite, allow_origins=http.cors.allow_origins),
        Middleware(BoundBody, max_bytes=http.max_body_bytes, others={files.FILES_PATH: file_limit}),
        # Innermost: for what is refused nothing is built, and no binding taken.
        bind,
    ]


def _list_cors(cors: CorsSettings) -> Iterator[Middleware]:
    if cors.allow_origins:
        yield Middleware(
            CORSMiddleware,
            allow_origins=cors.allow_origins,
            allow_credentials=cors.allow_credentials,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
            max_age=cors.max_age_seconds,
        )


def _make_lifespan(
    settings: Settings, components: Components | None, work: lifecycle.Work
) -> Lifespan:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with lifecycle.running(settings, components, work):
            app.state.is_started = True
            yield
            app.state.is_started = components is None

    return lifespan
