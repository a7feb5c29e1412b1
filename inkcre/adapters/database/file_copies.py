"""Copies of an SQLite base as another file, each as the base is at one moment.

Whoever copies the file by hand while somebody writes gets pages of several moments, without what is
in the log. https://www.sqlite.org/howtocorrupt.html#_backup_or_restore_while_a_transaction_is_active
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from inkcre.errors import DatabaseDamaged
from inkcre.ports.database import DAMAGE_HINT


def keep_beside(connection: sqlite3.Connection, kept: Path) -> None:
    """Write a copy without its free pages, whole or not at all; one of that name is replaced."""
    made = kept.with_name(f"{kept.name}.part")
    made.unlink(missing_ok=True)
    try:
        connection.execute("VACUUM INTO ?", (str(made),))  # in a transaction of its own
        made.replace(kept)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def copy_pages(connection: sqlite3.Connection, path: Path) -> None:
    """Write a copy page by page, to a file that is not there yet, and look through it.

    All pages in one step: between two, each write of another process would begin it anew.
    https://www.sqlite.org/c3ref/backup_finish.html#sqlite3backupstep

    Raises:
        DatabaseDamaged: the base is, and so is the copy.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        connection.backup(copy, pages=-1)
        [(said,), *_] = copy.execute("PRAGMA quick_check(1)").fetchall()
        if said != "ok":
            raise DatabaseDamaged(f"database: the file is damaged: {said}", hint=DAMAGE_HINT)
        # One file by itself, which can be read where nothing can be written beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
