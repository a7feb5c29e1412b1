"""SQLite in a file, through the standard library's driver.

One connection writes and a few read: https://www.sqlite.org/wal.html lets readers go on while
somebody writes. Other processes may use the file too; they wait for each other's writes.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakSet

from sqlalchemy import Engine, create_engine, event, func, select, table
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool, StaticPool

from inkcre.adapters.database.compiling import StatementCache, has_large
from inkcre.adapters.database.file_copies import copy_pages, keep_beside
from inkcre.adapters.database.resultcodes import translate_code
from inkcre.adapters.database.sealed_file import find_sealed, require_whole
from inkcre.adapters.database.watched_file import WatchedFile
from inkcre.errors import InkcreError, Misconfigured, ReadOnly, TooLarge, Unavailable
from inkcre.ports.database import (
    MIGRATE_HINT,
    Call,
    DatabaseCapabilities,
    Lifetime,
    PoolUsage,
    Row,
    Statement,
    adds_jobs,
    wake_nobody,
)
from inkcre.sections.database import SqliteSettings

MINIMUM_VERSION = (3, 38, 0)
"""The first release with ``->>``; RETURNING is older. https://www.sqlite.org/changes.html"""

CACHED_STATEMENTS = 256
"""Prepared statements that the driver keeps on each connection."""

MODE_RETRY_SECONDS = 0.005
"""How long to wait before asking for the journal's mode again: it is set once in a file's life."""

COUNT_TABLES = Statement(select(func.count()).select_from(table("sqlite_schema")))
"""Read something that every database has."""

DRIVER_ERRORS = (sqlite3.Error, PoolTimeoutError, OSError, OverflowError)


class SqliteDatabase:
    """A database file, or with ``":memory:"`` one that lives in this object."""

    lifetime: ClassVar[Lifetime] = "process"
    migrate_hint: ClassVar[str] = MIGRATE_HINT
    capabilities: ClassVar[DatabaseCapabilities] = DatabaseCapabilities(
        "sqlite", is_shared=False, can_migrate=True
    )

    def __init__(self, settings: SqliteSettings, *, wake: Callable[[], None] = wake_nobody) -> None:
        self._wake = wake
        if sqlite3.sqlite_version_info < MINIMUM_VERSION:
            raise Misconfigured(
                f"SQLite {sqlite3.sqlite_version}: older than 3.38",
                hint="use a Python built with a newer SQLite",
            )
        self._settings = settings
        self._is_memory = settings.path == ":memory:"
        self._file = None if self._is_memory else WatchedFile(Path(settings.path))
        self._statements = StatementCache(sqlite_dialect())
        self._writer = QueuePool(
            self._connect,
            pool_size=1,
            max_overflow=0,
            timeout=settings.busy_timeout_seconds,
            reset_on_return=None,
        )
        self._readers = _Readers(self._connect)

    def read(self, call: Call) -> list[Row]:
        """Run one statement that changes nothing."""
        try:
            # A base in memory is its one connection's: another would see an empty one.
            if self._file is not None:
                self._file.require_readable()
                return self._run(self._readers.get(), call)
            with self._borrow() as connection:
                return self._run(connection, call)
        except DRIVER_ERRORS as error:
            raise translate(error) from error

    def atomic(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run statements in one transaction that takes the write lock at its start."""
        if not calls:
            return []
        rows = self._batch(calls)
        if adds_jobs(calls):
            self._wake()
        return rows

    def _batch(self, calls: Sequence[Call]) -> list[list[Row]]:
        with _translated(), self._borrow(calls) as connection, self._watching(connection):
            if len(calls) == 1:  # a transaction by itself
                return [self._run_alone(connection, calls[0])]
            # A plain BEGIN takes the lock at its first write, and where somebody has written since
            # its first read fails at once, without waiting:
            # https://www.sqlite.org/lang_transaction.html
            connection.execute("BEGIN IMMEDIATE")
            try:
                rows = [self._run(connection, call) for call in calls]
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        return rows

    @contextmanager
    def _watching(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Raise, before and behind a write, unless it is in the file that the path leads to."""
        if self._file is None:
            yield
            return
        try:
            self._file.require()
            yield
            self._file.note_log()
            self._file.require()
        except Misconfigured:
            # What was acknowledged before goes from the log into the file that it belongs to,
            # wherever that is now: a log that is empty is nobody else's.
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raise

    def ping(self) -> None:
        """Raise unless the file can be opened and read, and is the one that was opened."""
        self.read(COUNT_TABLES())
        if self._file is not None:
            self._file.require()

    def find_hindrance(self) -> InkcreError | None:
        """Tell that the file may not be written, or lies where nothing may be."""
        path = self._settings.path
        if not isinstance(path, Path) or not path.exists():
            return None
        if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
            return None
        return ReadOnly("database: the file can be read and not written")

    def find_damage(self, *, is_thorough: bool) -> str | None:
        """Look through the file: https://www.sqlite.org/pragma.html#pragma_quick_check."""
        check = "integrity_check" if is_thorough else "quick_check"
        with _translated(), self._borrow() as connection:
            [(said,), *_] = connection.execute(f"PRAGMA {check}(1)").fetchall()
        return None if said == "ok" else str(said)

    def close(self) -> None:
        """Close idle connections; a database in memory is gone with the last one."""
        self._readers.close()
        self._writer.dispose()
        if self._file is not None:
            self._file.forget()

    def pool_usage(self) -> PoolUsage:
        """Tell whether the connection that writes is lent; those that read are their threads'."""
        return PoolUsage(self._writer.checkedout(), self._writer.checkedin())

    def migration_engine(self) -> Engine:
        """Make an engine whose transactions start at once and cover changes of the schema."""
        poolclass = _LentConnection if self._is_memory else StaticPool
        creator = self._only_connection if self._is_memory else self._connect
        engine = create_engine("sqlite://", creator=creator, poolclass=poolclass)
        # The driver begins nothing by itself (isolation_level), and SQLAlchemy leaves that to it:
        # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html
        event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine

    def keep_copy(self, name: str) -> str | None:
        """Write a copy beside the file, whole or not at all; of a base in memory there is none."""
        path = self._settings.path
        if not isinstance(path, Path):
            return None
        kept = path.with_name(f"{path.name}.{name}")
        with _translated(), self._borrow() as connection:
            keep_beside(connection, kept)
        return str(kept)

    def copy_to(self, path: Path) -> None:
        """Write its pages to another file: https://www.sqlite.org/backup.html."""
        with _translated(), self._borrow() as connection:
            copy_pages(connection, path)

    def _only_connection(self) -> Any:
        with self._borrow() as connection:
            return connection

    def _run_alone(self, connection: sqlite3.Connection, call: Call) -> list[Row]:
        if call.statement.is_durable or self._is_memory:
            return self._run(connection, call)
        # NORMAL: the commit is in the log, and the disk is not waited for; the next commit in FULL
        # writes both through: https://www.sqlite.org/pragma.html#pragma_synchronous
        connection.execute("PRAGMA synchronous = NORMAL")
        try:
            return self._run(connection, call)
        finally:
            connection.execute("PRAGMA synchronous = FULL")

    def _run(self, connection: sqlite3.Connection, call: Call) -> list[Row]:
        compiled = self._statements.get(call.statement)
        cursor = connection.execute(compiled.text, compiled.arrange(call.parameters))
        rows: list[Row] = [(cursor.rowcount,)] if compiled.counts else cursor.fetchall()
        return rows

    def _connect(self) -> Any:
        path = self._settings.path
        if isinstance(path, Path):
            path.parent.mkdir(parents=True, exist_ok=True)
        if self._file is not None:
            self._file.require()
        sealed = find_sealed(path)
        connection = sqlite3.connect(
            sealed or path,
            uri=sealed is not None,
            isolation_level=None,  # transactions are ours to begin
            check_same_thread=False,  # the pool hands a connection to one thread at a time
            cached_statements=CACHED_STATEMENTS,
        )
        try:
            self._prepare(connection, is_sealed=sealed is not None)
            if self._file is not None:
                self._file.note()
        except BaseException:  # such as that the file is no database, or that it is busy
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, *, is_sealed: bool) -> None:
        busy_milliseconds = int(self._settings.busy_timeout_seconds * 1000)
        connection.execute(f"PRAGMA busy_timeout = {busy_milliseconds}")
        # Off by default, on each connection: https://www.sqlite.org/foreignkeys.html#fk_enable
        connection.execute("PRAGMA foreign_keys = ON")
        if is_sealed:
            require_whole(connection, self._settings.path)
        elif not self._is_memory:
            _use_write_ahead_log(connection, self._settings.busy_timeout_seconds)
            # FULL: an acknowledged write survives the power going, not only the process.
            connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def _borrow(self, calls: Sequence[Call] = ()) -> Iterator[sqlite3.Connection]:
        lent: Any = self._writer.connect()
        try:
            yield lent.dbapi_connection
        finally:
            if not self._is_memory and has_large(calls):
                lent.invalidate()  # else its statements keep what was bound to them last
            lent.close()


def _use_write_ahead_log(connection: sqlite3.Connection, seconds: float) -> None:
    """Set the journal's mode, which a file keeps; wait that long for who uses it in another one.

    SQLite fails at once, whatever its busy timeout, when somebody who has begun to write is in the
    way: waiting while holding the lock that it reads under could block both for ever.
    https://www.sqlite.org/c3ref/busy_handler.html
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() >= deadline:
                raise
            time.sleep(MODE_RETRY_SECONDS)
        else:
            return


class _Reader:
    """A connection that closes itself when its thread is gone."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class _Readers:
    """A connection for each thread that reads, kept by the thread.

    A pool's lock is where threads queue up for each other: it cost a tenth of the rate at sixteen
    connections.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._kept = threading.local()
        self._all: WeakSet[_Reader] = WeakSet()

    def get(self) -> sqlite3.Connection:
        """Return this thread's connection."""
        try:
            reader: _Reader = self._kept.reader
        except AttributeError:
            reader = self._kept.reader = _Reader(self._connect())
            self._all.add(reader)
        return reader.connection

    def close(self) -> None:
        """Close every thread's connection; each opens a new one when it reads again."""
        self._kept = threading.local()
        for reader in list(self._all):
            reader.connection.close()


class _LentConnection(StaticPool):
    """A pool around somebody else's connection: disposing of it closes nothing."""

    def dispose(self) -> None:
        """Leave the connection to its owner."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translate(error) from error


def translate(error: Exception) -> InkcreError:
    """Translate into the port's words what SQLite, the pool or the file system said."""
    if isinstance(error, PoolTimeoutError):
        return Unavailable("database: every connection is busy")
    if isinstance(error, OverflowError):
        return TooLarge("database: a number is larger than it takes")
    if isinstance(error, OSError):
        return Misconfigured(f"database.path: {(error.strerror or 'cannot be used').lower()}")
    name = getattr(error, "sqlite_errorname", "")
    return translate_code(name, str(error), setting="database.path")
