"""The files of messages, each fetched in a job."""

from inkcre.errors import BadAnswer, QuotaExceeded
from inkcre.framework import Clock, Database, Job, Outcome, Storage, TooLarge, Unavailable, Web
from inkcre.graph.blocks import get_block
from inkcre.graph.files.files import add_file
from inkcre.graph.forms import NodeForm, Star
from inkcre.graph.records import Block
from inkcre.ports.storage import Tenure
from inkcre.sections.settings import Settings
from inkcre.sources.base import Item
from inkcre.sources.items.changes import LinkRow
from inkcre.sources.items.item_rows import read_stored
from inkcre.sources.items.items import read_links
from inkcre_telegram.bot import Bot
from inkcre_telegram.messages import FETCH as KIND
from inkcre_telegram.messages import FilePayload, MessageBatch, Overtaken, read_place
from inkcre_telegram.settings import TelegramSettings
from inkcre_telegram.tables import Place
from inkcre_telegram.updates import file_key, reply_links, stamp_of

FULL_SECONDS = 600
"""When a storage is asked again that had no room left."""


def fetch_file(
    payload: FilePayload,
    *,
    database: Database,
    storage: Storage,
    web: Web,
    clock: Clock,
    tenure: Tenure,
    settings: Settings,
) -> Outcome:
    """Keep the file of a message, and relate the message to it, or let the message be it.

    Raises:
        Unavailable: Telegram has no answer, or the storage no room; the job is tried again.
        TooLarge: the settings do not let so much pass.
    """
    place = read_place(database, payload.chat_id, payload.message_id)
    if place is None or place.update_id != payload.update_id:
        return Outcome({"outdated": True})  # a later revision has a job of its own
    key, message = file_key(payload.message_id, payload.unique_id), str(payload.message_id)
    stored = read_stored(database, place.source_id, [key, message])
    if any(item.block_id is None for item in stored.values()):
        return Outcome({"deleted": True})  # by a person: it does not come back by itself
    if key in stored:
        block = get_block(database, stored[key].block_id or 0)
    else:
        content = _download(payload, web, settings)
        block = _add(payload, content, database, storage, clock, tenure)
    return _relate(payload, place, block, database, clock)


def _download(payload: FilePayload, web: Web, settings: Settings) -> bytes:
    bot = Bot(settings.section(TelegramSettings), web)
    told = bot.ask("getFile", file_id=payload.file_id)
    path, size = told.get("file_path"), told.get("file_size")
    if not isinstance(path, str):
        raise BadAnswer("telegram: getFile: gives no path")
    web_bytes, file_bytes = settings.web.max_bytes, settings.http.max_file_bytes
    for name, limit in (("web.max_bytes", web_bytes), ("http.max_file_bytes", file_bytes)):
        if isinstance(size, int) and size > limit:
            fact = f"telegram: a file of {size} bytes is more than {name} lets pass"
            raise TooLarge(fact, hint=f"raise {name}, and retry the job")
    return bot.download(path, size if isinstance(size, int) else None)


def _add(
    payload: FilePayload,
    content: bytes,
    database: Database,
    storage: Storage,
    clock: Clock,
    tenure: Tenure,
) -> Block:
    """Keep a file as ``POST /files`` does."""
    try:
        block, _ = add_file(
            database, storage, [content], name=payload.name, now=clock(), tenure=tenure
        )
    except QuotaExceeded as error:
        # A request is refused by that for good; a job has time, and somebody may make room.
        raise Unavailable(error.message, retry_after_seconds=FULL_SECONDS) from error
    return block


def _relate(
    payload: FilePayload, place: Place, block: Block, database: Database, clock: Clock
) -> Outcome:
    """Make the file's block an item, and relate the message to it, or let the message be it."""
    star = Star(
        block=NodeForm(resolver=block.resolver, storage=block.storage, content=block.content)
    )
    key, message = file_key(payload.message_id, payload.unique_id), str(payload.message_id)
    items, links = [Item(key, star)], list[LinkRow]()
    if payload.is_alone:
        stamp = stamp_of(place.edited_at or 0, payload.update_id)
        items.append(Item(message, star, stamp, reply_links(place.reply_to)))
    else:
        links += read_links(database, place.source_id, message)  # its attachment is there now
    batch = MessageBatch(payload.chat_id, payload.message_id, place, clock(), links=links)
    try:
        written = batch.write(database, items)
    except Overtaken:  # by an edit, or by this job's twin, whose lease has lapsed
        raise Unavailable("telegram: the message was changed meanwhile") from None
    return Outcome(written.count())


FETCH = Job(KIND, FilePayload, fetch_file, max_attempts=12)  # for three hours
