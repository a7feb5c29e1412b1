"""What a collect is asked to do: ``full``, ``restore`` and ``forget``, each of which means one thing."""

import json
from pathlib import Path

import pytest

from inkcre.context import Components
from inkcre.graph.blocks import delete_block, list_blocks
from inkcre.graph.stars import star, text
from inkcre.jobs.jobs import get_job, list_jobs
from inkcre.ports.database import Statement
from inkcre.sources import on_demand
from inkcre.sources.base import Item
from inkcre.sources.collect import CollectPayload
from tests.on_base import add_items, enqueue_collect, source_types
from tests.pages import Pages
from tests.sources.conftest import add_source, collect, result_of, run_jobs
from tests.sources.test_folder import find, write

WORDS = ("full", "restore", "forget")


def test_payload_says_only_what_is_asked_for() -> None:
    """A version of before knows ``full`` alone, and refuses words that it does not know."""
    assert CollectPayload().model_dump_json() == '{"full":false}'
    assert CollectPayload(full=True).model_dump_json() == '{"full":true}'
    for word in WORDS[1:]:
        payload = CollectPayload.model_validate({word: True})
        assert json.loads(payload.model_dump_json()) == {"full": False, word: True}
        assert CollectPayload.model_validate_json(payload.model_dump_json()) == payload


@pytest.mark.parametrize("payload", ['{"full":false}', '{"full":true}', '{"full": true}', "{}"])
def test_job_of_a_version_of_before_runs(base: Components, notes: Path, payload: str) -> None:
    """With ``full`` alone it fetches everything, and no more brings back what was deleted."""
    from sqlalchemy import Text, bindparam, update

    from inkcre.sql.tables import jobs

    write(notes, a="unwanted", b="wanted")
    source_id = add_source(base, "folder", path=str(notes))
    collect(base, source_id)
    unwanted = find(base, "unwanted")
    assert unwanted
    delete_block(base.database, unwanted.id)
    job = enqueue_collect(base, source_id, full=True)
    set_payload = Statement(
        update(jobs).where(jobs.c.id == job.id).values(payload=bindparam("new", type_=Text))
    )
    base.database.atomic([set_payload(new=payload)])
    run_jobs(base)
    assert get_job(base.database, job.id).state == "finished"
    assert find(base, "unwanted") is None


def test_job_that_waits_is_the_same_only_by_the_same_words(base: Components, notes: Path) -> None:
    """Eight ways to ask make eight jobs, however often each is asked."""
    source_id = add_source(base, "folder", path=str(notes))
    ways = [
        {word: bool(number >> place & 1) for place, word in enumerate(WORDS)} for number in range(8)
    ]
    first = [enqueue_collect(base, source_id, **way).id for way in ways]
    again = [enqueue_collect(base, source_id, **way).id for way in ways]
    assert first == again
    assert len(set(first)) == 8
    run_jobs(base)
    states = [job.state for job in list_jobs(base.database, {"source": source_id}, limit=20)[0]]
    assert states == ["finished"] * 8


def test_restoring_asks_a_server_for_what_has_not_changed(base: Components, pages: Pages) -> None:
    """What it does not send could not come back."""

    def answer(headers: dict[str, str], write: object) -> None:
        assert callable(write)
        if headers.get("if-none-match") == '"1"':
            write(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n')
            return
        body = b"<rss version='2.0'><channel><title>F</title><item><guid>g</guid></item></channel></rss>"
        write(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: %d\r\n\r\n' % len(body) + body)

    pages.answers["/restored"] = answer
    source_id = add_source(base, "rss", url=f"{pages.url}/restored")
    collect(base, source_id)
    [entry] = list_blocks(base.database, resolver="feed entry", limit=10)[0]
    delete_block(base.database, entry.id)
    assert result_of(collect(base, source_id))["unchanged"] == 0
    assert result_of(collect(base, source_id, full=True))["unchanged"] == 2
    assert result_of(collect(base, source_id, restore=True))["added"] == 1


def test_what_was_sent_comes_back_when_that_is_asked_for(base: Components) -> None:
    """An inbox has no collect that could bring it."""
    source_id = add_source(base, "inbox")
    item = Item("key", star(text("sent")))
    add_items(base, source_id, [item])
    block = find(base, "sent")
    assert block
    delete_block(base.database, block.id)
    assert add_items(base, source_id, [item]).unchanged == 1
    back = on_demand.add_items(
        base.database, source_types(base), source_id, [item], now=base.clock(), restores=True
    )
    assert back.added == 1
    assert find(base, "sent")
