"""The file of an SQLite base that lies where nothing may be written: it is read as it is.

Whoever reads a file with a write-ahead log writes too, beside it: an index of the log. Where that
is not possible SQLite opens no such file, unless it is told that nobody changes it.
https://www.sqlite.org/wal.html#read_only_databases
"""

import os
import sqlite3
from pathlib import Path

from inkcre.errors import Misconfigured

NO_INDEX = ("SQLITE_CANTOPEN", "SQLITE_READONLY_CANTINIT", "SQLITE_READONLY_RECOVERY")


def find_sealed(path: Path | str) -> str | None:
    """Return the address under which SQLite only reads a file; None where it may write beside it.

    A log in which something is left is read along: its index has to be there then.
    """
    if not isinstance(path, Path) or not path.exists() or os.access(path.parent, os.W_OK):
        return None
    is_unchanging = "" if _has_log(path) else "&immutable=1"
    return f"{path.absolute().as_uri()}?mode=ro{is_unchanging}"


def require_whole(connection: sqlite3.Connection, path: Path | str) -> None:
    """Raise unless a file is read together with its log.

    Raises:
        Misconfigured: what was written last is in a log that cannot be read without writing.
    """
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        if error.sqlite_errorname in NO_INDEX and isinstance(path, Path) and _has_log(path):
            raise Misconfigured(
                f"database.path: {path} lies where nothing can be written, and what was written"
                f" last is still in {path.name}-wal",
                hint="open it once where it can be written to, or copy both files to such a place",
            ) from error
        raise


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0
