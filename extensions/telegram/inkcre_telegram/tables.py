"""Which revision of each message is kept, and every statement about it.

The messages of a chat are items of a source, by ``Message.key``: ``source_items`` knows which block
a message is in. What it does not know, and Telegram makes necessary, is here: which edit was the
last one, and who replies to a message that has no block yet.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    exists,
    insert,
    literal,
    null,
    select,
    true,
    update,
)

from inkcre.framework import Migrations, Query, Statement, new_metadata, timestamp
from inkcre.graph.made_rows import marked
from inkcre.graph.tables import relations, source_items, sources
from inkcre.sql.constructs import ON_CONFLICT_DO_NOTHING, RowSource
from inkcre_telegram.updates import REPLY

metadata = new_metadata()

chats = Table(
    "telegram_chats",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
)
"""Chats of which sources were made. A chat's source is found by what it is, and not by an id, which
is another in a copy of the base."""

messages = Table(
    "telegram_messages",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    Column("edited_at", BigInteger, nullable=False),
    Column("update_id", BigInteger, nullable=False),
    Column("reply_to", BigInteger),
    Column("writes", BigInteger, nullable=False),
    Index(None, "chat_id", "reply_to"),
)
"""Messages as they were kept last: by the edit of ``edited_at``, in seconds since 1970, which came
as ``update_id``. Edits of one second differ in that alone. ``writes`` counts what was written of
them, so that who has read a message knows whether it still is what was read."""

MIGRATIONS = Migrations(Path(__file__).parent / "versions", metadata, "telegram_schema", "0001")


@dataclass(frozen=True)
class Place:
    """Where a message belongs, and which revision of it is kept."""

    source_id: int
    edited_at: int | None
    """None, as the others: it is not kept."""

    update_id: int | None
    reply_to: int | None
    writes: int | None

    def has(self, edited_at: int, update_id: int) -> bool:
        """Tell whether a revision is kept, or a later one."""
        if self.edited_at is None or self.update_id is None:
            return False
        return (self.edited_at, self.update_id) >= (edited_at, update_id)


_chat = bindparam("chat", type_=BigInteger)
_message = bindparam("message", type_=BigInteger)
_seen = bindparam("seen", type_=BigInteger)
_source = bindparam("source", type_=BigInteger)
_now = timestamp(bindparam("now", type_=Text))
_of_chat = (sources.c.type == "telegram", sources.c.config == bindparam("config", type_=Text))

SELECT_PLACE = Query(
    select(
        sources.c.id.label("source_id"),
        messages.c.edited_at,
        messages.c.update_id,
        messages.c.reply_to,
        messages.c.writes,
    )
    .select_from(
        sources.outerjoin(
            messages, and_(messages.c.chat_id == _chat, messages.c.message_id == _message)
        )
    )
    .where(*_of_chat)
    .order_by(sources.c.id)
    .limit(1),
    Place,
)
"""Read where a message belongs; nothing of a chat that has no source."""

ADD_CHAT = Statement(
    insert(chats).from_select(
        ["chat_id"], select(_chat).where(true()).suffix_with(ON_CONFLICT_DO_NOTHING)
    )
)
"""Remember a chat."""

LOCK_CHAT = Statement(select(chats.c.chat_id).where(chats.c.chat_id == _chat).with_for_update())
"""Hold a chat, so that one source is made of it."""

ADD_SOURCE = Statement(
    insert(sources).from_select(
        ["created_at", "updated_at", "type", "nickname", "config", "state"],
        select(
            _now, _now, literal("telegram", Text), bindparam("nickname", type_=Text),
            bindparam("config", type_=Text), literal("{}", Text),
        ).where(~exists().where(*_of_chat)),
    )
)  # fmt: skip
"""Add the source of a chat, behind ``LOCK_CHAT``, unless there is one."""

LOCK_SOURCE = Statement(select(sources.c.id).where(sources.c.id == _source).with_for_update())
"""Hold a source: of a message and a reply to it that come at once, one sees the other."""

HOLD = Statement(
    update(messages)
    .where(messages.c.chat_id == _chat, messages.c.message_id == _message)
    .values(writes=case((messages.c.writes == _seen, messages.c.writes + 1), else_=null()))
)
"""Count a write; break NOT NULL, and so the batch, if a message is not as it was read. What was not
there has no count that equals NULL."""

KEEP = Statement(
    insert(messages).from_select(
        ["chat_id", "message_id", "edited_at", "update_id", "reply_to", "writes"],
        select(
            _chat, _message, bindparam("edited", type_=BigInteger),
            bindparam("update", type_=BigInteger), bindparam("reply_to", type_=BigInteger),
            literal(1, BigInteger),
        ).where(true()).suffix_with(
            "ON CONFLICT (chat_id, message_id) DO UPDATE SET edited_at = excluded.edited_at,"
            " update_id = excluded.update_id, reply_to = excluded.reply_to"
        ),
    )
)  # fmt: skip
"""Remember a revision, behind ``HOLD``."""

_reply, _earlier = source_items.alias("reply"), source_items.alias("earlier")


def _is_item(item: RowSource, message_id: Column[int]) -> ColumnElement[bool]:
    return and_(item.c.source_id == _source, item.c.key == cast(message_id, Text))


RELATE_REPLIES = Statement(
    insert(relations).from_select(
        ["created_at", "updated_at", "from_", "to_", "content", "is_given"],
        select(
            _now,
            _now,
            _reply.c.block_id,
            _earlier.c.block_id,
            literal(REPLY, Text),
            literal(0, Integer),
        )
        .select_from(
            messages.join(_reply, _is_item(_reply, messages.c.message_id)).join(
                _earlier, _is_item(_earlier, messages.c.reply_to)
            )
        )
        .where(messages.c.chat_id == _chat, messages.c.reply_to == _message)
        .where(_reply.c.block_id.is_not(None), _earlier.c.block_id.is_not(None))
        .where(marked(relations))
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )
)
"""Relate the replies to a message that came before its block."""
