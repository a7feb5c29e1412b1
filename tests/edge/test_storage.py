"""Whose a bucket is, and what is deleted there, inside the Worker on Miniflare's R2."""

import json
import uuid
from typing import Any

import httpx2 as httpx

from inkcre.ports.storage import KEEP_DAYS
from tests.edge.conftest import Start

PUT_EPOCH = """
from pyodide.ffi import run_sync
run_sync(env.FILES.put("inkcre/epochs/7", {content!r}))
1
"""

LIST = """
from pyodide.ffi import run_sync
[item.key for item in run_sync(env.FILES.list()).objects]
"""

SWEEP = """
import worker
from datetime import UTC, datetime, timedelta
from inkcre.edge.bindings import WorkerBindings
from inkcre.graph.blocks import delete_block
from inkcre.graph.files import claims, files, sweeps
from inkcre.graph.tables import file_notes
from inkcre.ports.database import Statement
from sqlalchemy import update

def work(context):
    database, storage, tenure = context.database, context.storage, context.tenure
    def add(content):
        return files.add_file(database, storage, [content], name=None, now=context.clock(), tenure=tenure)[0]
    kept, gone = add({kept!r}), add({gone!r})
    delete_block(database, gone.id)
    def sweep():
        later = lambda: datetime.now(UTC) + timedelta(days=40)
        *_, swept = sweeps.sweep_files(database, storage, later, tenure=tenure, is_automatic=True)
        return swept.deleted
    def is_there(block):
        try:
            return storage.head(files.file_key(block.content[7:])).size
        except files.NotFound:
            return None
    first = sweep(), is_there(gone)
    age = Statement(update(file_notes).values(noted_at=file_notes.c.noted_at - 31 * 86400000))
    database.atomic([age()])
    second = sweep(), is_there(gone)
    again = add({gone!r})
    return [first, second, is_there(kept), is_there(again), claims.look(database, storage, tenure).state]

bindings = WorkerBindings(env)
with worker.Default.app._assembled_for(bindings).provide(bindings) as components:
    result = work(components)
result
"""


def test_what_was_let_go_is_swept_from_the_bucket(edge: httpx.Client) -> None:
    """After its time, and not before; R2 refuses to put an epoch that is there."""
    kept, gone = uuid.uuid4().bytes, uuid.uuid4().bytes
    answer = edge.post("/__harness/run", content=SWEEP.format(kept=kept, gone=gone))
    assert answer.status_code == 200, answer.text
    assert answer.json() == [[0, 16], [1, None], 16, 16, "ours"]
    assert KEEP_DAYS == 30


def test_bucket_of_another_base_takes_no_uploads(start: Start) -> None:
    """They are answered 503, and nothing is put; the rest is served, and ``/readyz`` says so."""
    running = start("edge-postgres")
    said = {"base": "0" * 32, "storage": "1" * 32, "token": "2" * 32}
    running.run(PUT_EPOCH.format(content=json.dumps(said)))
    with running.client() as client:
        answers: list[Any] = [client.post("/files", content=bytes(size)) for size in (9, 3_000_000)]
        assert [answer.status_code for answer in answers] == [503, 503]
        assert answers[0].json()["type"] == "urn:inkcre:problem:storage_taken"
        assert client.get("/blocks").status_code == 200
        (notice,) = client.get("/readyz").json()["notices"]
        assert notice["code"] == "storage_taken"
    running.control("scheduled")
    assert running.run(LIST) == ["inkcre/epochs/7"]
