"""``/blocks``."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2 as httpx
import pytest

from tests.contract.conftest import (
    SMALL_BODY_BYTES,
    block,
    expect_problem,
    follow,
    located,
    star,
)

Unique = Callable[[str], str]
MISSING = 9_000_000_000_000_000_000
RFC_3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"


def test_block_is_created_and_read_back(api: httpx.Client, unique: Unique) -> None:
    """POST answers 201 with the whole block and where it is; GET there gives the same."""
    created = api.post("/blocks", json=block(unique("a note")))
    assert created.status_code == 201
    body = created.json()
    assert set(body) == {"id", "created_at", "updated_at", "storage", "resolver", "content"}
    assert body["content"] == unique("a note")
    assert body["resolver"] == "text"
    assert body["storage"] is None
    assert body["created_at"] == body["updated_at"]
    assert created.headers["location"] == located(api, f"/blocks/{body['id']}")
    assert follow(api, created.headers["location"]).json() == body


def test_block_times_are_rfc_3339_in_utc(api: httpx.Client, unique: Unique) -> None:
    """Times have six digits of a second and end in Z."""
    import re

    assert re.fullmatch(RFC_3339, api.post("/blocks", json=block(unique("x"))).json()["created_at"])


def test_identical_block_is_answered_200_and_not_added(api: httpx.Client, unique: Unique) -> None:
    """A block is its resolver, storage and content: the second POST gives the first one's id."""
    first = api.post("/blocks", json=block(unique("twin")))
    second = api.post("/blocks", json=block(unique("twin")))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


@pytest.mark.parametrize(
    "other",
    [{"resolver": "webpage"}, {"storage": "url"}, {"content": "other"}],
    ids=["resolver", "storage", "content"],
)
def test_block_that_differs_in_one_column_is_another(
    api: httpx.Client, unique: Unique, other: dict[str, str]
) -> None:
    """Each of the three columns is part of a block's identity."""
    first = api.post("/blocks", json=block(unique("one")))
    if "content" in other:
        other = {"content": unique("other")}
    second = api.post("/blocks", json={**block(unique("one")), **other})
    assert second.status_code == 201
    assert first.json()["id"] != second.json()["id"]


def test_concurrent_identical_blocks_leave_one(api: httpx.Client, unique: Unique) -> None:
    """Of fifty identical POSTs at once exactly one is 201, and all give one id."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(
            pool.map(lambda _: api.post("/blocks", json=block(unique("race"))), range(50))
        )
    assert sorted(a.status_code for a in answers) == [200] * 49 + [201]
    assert len({a.json()["id"] for a in answers}) == 1


def test_storage_url_is_known_in_both_spellings(api: httpx.Client, unique: Unique) -> None:
    """Clients say "url", the former server said "URL": one storage."""
    lower = api.post("/blocks", json=block(unique("https://a.example/"), "webpage", "url"))
    upper = api.post("/blocks", json=block(unique("https://a.example/"), "webpage", "URL"))
    assert (lower.status_code, upper.status_code) == (201, 200)
    assert lower.json()["storage"] == "url"
    found = api.get("/blocks", params={"storage": "URL", "limit": 1}).json()["blocks"]
    assert found[0]["storage"] == "url"


def test_unknown_storage_is_refused_by_name(api: httpx.Client, unique: Unique) -> None:
    """The problem names the field and lists the storages that exist."""
    answer = api.post("/blocks", json=block(unique("x"), storage="nowhere"))
    problem = expect_problem(answer, 422, "invalid", "nowhere")
    assert problem["errors"][0]["field"] == "storage"
    assert "url" in problem["hint"]


def test_unknown_resolver_is_stored_and_readable(api: httpx.Client, unique: Unique) -> None:
    """A kind of block that nobody here knows is kept all the same."""
    created = api.post("/blocks", json=block(unique("?"), "somebody.elses"))
    assert created.status_code == 201
    assert api.get(f"/blocks/{created.json()['id']}").json()["resolver"] == "somebody.elses"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"resolver": "text"}, "content"),
        ({"content": "x"}, "resolver"),
        ({"resolver": "", "content": "x"}, "resolver"),
        ({"resolver": "r" * 257, "content": "x"}, "resolver"),
        ({"resolver": "text", "content": 5}, "content"),
        ({"resolver": "text", "content": None}, "content"),
        ({"resolver": "text", "content": "a\x00b"}, "content"),
        ({"resolver": "te\x00xt", "content": "x"}, "resolver"),
        ({"resolver": "text", "content": "x", "storage": ""}, "storage"),
        ({"resolver": "text", "content": "x", "id": 77}, "id"),
        ({"resolver": "text", "content": "x", "created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"resolver": "text", "content": "x", "contnet": "y"}, "contnet"),
        ([], "body"),
        ("text", "body"),
    ],
    ids=str,
)
def test_bad_block_is_422_with_the_field_named(api: httpx.Client, body: Any, field: str) -> None:
    """What cannot be a block earns a problem that names the field and echoes no input."""
    problem = expect_problem(api.post("/blocks", json=body), 422, "invalid")
    assert field in [error["field"] for error in problem["errors"]]
    assert "input" not in problem["errors"][0]


@pytest.mark.parametrize("path", ["/blocks", "/graph"])
def test_lone_surrogate_is_422(api: httpx.Client, path: str) -> None:
    """Half a surrogate pair is valid in JSON's grammar and no text: refused, field named."""
    form = b'{"resolver":"text","content":"\\ud800"}'
    if path == "/graph":
        answer = api.put(path, content=b'{"block":' + form + b"}")
    else:
        answer = api.post(path, content=form, headers={"content-type": "application/json"})
    problem = expect_problem(answer, 422, "invalid")
    assert problem["errors"][0]["field"].endswith("content")


def test_surrogate_pair_is_a_character(api: httpx.Client, unique: Unique) -> None:
    """A whole pair is one character, and comes back as it is."""
    content = unique("\N{GRINNING FACE} 漢字 \u202e \x01 \ufffe é e\u0301")
    assert api.post("/blocks", json=block(content)).json()["content"] == content


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"nul"], ids=repr)
def test_body_that_is_not_json_is_422(api: httpx.Client, body: bytes) -> None:
    """Not JSON, and said so."""
    answer = api.post("/blocks", content=body, headers={"content-type": "application/json"})
    problem = expect_problem(answer, 422, "invalid")
    assert problem["errors"][0]["field"] == "body"


def test_large_content_comes_back_whole(api: httpx.Client, unique: Unique) -> None:
    """A megabyte of text is a block like any other."""
    content = unique("x" * 1_000_000)
    created = api.post("/blocks", json=block(content))
    assert api.get(f"/blocks/{created.json()['id']}").json()["content"] == content


def test_empty_content_is_content(api: httpx.Client, unique: Unique) -> None:
    """Empty text is text."""
    created = api.post("/blocks", json=block("", unique("r")))
    assert created.status_code == 201
    assert created.json()["content"] == ""


def test_content_is_as_large_as_the_home_takes(
    api: httpx.Client, unique: Unique, max_body_bytes: int
) -> None:
    """What the home says that it takes, it takes; a body beyond that is 413."""
    ports = {port["port"]: port for port in api.get("/capabilities").json()["ports"]}
    limit = ports["database"]["capabilities"]["max_value_bytes"] or max_body_bytes
    content = unique("x" * (min(limit, max_body_bytes, 4_000_000) - 2000))
    created = api.post("/blocks", json=block(content))
    assert created.status_code == 201
    assert follow(api, created.headers["location"]).json()["content"] == content
    if max_body_bytes <= SMALL_BODY_BYTES:
        answer = api.post("/blocks", json=block("x" * max_body_bytes))
        expect_problem(answer, 413, "too_large")


def test_body_in_another_encoding_is_422(api: httpx.Client) -> None:
    """JSON between systems is UTF-8; what Python would take besides is a way round the limits."""
    for text in ('{"resolver":"text","content":"x"}', '["\u2200",' + "[" * 200_000):
        for encoding in ("utf-16-le", "utf-16", "utf-32"):
            body = text.encode(encoding)
            headers = {"content-type": "application/json"}
            for method, path in (("POST", "/blocks"), ("PUT", "/graph")):
                answer = api.request(method, path, content=body, headers=headers)
                expect_problem(answer, 422, "invalid", "body: not UTF-8")


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"resolver":' * 50_000], ids=["list", "table"])
def test_body_nested_without_end_is_422(api: httpx.Client, body: bytes) -> None:
    """Whatever parses it must not be led to the end of its stack."""
    headers = {"content-type": "application/json"}
    for path in ("/blocks", "/relations"):
        problem = expect_problem(api.post(path, content=body, headers=headers), 422, "invalid")
        assert problem["detail"] == "body: nested too deeply"


def test_brackets_in_text_are_no_nesting(api: httpx.Client, unique: Unique) -> None:
    """Content may have any number of them, quotes and backslashes between them too."""
    content = unique('[{"\\' * 300)
    created = api.post("/blocks", json=block(content))
    assert created.status_code == 201
    assert created.json()["content"] == content


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_missing_block_is_404_by_id(api: httpx.Client, method: str) -> None:
    """The problem names the id."""
    answer = api.request(method, f"/blocks/{MISSING}", json={} if method == "PATCH" else None)
    expect_problem(answer, 404, "not_found", str(MISSING))


@pytest.mark.parametrize("id_", ["0", "-1", "x", "1.5", str(2**63), "9" * 5000, "%00"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_impossible_block_id_is_422(api: httpx.Client, id_: str, method: str) -> None:
    """An id is a positive number that fits into 63 bits."""
    answer = api.request(method, f"/blocks/{id_}", json={} if method == "PATCH" else None)
    problem = expect_problem(answer, 422, "invalid")
    assert problem["errors"][0]["field"] == "block_id"


def test_patch_changes_what_it_names(api: httpx.Client, unique: Unique) -> None:
    """Content changes, the rest stays, and the time of change moves."""
    before = api.post("/blocks", json=block(unique("old"), "webpage", "url")).json()
    answer = api.patch(f"/blocks/{before['id']}", json={"content": unique("new")})
    assert answer.status_code == 200
    after = answer.json()
    assert after == {**before, "content": unique("new"), "updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]
    assert api.get(f"/blocks/{before['id']}").json() == after


def test_patch_tells_null_from_absent(api: httpx.Client, unique: Unique) -> None:
    """An absent storage stays; a null one makes the block inline."""
    made = api.post("/blocks", json=block(unique("u"), "webpage", "url")).json()
    path = f"/blocks/{made['id']}"
    assert api.patch(path, json={"resolver": "image"}).json()["storage"] == "url"
    assert api.patch(path, json={"storage": None}).json()["storage"] is None


def test_patch_of_nothing_changes_nothing(api: httpx.Client, unique: Unique) -> None:
    """An empty change moves no time either."""
    made = api.post("/blocks", json=block(unique("same"))).json()
    answer = api.patch(f"/blocks/{made['id']}", json={})
    assert answer.status_code == 200
    assert answer.json()["content"] == made["content"]


def test_patch_into_a_twin_is_409_naming_it(api: httpx.Client, unique: Unique) -> None:
    """Two blocks may not become one; nothing changes."""
    one = api.post("/blocks", json=block(unique("one"))).json()
    two = api.post("/blocks", json=block(unique("two"))).json()
    answer = api.patch(f"/blocks/{two['id']}", json={"content": unique("one")})
    expect_problem(answer, 409, "conflict", str(one["id"]), str(two["id"]))
    assert api.get(f"/blocks/{two['id']}").json() == two


@pytest.mark.parametrize(
    "body", [{"content": None}, {"resolver": None}, {"id": 5}, {"storage": "nowhere"}], ids=str
)
def test_bad_patch_is_422(api: httpx.Client, unique: Unique, body: Any) -> None:
    """Only storage may be null; ids are the server's; a storage must exist."""
    made = api.post("/blocks", json=block(unique("x"))).json()
    expect_problem(api.patch(f"/blocks/{made['id']}", json=body), 422, "invalid")
    assert api.get(f"/blocks/{made['id']}").json() == made


def test_concurrent_patches_lose_none(api: httpx.Client, unique: Unique) -> None:
    """Changes of different keys at once all end up in the block."""
    made = api.post("/blocks", json=block(unique("c"), "r0")).json()
    changes = [{"content": unique("changed")}, {"resolver": "r1"}, {"storage": "url"}] * 4
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda c: api.patch(f"/blocks/{made['id']}", json=c), changes))
    assert {a.status_code for a in answers} == {200}
    after = api.get(f"/blocks/{made['id']}").json()
    assert (after["content"], after["resolver"], after["storage"]) == (
        unique("changed"),
        "r1",
        "url",
    )


def test_delete_takes_relations_along(api: httpx.Client, unique: Unique) -> None:
    """Deleting a block deletes its relations at either end, and leaves the other blocks."""
    form = star(
        block(unique("centre")), ("to", block(unique("out"))), into=(("from", block(unique("in"))),)
    )
    graph = api.put("/graph", json=form).json()
    centre, out, into = (b["id"] for b in graph["blocks"])
    answer = api.delete(f"/blocks/{centre}")
    assert (answer.status_code, answer.content) == (204, b"")
    expect_problem(api.get(f"/blocks/{centre}"), 404, "not_found")
    for other in (out, into):
        assert api.get(f"/relations/by_block/{other}").json() == []
    expect_problem(api.delete(f"/blocks/{centre}"), 404, "not_found")


def test_deleted_id_is_not_given_again(api: httpx.Client, unique: Unique) -> None:
    """An id names one block for ever."""
    first = api.post("/blocks", json=block(unique("first"))).json()["id"]
    api.delete(f"/blocks/{first}")
    assert api.post("/blocks", json=block(unique("second"))).json()["id"] > first


def test_recent_blocks_are_newest_first(api: httpx.Client, unique: Unique) -> None:
    """The last ones added come first, as a plain list, as many as asked for."""
    kind = unique("kind")
    ids = [api.post("/blocks", json=block(str(n), kind)).json()["id"] for n in range(5)]
    found = api.get("/blocks/recent", params={"num": 3, "resolver": kind}).json()
    assert [b["id"] for b in found] == ids[:1:-1]
    assert len(api.get("/blocks/recent").json()) <= 10


@pytest.mark.parametrize("num", ["0", "-1", "1001", "x", ""])
def test_recent_num_out_of_bounds_is_422(api: httpx.Client, num: str) -> None:
    """From 1 to 1000."""
    problem = expect_problem(api.get("/blocks/recent", params={"num": num}), 422, "invalid")
    assert problem["errors"][0]["field"] == "num"


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x"])
def test_list_limit_out_of_bounds_is_422(api: httpx.Client, limit: str) -> None:
    """From 1 to 1000."""
    problem = expect_problem(api.get("/blocks", params={"limit": limit}), 422, "invalid")
    assert problem["errors"][0]["field"] == "limit"


@pytest.mark.parametrize("cursor", ["x", "MTo", "MTotMQ", "MjoxMA", "é", "A" * 64, "%00"])
def test_foreign_cursor_is_422(api: httpx.Client, cursor: str) -> None:
    """A cursor is ours or it is refused."""
    problem = expect_problem(api.get("/blocks", params={"cursor": cursor}), 422, "invalid")
    assert problem["errors"][0]["field"] == "cursor"


def test_pages_cover_every_block_once(api: httpx.Client, unique: Unique) -> None:
    """Following cursors visits each block once, newest first, even while blocks are added."""
    kind = unique("paged")
    ids = [api.post("/blocks", json=block(str(n), kind)).json()["id"] for n in range(11)]
    seen: list[int] = []
    parameters: dict[str, Any] = {"resolver": kind, "limit": 4}
    while True:
        page = api.get("/blocks", params=parameters).json()
        seen += [b["id"] for b in page["blocks"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
        api.post("/blocks", json=block(f"late {len(seen)}", kind))
    assert seen == ids[::-1]


def test_list_filters_by_resolver_and_storage(api: httpx.Client, unique: Unique) -> None:
    """Both filters hold together."""
    kind = unique("kind")
    api.post("/blocks", json=block("inline", kind))
    stored = api.post("/blocks", json=block("stored", kind, "url")).json()
    both = api.get("/blocks", params={"resolver": kind, "storage": "url"}).json()
    assert both == {"blocks": [stored], "next_cursor": None}
    assert api.get("/blocks", params={"resolver": unique("none")}).json()["blocks"] == []


def test_organize_adds_what_a_text_mentions(api: httpx.Client, unique: Unique) -> None:
    """Organising is asked for, adds relations to mentioned pages, and adds nothing twice."""
    url = unique("https://example.org/p?q=").replace(" ", "")
    form = block(f"See {url}, or ({url}).")
    made = api.post("/blocks", json=form, params={"organize": True}).json()
    around = api.get(f"/blocks/{made['id']}/graph").json()
    assert [(r["content"], r["from_"]) for r in around["relations"]] == [("mentions", made["id"])]
    assert around["blocks"][1]["content"] == url
    again = api.post("/blocks", json=form, params={"organize": True})
    assert (again.status_code, again.json()) == (200, made)
    assert len(api.get(f"/relations/by_block/{made['id']}").json()) == 1


def test_organize_is_not_done_unasked(api: httpx.Client, unique: Unique) -> None:
    """A plain write writes what it says."""
    made = api.post("/blocks", json=block(unique("https://example.org/"))).json()
    assert api.get(f"/relations/by_block/{made['id']}").json() == []
