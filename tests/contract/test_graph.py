"""``PUT /graph``."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2 as httpx
import pytest

from inkcre.graph.digests import block_digest
from tests.contract.conftest import SMALL_BODY_BYTES, Json, block, expect_problem, star

Unique = Callable[[str], str]
MISSING = 9_000_000_000_000_000_000


def count(answer: Json) -> tuple[int, int]:
    """Count what a write created."""
    return len(answer["created"]["blocks"]), len(answer["created"]["relations"])


def test_star_is_written_and_answered_in_order(api: httpx.Client, unique: Unique) -> None:
    """The answer has the form's blocks in its order, its relations, and what was created."""
    form = star(
        block(unique("centre")),
        ("a", block(unique("out"))),
        into=(("b", block(unique("in"), "webpage", "url")),),
    )
    answer = api.put("/graph", json=form)
    assert answer.status_code == 200
    graph = answer.json()
    assert [b["content"] for b in graph["blocks"]] == [
        unique("centre"),
        unique("out"),
        unique("in"),
    ]
    centre, out, into = (b["id"] for b in graph["blocks"])
    edges = [(r["from_"], r["to_"], r["content"]) for r in graph["relations"]]
    assert edges == [(centre, out, "a"), (into, centre, "b")]
    assert graph["created"]["blocks"] == [centre, out, into]
    assert graph["created"]["relations"] == [r["id"] for r in graph["relations"]]


def test_star_sent_again_changes_nothing(api: httpx.Client, unique: Unique) -> None:
    """PUT is idempotent: the same answer, nothing created, no time moved."""
    form = star(block(unique("centre")), ("a", block(unique("out"))))
    first, second = api.put("/graph", json=form).json(), api.put("/graph", json=form).json()
    assert count(first) == (2, 1)
    assert count(second) == (0, 0)
    assert (second["blocks"], second["relations"]) == (first["blocks"], first["relations"])


def test_star_says_the_same_of_several(api: httpx.Client, unique: Unique) -> None:
    """Or several of the same: each arc is answered with its ends, also when it was there already."""
    form = star(
        block(unique("a")), ("of", block(unique("b"))), ("of", block(unique("c"))), ("on", block(unique("c"))),
        into=(("of", block(unique("b"))), ("of", block(unique("d")))),
    )  # fmt: skip
    for _ in range(2):
        graph = api.put("/graph", json=form).json()
        a, b, c, d = (found["id"] for found in graph["blocks"])
        arcs = [(arc["from_"], arc["content"], arc["to_"]) for arc in graph["relations"]]
        assert arcs == [(a, "of", b), (a, "of", c), (a, "on", c), (b, "of", a), (d, "of", a)]


def test_graph_refers_to_a_block_that_exists_by_id(api: httpx.Client, unique: Unique) -> None:
    """An id stands for the block; it is not written again."""
    made = api.post("/blocks", json=block(unique("there"))).json()
    graph = api.put("/graph", json=star({"id": made["id"]}, ("a", block(unique("new"))))).json()
    assert graph["blocks"][0] == made
    assert count(graph) == (1, 1)


def test_graph_refers_to_a_block_by_digest(api: httpx.Client, unique: Unique) -> None:
    """A digest stands for the block with that content."""
    made = api.post("/blocks", json=block(unique("there"))).json()
    digest = block_digest("text", None, unique("there"))
    graph = api.put("/graph", json=star(block(unique("new")), ("a", {"digest": digest}))).json()
    assert graph["blocks"][1] == made
    missing = api.put("/graph", json=star(block(unique("newer")), ("a", {"digest": "0" * 64})))
    expect_problem(missing, 404, "not_found", "0" * 64)


def test_only_a_reference_is_answered(api: httpx.Client, unique: Unique) -> None:
    """A form without anything new is a read."""
    made = api.post("/blocks", json=block(unique("there"))).json()
    graph = api.put("/graph", json={"block": {"id": made["id"]}}).json()
    assert graph["blocks"] == [made]
    assert count(graph) == (0, 0)


def test_unknown_id_is_404_and_nothing_is_written(api: httpx.Client, unique: Unique) -> None:
    """The problem names the id, and no part of the form is there afterwards."""
    kind = unique("kind")
    form = star(block("first", kind), ("a", block("second", kind)), ("b", {"id": MISSING}))
    expect_problem(api.put("/graph", json=form), 404, "not_found", str(MISSING))
    assert api.get("/blocks", params={"resolver": kind}).json()["blocks"] == []


def test_unknown_storage_is_422_and_nothing_is_written(api: httpx.Client, unique: Unique) -> None:
    """One bad block stops the whole form."""
    kind = unique("kind")
    form = star(block("first", kind), ("a", block("second", kind, "nowhere")))
    expect_problem(api.put("/graph", json=form), 422, "invalid", "nowhere")
    assert api.get("/blocks", params={"resolver": kind}).json()["blocks"] == []


def test_flat_form_names_new_blocks_by_negative_ids(api: httpx.Client, unique: Unique) -> None:
    """Negative ids are the form's own; positive ones exist; the answer tells what they became."""
    made = api.post("/blocks", json=block(unique("there"))).json()
    form = {
        "blocks": [{"id": -1, **block(unique("one"))}, {"id": -7, **block(unique("two"))}],
        "relations": [
            {"from_": -1, "to_": -7, "content": "a"},
            {"from_": made["id"], "to_": -1, "content": "b"},
        ],
    }
    graph = api.put("/graph", json=form).json()
    one, two = graph["ids"]["-1"], graph["ids"]["-7"]
    assert [b["id"] for b in graph["blocks"]] == [one, two, made["id"]]
    edges = [(r["from_"], r["to_"], r["content"]) for r in graph["relations"]]
    assert edges == [(one, two, "a"), (made["id"], one, "b")]
    again = api.put("/graph", json=form).json()
    assert (again["ids"], count(again)) == (graph["ids"], (0, 0))


def test_flat_twins_get_one_id(api: httpx.Client, unique: Unique) -> None:
    """Two negative ids with one content become one block."""
    form = {"blocks": [{"id": n, **block(unique("twin"))} for n in (-1, -2)]}
    graph = api.put("/graph", json=form).json()
    assert graph["ids"]["-1"] == graph["ids"]["-2"]
    assert count(graph) == (1, 0)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"blocks": [{"id": -1, **block("x")}, {"id": -1, **block("y")}]}, "blocks.1.id"),
        ({"relations": [{"from_": -1, "to_": -2, "content": "x"}]}, "relations.0.from_"),
        ({"relations": [{"from_": 0, "to_": 1, "content": "x"}]}, "relations.0.from_"),
        ({"blocks": [{"id": 0, **block("x")}]}, "blocks.0"),
        ({"blocks": [{"id": 5, **block("x")}]}, "blocks.0"),
        ({"blocks": [{"id": 5, "resolver": "text"}]}, "blocks.0"),
        ({"blocks": [{"id": -5}]}, "blocks.0"),
        ({"blocks": [{}]}, "blocks.0"),
        ({"blocks": 5}, "blocks"),
        ({"nodes": []}, "nodes"),
        ({"block": {"resolver": "text"}}, "block"),
        ({"block": {"id": 1, "digest": "0" * 64}}, "block"),
        ({"block": {"digest": "xyz"}}, "block.digest"),
        ({"block": {"id": True}}, "block.id"),
        ({"block": {"id": 2**63}}, "block.id"),
        ({"block": block("a\x00")}, "block.content"),
        (star(block("a"), ("x" * 513, block("b"))), "out_relations.0.relation.content"),
        (star(block("a"), ("\x00", block("b"))), "out_relations.0.relation.content"),
        ({"block": {**block("a"), "created_at": "2020-01-01T00:00:00Z"}}, "block.created_at"),
        (star(block("a"), ("x", {**block("b"), "updated_at": "2020-01-01T00:00:00Z"})), "out_relations.0.to_block.block.updated_at"),
        (star(block("a"), into=(("x", {**block("b"), "created_at": "2020-01-01T00:00:00Z"}),)), "in_relations.0.from_block.block.created_at"),
        ({"block": block("a"), "in_relations": [{"relation": {"content": "x", "created_at": "2020-01-01T00:00:00Z"}, "from_block": {"block": block("b")}}]}, "in_relations.0.relation.created_at"),
        ({"block": block("a"), "out_relation": []}, "out_relation"),
        ({"block": block("a"), "out_relations": [{"relation": {"content": "x"}}]}, "out_relations.0.to_block"),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_bad_graph_is_422_with_the_field_named(api: httpx.Client, form: Any, field: str) -> None:
    """Every mistake has a place."""
    problem = expect_problem(api.put("/graph", json=form), 422, "invalid")
    assert field in [error["field"] for error in problem["errors"]], problem


def test_mistake_deep_in_a_star_has_its_whole_place(api: httpx.Client) -> None:
    """Though such a form is read in parts."""
    form, place = {"block": block("a\x00")}, "block.content"
    for _ in range(20):
        form = star(block("b"), ("x", block("c")), ("y", form))
        place = f"out_relations.1.to_block.{place}"
    problem = expect_problem(api.put("/graph", json=form), 422, "invalid")
    assert [error["field"] for error in problem["errors"]] == [place]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 100_000], ids=lambda b: repr(b[:9])
)  # fmt: skip
def test_body_that_is_no_graph_is_422(api: httpx.Client, body: bytes) -> None:
    """Not JSON, not an object, or nested without end."""
    expect_problem(api.put("/graph", content=body), 422, "invalid")


def nested(unique: Unique, depth: int) -> Json:
    """Write a star that is ``depth`` arcs deep."""
    form = star(block(unique(f"level {depth}")))
    for level in range(depth - 1, -1, -1):
        form = star(block(unique(f"level {level}")), ("down", form))
    return form


def test_star_may_be_64_arcs_deep(api: httpx.Client, unique: Unique) -> None:
    """Nested to the limit, whole."""
    graph = api.put("/graph", json=nested(unique, 64)).json()
    assert count(graph) == (65, 64)


@pytest.mark.parametrize("names", [("out_relations", "to_block"), ("in_relations", "from_block")])
@pytest.mark.parametrize("depth", [65, 100, 300, 5_000])
def test_star_deeper_than_64_arcs_is_422(
    api: httpx.Client, depth: int, names: tuple[str, str]
) -> None:
    """Beyond the limit, refused whole, whichever way the arcs go; far beyond it too."""
    many, other = names
    arm = f'{{"block":{{"resolver":"text","content":"x"}},"{many}":[{{"relation":{{"content":"a"}},"{other}":'
    body = arm * depth + '{"block":{"resolver":"text","content":"y"}}' + "}]}" * depth
    expect_problem(api.put("/graph", content=body.encode()), 422, "invalid")


def test_cycles_and_repeats_in_one_form_are_one_graph(api: httpx.Client, unique: Unique) -> None:
    """A block that stands twice in a form is one block; a form may lead back to itself."""
    a, b = block(unique("a")), block(unique("b"))
    form = star(
        a,
        (
            "to",
            star(
                b,
                (
                    "back",
                    star(a, ("to", b)),
                ),
            ),
        ),
        ("to", b),
        ("self", a),
    )
    graph = api.put("/graph", json=form).json()
    assert count(graph) == (2, 3)
    one, two = (x["id"] for x in graph["blocks"])
    edges = {(r["from_"], r["to_"], r["content"]) for r in graph["relations"]}
    assert edges == {(one, two, "to"), (two, one, "back"), (one, one, "self")}


def test_ten_thousand_nodes_in_one_request(
    api: httpx.Client, unique: Unique, max_body_bytes: int
) -> None:
    """A large graph is one request like any other, and so is its replay: 10,000, if they fit."""
    nodes = min(10_000, max_body_bytes // 200)
    arcs = [("holds", block(unique(f"node {n}"))) for n in range(nodes - 1)]
    form = star(block(unique("root")), *arcs)
    graph = api.put("/graph", json=form).json()
    assert count(graph) == (nodes, nodes - 1)
    assert len(graph["blocks"]) == nodes
    assert len(graph["relations"]) == nodes - 1
    assert count(api.put("/graph", json=form).json()) == (0, 0)


def test_body_over_the_limit_is_413(api: httpx.Client, unique: Unique) -> None:
    """Announced as too large, it is refused before it is read."""
    limit = api.get("/capabilities").json()["limits"]["max_body_bytes"]
    body = json.dumps({"block": block(unique("x" * (limit + 1)))}).encode()
    problem = expect_problem(api.put("/graph", content=body), 413, "too_large", str(limit))
    assert problem["hint"]


def test_streamed_body_over_the_limit_is_413(api: httpx.Client) -> None:
    """Without an announced length it is refused where it passes the limit."""
    if api.get("/capabilities").json()["limits"]["max_body_bytes"] > SMALL_BODY_BYTES:
        chunks = 40
    else:
        chunks = 12

    def stream() -> Any:
        yield b'{"block": "'
        for _ in range(chunks):
            yield b"x" * 1024 * 1024

    expect_problem(api.put("/graph", content=stream()), 413, "too_large")


def test_fifty_identical_graphs_at_once_leave_one(api: httpx.Client, unique: Unique) -> None:
    """Racing writes agree on one copy; together they created it once."""
    arcs = [("has", block(unique(f"n{n}"))) for n in range(10)]
    form = star(block(unique("root")), *arcs)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: api.put("/graph", json=form), range(50)))
    assert {a.status_code for a in answers} == {200}
    graphs = [a.json() for a in answers]
    assert len({tuple(b["id"] for b in g["blocks"]) for g in graphs}) == 1
    assert len({tuple(r["id"] for r in g["relations"]) for g in graphs}) == 1
    assert sum(len(g["created"]["blocks"]) for g in graphs) == 11
    assert sum(len(g["created"]["relations"]) for g in graphs) == 10


def test_graphs_that_overlap_crosswise_all_get_written(api: httpx.Client, unique: Unique) -> None:
    """Writers that meet in opposite order wait or try again; none fails."""
    arcs = [("has", block(unique(f"n{n}"))) for n in range(40)]
    forms = [star(block(unique("a")), *arcs), star(block(unique("b")), *reversed(arcs))] * 10
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda form: api.put("/graph", json=form), forms))
    assert {a.status_code for a in answers} == {200}
    assert sum(len(a.json()["created"]["blocks"]) for a in answers) == 42


def test_real_input_is_written(api: httpx.Client) -> None:
    """A star as a real client sends it: a page, its title, its author, its text."""
    form = {
        "block": {"resolver": "webpage", "storage": "url", "content": "https://peps.example/8"},
        "out_relations": [
            {"relation": {"content": "title"}, "to_block": {"block": block("Style Guide")}},
            {"relation": {"content": "author"}, "to_block": {"block": block("Barry Warsaw")}},
            {
                "relation": {"content": "text content"},
                "to_block": {"block": block("Intro…\n" * 99)},
            },
        ],
    }
    graph = api.put("/graph", json=form).json()
    page = next(b for b in graph["blocks"] if b["resolver"] == "webpage")
    said = api.get(f"/relations/by_block/{page['id']}", params={"direction": "out"}).json()
    assert [r["content"] for r in said] == ["title", "author", "text content"]


def test_thousands_of_mistakes_are_a_short_answer(api: httpx.Client) -> None:
    """A problem does not grow with the request."""
    answer = api.put("/graph", content=b'{"blocks":[' + b"0," * 200_000 + b"0]}")
    expect_problem(answer, 422, "invalid")
    assert len(answer.content) < 10_000


def test_block_named_by_id_and_by_content_is_listed_once(api: httpx.Client, unique: Unique) -> None:
    """It is one block, and so is its relation."""
    made = api.post("/blocks", json=block(unique("one"))).json()
    form = star({"id": made["id"]}, ("self", block(unique("one"))), ("self", {"id": made["id"]}))
    graph = api.put("/graph", json=form).json()
    assert [b["id"] for b in graph["blocks"]] == [made["id"]]
    assert len(graph["relations"]) == 1


def test_writes_that_race_with_deletes_are_whole_or_refused(
    api: httpx.Client, unique: Unique
) -> None:
    """Adding and deleting the same block at once never breaks."""
    form = block(unique("here and gone"))
    flat = {"blocks": [{"id": -1, **form}]}

    def write(number: int) -> int:
        made = api.put("/graph", json=flat) if number % 2 else api.post("/blocks", json=form)
        if made.status_code in (200, 201):
            body = made.json()
            id_ = body["ids"]["-1"] if number % 2 else body["id"]
            api.delete(f"/blocks/{id_}")
        return made.status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(write, range(160))) <= {200, 201, 503}
