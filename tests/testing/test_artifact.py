"""The kit on Workers: an artifact with an extension in it, assembled on real Pyodide."""

from pathlib import Path

import httpx2 as httpx
import pytest

from inkcre.testing.extension.artifact import serve_on_workers
from tests.testing.sample import SAMPLE

pytestmark = pytest.mark.timeout(400)


def test_sample_is_assembled_on_workers(tmp_path: Path) -> None:
    """It answers, with its tables on a D1, though no package of it is installed."""
    with serve_on_workers(SAMPLE, tmp_path) as url, httpx.Client(base_url=url, timeout=60) as api:
        assert api.post("/sample/notes", json={"word": "ink"}).status_code == 201
        assert [note["word"] for note in api.get("/sample/notes").json()] == ["ink"]
        assert api.get("/sample/word").text == "sample"
