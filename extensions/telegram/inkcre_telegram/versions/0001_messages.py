"""Chats, and the revisions of their messages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "telegram_chats",
        sa.Column("chat_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("chat_id", name="pk_telegram_chats"),
    )
    op.create_table(
        "telegram_messages",
        sa.Column("chat_id", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("edited_at", sa.BigInteger, nullable=False),
        sa.Column("update_id", sa.BigInteger, nullable=False),
        sa.Column("reply_to", sa.BigInteger),
        sa.Column("writes", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "message_id", name="pk_telegram_messages"),
    )
    op.create_index(
        "ix_telegram_messages_chat_id_reply_to", "telegram_messages", ["chat_id", "reply_to"]
    )
