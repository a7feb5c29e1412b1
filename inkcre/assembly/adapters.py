"""Which adapter: one dictionary per port, adapters imported only when chosen.

The key is the ``kind`` of the port's settings section, and with some kinds a ``driver`` beside it.
This is where adapters are named; two that stand in front of others are in ``assembly`` beside it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from inkcre.application import Application
from inkcre.errors import Unsupported
from inkcre.extension import load_reference
from inkcre.ports.database import Database
from inkcre.ports.keyvalue import KeyValue
from inkcre.ports.scheduler import Scheduler
from inkcre.ports.storage import Storage
from inkcre.ports.web import Web

if TYPE_CHECKING:  # a Worker has no such module
    from inkcre.adapters.database.driver import Driver

Load = Callable[[], type[Any]]
"""Imports an adapter and gives its class, which takes the port's section of the settings and, if
that names a binding, what gives the binding when it is first needed."""

EXTRAS = {"psycopg": "postgres", "pg8000": "pg8000", "obstore": "local", "httpcore2": "local"}
"""Which extra of ours installs a package that an adapter needs."""


# A function for each, and no names in text: mypy holds the class to its port, and lint-imports sees
# who is named.
def _sqlite() -> type[Database]:
    from inkcre.adapters.database.sqlite import SqliteDatabase

    return SqliteDatabase


def _postgres() -> type[Database]:
    from inkcre.adapters.database.postgres import PostgresDatabase

    return PostgresDatabase


def _psycopg() -> "type[Driver]":
    from inkcre.adapters.database.psycopg import PsycopgDriver

    return PsycopgDriver


def _pg8000() -> "type[Driver]":
    from inkcre.adapters.database.pg8000 import Pg8000Driver

    return Pg8000Driver


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

    _require("httpcore2")  # imported by who fetches first
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


DRIVERS: Mapping[str, Mapping[str, Load]] = {"postgres": {"psycopg": _psycopg, "pg8000": _pg8000}}
"""Drivers that an adapter of databases is made with, by its kind; others have none, or one."""


def list_adapters(application: Application, port: str) -> Mapping[str, Load]:
    """Return the adapters of a port by their kind: ours, and those that parts bring."""
    added = {
        kind: partial(load_reference, adapter.provides, type, of=f"{part}: {port}.kind {kind}")
        for part in application.parts
        for kind, adapter in part.adapters.get(port, {}).items()
    }
    return {**ADAPTERS[port], **added}


def load_adapter(application: Application, port: str, kind: str) -> type[Any]:
    """Import the adapter of a port's kind.

    Raises:
        Unsupported: there is none, or a package that it needs is not installed.
        BadReference: a part names one that is not there.
    """
    adapters = list_adapters(application, port)
    load = adapters.get(kind)
    if load is None:
        raise _unknown(f'{port}.kind "{kind}"', "adapter", adapters)
    with _explained(f'{port}.kind "{kind}"'):
        return load()


def load_driver(kind: str, driver: str) -> "type[Driver] | None":
    """Import the driver of a kind of databases; None where there is no choice of them.

    Raises:
        Unsupported: this version has no such driver, or its package is not installed.
    """
    if kind not in DRIVERS:
        return None
    load = DRIVERS[kind].get(driver)
    if load is None:
        raise _unknown(f'database.driver "{driver}"', "driver", DRIVERS[kind])
    with _explained(f'database.driver "{driver}"'):
        return load()


def _unknown(chosen: str, what: str, choices: Mapping[str, Load]) -> Unsupported:
    return Unsupported(
        f"{chosen}: this version has no {what} for it",
        hint=f"choose one of {', '.join(choices)}" if choices else None,
    )


def _require(package: str) -> None:
    if find_spec(package) is None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)


@contextmanager
def _explained(chosen: str) -> Iterator[None]:
    """Say what to do when a package is not there."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if (error.name or "").startswith("inkcre.adapters."):  # a Worker has only what it chose
            raise Unsupported(
                f"{chosen}: was not built into this artifact",
                hint="choose it before `inkcre build`",
            ) from error
        # Some other module is missing: a fault of ours, which must not look like a missing package.
        if package not in EXTRAS:
            raise
        raise Unsupported(
            f"{chosen}: {package} is not installed", hint=f"install inkcre[{EXTRAS[package]}]"
        ) from error
