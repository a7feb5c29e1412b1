"""What holds for every route: methods, parameters, coded bodies, and what a description says."""

import gzip
import json
import re
import uuid
import zlib
from collections.abc import Callable

import httpx2 as httpx
import pytest

from tests.contract.conftest import Json, block, expect_problem

Unique = Callable[[str], str]

READ = ("/heartbeat", "/livez", "/readyz", "/capabilities", "/blocks", "/jobs", "/sources", "/docs")


def described(api: httpx.Client) -> Json:
    """Return the routes that the description has."""
    paths: Json = api.get("/openapi.json").json()["paths"]
    return paths


def concrete(path: str) -> str:
    """Return a path with a number for each of its parameters."""
    return re.sub(r"\{[^}]+\}", "999999999", path)


def allowed(answer: httpx.Response) -> set[str]:
    """Return the methods that an answer names."""
    return set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize("path", READ)
def test_head_is_get_without_its_body(api: httpx.Client, path: str) -> None:
    """Monitors ask by it: RFC 9110, section 9.3.2."""
    got, head = api.get(path), api.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


def test_head_is_there_wherever_get_is(api: httpx.Client) -> None:
    """The numbers of a home too, be it that it keeps none."""
    for path, methods in described(api).items():
        if "get" in methods and not path.startswith("/source/"):  # whose GET changes something
            got, head = api.get(concrete(path)), api.head(concrete(path))
            assert (head.status_code, head.content) == (got.status_code, b""), path


def test_options_and_405_name_all_methods_of_a_path(api: httpx.Client) -> None:
    """And not those of the first of its routes."""
    for path, methods in described(api).items():
        expected = {method.upper() for method in methods} | {"OPTIONS"}
        expected |= {"HEAD"} if "GET" in expected else set()
        options = api.options(concrete(path))
        assert (options.status_code, options.content, allowed(options)) == (204, b"", expected)
        other = api.request("PROPFIND", concrete(path))
        expect_problem(other, 405, "method_not_allowed", "PROPFIND")
        assert allowed(other) == expected


@pytest.mark.parametrize(
    ("target", "headers", "status", "code"),
    [
        (f"/livez?{'a' * 17_000}", 0, 414, "target_too_long"),
        ("/livez", 800, 431, "headers_too_large"),
    ],
    ids=["target", "headers"],
)
def test_head_that_is_too_large_is_refused(
    api: httpx.Client, target: str, headers: int, status: int, code: str
) -> None:
    """In the same words in every home; what servers do not hand on, they answer in theirs."""
    answer = api.get(target, headers={f"X-{number}": "a" * 90 for number in range(headers)})
    expect_problem(answer, status, code)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_path_without_parameters_is_itself(api: httpx.Client, method: str) -> None:
    """The newest blocks are no block of the id ``recent``."""
    answer = api.request(method, "/blocks/recent", json={"content": "x"})
    expect_problem(answer, 405, "method_not_allowed")
    assert allowed(answer) == {"GET", "HEAD", "OPTIONS"}


def test_options_of_nothing_is_404(api: httpx.Client) -> None:
    """As every method is."""
    expect_problem(api.options("/nowhere"), 404, "no_route")


def test_unknown_parameter_is_refused_on_every_route(api: httpx.Client) -> None:
    """Whatever the method; nothing is done."""
    for path, methods in described(api).items():
        for method in methods:
            answer = api.request(method, concrete(path), params={"colour": "red"})
            problem = expect_problem(answer, 422, "invalid", "colour")
            assert problem["errors"][0]["field"] == "colour"


@pytest.mark.parametrize(
    ("method", "query", "hint"),
    [
        ("GET", "/blocks?limt=2", "did you mean `limit`?"),
        ("GET", "/blocks?q=ink", "it knows `cursor`, `limit`, `resolver`, `storage`"),
        ("GET", "/jobs?stat=failed", "did you mean `state`?"),
        ("POST", "/sources/1/collect?restor=1", "did you mean `restore`?"),
        ("GET", "/heartbeat?t=1", "it takes none"),
        ("GET", "/blocks?limit=1&Limit=2", "did you mean `limit`?"),
        ("GET", "/blocks?%00=1", "it knows"),
    ],
)
def test_unknown_parameter_is_told_what_was_meant(
    api: httpx.Client, method: str, query: str, hint: str
) -> None:
    """The nearest name, else all of them."""
    problem = expect_problem(api.request(method, query), 422, "invalid", "no parameter")
    assert hint in problem["hint"]


@pytest.mark.parametrize("name", ["%00", "a%00b.txt"])
def test_name_with_nul_is_refused(api: httpx.Client, name: str) -> None:
    """It was dropped, and the file kept without it."""
    expect_problem(api.post(f"/files?name={name}", content=b"x"), 422, "invalid", "name")
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a\x00.txt"\r\n\r\n'
        b"x\r\n--b--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=b"}
    expect_problem(api.post("/files", content=form, headers=headers), 422, "invalid")


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "deflate": zlib.compress,
    "identity": bytes,
    "identity, gzip": gzip.compress,
}


def coded(coding: str, content: bytes, media_type: str = "application/json") -> Json:
    """Return a coded body, and what is said of it."""
    return {
        "content": CODERS[coding](content),
        "headers": {"content-encoding": coding, "content-type": media_type},
    }


@pytest.mark.parametrize("coding", CODERS)
def test_coded_body_is_decoded(api: httpx.Client, unique: Unique, coding: str) -> None:
    """A block, a graph, and a file, which is kept without its coding."""
    form = block(unique("coded"))
    added = api.post("/blocks", **coded(coding, json.dumps(form).encode()))
    assert (added.status_code, added.json()["content"]) == (201, form["content"])
    graph = api.put("/graph", **coded(coding, json.dumps({"block": form}).encode()))
    assert [one["id"] for one in graph.json()["blocks"]] == [added.json()["id"]]
    content = uuid.uuid4().bytes * 40_000
    file = api.post("/files", **coded(coding, content, "application/octet-stream"))
    assert api.get(f"/blocks/{file.json()['id']}/content").content == content


def test_gzip_of_several_members_is_one_body(api: httpx.Client, unique: Unique) -> None:
    """RFC 1952, section 2.2."""
    whole = json.dumps(block(unique("members"))).encode()
    parts = gzip.compress(whole[:9]) + gzip.compress(whole[9:])
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    assert api.post("/blocks", content=parts, headers=headers).status_code == 201


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "gzip;q=1"])
def test_unknown_coding_is_415(api: httpx.Client, coding: str) -> None:
    """And told which are known: RFC 9110, section 15.5.16."""
    for path in ("/blocks", "/files"):
        answer = api.post(path, content=b"x", headers={"content-encoding": coding})
        expect_problem(answer, 415, "unknown_coding", "Content-Encoding")
        assert answer.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("path", ["/blocks", "/graph", "/files"])
def test_body_that_is_not_so_coded_is_invalid(api: httpx.Client, path: str, coding: str) -> None:
    """Another thing, one that ends too early, and one with something behind it."""
    whole = CODERS[coding](json.dumps(block("never")).encode())
    for content in (b"plainly not", whole[:-3], whole + b"more"):
        answer = api.request(
            "PUT" if path == "/graph" else "POST", path, content=content,
            headers={"content-encoding": coding, "content-type": "application/json"},
        )  # fmt: skip
        expect_problem(answer, 422, "invalid", "body")


@pytest.mark.parametrize(("method", "path"), [("POST", "/blocks"), ("PUT", "/graph")])
def test_bomb_is_413(api: httpx.Client, max_body_bytes: int, method: str, path: str) -> None:
    """What counts is what comes out of it."""
    bomb = gzip.compress(b" " * (max_body_bytes + 1))
    assert len(bomb) < max_body_bytes / 100
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    answer = api.request(method, path, content=bomb, headers=headers)
    expect_problem(answer, 413, "too_large", str(max_body_bytes))
