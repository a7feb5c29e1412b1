"""No request earns a 500 for what the caller sent."""

import json
from typing import Any

import httpx2 as httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lengths import rounds

ANSWERS = {200, 201, 204, 400, 404, 405, 409, 413, 422}
QUIET = settings(
    max_examples=rounds(50, whole=150),  # in each of the homes, and others each time
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

NUMBERS = st.integers() | st.sampled_from([0, -1, 1, 2**31, 2**63 - 1, 2**63, -(2**63), 10**400])
SCALARS = st.none() | st.booleans() | NUMBERS | st.floats() | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def nearly(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make objects of the right keys, with some missing, some strange and some too many."""
    strange = {key: value | ANYTHING for key, value in fields.items()}
    return st.fixed_dictionaries({}, optional=strange) | st.fixed_dictionaries(fields)


NODES = nearly(
    id=NUMBERS,
    digest=st.sampled_from(["0" * 64, "x"]),
    resolver=st.sampled_from(["text", "", "a" * 300, "\x00"]),
    storage=st.sampled_from([None, "url", "URL", "nowhere"]),
    content=st.text(max_size=5),
)
STARS = st.recursive(
    nearly(block=NODES),
    lambda star: nearly(
        block=NODES,
        out_relations=st.lists(
            nearly(relation=nearly(content=st.text(max_size=5)), to_block=star), max_size=2
        ),
        in_relations=st.lists(
            nearly(relation=nearly(content=st.text(max_size=5)), from_block=star), max_size=2
        ),
    ),
    max_leaves=3,
)
FLATS = nearly(
    blocks=st.lists(NODES, max_size=3),
    relations=st.lists(nearly(from_=NUMBERS, to_=NUMBERS, content=st.text(max_size=5)), max_size=3),
)


def check(answer: httpx.Response) -> None:
    """Check that an answer is one of those that a caller can make sense of."""
    assert answer.status_code in ANSWERS, (answer.status_code, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


@QUIET
@given(form=STARS | FLATS | ANYTHING)
def test_no_graph_earns_a_500(api: httpx.Client, form: Any) -> None:
    """Whatever stands in the body of PUT /graph."""
    check(api.put("/graph", content=json.dumps(form).encode()))


@QUIET
@given(
    form=NODES | ANYTHING,
    path=st.sampled_from(["/blocks", "/relations"]),
    relation=nearly(from_=NUMBERS, to_=NUMBERS, content=st.text(max_size=5)),
)
def test_no_row_earns_a_500(api: httpx.Client, form: Any, path: str, relation: Any) -> None:
    """Whatever stands in the body of a POST or a PATCH."""
    body = json.dumps(form if path == "/blocks" else relation).encode()
    headers = {"content-type": "application/json"}
    check(api.post(path, content=body, headers=headers))
    check(api.patch("/blocks/1", content=body, headers=headers))


@QUIET
@given(
    route=st.sampled_from(
        ["/blocks", "/blocks/recent", "/blocks/1/graph", "/relations/by_block/1", "/blocks/{}", "/blocks/{}/graph"]
    ),
    segment=st.text(min_size=1, max_size=6) | NUMBERS.map(str),
    query=st.dictionaries(
        st.sampled_from(["num", "limit", "cursor", "resolver", "storage", "depth", "direction", "content"]),
        st.text(max_size=8) | NUMBERS.map(str),
        max_size=4,
    ),
)  # fmt: skip
def test_no_query_earns_a_500(
    api: httpx.Client, route: str, segment: str, query: dict[str, str]
) -> None:
    """Whatever stands in a path or a query."""
    from urllib.parse import quote, urlencode

    path = route.replace("{}", quote(segment.encode("utf-8", "surrogatepass"), safe=""))
    pairs = {k: v.encode("utf-8", "surrogatepass") for k, v in query.items()}
    check(api.get(f"{path}?{urlencode(pairs)}"))
