"""What Telegram sends, and what a message becomes: https://core.telegram.org/bots/api#update.

Of each object only what is used is read: Telegram adds fields at any time.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from inkcre.graph.stars import page, star, text
from inkcre.sources.base import Item
from inkcre.sql.values import MAX_ID

KINDS = ("message", "edited_message", "channel_post", "edited_channel_post")
"""Updates that are taken; others are not asked for."""

MAX_FILE_BYTES = 20 * 1024 * 1024
"""Bots get no larger file: https://core.telegram.org/bots/api#getfile."""

MENTIONS, ATTACHMENT, REPLY = "mentions", "attachment", "reply to"
"""What a message is to its links, as the base says it of any text; to its file; to another one."""

Number = Annotated[int, Field(ge=-MAX_ID, le=MAX_ID)]


class Received(BaseModel):
    """An object of Telegram's."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Chat(Received):
    """Where a message is."""

    id: Number
    title: str | None = None
    username: str | None = None
    first_name: str | None = None

    @property
    def name(self) -> str:
        """What people call it: groups and channels have titles, people have names."""
        return self.title or self.username or self.first_name or str(self.id)


class Entity(Received):
    """A part of a text that means something. It is counted in units of UTF-16."""

    type: str
    offset: int = Field(ge=0)
    length: int = Field(ge=0)
    url: str | None = None

    def find_link(self, words: str) -> str | None:
        """Return the address of a page that the part stands for, if it does."""
        found = self.url if self.type == "text_link" else None
        if self.type == "url":
            units = words.encode("utf-16-le", "surrogatepass")
            part = units[2 * self.offset : 2 * (self.offset + self.length)]
            found = part.decode("utf-16-le", "replace")
        if not found or found.lower().startswith(("http://", "https://")):
            return found
        # People write "example.org", which Telegram marks as well; its own addresses are no pages.
        return None if "://" in found else f"http://{found}"


class Media(Received):
    """A file that Telegram keeps: a document, a photo in one of its sizes, a video, a sound."""

    file_id: str = Field(max_length=1024)
    """What it is asked for by."""

    file_unique_id: str = Field(max_length=256)
    """What it is. The same file has several ``file_id``, each of them for a while."""

    file_size: int | None = None
    file_name: str | None = None
    width: int = 0
    height: int = 0


class Earlier(Received):
    """A message that another one replies to."""

    message_id: Number


class Message(Received):
    """A message, or a post of a channel, as it is after its last edit."""

    message_id: Number
    date: Number
    """In seconds since 1970; so is ``edit_date``."""

    edit_date: Number | None = None
    chat: Chat
    text: str = ""
    entities: tuple[Entity, ...] = ()
    caption: str = ""
    caption_entities: tuple[Entity, ...] = ()
    photo: tuple[Media, ...] = ()
    document: Media | None = None
    video: Media | None = None
    audio: Media | None = None
    voice: Media | None = None
    video_note: Media | None = None
    reply_to_message: Earlier | None = None

    @property
    def key(self) -> str:
        """What it is called among the items of its chat."""
        return str(self.message_id)

    @property
    def edited_at(self) -> int:
        """When it became what it is, in seconds since 1970."""
        return self.edit_date or self.date

    @property
    def reply_to(self) -> int | None:
        """Which message of its chat it replies to."""
        return self.reply_to_message.message_id if self.reply_to_message else None

    @property
    def media(self) -> Media | None:
        """The file that is to be fetched; of a photo the largest size."""
        media = self._any_media
        return media if media and (media.file_size or 0) <= MAX_FILE_BYTES else None

    @property
    def _any_media(self) -> Media | None:
        photo = max(self.photo, key=lambda size: size.width * size.height, default=None)
        return photo or self.document or self.video or self.audio or self.voice or self.video_note

    @property
    def words(self) -> str:
        """Its text, or that of its file. A file that cannot be fetched is known by its name."""
        said = self.text or self.caption
        unfetched = self._any_media if self.media is None else None
        return said.strip() or (unfetched and unfetched.file_name) or ""

    def links(self) -> list[str]:
        """Return the addresses in it, in order."""
        said = self.text or self.caption
        entities = self.entities if self.text else self.caption_entities
        found = (entity.find_link(said) for entity in entities)
        return [link for link in dict.fromkeys(found) if link]

    def as_item(self, stamp: str) -> Item:
        """Make the item of a message that has words."""
        arcs = [(MENTIONS, page(link)) for link in self.links()]
        links = reply_links(self.reply_to)
        if self.media:
            links = (*links, (ATTACHMENT, file_key(self.message_id, self.media.file_unique_id)))
        return Item(self.key, star(text(self.words), arcs), stamp, links)


def file_key(message_id: int, unique_id: str) -> str:
    """Return what the file of a message is called among the items of its chat."""
    return f"{message_id}/{unique_id}"


def stamp_of(edited_at: int, update_id: int) -> str:
    """Return what tells revisions of a message apart, though they say the same."""
    return f"{edited_at}.{update_id}"


def reply_links(reply_to: int | None) -> tuple[tuple[str, str], ...]:
    """Return the link of a message to the one that it replies to, if it does."""
    return () if reply_to is None else ((REPLY, str(reply_to)),)


class Update(Received):
    """One of the things that Telegram tells a bot."""

    update_id: Number
    message: Message | None = None
    edited_message: Message | None = None
    channel_post: Message | None = None
    edited_channel_post: Message | None = None

    @property
    def any_message(self) -> Message | None:
        """The message that it is about, if it is one that is taken."""
        return self.message or self.edited_message or self.channel_post or self.edited_channel_post
