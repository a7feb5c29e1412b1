"""Settings to components: one dictionary per port, adapters imported only when chosen.

The key is the ``kind`` of the port's settings section. This is the only module that names an
adapter.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any, cast

from inkcre.adapters.cached import CachedWeb
from inkcre.context import KEEP_DAYS, Components
from inkcre.errors import Misconfigured, Unsupported
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database, wake_nobody
from inkcre.ports.keyvalue import KeyValue, KeyValueCapabilities, KeyValueNeeds
from inkcre.ports.scheduler import Scheduler
from inkcre.ports.sources import SourceTypes
from inkcre.ports.storage import Storage, Tenure
from inkcre.ports.web import Web
from inkcre.sections.settings import Settings

Bindings = Mapping[str, Any]
"""Resources that Workers lend, by name."""


Load = Callable[[], type[Any]]
"""Imports an adapter and gives its class, which takes the port's section of the settings and, if
that names a binding, what gives the binding when it is first needed."""

CORE_NEEDS = KeyValueNeeds()
"""What the application needs by itself: a cache, whose values can be fetched anew."""

EXTRAS = {"psycopg": "postgres", "obstore": "local", "httpcore2": "local"}
"""Which extra of ours installs a package that an adapter needs."""


SOURCE_TYPES = "inkcre.core:SOURCE_TYPES"
"""What makes the types of sources of settings. In text: the framework imports nothing of the base,
which is there already when this is looked up."""


def _sqlite() -> type[Database]:
    from inkcre.adapters.database.sqlite import SqliteDatabase

    return SqliteDatabase


def _postgres() -> type[Database]:
    from inkcre.adapters.database.postgres import PostgresDatabase

    return PostgresDatabase


def _hyperdrive() -> type[Database]:
    from inkcre.adapters.database.hyperdrive import HyperdriveDatabase

    return HyperdriveDatabase


def _d1() -> type[Database]:
    from inkcre.adapters.database.d1 import D1Database

    return D1Database


def _filesystem() -> type[Storage]:
    from inkcre.adapters.storage.filesystem import FilesystemStorage

    return FilesystemStorage


def _s3() -> type[Storage]:
    from inkcre.adapters.storage.s3 import S3Storage

    return S3Storage


def _memory_storage() -> type[Storage]:
    from inkcre.adapters.storage.memory import MemoryStorage

    return MemoryStorage


def _r2() -> type[Storage]:
    from inkcre.adapters.storage.r2 import R2Storage

    return R2Storage


def _memory_keyvalue() -> type[KeyValue]:
    from inkcre.adapters.keyvalue.memory import MemoryKeyValue

    return MemoryKeyValue


def _database_keyvalue() -> type[KeyValue]:
    from inkcre.adapters.keyvalue.database import DatabaseKeyValue

    return DatabaseKeyValue


def _kv() -> type[KeyValue]:
    from inkcre.adapters.keyvalue.kv import KvKeyValue

    return KvKeyValue


def _sockets() -> type[Web]:
    from inkcre.adapters.web.sockets import SocketsWeb

    return SocketsWeb


def _fetch() -> type[Web]:
    from inkcre.adapters.web.fetch import FetchWeb

    return FetchWeb


def _apscheduler() -> type[Scheduler]:
    from inkcre.adapters.scheduler.apscheduler import ApschedulerScheduler

    return ApschedulerScheduler


def _cron_trigger() -> type[Scheduler]:
    from inkcre.adapters.scheduler.cron_trigger import CronTriggerScheduler

    return CronTriggerScheduler


def _off() -> type[Scheduler]:
    from inkcre.adapters.scheduler.off import OffScheduler

    return OffScheduler


ADAPTERS: Mapping[str, Mapping[str, Load]] = {
    "database": {"sqlite": _sqlite, "postgres": _postgres, "hyperdrive": _hyperdrive, "d1": _d1},
    "storage": {"filesystem": _filesystem, "s3": _s3, "r2": _r2, "memory": _memory_storage},
    "keyvalue": {"memory": _memory_keyvalue, "database": _database_keyvalue, "kv": _kv},
    "web": {"sockets": _sockets, "fetch": _fetch},
    "scheduler": {"apscheduler": _apscheduler, "cron-trigger": _cron_trigger, "off": _off},
}
"""Adapters that this version has, by port and kind."""


def load_adapter(port: str, kind: str) -> type[Any]:
    """Import the adapter of a port's kind.

    Raises:
        Unsupported: this version has none, or a package that it needs is not installed.
    """
    load = ADAPTERS[port].get(kind)
    if load is None:
        raise Unsupported(
            f'{port}.kind "{kind}": this version has no adapter for it',
            hint=f"choose one of {', '.join(ADAPTERS[port])}" if ADAPTERS[port] else None,
        )
    try:
        return load()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if (error.name or "").startswith("inkcre.adapters."):  # a Worker has only what it chose
            raise Unsupported(
                f'{port}.kind "{kind}": was not built into this artifact',
                hint="choose it before `inkcre build`",
            ) from error
        if package not in EXTRAS:
            raise
        raise Unsupported(
            f'{port}.kind "{kind}": {package} is not installed',
            hint=f"install inkcre[{EXTRAS[package]}]",
        ) from error


def utc_now() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)


def build_components(
    settings: Settings,
    *,
    bindings: Bindings | None = None,
    clock: Clock = utc_now,
    wake: Callable[[], None] = wake_nobody,
    tenure: Tenure | None = None,
) -> Components:
    """Build the adapters that the settings choose, without any I/O.

    Those whose ``lifetime`` is an invocation are built for each, and closed at its end.

    Args:
        settings: what was chosen.
        bindings: resources that Workers lend, by name, for the adapters that name one.
        clock: what gives the time.
        wake: called when a job was added, for those who run jobs beside requests.
        tenure: what is remembered of the storage, from one invocation to the next.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
        Misconfigured: an adapter cannot make sense of its section.
    """
    database = build_database(settings, bindings=bindings, wake=wake)
    keyvalue = build_keyvalue(settings, database, bindings=bindings, clock=clock)
    return Components(
        database=database,
        storage=build_storage(settings, bindings=bindings),
        keyvalue=keyvalue,
        web=build_web(settings, keyvalue, clock=clock),
        clock=clock,
        source_types=_find_source_types(settings),
        folders=settings.sources.folders,
        timezone=getattr(settings.scheduler, "timezone", "UTC"),
        tenure=tenure or build_tenure(settings),
        keep_days=getattr(settings.storage, "keep_days", KEEP_DAYS),
    )


def _find_source_types(settings: Settings) -> SourceTypes:
    module, _, name = SOURCE_TYPES.partition(":")
    source_types: SourceTypes = getattr(import_module(module), name)(settings)
    return source_types


def build_tenure(settings: Settings) -> Tenure:
    """Make what remembers how a base stands to its storage; nothing is known yet."""
    return Tenure(claim=getattr(settings.storage, "claim", None))


def require(needs: KeyValueNeeds, *, of: KeyValueCapabilities, kind: str) -> None:
    """Raise unless a place of small values can do what an application needs.

    Raises:
        Unsupported: it cannot; everything that it cannot do is named.
    """
    lacks = list(of.list_lacks(needs))
    if lacks:
        raise Unsupported(
            f'keyvalue.kind "{kind}": cannot {", nor ".join(lacks)}, as this application needs',
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
    adapter = load_adapter("database", settings.database.kind)
    more = {"wake": wake} if adapter.lifetime == "process" else {}
    binding = _get_binding(settings.database, bindings)
    database: Database = adapter(settings.database, *binding, **more)
    return database


def build_storage(settings: Settings, *, bindings: Bindings | None = None) -> Storage:
    """Build what keeps files.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
        Misconfigured: the place is not as the settings say.
    """
    adapter = load_adapter("storage", settings.storage.kind)
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
    adapter = load_adapter("keyvalue", settings.keyvalue.kind)
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
    web: Web = load_adapter("web", settings.web.kind)(settings.web)
    if not settings.cache.enabled:
        return web
    return CachedWeb(web, keyvalue, ttl_seconds=settings.cache.ttl_seconds, clock=clock)


def build_scheduler(settings: Settings) -> Scheduler:
    """Build what calls the tick.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
    """
    scheduler: Scheduler = load_adapter("scheduler", settings.scheduler.kind)(settings.scheduler)
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
