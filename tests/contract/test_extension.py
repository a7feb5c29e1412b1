"""An extension that brings one of everything, beside the base: enabled in each home of ours."""

from collections.abc import Callable

import httpx2 as httpx


def is_enabled(api: httpx.Client) -> bool:
    """Tell whether the home has it: any deployment may be asked."""
    return "sample" in [one["name"] for one in api.get("/capabilities").json()["extensions"]]


def test_extension_answers_where_it_is_enabled(api: httpx.Client) -> None:
    """With its settings; else nothing is there."""
    answer = api.get("/sample")
    if not is_enabled(api):
        assert answer.status_code == 404
        return
    assert answer.json()["word"] == "hello"
    assert "/sample" in api.get("/openapi.json").json()["paths"]
    assert "sample" in [one["type"] for one in api.get("/sources/types").json()]


def test_extension_keeps_rows_of_its_own(api: httpx.Client, unique: Callable[[str], str]) -> None:
    """In tables that are migrated with the base's."""
    word = unique("word")
    answer = api.post("/sample/words", json={"word": word})
    if not is_enabled(api):
        assert answer.status_code == 404
        return
    assert answer.status_code == 201
    assert {"word": word, "block_id": None} in api.get("/sample/words").json()
    refused = api.post("/sample/words", json={"word": 5})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"


def test_source_of_an_extension_collects(api: httpx.Client) -> None:
    """As the base's own do; collected twice it adds nothing."""
    if not is_enabled(api):
        assert api.post("/sources", json={"type": "sample"}).status_code == 422
        return
    source = api.post("/sources", json={"type": "sample"}).json()["id"]
    first = api.get(f"/source/{source}/collect").json()
    assert [block["content"] for block in first] == ["of a sample"]
    assert api.get(f"/source/{source}/collect").json() == []
    assert api.delete(f"/sources/{source}").status_code == 204
