"""Settings to components: one dictionary per port, adapters imported only when chosen.

The key is the ``kind`` of the port's settings section. This is the only module that names an
adapter.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from inkcre.errors import Misconfigured, Unsupported
from inkcre.ports.components import Clock, Components
from inkcre.ports.database import Database
from inkcre.ports.keyvalue import KeyValue
from inkcre.ports.storage import Storage
from inkcre.settings.model import Settings

Bindings = Mapping[str, Any]
"""Resources that Workers lend, by name."""


Load = Callable[[], type[Any]]
"""Imports an adapter and gives its class, which takes the port's section of the settings and, if
that names a binding, what gives the binding when it is first needed."""

EXTRAS = {"psycopg": "postgres", "obstore": "local"}
"""Which extra of ours installs a package that an adapter needs."""


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


def _memory_keyvalue() -> type[KeyValue]:
    from inkcre.adapters.keyvalue.memory import MemoryKeyValue

    return MemoryKeyValue


def _database_keyvalue() -> type[KeyValue]:
    from inkcre.adapters.keyvalue.database import DatabaseKeyValue

    return DatabaseKeyValue


ADAPTERS: Mapping[str, Mapping[str, Load]] = {
    "database": {"sqlite": _sqlite, "postgres": _postgres, "hyperdrive": _hyperdrive, "d1": _d1},
    "storage": {"filesystem": _filesystem, "s3": _s3, "memory": _memory_storage},
    "keyvalue": {"memory": _memory_keyvalue, "database": _database_keyvalue},
    "scheduler": {},
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
    """Give the time now."""
    return datetime.now(UTC)


def build_components(
    settings: Settings,
    *,
    bindings: Bindings | None = None,
    clock: Clock = utc_now,
) -> Components:
    """Build the adapters that the settings choose, without any I/O.

    Those whose ``lifetime`` is an invocation are built for each, and closed at its end.

    Args:
        settings: what was chosen.
        bindings: resources that Workers lend, by name, for the adapters that name one.
        clock: what gives the time.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
        Misconfigured: an adapter cannot make sense of its section.
    """
    adapter = load_adapter("database", settings.database.kind)
    binding = getattr(settings.database, "binding", None)
    lend = () if binding is None else (partial(_find_binding, binding, bindings or {}),)
    database: Database = adapter(settings.database, *lend)
    return Components(database=database, clock=clock)


def _find_binding(name: str, bindings: Bindings) -> Any:
    try:
        return bindings[name]
    except KeyError:
        raise Misconfigured(
            f"bindings.{name}: the Worker was deployed without this binding",
            hint="deploy the folder that `inkcre build` writes",
        ) from None


def build_storage(settings: Settings) -> Storage:
    """Build what keeps files.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
        Misconfigured: the place is not as the settings say.
    """
    storage: Storage = load_adapter("storage", settings.storage.kind)(settings.storage)
    return storage


def build_keyvalue(
    settings: Settings, database: Database | None, *, clock: Clock = utc_now
) -> KeyValue:
    """Build what keeps small values; ``database`` is for the kind that is a table in it.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
    """
    adapter = load_adapter("keyvalue", settings.keyvalue.kind)
    more = {"database": database, "clock": clock} if settings.keyvalue.kind == "database" else {}
    keyvalue: KeyValue = adapter(settings.keyvalue, **more)
    return keyvalue
