"""Signed messages that were taken: each is taken once while its signature counts.

A message that somebody has seen on its way could else be sent again in that time, and undo what a
newer one has said. They are noted where the items are, in the same batch, so that all replicas know
them, and one whose batch failed is taken when it is sent again.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, LargeBinary, Text, bindparam, insert, select, true

from inkcre.ports.database import Call, Database, Row, Statement
from inkcre.sql.tables import keyvalues

KEPT = timedelta(minutes=20)
"""For a signature counts for five minutes around its time, which may be five ahead of ours; and the
clocks of replicas differ."""

NOTE = Statement(
    insert(keyvalues).from_select(
        ["key", "value", "expires_at"],
        select(
            bindparam("key", type_=Text),
            bindparam("value", type_=LargeBinary),
            bindparam("expires_at", type_=BigInteger),
        )
        .where(true())  # without it SQLite takes ON for the beginning of a join
        .suffix_with("ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at"),
    )
)
"""Note that a message was taken."""

FIND = Statement(
    select(keyvalues.c.key).where(
        keyvalues.c.key == bindparam("key", type_=Text),
        keyvalues.c.expires_at > bindparam("now", type_=BigInteger),
    )
)
"""Read whether a message was taken lately."""


class TakenMessage:
    """A message by its id, which its sender has signed."""

    def __init__(self, source_id: int, message_id: str) -> None:
        digest = hashlib.sha256(message_id.encode()).hexdigest()
        self._key = f"message:{source_id}:{digest}"

    def is_known(self, database: Database, now: datetime) -> bool:
        """Tell whether it was taken before."""
        return bool(database.read(FIND(key=self._key, now=_milliseconds(now))))

    def note(self, now: datetime) -> Call:
        """Return what notes that it is taken."""
        return NOTE(key=self._key, value=b"", expires_at=_milliseconds(now + KEPT))


class NotingWrite:
    """What runs batches, and notes a message with the first."""

    def __init__(self, database: Database, note: Call) -> None:
        self._database = database
        self._note = note
        self._is_noted = False

    def __call__(self, calls: Sequence[Call]) -> list[list[Row]]:
        """Run a batch, all or nothing; give each statement's rows but the note's."""
        answers = self._database.atomic([*calls, self._note])
        self._is_noted = True
        return answers[:-1]

    def finish(self) -> None:
        """Note it where nothing was to be written."""
        if not self._is_noted:
            self([])


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
