"""Questions to what the settings name: is it there, which version, does it keep what it is given.

The SQL here asks a server about itself, and no table about its rows.
"""

import os
import tempfile
import threading
import time
import uuid
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Integer, Text, cast, column, func, select, table

from inkcre.assembly.assembly import build_database
from inkcre.context import Components
from inkcre.errors import (
    Conflict,
    InkcreError,
    Misconfigured,
    SchemaBehind,
    TimedOut,
    Unsupported,
)
from inkcre.jobs.due import find_left
from inkcre.jobs.kinds import load_kinds
from inkcre.jobs.put_off import explain, find_put_off
from inkcre.jobs.strangers import count_left
from inkcre.ports.database import Database, Timed
from inkcre.ports.keyvalue import KeyValue, ValueKey
from inkcre.ports.storage import FileKey, InFolder, Lack, Storage, lacks_of
from inkcre.sections.database import SqliteSettings
from inkcre.sections.rules.findings import Facts
from inkcre.sections.scheduler import ApschedulerSettings
from inkcre.sections.settings import Settings
from inkcre.settings.origins import display_path
from inkcre.sql.lines import FORMER_VERSION_TABLE
from inkcre.sql.rows import Values
from inkcre.sql.schema import is_made
from inkcre.sql.tables import VERSION_TABLE

FOLDER = "inkcre"
"""Where what is kept beside files lies in a storage."""

CONTENT = b"written by inkcre doctor"
MAX_LEFT = 5
"""How much is named of what waits for another version."""

FIRE_SECONDS = 5.0
"""How long a scheduler may take to run what is due at once."""

SELECT_VERSION = {
    "sqlite": Values(select(func.sqlite_version()), str),
    "postgresql": Values(select(func.current_setting("server_version")), str),
}
"""Read the server's own version."""

SELECT_DATABASE = Values(select(func.current_database()), str)
"""Read what a server calls the database."""

_roles = table("pg_roles", column("rolname", Text), column("rolconnlimit", Integer))
_databases = table("pg_database", column("datname", Text), column("datconnlimit", Integer))
SELECT_CONNECTION_LIMIT = Values(
    select(
        func.least(
            cast(func.current_setting("max_connections"), Integer)
            - cast(func.current_setting("superuser_reserved_connections"), Integer),
            # -1 is no limit: https://www.postgresql.org/docs/current/catalog-pg-database.html
            func.nullif(_databases.c.datconnlimit, -1),
            func.nullif(_roles.c.rolconnlimit, -1),
        )
    ).where(
        _databases.c.datname == func.current_database(), _roles.c.rolname == func.current_user()
    ),
    int,
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
        limit = SELECT_CONNECTION_LIMIT.read_one(database)
    except InkcreError:
        return Facts(is_deploying=True)
    finally:
        database.close()
    return Facts(is_deploying=True, connection_limit=limit)


class NoBase(SchemaBehind):
    """Tell that there is no base where the settings name one; none was made."""

    code = "no_base"


def require_base(settings: Settings, database: Database) -> None:
    """Raise unless there is a base, of whatever revision; make no file to find that out.

    Raises:
        NoBase: there is none.
        SurroundingsError: the database does not answer.
    """
    if isinstance(settings.database, SqliteSettings):
        if is_absent(settings.database):
            raise _no_sqlite_base(settings.profile, settings.database.path)
    elif not is_made(database):
        name = SELECT_DATABASE.read_one(database)
        raise NoBase(
            f'database.url: there is no base in "{name}", of profile {settings.profile}',
            hint="look at the address and the profile; for a new base, run `inkcre migrate`",
        )


def _no_sqlite_base(profile: str, path: Path | str) -> NoBase:
    place = display_path(path) if isinstance(path, Path) else f'"{path}"'
    return NoBase(
        f"database.path: there is no base at {place}, of profile {profile}",
        hint="look at the path, the profile, and the folder that you are in; for a new base, run"
        " `inkcre migrate`",
    )


def is_absent(settings: SqliteSettings) -> bool:
    """Tell whether a file is not there, is empty, or has not our schema; it is only read.

    Opened as usual it would be made, or changed to a write-ahead log. What cannot be looked at is
    taken for a base: whoever opens it says what is wrong with it.
    """
    import sqlite3  # not loaded by who uses another database

    path = settings.path
    if not isinstance(path, Path):
        return True
    try:
        if not path.exists() or (path.is_file() and path.stat().st_size == 0):
            return True
        address = f"file:{quote(str(path.absolute()))}?mode=ro"  # https://www.sqlite.org/uri.html
        with closing(sqlite3.connect(address, uri=True)) as connection:
            asked = "SELECT 1 FROM sqlite_schema WHERE name IN (?, ?)"
            names = (VERSION_TABLE, FORMER_VERSION_TABLE)
            return connection.execute(asked, names).fetchone() is None
    except (sqlite3.Error, OSError):
        return False


def require_room(settings: Settings) -> None:
    """Raise unless the file can be written to, and so can what lies beside it, or be made."""
    path = settings.database.path if isinstance(settings.database, SqliteSettings) else None
    if not isinstance(path, Path):
        return
    if os.path.lexists(path):
        if path.is_file() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
            raise Misconfigured(
                f"database.path: {display_path(path)} cannot be written to",
                hint="check its rights, and whether its disk is mounted for reading only",
            )
        return
    folder = next(p for p in path.parents if os.path.lexists(p))
    try:
        # As run will do it: rights say nothing of /proc, or of a disk that is full or read-only.
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError as error:
        raise Misconfigured(
            f"database.path: {display_path(folder)} is no folder that can be written to:"
            f" {(error.strerror or 'no reason given').lower()}",
            hint="check its rights, or set another path",
        ) from error


def ask_version(database: Database) -> str:
    """Name the database and its version."""
    dialect = database.capabilities.dialect
    version = SELECT_VERSION[dialect].read_one(database).split()[0]
    return f"{'SQLite' if dialect == 'sqlite' else 'PostgreSQL'} {version}"


def measure_skew(database: Timed) -> float:
    """Measure by how many seconds the server's clock is ahead of this process's.

    Half of the round trip is the error at most.
    """
    before = time.time()
    theirs = database.read_clock()
    return theirs - (before + time.time()) / 2


def require_times(components: Components) -> None:
    """Raise unless schedules wait no longer than their own periods.

    Raises:
        Misconfigured: a clock that was ahead has put some off.
    """
    found = list(find_put_off(components.database, components.clock(), components.zone))
    if found:
        raise Misconfigured(
            explain(found), hint="the next tick sets them right: run it, or `inkcre jobs run`"
        )


def require_known(components: Components) -> str:
    """Raise unless this version knows what to do with all jobs that wait and all that is due.

    Raises:
        Misconfigured: some wait for another version.
    """
    kinds, database = load_kinds(components.application), components.database
    now, zone = components.clock(), components.zone
    disabled = components.settings.extensions.disabled

    def find_strange(kind: str, payload: str) -> str | None:
        is_disabled = kind.partition(".")[0] in disabled  # on purpose
        return None if is_disabled else kinds.find_strange(kind, payload)

    waiting = count_left(database, kinds.by_name, now)
    left = [f"jobs of kind {kind} ({number})" for kind, number in sorted(waiting.items())]
    left += [
        f"schedule {id_}: {why}"
        for id_, why in find_left(database, now, zone, find_strange).items()
    ]
    if left:
        more = f"; and {len(left) - MAX_LEFT} more" if len(left) > MAX_LEFT else ""
        raise Misconfigured(
            f"left to another version: {'; '.join(left[:MAX_LEFT])}{more}",
            hint="run the version that has written them; `inkcre jobs list` says more",
        )
    return "nothing waits for another version"


def try_storage(storage: Storage) -> frozenset[Lack]:
    """Write small files, read, move and remove them; return what the place lacks.

    Raises:
        Misconfigured: what came back is not what was written, or the place cannot be used.
        SurroundingsError: the place does not answer.
    """
    folder = f"{FOLDER}/doctor/{uuid.uuid4().hex}"
    written, other, moved = (FileKey(f"{folder}{end}") for end in ("", "-2", "-3"))
    try:
        storage.put(written, CONTENT)
        _require_same(storage.get(written).read(), "storage")
        part = storage.get(written, start=1, end=len(CONTENT) - 1).read()
        _require_same(CONTENT[:1] + part + CONTENT[-1:], "storage")
        storage.put(other, CONTENT)
        storage.move(other, moved)
        is_exclusive = _refuses(storage, written)
    finally:
        storage.delete([written, other, moved])
    return lacks_of(storage) | (frozenset() if is_exclusive else {"conditional puts"})


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


def absent_folders(storage: Storage) -> list[Path]:
    """Return the folders that trying the storage would make, the innermost first."""
    if not isinstance(storage, InFolder):
        return []
    path = storage.folder.absolute()
    own = (path / "inkcre+" / "doctor+", path / "inkcre+", path)
    return [folder for folder in (*own, *path.parents) if not os.path.lexists(folder)]
