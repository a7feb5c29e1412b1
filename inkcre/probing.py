"""Questions to what the settings name: is it there, which version, does it keep what it is given.

The SQL here asks a server about itself, and no table about its rows.
"""

import threading
import time
import uuid
from datetime import datetime

from sqlalchemy import Float, Integer, Text, cast, column, func, select, table

from inkcre.assembly import build_database
from inkcre.errors import Conflict, InkcreError, Misconfigured, TimedOut, Unsupported
from inkcre.infobase.epochs import FOLDER
from inkcre.ports.components import Clock
from inkcre.ports.database import Database, Statement
from inkcre.ports.keyvalue import KeyValue, ValueKey
from inkcre.ports.storage import FileKey, Storage
from inkcre.settings.findings import Facts
from inkcre.settings.model import Settings
from inkcre.settings.sections.scheduler import ApschedulerSettings

CONTENT = b"written by inkcre doctor"
MAX_SKEW_SECONDS = 2.0
"""More than that, and times written by two machines tell a story that did not happen."""

FIRE_SECONDS = 5.0
"""How long a scheduler may take to run what is due at once."""

SELECT_VERSION = {
    "sqlite": Statement(select(func.sqlite_version())),
    "postgresql": Statement(select(func.current_setting("server_version"))),
}
"""Read the server's own version."""

SELECT_TIME = Statement(select(cast(func.extract("epoch", func.clock_timestamp()), Float)))
"""Read the server's clock, in seconds since 1970."""

_roles = table("pg_roles", column("rolname", Text), column("rolconnlimit", Integer))
_databases = table("pg_database", column("datname", Text), column("datconnlimit", Integer))
SELECT_CONNECTION_LIMIT = Statement(
    select(
        func.least(
            cast(func.current_setting("max_connections"), Integer)
            - cast(func.current_setting("superuser_reserved_connections"), Integer),
            func.nullif(_databases.c.datconnlimit, -1),
            func.nullif(_roles.c.rolconnlimit, -1),
        )
    ).where(
        _databases.c.datname == func.current_database(), _roles.c.rolname == func.current_user()
    )
)
"""Read how many connections the server, the database and the role together allow this user."""


def ask_facts(settings: Settings | None) -> Facts:
    """Find out what the settings cannot say; what cannot be found out now is None."""
    if settings is None or settings.database.kind != "postgres":
        return Facts(is_deploying=True)
    try:
        database = build_database(settings)
    except InkcreError:
        return Facts(is_deploying=True)
    try:
        limit = int(database.read(SELECT_CONNECTION_LIMIT())[0][0])
    except InkcreError:
        return Facts(is_deploying=True)
    finally:
        database.close()
    return Facts(is_deploying=True, connection_limit=limit)


def ask_version(database: Database) -> str:
    """Name the database and its version."""
    dialect = database.capabilities.dialect
    version = str(database.read(SELECT_VERSION[dialect]())[0][0]).split()[0]
    return f"{'SQLite' if dialect == 'sqlite' else 'PostgreSQL'} {version}"


def measure_skew(database: Database, clock: Clock) -> float:
    """Measure by how many seconds the server's clock is ahead of ours.

    Half of the round trip is the error at most.
    """
    before: datetime = clock()
    theirs = float(database.read(SELECT_TIME())[0][0])
    after = clock()
    return theirs - (before.timestamp() + after.timestamp()) / 2


def try_storage(storage: Storage) -> bool:
    """Write a small file, read it back, and remove it; tell whether it refuses a second put.

    Raises:
        Misconfigured: what came back is not what was written, or the place cannot be used.
        SurroundingsError: the place does not answer.
    """
    key = FileKey(f"{FOLDER}/doctor/{uuid.uuid4().hex}")
    storage.put(key, CONTENT)
    try:
        _require_same(storage.get(key).read(), "storage")
        return _refuses(storage, key)
    finally:
        storage.delete([key])


def _refuses(storage: Storage, key: FileKey) -> bool:
    try:
        storage.put(key, CONTENT, if_absent=True)
    except Conflict:
        return True
    return False


def try_keyvalue(keyvalue: KeyValue) -> None:
    """Keep a small value, ask for it, and forget it.

    Raises:
        Misconfigured: what came back is not what was kept.
        SurroundingsError: the place does not answer.
    """
    key = ValueKey(f"inkcre-doctor-{uuid.uuid4().hex}")
    keyvalue.put(key, CONTENT, ttl_seconds=60)
    try:
        _require_same(keyvalue.get(key), "keyvalue")
    finally:
        keyvalue.delete(key)


def _require_same(content: bytes | None, port: str) -> None:
    if content != CONTENT:
        raise Misconfigured(f"{port}: what was written did not come back")


def try_apscheduler(settings: ApschedulerSettings) -> float:
    """Start a scheduler, have it run something at once, stop it; give the seconds that it took.

    Raises:
        Unsupported: APScheduler is not installed.
        TimedOut: it did not run what was due.
    """
    try:
        from apscheduler.schedulers.background import BackgroundScheduler
    except ImportError as error:
        raise Unsupported(
            'scheduler.kind "apscheduler": apscheduler is not installed',
            hint="install inkcre[local]",
        ) from error
    fired = threading.Event()
    scheduler = BackgroundScheduler(timezone=settings.timezone)
    scheduler.add_job(fired.set)
    started = time.monotonic()
    scheduler.start()
    try:
        if not fired.wait(FIRE_SECONDS):
            raise TimedOut(f"scheduler: nothing ran within {FIRE_SECONDS:.0f} seconds")
        # Waits for the pass that ran the job: stopped in the middle of it, the scheduler's thread
        # dies of a job that it cannot find any more (seen with APScheduler 3.11.3).
        scheduler.get_jobs()
    finally:
        scheduler.shutdown()
    return time.monotonic() - started
