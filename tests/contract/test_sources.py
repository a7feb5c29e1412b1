"""``/sources``, ``/hooks``, ``/jobs`` and ``/schedules``, in every home: the same rows, the same code."""

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2 as httpx
import pytest
from standardwebhooks import Webhook

from tests.conftest import ROOT
from tests.contract.conftest import Json, block, expect_problem, located, star
from tests.pages import Pages, serve_pages

FEEDS = ROOT / "tests" / "data" / "feeds" / "valid"
DONE = ("finished", "failed", "cancelled")
WAIT_SECONDS = 60

Unique = Callable[[str], str]


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    """Serve pages on loopback, which every home may fetch by this one address."""
    with serve_pages() as served:
        yield served


def tick(api: httpx.Client) -> None:
    """Let a Worker's Cron Trigger fire, where it fires by hand; processes tick by themselves."""
    api.post("/cdn-cgi/local/scheduled")


def wait_for(api: httpx.Client, job_id: int, *, until: tuple[str, ...] = DONE) -> Json:
    """Wait for a job to come to a state; give it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        job: Json = api.get(f"/jobs/{job_id}").json()
        if job["state"] in until:
            return job
        assert time.monotonic() < deadline, job
        tick(api)
        time.sleep(0.05)


def add_source(api: httpx.Client, **form: Any) -> Json:
    """Add a source; give it."""
    response = api.post("/sources", json=form)
    assert response.status_code == 201, response.text
    source: Json = response.json()
    assert response.headers["location"] == located(api, f"/sources/{source['id']}")
    return source


def collect(api: httpx.Client, source: Json, **query: Any) -> Json:
    """Collect a source by a job; give the job as it ended."""
    response = api.post(f"/sources/{source['id']}/collect", params=query)
    assert response.status_code == 202, response.text
    assert response.headers["location"] == located(api, f"/jobs/{response.json()['id']}")
    return wait_for(api, response.json()["id"])


def counts(added: int = 0, updated: int = 0, unchanged: int = 0, deleted: int = 0) -> Json:
    """Write a collect's result."""
    return {"added": added, "updated": updated, "unchanged": unchanged, "deleted": deleted}


def feed_of(*entries: tuple[str, str, str], title: str = "a feed") -> bytes:
    """Write a feed of entries: GUID, title, text."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><title>{name}</title>"
        f"<description>{text}</description></item>"
        for guid, name, text in entries
    )
    return f"<rss version='2.0'><channel><title>{title}</title>{items}</channel></rss>".encode()


def related(api: httpx.Client, block_id: int, content: str) -> list[Json]:
    """Return the blocks to which relations of one content lead from a block."""
    found = api.get(
        f"/relations/by_block/{block_id}", params={"direction": "out", "content": content}
    )
    return [api.get(f"/blocks/{relation['to_']}").json() for relation in found.json()]


def test_types_have_schemas(api: httpx.Client) -> None:
    """Each type says what its configuration may be, as JSON Schema."""
    types = {one["type"]: one for one in api.get("/sources/types").json()}
    assert {"rss", "webpage", "inbox"} <= set(types)
    schema = types["rss"]["config_schema"]
    assert schema["required"] == ["url"]
    assert set(schema["properties"]) == {"url", "full_text"}
    assert types["rss"]["summary"]


def test_source_is_created_listed_changed_and_deleted(api: httpx.Client, unique: Unique) -> None:
    """A source is a row with a typed configuration; what it has collected outlives it."""
    source = add_source(
        api, type="rss", nickname=unique("news"), config={"url": "https://example.org/feed"}
    )
    assert source["config"] == {"url": "https://example.org/feed", "full_text": False}
    assert source["schedule"] is None
    assert api.get(f"/sources/{source['id']}").json() == source
    assert source in api.get("/sources", params={"limit": 1000}).json()["sources"]

    changed = api.patch(
        f"/sources/{source['id']}", json={"nickname": None, "schedule": {"cron": "0 7 * * 1-5"}}
    ).json()
    assert changed["nickname"] is None
    assert changed["config"] == source["config"]
    assert changed["schedule"]["cron"] == "0 7 * * mon-fri"
    due = datetime.fromisoformat(changed["schedule"]["next_run_at"])
    assert (due.hour, due.minute, due.second) == (7, 0, 0)
    assert due.weekday() < 5
    assert due > datetime.now(UTC)
    changed = api.patch(f"/sources/{source['id']}", json={"schedule": None}).json()
    assert changed["schedule"] is None

    assert api.delete(f"/sources/{source['id']}").status_code == 204
    expect_problem(api.get(f"/sources/{source['id']}"), 404, "not_found")
    expect_problem(api.delete(f"/sources/{source['id']}"), 404, "not_found")
    expect_problem(api.post(f"/sources/{source['id']}/collect"), 404, "not_found")
    expect_problem(api.patch(f"/sources/{source['id']}", json={}), 404, "not_found")


def test_config_is_changed_by_a_merge_patch(api: httpx.Client) -> None:
    """Absent keys stay, secrets too; null is the default again, or the usual error if it is needed."""
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    source = add_source(api, type="inbox", config={"secret": secret})
    url = f"/sources/{source['id']}"
    mapping = {"key": "/id", "block": {"content": "/text"}}
    changed = api.patch(url, json={"config": {"mapping": mapping}}).json()
    assert changed["config"]["secret"] == source["config"]["secret"]
    assert changed["config"]["mapping"]["key"] == "/id"
    assert (changed["released"], changed["forgotten"]) == (0, 0)
    changed = api.patch(url, json={"config": {"mapping": {"key": None}}}).json()
    assert changed["config"]["mapping"]["key"] is None
    assert changed["config"]["mapping"]["block"]["content"] == "/text"
    changed = api.patch(url, json={"config": {"secret": None}}).json()
    assert changed["config"]["secret"] is None

    feed = add_source(api, type="rss", config={"url": "https://example.org/a", "full_text": True})
    url = f"/sources/{feed['id']}"
    changed = api.patch(url, json={"config": {"url": "https://example.org/b"}}).json()
    assert changed["config"] == {"url": "https://example.org/b", "full_text": True}
    changed = api.patch(url, json={"config": {"full_text": None}}).json()
    assert changed["config"] == {"url": "https://example.org/b", "full_text": False}
    problem = expect_problem(api.patch(url, json={"config": {"url": None}}), 422, "invalid")
    assert problem["errors"][0]["field"] == "config.url"
    expect_problem(api.patch(url, json={"config": None}), 422, "invalid")


def add_tagged(api: httpx.Client, unique: Unique, text: str) -> tuple[str, int]:
    """Add an inbox with one item of a text and its tag; give the source's path, and the item's block."""
    source = add_source(api, type="inbox")
    form = star(block(unique(text)), ("tag", block(unique(f"tag of {text}"))))
    url = f"/sources/{source['id']}"
    sent = api.post(f"{url}/items", json={"items": [{"key": "a", "star": form}]})
    (block_id,) = sent.json()["block_ids"]
    return url, block_id


def test_another_place_keeps_what_the_former_one_gave(api: httpx.Client, unique: Unique) -> None:
    """The answer says of how many items; with ``forget`` it goes."""
    other = {"config": {"mapping": {"block": {"content": "/other"}}}}
    url, block_id = add_tagged(api, unique, "released")
    assert api.patch(url, json=other).json()["released"] == 1
    assert api.patch(url, json=other).json()["released"] == 0
    assert api.get(f"/blocks/{block_id}").status_code == 200
    assert len(related(api, block_id, "tag")) == 1
    url, block_id = add_tagged(api, unique, "forgotten")
    changed = api.patch(url, json=other, params={"forget": True}).json()
    assert (changed["released"], changed["forgotten"]) == (0, 1)
    expect_problem(api.get(f"/blocks/{block_id}"), 404, "not_found")


def test_deletion_of_a_source_says_what_goes(api: httpx.Client, unique: Unique) -> None:
    """Before, with ``dry_run``, and behind it; by itself it keeps everything, and says nothing."""
    url, block_id = add_tagged(api, unique, "released")
    all_stays = {"items": 1, "blocks_gone": 0, "blocks_kept": 2}
    dry = api.delete(url, params={"dry_run": True})
    assert (dry.status_code, dry.json()) == (200, all_stays)
    assert api.get(url).status_code == 200
    done = api.delete(url)
    assert (done.status_code, done.content) == (204, b"")
    assert api.get(f"/blocks/{block_id}").status_code == 200

    url, block_id = add_tagged(api, unique, "forgotten")
    note = api.post("/blocks", json=block(unique("note"))).json()
    (tag,) = related(api, block_id, "tag")
    api.post("/relations", json={"from_": note["id"], "to_": tag["id"], "content": "see"})
    told = {"items": 1, "blocks_gone": 1, "blocks_kept": 1}
    dry = api.delete(url, params={"dry_run": True, "forget": True})
    assert (dry.status_code, dry.json()) == (200, told)
    done = api.delete(url, params={"forget": True})
    assert (done.status_code, done.json()) == (200, told)
    expect_problem(api.get(f"/blocks/{block_id}"), 404, "not_found")
    assert api.get(f"/blocks/{tag['id']}").status_code == 200
    for query in ({"dry_run": True}, {"forget": True}):
        expect_problem(api.delete(url, params=query), 404, "not_found")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"type": "rss", "config": {}}, "config.url"),
        ({"type": "rss", "config": {"url": "ftp://example.org"}}, "config.url"),
        ({"type": "rss", "config": {"url": "https://e.org", "colour": 1}}, "config.colour"),
        ({"type": "rss", "config": {"url": "https://e.org"}, "schedule": {}}, "schedule"),
        (
            {"type": "rss", "config": {"url": "https://e.org"}, "schedule": {"cron": "0 25 * * *"}},
            "schedule.cron",
        ),
        (
            {"type": "rss", "config": {"url": "https://e.org"}, "schedule": {"every": "3s"}},
            "schedule.every",
        ),
        (
            {
                "type": "rss", "config": {"url": "https://e.org"},
                "schedule": {"every": "1h", "timezone": "Mars/Base"},
            },
            "schedule.timezone",
        ),
        ({"type": "rss", "config": {"url": "https://e.org"}, "collect_at": {"hour": 24}}, "collect_at.hour"),
        ({"type": "inbox", "config": {"secret": "short"}}, "config.secret"),
        ({"type": "carrier pigeon", "config": {}}, "type"),
        ({"config": {}}, "type"),
    ],
)  # fmt: skip
def test_wrong_source_names_its_field(api: httpx.Client, form: Json, field: str) -> None:
    """What cannot be is a 422 with the field, and nothing is added."""
    problem = expect_problem(api.post("/sources", json=form), 422, "invalid")
    assert problem["errors"][0]["field"] == field, problem


def test_former_type_and_schedule_are_accepted(api: httpx.Client) -> None:
    """The former version named types by import path, and days from Monday, 0."""
    source = add_source(
        api, type="extensions.rss.source", config={"url": "https://example.org/feed"},
        collect_at={"day_of_week": 0, "hour": 6, "minute": 30},
    )  # fmt: skip
    assert source["type"] == "rss"
    assert source["collect_at"] == {"day_of_week": 0, "hour": 6, "minute": 30}
    assert source["schedule"]["cron"] == "30 6 * * mon"


def test_folder_needs_a_disk_and_leave(api: httpx.Client) -> None:
    """Where there are folders to read, others are refused; where there are none, the type is."""
    has_folders = "folder" in {one["type"] for one in api.get("/sources/types").json()}
    response = api.post("/sources", json={"type": "folder", "config": {"path": "/etc"}})
    if has_folders:
        problem = expect_problem(response, 422, "invalid", "may not be read")
        assert problem["errors"][0]["field"] == "config.path"
    else:
        expect_problem(response, 501, "unsupported", "folder")


def test_feed_is_collected_and_follows_its_editions(api: httpx.Client, pages: Pages) -> None:
    """A real feed twice is nothing new; its next edition is what was edited and what is new."""
    first, second = (FEEDS / f"peps-{number}.rss" for number in (1, 2))
    path = f"/{secrets.token_hex(4)}.rss"
    url = pages.put(path, first.read_bytes(), content_type="application/rss+xml")
    source = add_source(api, type="rss", config={"url": url})

    assert collect(api, source)["result"] == counts(added=41)
    assert collect(api, source)["result"] == counts(unchanged=41)
    assert collect(api, source, full=True)["result"] == counts(unchanged=41)
    pages.put(path, second.read_bytes(), content_type="application/rss+xml")
    assert collect(api, source)["result"] == counts(added=2, updated=3, unchanged=38)
    assert collect(api, source)["result"]["updated"] == 0


def test_entry_is_a_block_with_relations(api: httpx.Client, pages: Pages, unique: Unique) -> None:
    """To its feed, its author, its categories, its enclosures and its page; an edit keeps its id."""
    mark = unique("entry")
    entry = (
        "<item><guid>{guid}</guid><title>{title}</title><link>https://example.org/{guid}</link>"
        "<author>ann@example.org (Ann)</author><category>one</category><category>two</category>"
        "<enclosure url='https://example.org/a.mp3' type='audio/mpeg' length='1'/>"
        "<pubDate>Tue, 24 Nov 2026 10:00:00 GMT</pubDate>"
        "<description>&lt;p&gt;{text}&lt;/p&gt;</description></item>"
    )
    rss = "<rss version='2.0'><channel><title>t</title>{}</channel></rss>"
    path = f"/{secrets.token_hex(4)}.rss"
    guid = mark.replace(" ", "-")

    def put(title: str) -> str:
        return pages.put(path, rss.format(entry.format(guid=guid, title=title, text=mark)).encode())

    source = add_source(api, type="rss", config={"url": put("first")})
    blocks = api.get(f"/source/{source['id']}/collect").json()
    feed, centre = blocks
    assert (feed["resolver"], feed["storage"]) == ("feed", "url")
    assert centre["resolver"] == "feed entry"
    said = json.loads(centre["content"])
    assert said["title"] == "first"
    assert said["published"] == "2026-11-24T10:00:00Z"
    assert said["html"] == f"<p>{mark}</p>"
    assert related(api, centre["id"], "feed") == [feed]
    assert [b["content"] for b in related(api, centre["id"], "category")] == ["one", "two"]
    assert "Ann" in related(api, centre["id"], "author")[0]["content"]
    (enclosure,) = related(api, centre["id"], "enclosure")
    assert (enclosure["storage"], enclosure["content"]) == ("url", "https://example.org/a.mp3")
    (page,) = related(api, centre["id"], "page")
    assert (page["resolver"], page["content"]) == ("webpage", f"https://example.org/{guid}")

    note = api.post("/blocks", json=block(unique("note"))).json()
    api.post("/relations", json={"from_": note["id"], "to_": centre["id"], "content": "about"})
    put("second")
    (edited,) = api.get(f"/source/{source['id']}/collect").json()
    assert edited["id"] == centre["id"]
    assert json.loads(edited["content"])["title"] == "second"
    assert [b["id"] for b in related(api, note["id"], "about")] == [centre["id"]]
    assert api.get(f"/source/{source['id']}/collect").json() == []


def test_deleted_entry_stays_away_until_it_is_asked_for(
    api: httpx.Client, pages: Pages, unique: Unique
) -> None:
    """What somebody has deleted does not come back with the next collect, nor with an edit."""
    path, guid = f"/{secrets.token_hex(4)}.rss", unique("g")
    url = pages.put(path, feed_of((guid, "one", "text")))
    source = add_source(api, type="rss", config={"url": url})
    (_, entry) = api.get(f"/source/{source['id']}/collect").json()
    assert api.delete(f"/blocks/{entry['id']}").status_code == 204
    pages.put(path, feed_of((guid, "one, edited", "text")))
    assert api.get(f"/source/{source['id']}/collect").json() == []
    assert api.get(f"/source/{source['id']}/collect", params={"full": True}).json() == []
    (back,) = api.get(f"/source/{source['id']}/collect", params={"restore": True}).json()
    assert "one, edited" in back["content"]


def test_unchanged_feed_is_not_sent_again(api: httpx.Client, pages: Pages) -> None:
    """ETag and Last-Modified are kept, and forgotten when the address changes."""
    path = f"/{secrets.token_hex(4)}.rss"
    asked: list[dict[str, str]] = []

    def answer(headers: dict[str, str], write: Callable[[bytes], object]) -> None:
        asked.append(headers)
        if headers.get("if-none-match") == '"one"':
            write(b'HTTP/1.1 304 Not Modified\r\nETag: "one"\r\n\r\n')
            return
        body = feed_of(("a", "b", "c"))
        write(
            b'HTTP/1.1 200 OK\r\nETag: "one"\r\nLast-Modified: Tue, 24 Nov 2026 10:00:00 GMT\r\n'
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )

    pages.answers[path] = answer
    source = add_source(api, type="rss", config={"url": f"{pages.url}{path}"})
    collect(api, source)
    assert collect(api, source)["result"] == counts()
    assert asked[1]["if-modified-since"] == "Tue, 24 Nov 2026 10:00:00 GMT"
    assert api.get(f"/sources/{source['id']}").json()["state"]["etag"] == '"one"'
    assert collect(api, source, full=True)["result"] == counts(unchanged=2)
    other = f"{pages.url}{path}?other"
    pages.answers[f"{path}?other"] = answer
    changed = api.patch(f"/sources/{source['id']}", json={"config": {"url": other}}).json()
    assert changed["state"].get("etag") is None
    collect(api, source)
    assert "if-none-match" not in asked[-1]


def test_page_is_watched(api: httpx.Client, pages: Pages, unique: Unique) -> None:
    """Its readable text is a block that follows the page; what it says of itself is around it."""
    path, mark = f"/{secrets.token_hex(4)}.html", unique("page")
    sentence = "This is a sentence, of a text, that is long enough to be read by somebody. " * 5
    html = (
        "<html lang='en'><head><title>{title}</title><meta name='author' content='Ann'>"
        "<link rel='canonical' href='/real'></head><body><nav>menu, menu, menu</nav>"
        "<article><p>{text}</p><p><a href='/next'>next</a> {sentence}</p></article></body></html>"
    )
    url = pages.put(path, html.format(title="A page", text=mark, sentence=sentence).encode(),
                    content_type="text/html")  # fmt: skip
    source = add_source(api, type="webpage", config={"url": url})
    (text,) = api.get(f"/source/{source['id']}/collect").json()
    assert mark in text["content"]
    assert "menu, menu" not in text["content"]
    (incoming,) = api.get(f"/relations/by_block/{text['id']}", params={"direction": "in"}).json()
    assert incoming["content"] == "text content"
    page = incoming["from_"]
    assert [b["content"] for b in related(api, page, "title")] == ["A page"]
    assert [b["content"] for b in related(api, page, "author")] == ["Ann"]
    assert [b["content"] for b in related(api, page, "canonical")] == [f"{pages.url}/real"]
    assert [b["content"] for b in related(api, page, "links to")] == [f"{pages.url}/next"]
    assert api.get(f"/source/{source['id']}/collect").json() == []
    pages.put(path, html.format(title="New", text=f"{mark} edited", sentence=sentence).encode(),
              content_type="text/html")  # fmt: skip
    (edited,) = api.get(f"/source/{source['id']}/collect").json()
    assert edited["id"] == text["id"]
    assert [b["content"] for b in related(api, page, "title")] == ["New"]


def test_schedule_collects_by_itself(api: httpx.Client, pages: Pages, unique: Unique) -> None:
    """An interval begins at once, and its next time is set; the schedules say so."""
    url = pages.put(f"/{secrets.token_hex(4)}.rss", feed_of((unique("g"), "t", "text")))
    source = add_source(api, type="rss", config={"url": url}, schedule={"every": "15m"})
    deadline = time.monotonic() + WAIT_SECONDS
    while not (jobs := api.get("/jobs", params={"source": source["id"]}).json()["jobs"]):
        assert time.monotonic() < deadline
        tick(api)
        time.sleep(0.05)
    assert wait_for(api, jobs[0]["id"])["result"] == counts(added=2)
    schedule = api.get(f"/sources/{source['id']}").json()["schedule"]
    began = datetime.fromisoformat(schedule["last_due_at"])
    assert datetime.fromisoformat(schedule["next_run_at"]) == began + timedelta(minutes=15)
    listed = api.get("/schedules", params={"limit": 1000}).json()["schedules"]
    assert schedule["id"] in {one["id"] for one in listed}
    tick(api)
    assert len(api.get("/jobs", params={"source": source["id"]}).json()["jobs"]) == 1


def test_source_that_is_deleted_takes_its_schedule_along(api: httpx.Client) -> None:
    """And no other one."""
    source, other = (
        add_source(api, type="rss", config={"url": "https://e.org"}, schedule={"cron": "0 7 1 1 *"})
        for _ in range(2)
    )
    assert api.delete(f"/sources/{source['id']}").status_code == 204
    listed = api.get("/schedules", params={"limit": 1000}).json()["schedules"]
    scheduled = {one["source_id"] for one in listed}
    assert source["id"] not in scheduled
    assert other["id"] in scheduled
    assert api.delete(f"/sources/{other['id']}").status_code == 204


def test_housekeeping_is_scheduled_everywhere(api: httpx.Client) -> None:
    """What every base does by itself is listed beside what sources do."""
    listed = api.get("/schedules", params={"limit": 1000}).json()["schedules"]
    assert {"sweep", "sweep files"} <= {one["kind"] for one in listed}


def test_failed_collect_says_why_and_can_be_retried(api: httpx.Client, pages: Pages) -> None:
    """What will not get better has failed at once; a retry begins anew."""
    path = f"/{secrets.token_hex(4)}.rss"
    url = pages.put(path, b"<html><body>no feed at all</body></html>", content_type="text/html")
    source = add_source(api, type="rss", config={"url": url})
    failed = collect(api, source)
    assert failed["state"] == "failed"
    assert failed["error"].startswith("bad_answer: ")
    assert "no feed" in failed["error"]
    found = api.get("/jobs", params={"state": "failed", "source": source["id"]}).json()["jobs"]
    assert found == [failed]
    assert (
        api.get("/jobs", params={"state": "finished", "source": source["id"]}).json()["jobs"] == []
    )

    pages.put(path, feed_of(("a", "b", "c")))
    retried = api.post(f"/jobs/{failed['id']}/retry")
    assert retried.json()["state"] == "pending"
    assert retried.json()["error"] is None
    assert wait_for(api, failed["id"])["state"] == "finished"
    expect_problem(api.post(f"/jobs/{failed['id']}/retry"), 409, "conflict", "is finished")
    expect_problem(api.post(f"/jobs/{failed['id']}/cancel"), 409, "conflict", "is finished")


def test_server_that_is_busy_is_asked_again_later(api: httpx.Client, pages: Pages) -> None:
    """The job waits as long as the server wants, says why, and can be cancelled."""
    url = pages.put(f"/{secrets.token_hex(4)}.rss", b"busy", 503, retry_after="900")
    source = add_source(api, type="rss", config={"url": url})
    job = api.post(f"/sources/{source['id']}/collect").json()
    deadline = time.monotonic() + WAIT_SECONDS
    while (job := api.get(f"/jobs/{job['id']}").json())["error"] is None:
        assert time.monotonic() < deadline
        tick(api)
        time.sleep(0.05)
    assert (job["state"], job["attempts"]) == ("pending", 1)
    assert "answered 503" in job["error"]
    later = datetime.fromisoformat(job["run_at"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < later < timedelta(minutes=16)
    again = api.post(f"/sources/{source['id']}/collect").json()
    assert again["id"] == job["id"]  # it waits already
    cancelled = api.post(f"/jobs/{job['id']}/cancel").json()
    assert (cancelled["state"], cancelled["leased_until"]) == ("cancelled", None)


def test_former_path_says_when_it_cannot(api: httpx.Client, pages: Pages) -> None:
    """Its answer is the collect's: an error of the other server's is 502, with the job's number."""
    source = add_source(api, type="rss", config={"url": f"{pages.url}/nowhere"})
    problem = expect_problem(
        api.get(f"/source/{source['id']}/collect"), 502, "collect_failed", "answered 404"
    )
    assert "job" in problem["hint"]
    expect_problem(api.get("/source/999999999/collect"), 404, "not_found")


def test_what_others_bring_is_not_collected(api: httpx.Client) -> None:
    """The mistake is the caller's, and no job of it fails."""
    inbox = add_source(api, type="inbox")
    for answer in (
        api.get(f"/source/{inbox['id']}/collect"),
        api.post(f"/sources/{inbox['id']}/collect"),
    ):
        problem = expect_problem(answer, 409, "conflict", "others bring")
        assert f"/sources/{inbox['id']}/items" in problem["hint"]
    assert api.get("/jobs", params={"source": inbox["id"]}).json()["jobs"] == []


def test_full_text_is_fetched_by_a_job_of_its_own(
    api: httpx.Client, pages: Pages, unique: Unique
) -> None:
    """Organizing is a job, added in the batch that adds the block."""
    mark = unique("body")
    text = "And this, again, is a sentence with commas, for those who look for text. " * 8
    page = pages.put(
        f"/{secrets.token_hex(4)}.html",
        f"<html><body><article><p>{mark}, {text}</p></article></body></html>".encode(),
        content_type="text/html",
    )
    rss = (
        f"<rss version='2.0'><channel><title>t</title><item><guid>{mark}</guid><title>x</title>"
        f"<link>{page}</link></item></channel></rss>"
    )
    url = pages.put(f"/{secrets.token_hex(4)}.rss", rss.encode())
    source = add_source(api, type="rss", config={"url": url, "full_text": True})
    collect(api, source)
    filters = {"kind": "organize", "source": source["id"]}
    jobs = api.get("/jobs", params=filters).json()["jobs"]
    assert len(jobs) == 2  # the feed's own block has no page
    results = [wait_for(api, job["id"])["result"]["added"] for job in jobs]
    assert sorted(results) == [False, True]
    entry = next(j["payload"]["block_id"] for j, added in zip(jobs, results, strict=True) if added)
    (page_block,) = related(api, entry, "page")
    assert mark in related(api, page_block["id"], "text content")[0]["content"]


def test_items_of_others_are_taken_once(api: httpx.Client, unique: Unique) -> None:
    """A remote collector sends star graphs by key: again is nothing, an edit is an edit."""
    source = add_source(api, type="inbox", nickname="remote")
    path = f"/sources/{source['id']}/items"
    key, first, second = unique("key"), unique("first"), unique("second")

    def send(text: str) -> Json:
        item = {"key": key, "star": star(block(text), ("about", block("topic")))}
        answer: Json = api.post(path, json={"items": [item]}).json()
        return answer

    added = send(first)
    assert added["added"] == 1
    (block_id,) = added["block_ids"]
    assert send(first) == {**counts(unchanged=1), "block_ids": []}
    assert send(second) == {**counts(updated=1), "block_ids": [block_id]}
    assert api.get(f"/blocks/{block_id}").json()["content"] == second
    expect_problem(api.post("/sources/999999999/items", json={"items": []}), 404, "not_found")


def test_item_that_was_deleted_is_sent_back_when_that_is_asked_for(
    api: httpx.Client, unique: Unique
) -> None:
    """Without ``restore`` the same stays away; who has something new to say is heard."""
    source = add_source(api, type="inbox")
    path, key = f"/sources/{source['id']}/items", unique("key")

    def send(text: str, **query: Any) -> Json:
        items = [{"key": key, "star": star(block(text))}]
        answer: Json = api.post(path, json={"items": items}, params=query).json()
        return answer

    (block_id,) = send(unique("first"))["block_ids"]
    assert api.delete(f"/blocks/{block_id}").status_code == 204
    answer = send(unique("first"))
    assert (answer["unchanged"], answer["withheld"], answer["block_ids"]) == (1, 1, [])
    (back,) = send(unique("first"), restore=True)["block_ids"]
    assert api.get(f"/blocks/{back}").json()["content"] == unique("first")
    assert api.delete(f"/blocks/{back}").status_code == 204
    (new,) = send(unique("second"))["block_ids"]
    assert api.get(f"/blocks/{new}").json()["content"] == unique("second")


def test_collect_is_asked_in_words_of_one_meaning(api: httpx.Client, pages: Pages) -> None:
    """A job has those that it was asked with; one that waits already is found by them."""
    source = add_source(api, type="rss", config={"url": f"{pages.url}/nowhere"})
    path = f"/sources/{source['id']}/collect"
    assert (source["missing"], source["missing_since"]) == (0, None)
    for query, payload in (
        ({}, {"full": False}),
        ({"full": True}, {"full": True}),
        ({"restore": True}, {"full": False, "restore": True}),
        ({"full": True, "forget": True}, {"full": True, "forget": True}),
    ):
        response = api.post(path, params=query)
        assert response.status_code == 202
        assert response.json()["payload"] == payload
    expect_problem(api.post(path, params={"forget": "perhaps"}), 422, "invalid")


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("rss", {"url": "https://example.org/feed"}),
        ("webpage", {"url": "https://example.org/"}),
    ],
)
def test_items_are_taken_by_an_inbox_only(
    api: httpx.Client, unique: Unique, kind: str, config: Json
) -> None:
    """Elsewhere a collect decides what there is: what would not be kept is not acknowledged."""
    source = add_source(api, type=kind, config=config)
    mark = unique("sent to a collector")
    item = {"key": mark, "star": star(block(mark, resolver=mark))}
    path = f"/sources/{source['id']}/items"
    for items in ([item], []):
        response = api.post(path, json={"items": items})
        problem = expect_problem(response, 409, "conflict", f"of type {kind}")
        assert "inbox" in problem["hint"]
    assert api.get("/blocks", params={"resolver": mark}).json()["blocks"] == []


def test_description_tells_who_takes_items(api: httpx.Client) -> None:
    """OpenAPI has the refusal, and the types say which of them take items."""
    routes = api.get("/openapi.json").json()["paths"]
    for path in ("/sources/{source_id}/items", "/hooks/{source_id}"):
        assert "409" in routes[path]["post"]["responses"]
    assert "inbox" in routes["/sources/{source_id}/items"]["post"]["description"]
    types = api.get("/sources/types").json()
    assert {one["type"] for one in types if one["takes_items"]} == {"inbox"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "items"),
        ({"items": [{"key": "", "star": {}}]}, "items.0.key"),
        ({"items": [{"key": "a"}]}, "items.0.star"),
        ({"items": [], "colour": 1}, "colour"),
        ({"items": [{"key": "a", "star": {"block": {"resolver": "text"}}}]}, "items.0.star.block"),
        (
            {"items": [{"key": "a", "star": {"block": block("x", storage="moon")}}]},
            "storage",
        ),
    ],
)
def test_wrong_items_name_their_field(api: httpx.Client, body: Any, field: str) -> None:
    """And nothing is written."""
    source = add_source(api, type="inbox")
    problem = expect_problem(api.post(f"/sources/{source['id']}/items", json=body), 422, "invalid")
    assert problem["errors"][0]["field"].startswith(field)


SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
MAPPING: Json = {
    "key": "/id",
    "block": {"content": "{/user}: {/text}"},
    "relations": [
        {"relation": "author", "content": "/user"},
        {"relation": "tag", "content": "/tags/*"},
        {"relation": "page", "resolver": "webpage", "storage": "url", "content": "/url"},
    ],
}


def sign(body: bytes, *, at: datetime | None = None, secret: str = SECRET, name: str = "m") -> Json:
    """Sign a message as the specification's own library does; give its headers."""
    moment = at or datetime.now(UTC)
    return {
        "webhook-id": name,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, moment, body.decode()),
        "content-type": "application/json",
    }


def test_signed_message_becomes_a_graph_once(api: httpx.Client, unique: Unique) -> None:
    """As the mapping says; sent again it changes nothing."""
    source = add_source(api, type="inbox", config={"secret": SECRET, "mapping": MAPPING})
    assert source["config"]["secret"] == "*" * 10
    mark = unique("hello")
    message = {"id": mark, "user": "ann", "text": mark, "tags": ["a", "b"]}
    body = json.dumps(message).encode()
    path = f"/hooks/{source['id']}"
    written = api.post(path, content=body, headers=sign(body)).json()
    assert written["added"] == 1
    (block_id,) = written["block_ids"]
    assert api.get(f"/blocks/{block_id}").json()["content"] == f"ann: {mark}"
    assert [b["content"] for b in related(api, block_id, "tag")] == ["a", "b"]
    assert related(api, block_id, "page") == []
    again = api.post(path, content=body, headers=sign(body)).json()
    assert again == {**counts(unchanged=1), "block_ids": []}

    # A secret that was masked stays when the configuration is given back.
    api.patch(f"/sources/{source['id']}", json={"config": source["config"]})
    assert api.post(path, content=body, headers=sign(body)).status_code == 200


def test_old_message_sent_again_undoes_no_newer_one(api: httpx.Client, unique: Unique) -> None:
    """Its id is known while its signature counts; it is answered as what changes nothing."""
    source = add_source(api, type="inbox", config={"secret": SECRET, "mapping": MAPPING})
    path = f"/hooks/{source['id']}"
    texts = [unique("old"), unique("new")]
    bodies = [json.dumps({"id": "1", "user": "ann", "text": text}).encode() for text in texts]
    signed = [sign(body, name=text) for body, text in zip(bodies, texts, strict=True)]
    written = [
        api.post(path, content=body, headers=headers).json()
        for body, headers in zip(bodies, signed, strict=True)
    ]
    (block_id,) = written[1]["block_ids"]
    assert (written[0]["added"], written[1]["updated"]) == (1, 1)
    again = api.post(path, content=bodies[0], headers=signed[0])
    assert (again.status_code, again.json()) == (200, {**counts(unchanged=1), "block_ids": []})
    assert api.get(f"/blocks/{block_id}").json()["content"] == f"ann: {texts[1]}"

    # Said again by its sender it is a message of its own.
    headers = sign(bodies[0], name=unique("again"))
    assert api.post(path, content=bodies[0], headers=headers).json()["updated"] == 1


def test_message_that_failed_is_taken_when_it_is_sent_again(
    api: httpx.Client, unique: Unique
) -> None:
    """Only what was written is known."""
    secret = {"secret": SECRET, "mapping": {"key": "/id", "block": {"content": "{/title}"}}}
    source = add_source(api, type="inbox", config=secret)
    path, text = f"/hooks/{source['id']}", unique("late")
    body = json.dumps({"id": "1", "text": text}).encode()
    expect_problem(api.post(path, content=body, headers=sign(body)), 422, "invalid")
    mapping = {"key": "/id", "block": {"content": "{/text}"}}
    edited = api.patch(f"/sources/{source['id']}", json={"config": {"mapping": mapping}})
    assert edited.status_code == 200
    assert api.post(path, content=body, headers=sign(body)).json()["added"] == 1


def test_source_with_a_secret_takes_signed_items_only(api: httpx.Client, unique: Unique) -> None:
    """And each message once, by whichever way it comes."""
    source = add_source(api, type="inbox", config={"secret": SECRET, "mapping": MAPPING})
    path = f"/sources/{source['id']}/items"

    def items(text: str) -> bytes:
        return json.dumps({"items": [{"key": "1", "star": star(block(text))}]}).encode()

    texts = [unique("one"), unique("two")]
    expect_problem(api.post(path, content=items(texts[0])), 403, "forbidden", "not signed")
    wrong = sign(b"{}", name=texts[0])
    expect_problem(api.post(path, content=items(texts[0]), headers=wrong), 403, "forbidden")
    for text, change in zip(texts, ("added", "updated"), strict=True):
        body = items(text)
        assert api.post(path, content=body, headers=sign(body, name=text)).json()[change] == 1
    body = items(texts[0])
    again = api.post(path, content=body, headers=sign(body, name=texts[0])).json()
    assert again == {**counts(unchanged=1), "block_ids": []}
    blocks = api.get("/blocks", params={"limit": 1000}).json()["blocks"]
    assert texts[0] not in {one["content"] for one in blocks}


def test_message_that_is_not_rightly_signed_is_refused(api: httpx.Client) -> None:
    """Unsigned, signed with another secret, of yesterday, or changed on its way."""
    source = add_source(api, type="inbox", config={"secret": SECRET, "mapping": MAPPING})
    path = f"/hooks/{source['id']}"
    body = b'{"id": "1", "user": "ann", "text": "hello"}'
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    late, early = (datetime.now(UTC) + timedelta(minutes=m) for m in (-6, 6))
    expect_problem(api.post(path, content=body), 403, "forbidden", "not signed")
    for headers in (sign(body, secret=other), sign(b"{}")):
        expect_problem(api.post(path, content=body, headers=headers), 403, "forbidden", "signature")
    for moment in (late, early):
        headers = sign(body, at=moment)
        expect_problem(api.post(path, content=body, headers=headers), 403, "forbidden", "timestamp")
    closed = add_source(api, type="inbox")
    expect_problem(
        api.post(f"/hooks/{closed['id']}", content=body, headers=sign(body)), 403, "forbidden"
    )
    feed = add_source(api, type="rss", config={"url": "https://example.org/feed"})
    expect_problem(api.post(f"/hooks/{feed['id']}", content=body), 404, "not_found")
    expect_problem(api.post("/hooks/999999999", content=body), 404, "not_found")


def test_message_without_what_is_mapped_is_invalid(api: httpx.Client) -> None:
    """And one that is no JSON."""
    source = add_source(api, type="inbox", config={"secret": SECRET, "mapping": MAPPING})
    for body, word in ((b'{"user": "ann", "text": "x"}', "/id"), (b"hello", "JSON")):
        response = api.post(f"/hooks/{source['id']}", content=body, headers=sign(body))
        expect_problem(response, 422, "invalid", word)


def test_jobs_are_listed_in_pages(api: httpx.Client, pages: Pages) -> None:
    """Newest first, with a cursor that goes on where the page ended."""
    source = add_source(api, type="rss", config={"url": f"{pages.url}/nowhere"})
    ids = [collect(api, source)["id"] for _ in range(3)]
    first = api.get("/jobs", params={"source": source["id"], "limit": 2}).json()
    assert [job["id"] for job in first["jobs"]] == ids[:0:-1]
    query = {"source": source["id"], "limit": 2, "cursor": first["next_cursor"]}
    second = api.get("/jobs", params=query).json()
    assert [job["id"] for job in second["jobs"]] == ids[:1]
    assert second["next_cursor"] is None
    expect_problem(api.get("/jobs", params={"state": "lost"}), 422, "invalid")
    expect_problem(api.get("/jobs/999999999"), 404, "not_found")


def test_cross_site_page_cannot_collect_by_the_former_path(api: httpx.Client) -> None:
    """It is a GET that changes something: an image of another site would do."""
    response = api.get("/source/1/collect", headers={"sec-fetch-site": "cross-site"})
    expect_problem(response, 403, "cross_site")


def test_metrics_are_there_or_said_not_to_be(api: httpx.Client) -> None:
    """A process counts for Prometheus; a Worker, of which there are many, says that it does not."""
    response = api.get("/metrics")
    if api.get("/heartbeat").json()["worker"]:
        expect_problem(response, 501, "unsupported")
        return
    assert response.headers["content-type"].startswith("text/plain")
    api.get("/blocks/1")
    said = api.get("/metrics").text
    for name in ("inkcre_http_requests_total", "inkcre_jobs{", "inkcre_jobs_queue_age_seconds",
                 "inkcre_tick_lag_seconds", "inkcre_database_connections", "inkcre_ticks_total"):  # fmt: skip
        assert name in said, name
    assert 'route="/blocks/{block_id}"' in said


def test_requests_have_ids(api: httpx.Client) -> None:
    """One that was given in front of us, or a new one; in every response."""
    assert (
        api.get("/heartbeat", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    )
    made = api.get("/heartbeat", headers={"x-request-id": "not\tusable"}).headers["x-request-id"]
    assert len(made) == 32
    assert api.get("/nowhere").headers["x-request-id"] != made
