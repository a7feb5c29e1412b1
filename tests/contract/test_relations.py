"""``/relations`` and walking."""

from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest

from tests.contract.conftest import block, expect_problem, follow, star

Unique = Callable[[str], str]
MISSING = 9_000_000_000_000_000_000


def make_blocks(api: httpx.Client, unique: Unique, *names: str) -> list[int]:
    """Add blocks and give their ids."""
    return [api.post("/blocks", json=block(unique(name))).json()["id"] for name in names]


def test_relation_is_created(api: httpx.Client, unique: Unique) -> None:
    """POST answers 201 with the whole relation."""
    one, two = make_blocks(api, unique, "one", "two")
    answer = api.post("/relations", json={"from_": one, "to_": two, "content": "author"})
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"id", "created_at", "updated_at", "from_", "to_", "content"}
    assert (body["from_"], body["to_"], body["content"]) == (one, two, "author")


def test_identical_relation_is_200(api: httpx.Client, unique: Unique) -> None:
    """A relation is its two ends and its content."""
    one, two = make_blocks(api, unique, "one", "two")
    form = {"from_": one, "to_": two, "content": "author"}
    first, second = api.post("/relations", json=form), api.post("/relations", json=form)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    other = api.post("/relations", json={**form, "content": "editor"})
    assert other.status_code == 201


@pytest.mark.parametrize("end", ["from_", "to_"])
def test_relation_to_a_missing_block_is_404_by_id(
    api: httpx.Client, unique: Unique, end: str
) -> None:
    """The problem names the id that does not exist."""
    (one,) = make_blocks(api, unique, "one")
    form = {"from_": one, "to_": one, "content": "x", end: MISSING}
    expect_problem(api.post("/relations", json=form), 404, "not_found", str(MISSING))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"from_": 0}, "from_"),
        ({"from_": 2**63}, "from_"),
        ({"from_": "1"}, "from_"),
        ({"to_": None}, "to_"),
        ({"content": "x" * 513}, "content"),
        ({"content": "\x00"}, "content"),
        ({"extra": 1}, "extra"),
    ],
    ids=str,
)
def test_bad_relation_is_422(api: httpx.Client, change: dict[str, Any], field: str) -> None:
    """The field is named."""
    answer = api.post("/relations", json={"from_": 1, "to_": 1, "content": "x", **change})
    assert field in [e["field"] for e in expect_problem(answer, 422, "invalid")["errors"]]


def test_longest_relation_content_fits(api: httpx.Client, unique: Unique) -> None:
    """512 characters of four bytes each are not too much for any index."""
    (one,) = make_blocks(api, unique, "one")
    form = {"from_": one, "to_": one, "content": "\N{GRINNING FACE}" * 512}
    assert api.post("/relations", json=form).status_code == 201


def test_relations_of_a_block_are_those_at_either_end(api: httpx.Client, unique: Unique) -> None:
    """An ordinary edge shows at both of its ends, a loop once; directions part them."""
    one, two, three = make_blocks(api, unique, "one", "two", "three")
    out = api.post("/relations", json={"from_": one, "to_": two, "content": "a"}).json()
    into = api.post("/relations", json={"from_": three, "to_": one, "content": "b"}).json()
    loop = api.post("/relations", json={"from_": one, "to_": one, "content": "c"}).json()
    path = f"/relations/by_block/{one}"
    assert api.get(path).json() == [out, into, loop]
    assert api.get(path, params={"direction": "out"}).json() == [out, loop]
    assert api.get(path, params={"direction": "in"}).json() == [into, loop]
    assert api.get(path, params={"content": "b"}).json() == [into]
    assert api.get(path, params={"content": "b", "direction": "out"}).json() == []
    assert api.get(f"/relations/by_block/{two}").json() == [out]


def test_relations_of_a_missing_block_are_404(api: httpx.Client) -> None:
    """No such block is something else than no relations."""
    expect_problem(api.get(f"/relations/by_block/{MISSING}"), 404, "not_found", str(MISSING))


@pytest.mark.parametrize(
    "parameters", [{"direction": "up"}, {"limit": 0}, {"limit": 1001}, {"cursor": "?"}], ids=str
)
def test_bad_relation_filters_are_422(api: httpx.Client, parameters: dict[str, Any]) -> None:
    """The parameter is named."""
    answer = api.get("/relations/by_block/1", params=parameters)
    problem = expect_problem(answer, 422, "invalid")
    assert problem["errors"][0]["field"] in parameters


def test_relation_pages_follow_the_link_header(api: httpx.Client, unique: Unique) -> None:
    """A long list comes in pages; each names the next in a Link header."""
    arcs = [(f"arc {n}", block(unique(f"end {n}"))) for n in range(7)]
    centre = api.put("/graph", json=star(block(unique("hub")), *arcs)).json()["blocks"][0]["id"]
    answer = api.get(f"/relations/by_block/{centre}", params={"limit": 3})
    seen = [r["content"] for r in answer.json()]
    while "next" in answer.links:
        answer = follow(api, answer.links["next"]["url"])
        seen += [r["content"] for r in answer.json()]
    assert seen == [f"arc {n}" for n in range(7)]


def test_relation_is_deleted(api: httpx.Client, unique: Unique) -> None:
    """The relation goes, its blocks stay."""
    one, two = make_blocks(api, unique, "one", "two")
    made = api.post("/relations", json={"from_": one, "to_": two, "content": "a"}).json()
    answer = api.delete(f"/relations/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(f"/relations/by_block/{one}").json() == []
    expect_problem(api.delete(f"/relations/{made['id']}"), 404, "not_found", str(made["id"]))


def chain(unique: Unique, length: int) -> dict[str, Any]:
    """Write a chain of blocks, each to the next."""
    form = star(block(unique(f"link {length}")))
    for number in range(length - 1, -1, -1):
        form = star(block(unique(f"link {number}")), ("next", form))
    return form


@pytest.mark.parametrize(("depth", "expected"), [(0, 1), (1, 2), (3, 4), (16, 6)])
def test_walk_goes_as_deep_as_asked(
    api: httpx.Client, unique: Unique, depth: int, expected: int
) -> None:
    """Depth counts relations away from the start."""
    first = api.put("/graph", json=chain(unique, 5)).json()["blocks"][0]["id"]
    walk = api.get(f"/blocks/{first}/graph", params={"depth": depth}).json()
    assert len(walk["blocks"]) == expected
    assert len(walk["relations"]) == expected - 1
    assert walk["truncated"] is False


def test_walk_follows_directions(api: httpx.Client, unique: Unique) -> None:
    """Out follows from_ to to_, in the other way, both either."""
    ids = [b["id"] for b in api.put("/graph", json=chain(unique, 2)).json()["blocks"]]
    for direction, expected in (("out", ids[1:]), ("in", ids[:2]), ("both", ids)):
        walk = api.get(f"/blocks/{ids[1]}/graph", params={"depth": 5, "direction": direction})
        assert [b["id"] for b in walk.json()["blocks"]] == expected


def test_walk_round_a_cycle_ends(api: httpx.Client, unique: Unique) -> None:
    """Each block is visited once, however the relations run."""
    one, two, three = make_blocks(api, unique, "one", "two", "three")
    for from_, to_ in ((one, two), (two, three), (three, one), (one, one)):
        api.post("/relations", json={"from_": from_, "to_": to_, "content": "next"})
    walk = api.get(f"/blocks/{one}/graph", params={"depth": 16}).json()
    assert [b["id"] for b in walk["blocks"]] == [one, two, three]
    assert len(walk["relations"]) == 4


def test_walk_stops_at_its_limit_and_says_so(api: httpx.Client, unique: Unique) -> None:
    """A hub does not flood the answer: it has the relations that were added first."""
    arcs = [(f"arc {n}", block(unique(f"end {n}"))) for n in range(20)]
    hub = api.put("/graph", json=star(block(unique("hub")), *arcs)).json()["blocks"][0]["id"]
    walk = api.get(f"/blocks/{hub}/graph", params={"limit": 5}).json()
    assert [arc["content"] for arc in walk["relations"]] == [f"arc {n}" for n in range(5)]
    assert len(walk["blocks"]) == 6
    assert walk["truncated"] is True


@pytest.mark.parametrize(
    "parameters", [{"depth": -1}, {"depth": 17}, {"limit": 0}, {"limit": 1001}], ids=str
)
def test_walk_bounds_are_422(api: httpx.Client, parameters: dict[str, int]) -> None:
    """Depth from 0 to 16, limit from 1 to 1000."""
    expect_problem(api.get("/blocks/1/graph", params=parameters), 422, "invalid")


def test_walk_from_a_missing_block_is_404(api: httpx.Client) -> None:
    """The problem names the id."""
    expect_problem(api.get(f"/blocks/{MISSING}/graph"), 404, "not_found", str(MISSING))
