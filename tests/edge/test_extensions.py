"""Extensions that settings enable, on the edge: what `build` carries along, and what it refuses."""

from pathlib import Path

from inkcre.edge.local.harness import Harness, HarnessOptions
from inkcre.edge.local.migrations import apply_migrations
from tests.edge import homes
from tests.edge.conftest import Running
from tests.edge.homes import D1

ENABLED = {"extensions.enabled": ["sample"], "extensions.sample.word": "hello"}


def test_artifact_carries_what_settings_enable(tmp_path: Path) -> None:
    """Its manifest and all that it names; the entry is the one of every Worker."""
    artifact = homes.build({**D1, **ENABLED}, tmp_path / "artifact")
    assert b"import inkcre_sample\n" in artifact.files["src/carried_extensions.py"]
    assert "src/inkcre_sample/words.py" in artifact.files
    assert not [path for path in artifact.files if "sample_commands" in path]
    assert [p for p in artifact.files if p.startswith("migrations/10000_sample_0001")]


def test_artifact_has_nothing_of_what_is_not_enabled(tmp_path: Path) -> None:
    """Be it installed."""
    artifact = homes.build(D1, tmp_path / "artifact")
    assert not [path for path in artifact.files if "sample" in path or "carried" in path]


def test_extension_answers_on_the_edge(tmp_path: Path) -> None:
    """What it is lent, its adapter, its tables, its resolver, a job of its own."""
    artifact = tmp_path / "artifact"
    homes.build({**D1, **ENABLED, "keyvalue.kind": "shelf"}, artifact)
    apply_migrations(artifact, "DB", tmp_path / "state")
    log = tmp_path / "log"
    harness = Harness(HarnessOptions(artifact, state=tmp_path / "state", control=True), log)
    try:
        running = Running(harness, log)
        with running.client() as client:
            lent = {"database": "sqlite", "keyvalue": "Shelf", "word": "hello"}
            assert client.get("/sample").json() == lent
            assert client.post("/sample/words", json={"word": "one"}).status_code == 201
            assert client.get("/sample/words").json() == [{"word": "one", "block_id": None}]
            assert [e["name"] for e in client.get("/capabilities").json()["extensions"]] == [
                "sample"
            ]
            form = {"resolver": "sample", "content": "x"}
            block = client.post("/blocks?organize=true", json=form).json()
            related = client.get(f"/relations/by_block/{block['id']}").json()
            assert [relation["content"] for relation in related] == ["is like"]
            running.tick()
            [job] = client.get("/jobs", params={"kind": "sample.count"}).json()["jobs"]
            assert job["result"] == {"counted": "hello", "id": job["id"]}
    finally:
        harness.close()
