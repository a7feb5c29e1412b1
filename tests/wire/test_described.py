"""What the API's description says is what is answered: driven by the description itself.

By Schemathesis, beside this process: https://schemathesis.readthedocs.io. It sends what the
description allows, and what it does not, and compares each answer with it: its status, its media
type, its headers and its body.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from inkcre.app import create_app
from inkcre.process.connections import ConnectionGuard
from inkcre.process.serve import make_options
from tests.conftest import sqlite_settings
from tests.homes import serve_app

Json = dict[str, Any]
PREFIX = "/ink"
EXAMPLES = 2
SECONDS = 170

NEVER = {"405"}
"""Of no operation: what other methods of a path are answered."""

CAN_HAPPEN = {
    *("400", "403", "404", "408", "409", "412", "413", "414", "415", "416", "422"),
    *("431", "500", "501", "502", "503", "504", "507"),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve an empty base that fetches nothing."""
    folder = tmp_path_factory.mktemp("base")
    settings = sqlite_settings(
        folder / "base.sqlite3",
        **{
            "database.migrate_on_start": True,
            "storage.path": str(folder / "files"),
            "http.idle_seconds": 60,  # longer than a busy machine may be silent
        },
    )
    options = make_options(settings.http, ConnectionGuard(settings.http))
    with serve_app(create_app(settings), **options) as served:
        yield served


@pytest.fixture(scope="module")
def description(url: str) -> Json:
    """Return the description of the API."""
    described: Json = httpx.get(f"{url}/openapi.json").json()
    return described


def operations(description: Json) -> Iterator[tuple[str, Json]]:
    """Yield each operation by its method and path."""
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


@pytest.mark.timeout(SECONDS + 5)
def test_answers_are_as_described(url: str, tmp_path: Path) -> None:
    """No status, media type, header or shape that is not described; no 500; 405 with Allow."""
    report = tmp_path / "report.json"
    ran = subprocess.run(
        [
            *(Path(sys.executable).parent / "schemathesis", "run", f"{url}/openapi.json"),
            # Of what it allows, much is refused: an id of nothing, a key that is no feed's.
            *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
            *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES)),
            # One worker: two that parse Python at once can end in a SystemError in older Pythons,
            # which count the depth of both together: https://github.com/python/cpython/issues/106905.
            *("--generation-deterministic", "--workers", "1", "--no-color", "--request-retries", "2"),
            *("--report", "json", "--report-json-path", report),
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=SECONDS,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert report.stat().st_size


def test_every_reference_leads_somewhere(description: Json) -> None:
    """Also those of bodies that routes read by themselves."""

    def references(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(reference := value.get("$ref"), str):
                yield reference
            value = list(value.values())
        for each in value if isinstance(value, list) else ():
            yield from references(each)

    found = set(references(description))
    for reference in found:
        place: Any = description
        assert reference.startswith("#/components/"), reference
        for part in reference.split("/")[1:]:
            place = place[part]
    assert "#/components/schemas/ItemForm" in found


def test_problems_are_described_as_they_are_sent(description: Json) -> None:
    """Their media type and their shape, on every operation, each where it can happen."""
    seen = set()
    for name, operation in operations(description):
        told = operation["responses"]
        assert {"400", "414", "422", "431", "500", "503"} <= told.keys(), name
        assert not NEVER & told.keys(), name
        for status, one in told.items():
            if "$ref" in one:
                assert one["$ref"] == f"#/components/responses/{status}"
            response = description["components"]["responses"][status] if "$ref" in one else one
            if status >= "400":
                seen.add(status)
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, name
            assert "X-Request-Id" in response["headers"], name
    assert seen == CAN_HAPPEN


@pytest.mark.parametrize(
    ("operation", "statuses"),
    [
        ("POST /hooks/{source_id}", "403 408 409 413 415 501 502 507"),
        ("POST /blocks", "403 408 413 415 507"),
        ("DELETE /blocks/{block_id}", "403 404 412 504"),
        ("GET /source/{source_id}/collect", "403 409 502 504"),
        ("GET /blocks/{block_id}/content", "403 404 412 416 502 504"),
        ("POST /files", "408 413 507"),
        ("GET /sources/types", "501"),
        ("GET /metrics", "501"),
    ],
)
def test_problem_is_described_where_it_can_happen(
    description: Json, operation: str, statuses: str
) -> None:
    """By one table, and not by hand."""
    told = dict(operations(description))[operation]["responses"]
    assert set(statuses.split()) <= told.keys()


def test_bodies_and_media_types_are_described(description: Json) -> None:
    """A message has a body, numbers are text, and a generator need not send what has a default."""
    told = dict(operations(description))
    assert "application/json" in told["POST /hooks/{source_id}"]["requestBody"]["content"]
    assert list(told["GET /metrics"]["responses"]["200"]["content"]) == ["text/plain"]
    assert "next_cursor" not in json.dumps(told["GET /relations/by_block/{block_id}"])
    assert '"default": null' not in json.dumps(description)
    schemas = description["components"]["schemas"]
    for name in ("Star", "FlatGraph", "BlockForm", "SourceForm", "CollectAt"):
        assert all("default" not in one for one in schemas[name]["properties"].values())


def test_headers_of_answers_are_described(description: Json) -> None:
    """Where a thing is, its state, and the next page."""
    told = dict(operations(description))
    for operation in ("POST /blocks", "POST /files", "POST /relations", "POST /sources"):
        headers = told[operation]["responses"]["201"]["headers"]
        assert {"ETag", "Location"} <= headers.keys(), operation
    assert "Location" in told["POST /sources/{source_id}/collect"]["responses"]["202"]["headers"]
    linked = told["GET /relations/by_block/{block_id}"]["responses"]["200"]["headers"]
    assert "Link" in linked
    content = told["GET /blocks/{block_id}/content"]["responses"]
    assert "Content-Range" in content["206"]["headers"]
