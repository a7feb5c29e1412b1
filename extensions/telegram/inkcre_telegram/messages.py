"""Messages, kept as items of their chat's source: once, by their last edit, with their files' jobs.

What becomes of blocks and relations is decided where that of all items is, and what is known of the
message besides rides in the same batch.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from inkcre.errors import MissingReference
from inkcre.framework import (
    Database,
    NewJob,
    Payload,
    Unavailable,
    enqueue_call,
    format_timestamp,
)
from inkcre.graph.blocks import ATTEMPTS
from inkcre.ports.database import Call, Row
from inkcre.sources.base import Item
from inkcre.sources.items.changes import LinkRow
from inkcre.sources.items.items import write_items
from inkcre.sources.items.revisions import Written
from inkcre.sources.items.writes import link_calls
from inkcre.sql.text import clean
from inkcre_telegram.tables import (
    ADD_CHAT,
    ADD_SOURCE,
    HOLD,
    KEEP,
    LOCK_CHAT,
    LOCK_SOURCE,
    RELATE_REPLIES,
    SELECT_PLACE,
    Place,
)
from inkcre_telegram.updates import Chat, Message, stamp_of

FETCH = "telegram.fetch"
"""The kind of jobs that fetch the files of messages."""

MAX_NICKNAME = 200


class FilePayload(Payload):
    """A file that a message has come with."""

    chat_id: int
    message_id: int
    update_id: int
    """Of the revision that has it."""

    file_id: str
    unique_id: str
    name: str | None
    is_alone: bool
    """Whether the message has no words: it is its file then."""


class Overtaken(Exception):
    """Tell that a message is not as it was read; nothing was written. It is no error."""


@dataclass(frozen=True)
class MessageBatch:
    """What is written of a message, beside its items."""

    chat_id: int
    message_id: int
    place: Place
    """The message as it was read."""

    now: datetime
    calls: Sequence[Call] = ()
    links: Sequence[LinkRow] = ()
    """Links of items that were kept before, to those that come now."""

    def write(self, database: Database, items: Sequence[Item]) -> Written:
        """Write it all in one batch.

        Raises:
            Overtaken: somebody else has written of the message since it was read.
        """
        if not items:
            self._run(database, [], [])
            return Written()
        ids, source_id = self._ids(), self.place.source_id
        made = [RELATE_REPLIES(**ids, source=source_id, now=format_timestamp(self.now))]
        made += link_calls(database, source_id, self.links, self.now)

        def write(calls: Sequence[Call]) -> list[list[Row]]:
            return self._run(database, calls, made)

        return write_items(database, source_id, items, now=self.now, write=write)

    def _ids(self) -> dict[str, int]:
        return {"chat": self.chat_id, "message": self.message_id}

    def _run(
        self, database: Database, calls: Sequence[Call], made: Sequence[Call]
    ) -> list[list[Row]]:
        """Run what writes items; give what that asks for."""
        hold = HOLD(**self._ids(), seen=self.place.writes)
        head = [LOCK_SOURCE(source=self.place.source_id), hold, *self.calls]
        # The log is the last of what writes items, and is to see what is made besides.
        batch = [*head, *calls[:-1], *made, *calls[-1:]]
        try:
            answers = database.atomic(batch)[len(head) :]
        except MissingReference:
            # It may have broken elsewhere, and whoever made the calls knows what to do then.
            if read_place(database, self.chat_id, self.message_id) != self.place:
                raise Overtaken from None
            raise
        return answers[: len(calls) - 1] + answers[-1:]


def read_place(database: Database, chat_id: int, message_id: int) -> Place | None:
    """Return where a message belongs; None of a chat that has no source."""
    ids = {"chat": chat_id, "message": message_id}
    return SELECT_PLACE.read_first(database, **ids, config=_config_of(chat_id))


def _config_of(chat_id: int) -> str:
    return json.dumps({"chat": chat_id})


def keep_message(database: Database, message: Message, update_id: int, now: datetime) -> bool:
    """Keep a message as it is now; tell whether anything of it is new.

    Raises:
        Unavailable: somebody else keeps changing it.
    """
    if not message.words and message.media is None:
        return False
    for _ in range(ATTEMPTS):
        place = _find_place(database, message.chat, message.message_id, now)
        if place.has(message.edited_at, update_id):
            return False
        with suppress(Overtaken):
            return _keep(database, message, update_id, place, now)
    raise Unavailable(f"message {message.message_id}: somebody else keeps changing it")


def _keep(
    database: Database, message: Message, update_id: int, place: Place, now: datetime
) -> bool:
    keep = KEEP(
        chat=message.chat.id,
        message=message.message_id,
        edited=message.edited_at,
        update=update_id,
        reply_to=message.reply_to,
    )
    jobs = [enqueue_call([_new_job(message, update_id, place)], now)] if message.media else []
    items = [message.as_item(stamp_of(message.edited_at, update_id))] if message.words else []
    batch = MessageBatch(message.chat.id, message.message_id, place, now, calls=[keep, *jobs])
    # An item that says nothing new, or whose block somebody has deleted, is not written.
    return batch.write(database, items).unchanged == 0


def _find_place(database: Database, chat: Chat, message_id: int, now: datetime) -> Place:
    """Return where a message belongs; the first one of a chat makes the chat's source."""
    place = read_place(database, chat.id, message_id)
    if place is None:
        nickname = clean(f"Telegram: {chat.name}")[:MAX_NICKNAME]
        source = {"nickname": nickname, "config": _config_of(chat.id)}
        ids = {"chat": chat.id}
        adding = ADD_SOURCE(**source, now=format_timestamp(now))
        database.atomic([ADD_CHAT(**ids), LOCK_CHAT(**ids), adding])
        place = read_place(database, chat.id, message_id)
    if place is None:
        raise Unavailable(f"chat {chat.id}: somebody else keeps deleting its source")
    return place


def _new_job(message: Message, update_id: int, place: Place) -> NewJob:
    media = message.media
    assert media is not None
    payload = FilePayload(
        chat_id=message.chat.id,
        message_id=message.message_id,
        update_id=update_id,
        file_id=media.file_id,
        unique_id=media.file_unique_id,
        name=media.file_name,
        is_alone=not message.words,
    )
    return NewJob(FETCH, payload, source_id=place.source_id)
