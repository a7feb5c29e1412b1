"""The app factory: settings and components in, FastAPI out."""

import threading
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from inkcre.application import Application
from inkcre.assembly.assembly import (
    Bindings,
    load_resolvers,
)
from inkcre.assembly.plan import describe_capabilities
from inkcre.context import Components
from inkcre.errors import OperatorError
from inkcre.extension import load_reference
from inkcre.http import health, openapi
from inkcre.http import metrics as metrics_routes
from inkcre.http.bounds import BoundBody
from inkcre.http.described import require_models
from inkcre.http.heads import HeadLimits
from inkcre.http.middleware import EXPOSED_HEADERS, BindComponents, RefuseCrossSite
from inkcre.http.observation import ObserveRequests
from inkcre.http.pace import PaceRule
from inkcre.http.paths import UnderPrefix
from inkcre.http.problems import HANDLERS
from inkcre.http.router import list_parameters
from inkcre.http.routes import complete_routes
from inkcre.http.uploads import find_file_paths
from inkcre.jobs.kinds import Kinds, load_kinds
from inkcre.packages import find_version
from inkcre.ports.clock import Clock, MeasuredClock
from inkcre.runtime import lifecycle
from inkcre.runtime.metrics import Metrics, build_metrics
from inkcre.sections.enabling import load_blaming, require_targets
from inkcre.sections.http import CorsSettings, HttpSettings
from inkcre.sections.schema import load_settings
from inkcre.sections.settings import Settings
from inkcre.sql import schema
from inkcre.sql.lines import MigrationLine, lines_of

if TYPE_CHECKING:
    from inkcre.runtime.pulse import Pulse

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    settings: Settings | None = None,
    *,
    profile: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    bindings: Bindings | None = None,
    application: Application | None = None,
    clock: Clock | None = None,
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
        application: whose settings are loaded, InKCre's unless it is given; settings that are given
            are some application's already.
        clock: what gives the time, in the place of the database's clock.
        on_refusal: told, in a thread, what forbids to serve when that is found after the start,
            such as the schema of a database that was away before. The log and ``/readyz`` say it
            anyhow, and no process is ended from here.

    Raises:
        TypeError: settings are given with what would make others, or a clock of naive times.
        SettingsError: everything that is wrong with the settings, at once.
        Unsupported: the settings choose an adapter that is not there, or one that cannot do what
            is needed.
    """
    asked = {"profile": profile, "overrides": overrides, "environ": environ, "folder": folder}
    _refuse_mistakes(settings, clock, {**asked, "application": application})
    settings = settings or load_settings(
        profile, application=application, overrides=overrides, environ=environ, folder=folder
    )
    woken = threading.Event()
    components, provide = lifecycle.provide_components(settings, clock=clock, wake=woken.set)
    pulse = _build_pulse(settings) if components else None
    metrics = build_metrics(settings, components, pulse)
    on_tick = metrics.observe_tick if metrics else None
    parts = load_parts(settings)
    kinds, routers, custody = parts.kinds, parts.routers, parts.custody
    work = lifecycle.Work(kinds, woken, pulse, on_tick, on_refusal)
    file_paths = find_file_paths(routers)
    bind = Middleware(BindComponents, kept=components, provide=provide, bindings=bindings)
    app = _make_app(
        settings,
        lifespan=_make_lifespan(settings, components, work),
        layers=_list_layers(settings, metrics, file_paths, bind),
        routers=[*routers, *_list_own_routers(settings, custody, parts.lines)],
        models=parts.models,
    )
    app.state.settings, app.state.components, app.state.metrics = settings, components, metrics
    app.state.kinds, app.state.file_paths = kinds, file_paths
    # Functions that give what /readyz is to tell; whoever serves it adds its own.
    app.state.notices = [pulse.find_stall] if pulse else []
    if components and isinstance(components.clock, MeasuredClock):
        app.state.notices.append(components.clock.find_skew)
    app.state.is_started = components is None  # what an invocation has needs no start
    app.state.is_stopping = False  # set by whoever serves it
    return app


def mount(host: Starlette, path: str, app: FastAPI) -> None:
    """Mount an application in another, and let it live as long as that one does.

    ``host.mount`` alone plays no lifespan: nothing would make the schema, tick, or run jobs.
    """
    around = host.router.lifespan_context

    @asynccontextmanager
    async def lifespan(started: Starlette) -> AsyncIterator[Mapping[str, object] | None]:
        async with around(started) as state, app.router.lifespan_context(app):
            yield state

    host.router.lifespan_context = lifespan  # type: ignore[assignment]
    host.mount(path, app)


def _refuse_mistakes(
    settings: Settings | None, clock: Clock | None, asked: Mapping[str, object | None]
) -> None:
    """Refuse arguments that would be ignored, or fail where nobody looks for them."""
    if settings is not None and not isinstance(settings, Settings):
        raise TypeError(f"create_app: settings should be made by load_settings, not {settings!r}")
    ignored = [name for name, value in asked.items() if value is not None] if settings else []
    if ignored:
        raise TypeError(f"create_app: settings are given; {', '.join(ignored)} would be ignored")
    if clock is not None and clock().tzinfo is None:
        raise TypeError("create_app: clock should give aware times, such as datetime.now(UTC)")


@dataclass(frozen=True)
class LoadedParts:
    """What an application's parts bring, looked up."""

    kinds: Kinds
    routers: list[APIRouter]
    models: list[type[BaseModel]]
    custody: lifecycle.Custody | None
    lines: tuple[MigrationLine, ...]


def load_parts(settings: Settings) -> LoadedParts:
    """Look up all that the application's parts name, for the target of its settings.

    Raises:
        BadReference: one of their references names nothing, or another sort of thing.
        Clash: two of them bring something of one name.
        NotLent: a function names what nobody lends.
        ForeignTable: a part keeps a table that is not called as its own.
        SettingsError: it is one that settings enable; all of them at once, each with its line.
    """
    return load_blaming(settings, partial(_load_parts, settings))


def _load_parts(settings: Settings, application: Application) -> LoadedParts:
    require_targets(application, settings.target)
    parts = application.on(settings.target)
    kinds = load_kinds(parts)
    routers = parts.load_all("routers", APIRouter, _name_routes)
    _require_sections(settings, kinds, routers)
    for part in parts.enabled:
        for reference in part.routers:
            require_models(load_reference(reference, APIRouter, of=part), of=part)
    load_resolvers(parts)  # used by requests; what is wrong with one is said before there are any
    models = parts.load_all("models", type(BaseModel))
    return LoadedParts(
        kinds, routers, models, parts.load_custody(lifecycle.Custody), lines_of(parts)
    )


def _require_sections(settings: Settings, kinds: Kinds, routers: Iterable[APIRouter]) -> None:
    """Raise unless the settings have every section that a route or a job is to be lent."""
    known = {type(section) for section in settings.sections()}
    asking = [kind.parameters for kind in kinds.by_name.values()]
    asking += [parameters for router in routers for parameters in list_parameters(router)]
    for parameters in asking:
        parameters.require_sections(known, of=settings.application.name)


def _name_routes(router: APIRouter) -> Iterator[str]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield from (f"route {method} {route.path}" for method in sorted(route.methods or ()))


def _build_pulse(settings: Settings) -> "Pulse | None":
    from inkcre.runtime.pulse import build_pulse  # a Worker is ticked by its platform

    return build_pulse(settings)


def _make_app(
    settings: Settings,
    *,
    lifespan: Lifespan,
    layers: list[Middleware],
    routers: list[APIRouter],
    models: list[type[BaseModel]],
) -> FastAPI:
    has_docs = settings.app.docs
    app = FastAPI(
        title=settings.app.title,
        version=find_version(settings.application.distribution),
        summary=settings.application.summary or None,
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
    complete_routes(app.router)
    openapi.install(app, models)
    return app


def _list_own_routers(
    settings: Settings,
    custody: lifecycle.Custody | None,
    lines: Sequence[MigrationLine],
) -> tuple[APIRouter, ...]:
    """Return what tells of the application itself, behind what its parts answer."""
    return (
        metrics_routes.router,
        health.build_router(
            profile=settings.profile,
            is_worker=settings.target == "workers",
            capabilities=describe_capabilities(settings),
            require_schema=partial(schema.require_head, lines=lines),
            notice=custody.notice if custody else None,
            has_docs=settings.app.docs,
        ),
    )


def _list_layers(
    settings: Settings, metrics: Metrics | None, large: Collection[str], bind: Middleware
) -> list[Middleware]:
    """Return what stands around every request, outermost first."""
    http = settings.http
    others = dict.fromkeys(large, (http.max_file_bytes, "http.max_file_bytes"))
    return [
        # A page that is allowed may read every answer, those to faults too.
        *_list_cors(http.cors),
        *_list_prefix(http.root_path),
        # What is refused has an id and is counted as well.
        Middleware(
            ObserveRequests,
            observe=metrics.observe_request if metrics else None,
            limits=HeadLimits(http.max_headers, http.max_header_bytes),
        ),
        # Before a body is read: nothing is taken from another site's page.
        Middleware(RefuseCrossSite, allow_origins=http.cors.allow_origins),
        Middleware(
            BoundBody, max_bytes=http.max_body_bytes, others=others, pace=make_pace_rule(http)
        ),
        # Innermost: for what is refused nothing is built, and no binding taken.
        bind,
    ]


def make_pace_rule(http: HttpSettings) -> PaceRule:
    """Make the rule of how fast a body has to come."""
    return PaceRule(http.body_silent_seconds, http.body_bytes_per_second)


def _list_prefix(root_path: str) -> Iterator[Middleware]:
    if root_path:
        yield Middleware(UnderPrefix, root_path=root_path)


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
