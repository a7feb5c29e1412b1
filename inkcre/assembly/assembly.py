"""Settings to components."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from inkcre.adapters.cached import CachedWeb
from inkcre.application import Application
from inkcre.assembly.adapters import load_adapter, load_driver
from inkcre.assembly.clocks import MachineClock, ServerClock, ServerTime
from inkcre.context import Components
from inkcre.errors import Misconfigured, Unsupported
from inkcre.extension import load_reference
from inkcre.ports.clock import Clock, Zone
from inkcre.ports.database import Database, Timed, wake_nobody
from inkcre.ports.keyvalue import KeyValue, KeyValueNeeds
from inkcre.ports.scheduler import Scheduler
from inkcre.ports.storage import KEEP_DAYS, Storage, Tenure
from inkcre.ports.web import Web
from inkcre.sections.settings import Settings

Bindings = Mapping[str, Any]
"""Resources that Workers lend, by name."""


RESOLVER = "inkcre.graph.resolvers:Resolver"
"""What a part's resolvers are. In text: the framework imports nothing of the base."""


def utc_now() -> datetime:
    """Return the time now, by this process's own clock."""
    return datetime.now(UTC)


def build_components(
    settings: Settings,
    *,
    bindings: Bindings | None = None,
    clock: Clock | None = None,
    wake: Callable[[], None] = wake_nobody,
    tenure: Tenure | None = None,
    server_time: ServerTime | None = None,
) -> Components:
    """Build the adapters that the settings choose, without any I/O.

    Those whose ``lifetime`` is an invocation are built for each, and closed at its end.

    Args:
        settings: what was chosen.
        bindings: resources that Workers lend, by name, for the adapters that name one.
        clock: what gives the time; the clock that the base goes by, unless it is given.
        wake: called when a job was added, for those who run jobs beside requests.
        tenure: what is remembered of the storage, from one invocation to the next.
        server_time: what is remembered of the database's time, likewise.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
        Misconfigured: an adapter cannot make sense of its section.
    """
    database = build_database(settings, bindings=bindings, wake=wake)
    clock = clock or build_clock(database, server_time)
    keyvalue = build_keyvalue(settings, database, bindings=bindings, clock=clock)
    return Components(
        database=database,
        storage=build_storage(settings, bindings=bindings),
        keyvalue=keyvalue,
        web=build_web(settings, keyvalue, clock=clock),
        clock=clock,
        settings=settings,
        application=settings.application.on(settings.target),
        zone=Zone(getattr(settings.scheduler, "timezone", "UTC")),
        tenure=tenure or build_tenure(settings),
    )


def load_resolvers(parts: Application) -> list[Any]:
    """Return the resolvers that an application's parts bring.

    Raises:
        BadReference: one of their references names no resolver.
        Clash: two parts bring a resolver of one name.
    """
    if not any(part.resolvers for part in parts.extensions):
        return []  # of an application without a base, which has no such class either
    kind = load_reference(RESOLVER, type, of="the default")
    return parts.load_all("resolvers", kind, lambda resolver: [f"resolver {resolver.name}"])


def build_tenure(settings: Settings) -> Tenure:
    """Make what remembers how a base stands to its storage; nothing is known yet."""
    storage = settings.storage
    return Tenure(
        claim=getattr(storage, "claim", None), keep_days=getattr(storage, "keep_days", KEEP_DAYS)
    )


def require_capabilities(settings: Settings) -> None:
    """Raise unless the adapters that the settings choose can do what the parts need.

    Raises:
        Unsupported: one cannot; everything that it cannot do is named, and who needs it.
    """
    kind = settings.keyvalue.kind
    capabilities = load_adapter(settings.application, "keyvalue", kind).capabilities
    for part in settings.application.on(settings.target).parts:
        for reference in part.needs:
            needs = load_reference(reference, KeyValueNeeds, of=part)
            lacks = list(capabilities.list_lacks(needs))
            if lacks:
                chosen = settings.origins.of(("keyvalue", "kind")).describe()
                raise Unsupported(
                    f'keyvalue.kind "{kind}" ({chosen}): cannot {", nor ".join(lacks)}, '
                    f"as {part} needs",
                    hint='write kind = "database"',
                )


def build_database(
    settings: Settings,
    *,
    bindings: Bindings | None = None,
    wake: Callable[[], None] = wake_nobody,
) -> Database:
    """Build what keeps rows; in a process it calls ``wake`` when a batch has added jobs.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
        Misconfigured: the adapter cannot make sense of its section.
    """
    adapter = load_adapter(settings.application, "database", settings.database.kind)
    more: dict[str, Any] = {"wake": wake} if adapter.lifetime == "process" else {}
    driver = load_driver(settings.database.kind, getattr(settings.database, "driver", ""))
    if driver is not None:
        more["driver"] = driver
    binding = _get_binding(settings.database, bindings)
    database: Database = adapter(settings.database, *binding, **more)
    return database


def build_clock(database: Database, known: ServerTime | None = None) -> Clock:
    """Build what gives the time by which a base goes: its server's, or this machine's."""
    if isinstance(database, Timed):
        return ServerClock(database, known or ServerTime())
    return MachineClock()


def build_storage(settings: Settings, *, bindings: Bindings | None = None) -> Storage:
    """Build what keeps files.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
        Misconfigured: the place is not as the settings say.
    """
    adapter = load_adapter(settings.application, "storage", settings.storage.kind)
    storage: Storage = adapter(settings.storage, *_get_binding(settings.storage, bindings))
    prefix = getattr(settings.storage, "prefix", None)
    if prefix is None:
        return storage
    from inkcre.adapters.prefixed import PrefixedStorage

    # It declares what the other declares, so it cannot do so as a class.
    return cast("Storage", PrefixedStorage(storage, prefix))


def build_keyvalue(
    settings: Settings,
    database: Database | None,
    *,
    bindings: Bindings | None = None,
    clock: Clock = utc_now,
) -> KeyValue:
    """Build what keeps small values; ``database`` is for the kind that is a table in it.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
    """
    adapter = load_adapter(settings.application, "keyvalue", settings.keyvalue.kind)
    more = {"database": database, "clock": clock} if settings.keyvalue.kind == "database" else {}
    keyvalue: KeyValue = adapter(
        settings.keyvalue, *_get_binding(settings.keyvalue, bindings), **more
    )
    return keyvalue


def build_web(settings: Settings, keyvalue: KeyValue, *, clock: Clock = utc_now) -> Web:
    """Build what fetches pages, behind the cache if there is one.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
    """
    web: Web = load_adapter(settings.application, "web", settings.web.kind)(settings.web)
    if not settings.cache.enabled:
        return web
    return CachedWeb(web, keyvalue, ttl_seconds=settings.cache.ttl_seconds, clock=clock)


def build_scheduler(settings: Settings) -> Scheduler:
    """Build what calls the tick.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
    """
    scheduler: Scheduler = load_adapter(settings.application, "scheduler", settings.scheduler.kind)(
        settings.scheduler
    )
    return scheduler


def _get_binding(section: Any, bindings: Bindings | None) -> tuple[Callable[[], Any], ...]:
    """Return what gives a section's binding, if it names one."""
    name = getattr(section, "binding", None)
    return () if name is None else (partial(_find_binding, name, bindings or {}),)


def _find_binding(name: str, bindings: Bindings) -> Any:
    try:
        return bindings[name]
    except KeyError:
        raise Misconfigured(
            f"bindings.{name}: the Worker was deployed without this binding",
            hint="deploy the folder that `inkcre build` writes",
        ) from None
