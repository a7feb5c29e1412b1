"""Files of messages when something fails: in the end there is one file, and one relation."""

import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from inkcre_telegram.jobs import FETCH
from inkcre_telegram.messages import keep_message
from inkcre_telegram.tables import chats, messages
from inkcre_telegram.updates import Update
from sqlalchemy import bindparam, delete, func, select

from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.errors import QuotaExceeded
from inkcre.graph.blocks import delete_block
from inkcre.graph.changes import read_changes
from inkcre.graph.tables import blocks, relations, sources
from inkcre.jobs.jobs import Job, list_jobs
from inkcre.jobs.kinds import Kinds
from inkcre.jobs.runner import run_claimable
from inkcre.ports.database import Statement
from inkcre.sources.removals import delete_source
from inkcre.sql.rows import Values
from tests.conftest import DRIVERS
from tests.jobs.conftest import Clock, quiet
from tests.plays import Dying, Killed
from tests.telegram.bot_api import (
    BROKEN,
    BUSY,
    FILE,
    GONE,
    NOT_FOUND,
    TOKEN,
    TOO_BIG,
    UNAUTHORIZED,
    BotApi,
    Json,
)
from tests.telegram.conftest import Chat, message_of
from tests.telegram.homes import load

PNG = b"\x89PNG\r\n\x1a\n"
MORE = {"web.timeout_seconds": 1, "cache.enabled": True}
"""A cache would keep addresses, of which the token is a part."""

OF_TEXT = Values(select(blocks.c.id).where(blocks.c.content == bindparam("text")), int)
ATTACHED = Values(
    select(relations.c.to_)
    .join(blocks, blocks.c.id == relations.c.from_)
    .where(relations.c.content == "attachment", blocks.c.content == bindparam("text")),
    int,
)
REPLIES = Values(
    select(relations.c.from_)
    .join(blocks, blocks.c.id == relations.c.to_)
    .where(relations.c.content == "reply to", blocks.c.content == bindparam("text")),
    int,
)
FILES = Values(select(func.count()).select_from(blocks).where(blocks.c.storage == "file"), int)

COUNT_SOURCES = Values(select(func.count()).select_from(sources), int)
LAST_SOURCE = Values(select(func.max(sources.c.id)), int)


@dataclass
class Base:
    """A base, and what plays Telegram to it."""

    context: Components
    clock: Clock
    api: BotApi

    def keep(self, update: Json, context: Components | None = None) -> bool:
        """Take an update."""
        read = Update.model_validate(update)
        assert read.any_message
        database = (context or self.context).database
        return keep_message(database, read.any_message, read.update_id, self.clock())

    def run(self, context: Components | None = None) -> int:
        """Run what can be run now."""
        return run_claimable(
            context or self.context, Kinds.of(FETCH), lease_seconds=60, may_go_on=lambda: True
        )

    def put(self, update: Json, kind: str = "photo") -> None:
        """Let the Bot API have an update's file."""
        self.api.files[f"{kind}-id"] = PNG + str(message_of(update)["chat"]["id"]).encode()

    def job(self) -> Job:
        """Return the newest job."""
        return list_jobs(self.context.database, {"kind": FETCH.name}, limit=1)[0][0]

    def attached(self, update: Json) -> list[int]:
        """Return the files that an update's message is related to."""
        return ATTACHED.read(self.context.database, text=message_of(update)["caption"])


@pytest.fixture(params=["sqlite", *DRIVERS])
def base(request: pytest.FixtureRequest, tmp_path: Path, bot_api: BotApi) -> Iterator[Base]:
    """Return a base on each database in turn."""
    driver = {"database.driver": DRIVERS[request.param]} if request.param in DRIVERS else {}
    clock = Clock()
    settings = load(request.param, tmp_path, bot_api, **driver, **MORE)
    context = build_components(settings, clock=clock)
    quiet(context.database)
    bot_api.failures.clear()
    yield Base(context, clock, bot_api)
    context.database.close()


class FullStorage:
    """A storage without room for so many puts."""

    def __init__(self, inner: Any, times: int) -> None:
        self._inner, self.left = inner, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def put(self, *arguments: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left >= 0:
            raise QuotaExceeded("storage: there is no room left")
        return self._inner.put(*arguments, **named)


@pytest.mark.parametrize(
    ("method", "failure", "said"),
    [
        ("getFile", BROKEN, "getFile: Internal Server Error"),
        ("getFile", GONE, "the file is temporarily unavailable"),
        ("getFile", 1.5, "timed_out"),
        (FILE, NOT_FOUND, "status 404"),
        (FILE, BROKEN, "status 500"),
        (FILE, "cut", "a file did not come"),
        (FILE, 1.5, "timed_out"),
    ],
)
def test_failure_is_tried_again(
    base: Base, chat: Chat, method: str, failure: Any, said: str
) -> None:
    """Whatever of the two requests fails, twice; nothing is kept twice."""
    update = chat.update("photo")
    base.put(update)
    assert base.keep(update)
    base.api.failures[method].extend([failure, failure])
    for _ in range(2):
        assert base.run() == 1
        assert base.job().state == "pending"
        assert said in str(base.job().error)
        assert base.attached(update) == []
        base.clock.pass_by(minutes=5)
    assert base.run() == 1
    assert (base.job().state, base.job().attempts) == ("finished", 3)
    assert len(base.attached(update)) == 1
    assert FILES.read_one(base.context.database) == 1


def test_full_storage_is_tried_again(base: Base, chat: Chat) -> None:
    """An upload is refused by that; a job waits for somebody to make room."""
    update = chat.update("photo")
    base.put(update)
    base.keep(update)
    storage: Any = FullStorage(base.context.storage, 1)
    # The base is claimed by a put of its own.
    base.run(replace(base.context, storage=storage))
    assert base.job().state == "pending"
    assert "no room left" in str(base.job().error)
    assert base.run() == 0
    base.clock.pass_by(minutes=11)
    assert base.run() == 1
    assert len(base.attached(update)) == 1


def test_telegram_is_asked_again_when_it_says(base: Base, chat: Chat) -> None:
    """``retry_after`` is in seconds."""
    update = chat.update("photo")
    base.put(update)
    base.keep(update)
    base.api.failures["getFile"].append(BUSY)
    base.run()
    base.clock.pass_by(seconds=76)
    assert base.run() == 0
    base.clock.pass_by(seconds=2)
    assert base.run() == 1
    assert len(base.attached(update)) == 1


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (UNAUTHORIZED, "misconfigured: telegram: getFile: Unauthorized (set extensions.telegram"),
        (TOO_BIG, "too_large: telegram: getFile: Bad Request: file is too big"),
        ((400, {"ok": False, "description": f"no such bot{TOKEN}"}), "no such bot…"),
        ((200, {"ok": True, "result": {"file_id": "x"}}), "gives no path"),
    ],
)
def test_what_stays_wrong_is_not_tried_again(
    base: Base, chat: Chat, failure: Any, said: str
) -> None:
    """It fails and says why, without the token; retried by hand it is done."""
    update = chat.update("photo")
    base.put(update)
    base.keep(update)
    base.api.failures["getFile"].append(failure)
    base.run()
    job = base.job()
    assert job.state == "failed"
    assert said in str(job.error)
    assert TOKEN not in f"{job}"
    assert base.attached(update) == []


def test_limits_of_the_settings_hold(base: Base, chat: Chat) -> None:
    """What is larger than pages may be is not fetched, and the job names the setting."""
    update = chat.update("photo")
    base.keep(update)
    base.api.files["photo-id"] = bytes(base.context.settings.web.max_bytes + 1)
    before = base.api.count(FILE)
    base.run()
    assert base.job().state == "failed"
    assert "raise web.max_bytes" in str(base.job().error)
    assert base.api.count(FILE) == before


def test_kill_loses_nothing(base: Base, chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    """Before each statement and each step of the storage, of the webhook and of the job."""
    steps = 0
    for name in ("photo", "photo_alone"):
        is_killed = True
        step = 0
        while is_killed:
            step += 1
            own = Chat()
            reply = own.update("reply", reply_to_message={"message_id": 21})
            update = own.update(name, message_id=21)
            base.put(update)
            base.keep(reply)
            is_killed = _die(base, update, step)
            base.keep(update)  # Telegram repeats what was not answered
            base.clock.pass_by(minutes=5)  # and leases lapse
            base.run()
            _expect_one(base, update, reply)
        steps += step - 1
    with capsys.disabled():
        print(f"\nkilled before each of {steps} steps")
    assert steps >= 25


def _die(base: Base, update: Json, step: int) -> bool:
    left = [step]
    database: Any = Dying(base.context.database, left)
    storage: Any = Dying(base.context.storage, left)
    context = replace(base.context, database=database, storage=storage)
    with suppress(Killed):
        base.keep(update, context)
        base.run(context)
    return left[0] <= 0


def _expect_one(base: Base, update: Json, reply: Json) -> None:
    database = base.context.database
    [replying] = OF_TEXT.read(database, text=message_of(reply)["text"])
    caption = message_of(update).get("caption")
    if caption:
        [block] = OF_TEXT.read(database, text=caption)
        [file] = base.attached(update)
        assert REPLIES.read(database, text=caption) == [replying]
        assert file != block
    else:
        [job] = list_jobs(database, {"kind": FETCH.name}, limit=1)[0]
        assert job.state == "finished", job
        found = Values(select(relations.c.to_).where(relations.c.from_ == replying), int)
        [file] = found.read(database)
    kept = Values(select(blocks.c.content).where(blocks.c.id == file), str).read_one(database)
    assert kept.startswith("sha256:")


def test_what_comes_at_once_is_kept_once(base: Base, chat: Chat) -> None:
    """A message, its reply and its edit, each from four connections; a chat that nobody knows."""
    updates = [chat.update(name) for name in ("text", "reply", "edited", "photo")]
    base.put(updates[3])
    kept: list[bool] = []
    failures: list[Exception] = []

    def bring(update: Json) -> None:
        try:
            kept.append(base.keep(update))
        except Exception as error:  # noqa: BLE001 - a thread's
            failures.append(error)

    threads = [threading.Thread(target=bring, args=(u,)) for u in updates * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    base.run()
    text = message_of(updates[2])["text"]
    assert len(OF_TEXT.read(base.context.database, text=text)) == 1
    assert OF_TEXT.read(base.context.database, text=message_of(updates[0])["text"]) == []
    assert len(REPLIES.read(base.context.database, text=text)) == 1
    assert len(base.attached(updates[3])) == 1
    assert 3 <= sum(kept) <= 4  # the edit may come before the message


def test_deleted_does_not_come_back(base: Base, chat: Chat) -> None:
    """By a later edit, or by a file that comes late; a chat whose source is deleted begins anew."""
    update = chat.update("photo")
    base.put(update)
    base.keep(update)
    [block] = OF_TEXT.read(base.context.database, text=message_of(update)["caption"])
    delete_block(base.context.database, block)
    base.run()
    assert base.job().result == {"deleted": True}
    edit = chat.update("replaced_photo")
    base.keep(edit)
    base.run()
    assert FILES.read_one(base.context.database) == 0
    delete_source(base.context.database, LAST_SOURCE.read_one(base.context.database))
    anew = chat.update("photo", message_id=77, caption="Anew")
    base.put(anew)
    assert base.keep(anew)
    base.run()
    assert len(base.attached(anew)) == 1


def test_base_without_its_tables_goes_on(base: Base, chat: Chat) -> None:
    """A copy of a base has its sources and their items, and not what an extension keeps."""
    update, edit = chat.update("text"), chat.update("edited")
    base.keep(update)
    [block] = OF_TEXT.read(base.context.database, text=message_of(update)["text"])
    base.context.database.atomic([Statement(delete(table))() for table in (chats, messages)])
    assert base.keep(edit)
    assert OF_TEXT.read(base.context.database, text=message_of(edit)["text"]) == [block]
    assert COUNT_SOURCES.read_one(base.context.database) == 1


def test_job_of_an_earlier_revision_does_nothing(base: Base, chat: Chat) -> None:
    """The file that an edit has taken away is not even asked for."""
    update, edit = chat.update("photo"), chat.update("replaced_photo")
    base.put(edit, "other")
    base.keep(update)
    base.keep(edit)
    before = base.api.count(FILE)
    assert base.run() == 2
    assert base.api.count(FILE) == before + 1
    assert len(base.attached(edit)) == 1


def test_edit_during_a_fetch_wins(base: Base, chat: Chat) -> None:
    """What was fetched meanwhile is related to nothing."""
    update, edit = chat.update("photo"), chat.update("replaced_photo")
    base.put(update)
    base.put(edit, "other")
    base.keep(update)

    class Meanwhile:
        """A web in which somebody edits the message while its file comes."""

        def fetch(self, url: str, **named: Any) -> Any:
            page = base.context.web.fetch(url, **named)
            if "/file/" in url:
                base.keep(edit)
            return page

    web: Any = Meanwhile()
    lease = list_jobs(base.context.database, {"kind": FETCH.name}, limit=1)[0][0].id
    run_claimable(
        replace(base.context, web=web), Kinds.of(FETCH), lease_seconds=60,
        may_go_on=iter([True, False]).__next__,
    )  # fmt: skip
    first = [j for j in list_jobs(base.context.database, {}, limit=10)[0] if j.id == lease]
    assert first[0].state == "pending"
    base.clock.pass_by(minutes=5)
    base.run()
    [file] = base.attached(edit)
    content = Values(select(blocks.c.content).where(blocks.c.id == file), str)
    assert content.read_one(base.context.database).startswith("sha256:")


def test_cache_keeps_nothing_of_the_bot(base: Base, chat: Chat) -> None:
    """Neither an address with the token, nor what came from there: it may be another thing now."""
    update = chat.update("photo")
    base.put(update)
    base.keep(update)
    base.run()
    assert len(base.attached(update)) == 1
    assert list(base.context.keyvalue.list("page:").keys) == []


def test_change_log_has_all_that_is_made(base: Base, chat: Chat) -> None:
    """Replies and files that are related late, too; by the chat's source."""
    updates = [chat.update(name) for name in ("reply", "text", "photo")]
    base.put(updates[2])
    for update in updates:
        base.keep(update)
    base.run()
    database = base.context.database
    changes = read_changes(database, None, 100)
    made = {id_ for change in changes for span in change.relations or () for id_ in span}
    assert made == set(Values(select(relations.c.id), int).read(database))
    source = LAST_SOURCE.read_one(database)
    assert {change.actor for change in changes} == {f"source:{source}", None}


def test_log_has_neither_token_nor_text(
    base: Base, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    """At its most talkative, while everything fails and then succeeds."""
    caplog.set_level(logging.DEBUG)
    update = chat.update("document")
    base.put(update, "document")
    base.keep(update)
    base.api.failures["getFile"].extend([BROKEN, 1.5])
    base.api.failures[FILE].extend(["cut", 1.5])
    for _ in range(5):
        base.run()
        base.clock.pass_by(hours=1)
    assert base.job().state == "finished"
    assert caplog.records
    assert "theBotsOwnToken" not in caplog.text
    assert "The minutes" not in caplog.text
