"""What SQLite says went wrong, in the port's words: shared by the adapters beside it.

By the name of its result code: https://www.sqlite.org/rescode.html
"""

from collections.abc import Callable

from inkcre.errors import (
    Conflict,
    DatabaseDamaged,
    InkcreError,
    InvariantBroken,
    Misconfigured,
    MissingReference,
    QuotaExceeded,
    ReadOnly,
    SchemaBehind,
    TooLarge,
    Unavailable,
)
from inkcre.ports.database import DAMAGE_HINT, MIGRATE_HINT

FAULTS: tuple[tuple[tuple[str, ...], Callable[[str], InkcreError]], ...] = (
    (
        ("SQLITE_BUSY", "SQLITE_LOCKED"),
        lambda _: Unavailable("database: another process is writing"),
    ),
    (
        ("SQLITE_READONLY",),
        lambda _: ReadOnly("database: the file can be read and not written"),
    ),
    (("SQLITE_FULL",), lambda _: QuotaExceeded("database: the disk is full")),
    (
        ("SQLITE_CORRUPT", "SQLITE_IOERR_CORRUPTFS"),
        lambda _: DatabaseDamaged("database: the file is damaged", hint=DAMAGE_HINT),
    ),
    (
        ("SQLITE_CANTOPEN", "SQLITE_NOTADB", "SQLITE_PERM"),
        lambda setting: Misconfigured(
            f"{setting}: not a database that can be opened", hint="check the file and its rights"
        ),
    ),
    (
        ("SQLITE_IOERR", "SQLITE_PROTOCOL", "SQLITE_INTERRUPT"),
        lambda _: Unavailable("database: the file could not be read or written"),
    ),
)
"""What codes that begin so are, made of what names the database; the first that fits."""


def translate_code(
    name: str, text: str, *, setting: str, migrate_hint: str = MIGRATE_HINT
) -> InkcreError:
    """Return the error of a result code and the text beside it.

    Args:
        name: the extended result code's name, such as ``SQLITE_CONSTRAINT_UNIQUE``; empty when
            there is none.
        text: SQLite's message, which is looked at and never shown: it may quote values.
        setting: what names the database.
        migrate_hint: what to do when the schema is not there.
    """
    # D1 does not always say more than SQLITE_CONSTRAINT; SQLite's text does.
    if name in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY") or (
        name == "SQLITE_CONSTRAINT" and "UNIQUE constraint failed" in text
    ):
        return Conflict("database: the row exists already")
    # NOT NULL too: an end that is looked up by its digest and not found is NULL.
    if name in ("SQLITE_CONSTRAINT_FOREIGNKEY", "SQLITE_CONSTRAINT_NOTNULL") or (
        name == "SQLITE_CONSTRAINT" and ("FOREIGN KEY" in text or "NOT NULL" in text)
    ):
        return MissingReference("database: a row refers to one that is not there")
    if name == "SQLITE_TOOBIG" or "too big" in text:
        return TooLarge("database: a value is larger than SQLite takes")
    if "no such table" in text or "no such column" in text:
        return SchemaBehind("database: the schema is not there", hint=migrate_hint)
    # The driver's own, which has no code of SQLite's.
    if not name and text.startswith("Could not decode to UTF-8"):
        return DatabaseDamaged("database: a text is no UTF-8", hint=DAMAGE_HINT)
    for beginnings, make in FAULTS:
        if name.startswith(beginnings):
            return make(setting)
    return InvariantBroken(f"database: {name or 'an error without a code'}")
