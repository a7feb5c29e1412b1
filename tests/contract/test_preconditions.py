"""What somebody has not seen is not overwritten: ``ETag`` and conditions (RFC 9110, section 13)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2 as httpx
import pytest

from tests.contract.conftest import block, expect_problem

Unique = Callable[[str], str]
STALE = '"stale"'
MISSING = 9_000_000_000_000_000_000


def add_block(api: httpx.Client, content: str) -> httpx.Response:
    """Add a block."""
    answer = api.post("/blocks", json=block(content))
    assert answer.status_code == 201
    return answer


def add_relation(api: httpx.Client, unique: Unique) -> httpx.Response:
    """Relate two new blocks."""
    ends = [add_block(api, unique(name)).json()["id"] for name in ("from", "to")]
    return api.post(
        "/relations", json={"from_": ends[0], "to_": ends[1], "content": unique("says")}
    )


def add_source(api: httpx.Client, unique: Unique) -> httpx.Response:
    """Add an inbox."""
    answer = api.post("/sources", json={"type": "inbox", "nickname": unique("inbox")})
    assert answer.status_code == 201
    return answer


Made = Callable[[httpx.Client, Unique], httpx.Response]
THINGS: dict[str, tuple[str, Made]] = {
    "blocks": ("/blocks/{id}", lambda api, unique: add_block(api, unique("a note"))),
    "relations": ("/relations/{id}", add_relation),
    "sources": ("/sources/{id}", add_source),
}


@pytest.fixture(params=THINGS)
def thing(request: pytest.FixtureRequest, api: httpx.Client, unique: Unique) -> tuple[str, str]:
    """Return where a new thing of each kind is, and its tag."""
    path, make = THINGS[request.param]
    made = make(api, unique)
    return path.format(**made.json()), made.headers["etag"]


def test_answer_of_one_thing_has_its_tag(api: httpx.Client, thing: tuple[str, str]) -> None:
    """Whoever adds it is given the same strong tag as whoever reads it."""
    path, tag = thing
    assert tag.startswith('"')
    assert tag.endswith('"')
    assert api.get(path).headers["etag"] == tag
    assert api.get(path).headers["etag"] == tag


def test_what_is_known_is_304(api: httpx.Client, thing: tuple[str, str]) -> None:
    """By its tag, among others, weak, or any."""
    path, tag = thing
    for known in (tag, f'"a", W/{tag}', "*"):
        answer = api.get(path, headers={"if-none-match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
    assert api.get(path, headers={"if-none-match": STALE}).status_code == 200


def test_read_of_something_else_is_412(api: httpx.Client, thing: tuple[str, str]) -> None:
    """If-Match counts for reads as well."""
    path, tag = thing
    assert api.get(path, headers={"if-match": tag}).status_code == 200
    answer = api.get(path, headers={"if-match": STALE, "if-none-match": tag})
    expect_problem(answer, 412, "precondition_failed")


@pytest.mark.parametrize("match", ["{tag}", "*", '"other", {tag}', ',"a,b" ,, {tag},'])
def test_delete_of_what_was_seen_is_done(
    api: httpx.Client, thing: tuple[str, str], match: str
) -> None:
    """By its tag, by a list that has it, or by any; what is gone is 404, whatever is asked."""
    path, tag = thing
    assert api.delete(path, headers={"if-match": match.format(tag=tag)}).status_code == 204
    assert api.delete(path, headers={"if-match": tag}).status_code == 404
    assert api.get(path, headers={"if-match": tag}).status_code == 404


@pytest.mark.parametrize("match", [STALE, "W/{tag}", '"a", W/{tag}'])
def test_delete_of_something_else_is_412(
    api: httpx.Client, thing: tuple[str, str], match: str
) -> None:
    """A weak tag is no proof of having seen all of it; the thing stays, and the next step is told."""
    path, tag = thing
    answer = api.delete(path, headers={"if-match": match.format(tag=tag)})
    problem = expect_problem(answer, 412, "precondition_failed", path.split("/")[2])
    assert problem["hint"]
    assert api.get(path).headers["etag"] == tag


def test_delete_of_what_is_known_to_be_there_is_412(
    api: httpx.Client, thing: tuple[str, str]
) -> None:
    """If-None-Match of a change says that the thing is not to be that, or not to be at all."""
    path, tag = thing
    for known in ("*", f"W/{tag}"):
        answer = api.delete(path, headers={"if-none-match": known})
        expect_problem(answer, 412, "precondition_failed")
    assert api.delete(path, headers={"if-none-match": STALE}).status_code == 204


# Not an empty one: that does not reach a Worker, and is tried with the reading itself.
@pytest.mark.parametrize(
    "wrong", ["stale", '"open', '"a" "b"', '"a"x', 'w/"a"', '*, "a"', "W/*", '"a b"']
)
def test_malformed_condition_is_400(api: httpx.Client, thing: tuple[str, str], wrong: str) -> None:
    """It names the header; nothing is written."""
    path, tag = thing
    problem = expect_problem(
        api.delete(path, headers={"if-match": wrong}), 400, "malformed_header", "If-Match"
    )
    assert problem["errors"][0]["field"] == "If-Match"
    known = api.delete(path, headers={"if-none-match": wrong})
    expect_problem(known, 400, "malformed_header", "If-None-Match")
    assert api.get(path).headers["etag"] == tag
    # A read is answered whole: no harm is done by who asks for what it knows in other words.
    assert api.get(path, headers={"if-none-match": wrong}).status_code == 200


def test_condition_in_two_lines_is_one_list(api: httpx.Client, thing: tuple[str, str]) -> None:
    """RFC 9110, section 5.3."""
    path, tag = thing
    headers = httpx.Headers([("if-match", STALE), ("if-match", tag)])
    assert api.delete(path, headers=headers).status_code == 204


def test_dates_are_no_condition(api: httpx.Client, thing: tuple[str, str]) -> None:
    """Nothing has a Last-Modified, so that the dates are ignored (section 13.1.4)."""
    path, _ = thing
    assert "last-modified" not in api.get(path).headers
    long_ago = {"if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT"}
    assert api.delete(path, headers=long_ago).status_code == 204


def test_edit_of_what_was_seen_is_done(api: httpx.Client, unique: Unique) -> None:
    """The answer has the new tag, with which one goes on."""
    made = add_block(api, unique("one"))
    path, tag = f"/blocks/{made.json()['id']}", made.headers["etag"]
    for text in ("two", "three"):
        edited = api.patch(path, json={"content": unique(text)}, headers={"if-match": tag})
        assert edited.status_code == 200
        assert edited.headers["etag"] not in (tag, made.headers["etag"])
        tag = edited.headers["etag"]
    assert api.get(path).headers["etag"] == tag
    same = api.patch(path, json={"content": unique("three")}, headers={"if-match": tag})
    assert (same.status_code, same.headers["etag"]) == (200, tag)


def test_edit_of_something_else_is_412(api: httpx.Client, unique: Unique) -> None:
    """What Ada added stays: Bob has not seen it."""
    made = add_block(api, unique("a text"))
    path = f"/blocks/{made.json()['id']}"
    ada = api.patch(path, json={"content": unique("what Ada said")})
    bob = api.patch(
        path,
        json={"content": unique("what Bob said")},
        headers={
            "if-match": made.headers["etag"],
            "if-unmodified-since": "Fri, 01 Jan 2100 00:00:00 GMT",
        },
    )
    expect_problem(bob, 412, "precondition_failed", f"block {made.json()['id']}")
    assert api.get(path).json() == ada.json()


def test_text_that_came_back_has_another_tag(api: httpx.Client, unique: Unique) -> None:
    """The same text at another time is another representation: ``updated_at`` is part of it."""
    made = add_block(api, unique("there"))
    path = f"/blocks/{made.json()['id']}"
    api.patch(path, json={"content": unique("away")})
    back = api.patch(path, json={"content": unique("there")})
    assert back.json()["content"] == made.json()["content"]
    assert back.headers["etag"] != made.headers["etag"]
    answer = api.patch(
        path, json={"content": unique("new")}, headers={"if-match": made.headers["etag"]}
    )
    expect_problem(answer, 412, "precondition_failed")


def test_of_those_who_edit_at_once_one_is_right(api: httpx.Client, unique: Unique) -> None:
    """Eight edit what all have seen: one is 200, the others are 412, and the one's text is there."""
    made = add_block(api, unique("contested"))
    path, headers = f"/blocks/{made.json()['id']}", {"if-match": made.headers["etag"]}

    def edit(number: int) -> httpx.Response:
        return api.patch(path, json={"content": unique(f"by {number}")}, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(edit, range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    [won] = [answer for answer in answers if answer.status_code == 200]
    assert api.get(path).json() == won.json()


def test_delete_or_edit_at_once_is_one_of_them(api: httpx.Client, unique: Unique) -> None:
    """A delete of what was seen takes nothing that came meanwhile, in twenty rounds."""
    for number in range(20):
        made = add_block(api, unique(f"round {number}"))
        path, headers = f"/blocks/{made.json()['id']}", {"if-match": made.headers["etag"]}
        with ThreadPoolExecutor(2) as pool:
            deleting = pool.submit(api.delete, path, headers=headers)
            text = {"content": unique(f"edited {number}")}
            editing = pool.submit(api.patch, path, json=text, headers=headers)
        answers = deleting.result().status_code, editing.result().status_code
        assert answers in ((204, 404), (412, 200))
        assert (api.get(path).status_code == 200) == (answers == (412, 200))


def test_condition_comes_before_a_collision(api: httpx.Client, unique: Unique) -> None:
    """412 where the edit would be another block's twin, and 404 where there is no block."""
    add_block(api, unique("taken"))
    made = add_block(api, unique("free"))
    taken: dict[str, Any] = {"content": unique("taken")}
    answer = api.patch(f"/blocks/{made.json()['id']}", json=taken, headers={"if-match": STALE})
    expect_problem(answer, 412, "precondition_failed")
    missing = api.patch(f"/blocks/{MISSING}", json=taken, headers={"if-match": "*"})
    expect_problem(missing, 404, "not_found")


def test_source_is_edited_by_who_has_seen_it(api: httpx.Client, unique: Unique) -> None:
    """Its schedule is part of what was seen, and so is how far it has come."""
    made = add_source(api, unique)
    path = f"/sources/{made.json()['id']}"
    renamed = api.patch(
        path, json={"nickname": unique("mine")}, headers={"if-match": made.headers["etag"]}
    )
    assert renamed.status_code == 200
    assert api.get(path).headers["etag"] == renamed.headers["etag"]
    scheduled = api.patch(path, json={"schedule": {"cron": "0 0 1 1 *"}})
    assert scheduled.headers["etag"] != renamed.headers["etag"]
    answer = api.patch(
        path, json={"nickname": unique("theirs")}, headers={"if-match": renamed.headers["etag"]}
    )
    expect_problem(answer, 412, "precondition_failed", f"source {made.json()['id']}")
    assert api.get(path).json()["nickname"] == unique("mine")
    expect_problem(
        api.delete(path, headers={"if-match": renamed.headers["etag"]}), 412, "precondition_failed"
    )
    assert api.delete(path, headers={"if-match": scheduled.headers["etag"]}).status_code == 204


def test_content_is_read_as_it_was_seen(api: httpx.Client, unique: Unique) -> None:
    """A part of a content that is another by now is not taken for one of what was seen."""
    made = add_block(api, unique("content"))
    path = f"/blocks/{made.json()['id']}/content"
    tag = api.get(path).headers["etag"]
    part = {"if-match": tag, "range": "bytes=0-1"}
    assert api.get(path, headers=part).status_code == 206
    api.patch(f"/blocks/{made.json()['id']}", json={"content": unique("other")})
    expect_problem(api.get(path, headers=part), 412, "precondition_failed")


def test_file_is_told_with_its_blocks_tag(api: httpx.Client, unique: Unique) -> None:
    """Uploads answer a block, and so its tag."""
    made = api.post("/files", content=unique("a file").encode())
    assert made.status_code == 201
    assert api.get(f"/blocks/{made.json()['id']}").headers["etag"] == made.headers["etag"]


def test_conditions_are_described(api: httpx.Client) -> None:
    """The API's description names the headers of requests and answers, and what comes of them."""
    paths = api.get("/openapi.json").json()["paths"]
    for path in ("/blocks/{block_id}", "/sources/{source_id}", "/relations/{relation_id}"):
        read, delete = paths[path]["get"], paths[path]["delete"]
        assert "ETag" in read["responses"]["200"]["headers"]
        assert {"304", "400", "412"} <= read["responses"].keys()
        assert {"400", "412"} <= delete["responses"].keys()
        for operation in (read, delete):
            named = {p["name"] for p in operation["parameters"] if p["in"] == "header"}
            assert named == {"If-Match", "If-None-Match"}
    assert "ETag" in paths["/blocks/{block_id}"]["patch"]["responses"]["200"]["headers"]
    assert "ETag" in paths["/blocks"]["post"]["responses"]["201"]["headers"]
