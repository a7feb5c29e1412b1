"""The webhook, in every home: what becomes of what Telegram brings."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest

from tests.contract.conftest import expect_problem
from tests.telegram.bot_api import FILE, BotApi, Json
from tests.telegram.conftest import HEADER, PATH, Chat, keep, message_of, send
from tests.telegram.homes import HOMES, SECRET, serve

pytestmark = pytest.mark.timeout(600)

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 50
CAPTIONED = ("photo", "document", "video", "audio", "voice", "animation")
IGNORED = ("callback_query", "my_chat_member", "poll", "sticker", "new_member")


@pytest.fixture(scope="module", params=HOMES)
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, bot_api: BotApi
) -> Iterator[str]:
    """Serve the base in a home; give the base URL."""
    with serve(request.param, tmp_path_factory.mktemp("telegram"), bot_api) as url:
        yield url


@pytest.fixture
def client(home: str) -> Iterator[httpx.Client]:
    """Return a client of the home."""
    with httpx.Client(base_url=home, timeout=60) as client:
        yield client


def blocks(client: httpx.Client) -> list[Json]:
    """Return all blocks."""
    found: list[Json] = []
    cursor = None
    while True:
        query: dict[str, Any] = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        page = client.get("/blocks", params=query).json()
        found += page["blocks"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def find(client: httpx.Client, content: str) -> Json:
    """Return the one block with a content."""
    [found] = [block for block in blocks(client) if block["content"] == content]
    return found


def around(client: httpx.Client, block: Json) -> set[tuple[str, str, str]]:
    """Return the relations of a block, with the contents of their ends."""
    page = client.get(f"/relations/by_block/{block['id']}").json()
    ends = {id_: client.get(f"/blocks/{id_}").json()["content"] for r in page for id_ in (r["from_"], r["to_"])}  # fmt: skip
    return {(ends[r["from_"]], r["content"], ends[r["to_"]]) for r in page}


def finish_jobs(client: httpx.Client) -> list[Json]:
    """Wait until all files are fetched; give the jobs."""
    deadline = time.monotonic() + 60
    while True:
        jobs: list[Json] = client.get("/jobs", params={"kind": "telegram.fetch"}).json()["jobs"]
        if all(job["state"] in ("finished", "failed") for job in jobs):
            return jobs
        assert time.monotonic() < deadline, jobs
        client.post("/cdn-cgi/local/scheduled")
        time.sleep(0.1)


def wait_for_trouble(client: httpx.Client) -> Json:
    """Wait until the newest job was tried and is to be tried again; give it."""
    deadline = time.monotonic() + 60
    while True:
        client.post("/cdn-cgi/local/scheduled")
        job: Json = client.get("/jobs", params={"kind": "telegram.fetch"}).json()["jobs"][0]
        if job["state"] == "pending" and job["error"]:
            return job
        assert time.monotonic() < deadline, f"{job}"
        time.sleep(0.1)


def put_file(bot_api: BotApi, update: Json, file_id: str, content: bytes) -> None:
    """Let the Bot API have the file of an update."""
    bot_api.files[file_id] = content + str(message_of(update)["chat"]["id"]).encode()


def test_message_is_kept_once(client: httpx.Client, chat: Chat) -> None:
    """As text, in a source that is called like its chat; the same update adds nothing."""
    update = chat.update("text")
    assert keep(client, update)
    before = blocks(client)
    assert not keep(client, update)
    assert blocks(client) == before
    block = find(client, f"The minutes of Monday {chat.mark}")
    assert (block["resolver"], block["storage"]) == ("text", None)
    [source] = [s for s in client.get("/sources").json()["sources"] if s["config"]["chat"] == chat.id]  # fmt: skip
    assert (source["type"], source["nickname"]) == ("telegram", "Telegram: Reading group")


def test_links_become_pages(client: httpx.Client, chat: Chat) -> None:
    """By the units of UTF-16 that entities are counted in; what is no page is left out."""
    update = chat.update("links")
    assert keep(client, update)
    text = message_of(update)["text"]
    pages = ("https://example.org/a?b=1", "http://example.com", "https://example.net/")
    assert around(client, find(client, text)) == {(text, "mentions", page) for page in pages}
    assert find(client, pages[0])["resolver"] == "webpage"


@pytest.mark.parametrize("order", ["the message first", "the reply first"])
def test_reply_is_related_to_the_message(client: httpx.Client, chat: Chat, order: str) -> None:
    """Whichever of the two comes first."""
    updates = [chat.update("text"), chat.update("reply")]
    for update in updates if order == "the message first" else reversed(updates):
        assert keep(client, update)
    [message, reply] = [message_of(update)["text"] for update in updates]
    assert around(client, find(client, message)) == {(reply, "reply to", message)}


def test_edit_changes_the_block(client: httpx.Client, chat: Chat) -> None:
    """And its links; what was related to the message stays so."""
    first, reply, edit = (chat.update(name) for name in ("text", "reply", "edited"))
    assert keep(client, first)
    assert keep(client, reply)
    block = find(client, message_of(first)["text"])
    assert keep(client, edit)
    assert not keep(client, edit)
    text = message_of(edit)["text"]
    assert find(client, text)["id"] == block["id"]
    assert around(client, block) == {
        (text, "mentions", "https://example.org/minutes"),
        (message_of(reply)["text"], "reply to", text),
    }
    again = chat.update("text", edit_date=message_of(edit)["edit_date"] + 1)
    assert keep(client, {"update_id": again["update_id"], "edited_message": again["message"]})
    assert around(client, block) == {
        (message_of(reply)["text"], "reply to", message_of(first)["text"])
    }


def test_earlier_edit_changes_nothing(client: httpx.Client, chat: Chat) -> None:
    """That comes late; of two in one second the later update counts."""
    first, middle, last = (chat.update(name) for name in ("text", "edited", "edited"))
    message_of(last)["edit_date"] += 60
    message_of(last)["text"] = f"The last {chat.mark}"
    assert keep(client, last)
    assert not keep(client, middle)
    assert not keep(client, first)
    block = find(client, f"The last {chat.mark}")
    same = chat.update("edited", edit_date=message_of(last)["edit_date"])
    assert keep(client, same)
    assert not keep(client, last)
    assert find(client, message_of(same)["text"])["id"] == block["id"]


def test_posts_of_channels_are_messages(client: httpx.Client, chat: Chat) -> None:
    """New ones and edited ones."""
    post, edit = chat.update("channel_post"), chat.update("edited_channel_post")
    assert keep(client, post)
    block = find(client, message_of(post)["text"])
    assert keep(client, edit)
    assert find(client, message_of(edit)["text"])["id"] == block["id"]


def test_messages_of_one_text_share_a_block(client: httpx.Client, chat: Chat) -> None:
    """Until one of them says something else."""
    assert keep(client, chat.update("text"))
    assert keep(client, chat.update("text", message_id=100))
    block = find(client, f"The minutes of Monday {chat.mark}")
    assert keep(client, chat.update("edited", message_id=100))
    assert find(client, block["content"]) == block
    assert find(client, f"The minutes of Tuesday: https://example.org/minutes {chat.mark}")


@pytest.mark.parametrize("kind", CAPTIONED)
def test_file_is_kept(client: httpx.Client, chat: Chat, bot_api: BotApi, kind: str) -> None:
    """Once, as POST /files keeps it, with its name; the message is related to it."""
    update = chat.update(kind)
    put_file(bot_api, update, f"{kind}-id", PNG)
    assert keep(client, update)
    assert not keep(client, update)
    job = finish_jobs(client)[0]
    assert (job["state"], job["attempts"]) == ("finished", 1), job
    caption = message_of(update)["caption"]
    block = find(client, caption)
    [file] = [end for _, says, end in around(client, block) if says == "attachment"]
    kept = find(client, file)
    assert (kept["resolver"], kept["storage"]) == ("image", "file")
    content = bot_api.files[f"{kind}-id"]
    assert client.get(f"/blocks/{kept['id']}/content").content == content
    again = client.post("/files", content=content)
    assert (again.status_code, again.json()["id"]) == (200, kept["id"])
    named = {end for _, says, end in around(client, kept) if says == "named"}
    name = message_of(update).get(kind, {}).get("file_name") if kind != "photo" else None
    assert named == ({name} if name else set())


def test_message_without_words_is_its_file(
    client: httpx.Client, chat: Chat, bot_api: BotApi
) -> None:
    """A reply to it, which comes before the file, is related to that; a caption makes it a text."""
    update = chat.update("photo_alone")
    put_file(bot_api, update, "photo-id", PNG)
    assert keep(client, update)
    reply = chat.update("reply", reply_to_message={"message_id": 21, "date": 1, "chat": {"id": 1}})
    assert keep(client, reply)
    note = chat.update("video_note", reply_to_message={"message_id": 3})
    put_file(bot_api, note, "video_note-id", b"GIF89a")
    assert keep(client, note)
    jobs = finish_jobs(client)[:2]
    assert [job["state"] for job in jobs] == ["finished", "finished"], jobs
    related = around(client, find(client, message_of(reply)["text"]))
    says = message_of(reply)["text"]
    [photo] = [to for from_, _, to in related if from_ == says]
    [film] = [from_ for from_, _, to in related if to == says]
    assert {find(client, photo)["storage"], find(client, film)["storage"]} == {"file"}
    captioned = chat.update("photo_alone", caption="At last", edit_date=1790009999)
    assert keep(client, captioned)
    assert finish_jobs(client)[0]["state"] == "finished"
    block = find(client, f"At last {chat.mark}")
    assert (block["content"], "attachment", photo) in around(client, block)


def test_edit_replaces_the_file(client: httpx.Client, chat: Chat, bot_api: BotApi) -> None:
    """The message is related to the new one alone; the former one stays what others have of it."""
    first, edit = chat.update("photo"), chat.update("replaced_photo")
    put_file(bot_api, first, "photo-id", PNG)
    put_file(bot_api, edit, "other-id", b"%PDF-1.7 ")
    assert keep(client, first)
    finish_jobs(client)
    assert keep(client, edit)
    assert finish_jobs(client)[0]["state"] == "finished"
    caption = message_of(edit)["caption"]
    [(_, says, file)] = around(client, find(client, caption))
    assert says == "attachment"
    kept = find(client, file)
    assert client.get(f"/blocks/{kept['id']}/content").content == bot_api.files["other-id"]


def test_large_file_is_not_asked_for(client: httpx.Client, chat: Chat, bot_api: BotApi) -> None:
    """Bots do not get it; what is known of it is its name."""
    before = bot_api.count("getFile")
    assert keep(client, chat.update("large_video"))
    finish_jobs(client)
    assert bot_api.count("getFile") == before
    assert find(client, "lecture.mp4")["resolver"] == "text"


@pytest.mark.parametrize("name", IGNORED)
def test_other_updates_are_acknowledged(client: httpx.Client, chat: Chat, name: str) -> None:
    """Else Telegram would repeat them."""
    before = blocks(client)
    assert not keep(client, chat.update(name))
    assert blocks(client) == before


def test_other_chats_are_dropped(client: httpx.Client, chat: Chat) -> None:
    """Acknowledged, and kept nowhere."""
    update = chat.update("text")
    message_of(update)["chat"]["id"] = 5
    before = (blocks(client), client.get("/sources").json())
    assert not keep(client, update)
    assert (blocks(client), client.get("/sources").json()) == before


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], f"{SECRET}x", "ä" * 20])
def test_stranger_is_told_nothing(client: httpx.Client, chat: Chat, secret: str) -> None:
    """Not even whether what was sent is JSON."""
    before = blocks(client)
    answers = []
    for content in (b"{", b"", str(chat.update("text")).encode()):
        headers = {HEADER.encode(): secret.encode("latin-1")} if secret else {}
        response = client.post(PATH, content=content, headers=headers)
        assert response.headers["www-authenticate"]
        expect_problem(response, 401, "unauthorized")
        answers.append(response.text)
    assert len(set(answers)) == 1
    assert blocks(client) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"\xff\xfe{\x00}\x00", "body"),
        (b"[" * 5000 + b"]" * 5000, "body"),
        (b"{}", "update_id"),
        (b'{"update_id": 1, "message": {"text": "x"}}', "message.message_id"),
        (b'{"update_id": 1e400}', "update_id"),
    ],
)
def test_what_is_no_update_is_refused(client: httpx.Client, body: bytes, field: str) -> None:
    """As by other routes, and without a word of it."""
    problem = expect_problem(send(client, body), 422, "invalid")
    errors = [error["field"] for error in problem["errors"]]
    assert any(field in error for error in errors), errors


def test_token_is_shown_nowhere(client: httpx.Client, chat: Chat, bot_api: BotApi) -> None:
    """Not by jobs, be they in trouble, and not by what the application says of itself."""
    update = chat.update("document")
    bot_api.files.pop("document-id", None)
    bot_api.failures[FILE].extend([(500, {"ok": False})] * 1000)
    put_file(bot_api, update, "document-id", b"x")
    assert keep(client, update)
    job = wait_for_trouble(client)
    assert job["error"] == "unavailable: telegram: a file did not come: status 500"
    client.post(f"/jobs/{job['id']}/cancel").raise_for_status()
    bot_api.failures.clear()
    paths = ("/jobs", "/sources", "/blocks", "/capabilities", "/openapi.json", "/sources/types")
    for path in paths:
        text = client.get(path).text
        assert "theBotsOwnToken" not in text, path
        assert SECRET not in text, path
