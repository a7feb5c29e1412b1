"""The yardstick: a FastAPI app written by hand, with the same SQL and drivers and no layers.

Reads are autocommit on a connection that each worker thread keeps for itself, statements are
constant and prepared, rows are made into bytes once. ``/rows`` writes a graph the usual way: row by
row through the ORM, each fetched or flushed before it is referred to.

Run it: ``BASELINE_URL=… uvicorn benchmarks.baseline:app``.
"""

import os
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import psycopg
from anyio import to_thread
from fastapi import FastAPI, Path, Query, Request
from pydantic_core import to_json
from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Session
from starlette.responses import Response

from inkcre.graph.digests import block_digest
from inkcre.graph.tables import blocks, metadata, relations

URL = os.environ.get("BASELINE_URL", "")
IS_POSTGRES = URL.startswith("postgresql")
MARK = "%s" if IS_POSTGRES else "?"
THREADS = 4


def columns(*shown: str) -> str:
    """Name a block's columns; times are shown as the API does."""
    if not IS_POSTGRES:
        return "id, created_at, updated_at, storage, resolver, content"
    times = [f"""to_char({t} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""" for t in shown]
    return ", ".join(["id", *times, "storage, resolver, content"])


COLUMNS = columns("created_at", "updated_at")
ID = f"{MARK}::bigint" if IS_POSTGRES else MARK
SELECT_ONE = f"SELECT {COLUMNS} FROM blocks WHERE id = {ID}"
SELECT_RECENT = f"SELECT {COLUMNS} FROM blocks WHERE id < {ID} ORDER BY id DESC LIMIT {MARK}"

kept = threading.local()


def connect() -> Any:
    """Open a connection the way the application does."""
    if IS_POSTGRES:
        return psycopg.connect(URL, autocommit=True)
    connection = sqlite3.connect(URL, isolation_level=None, cached_statements=256)
    connection.execute("PRAGMA busy_timeout = 10000")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def run(text: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Run one statement on this thread's connection."""
    try:
        connection = kept.connection
    except AttributeError:
        connection = kept.connection = connect()
    if IS_POSTGRES:
        cursor = connection.cursor().execute(text, parameters, prepare=True)
    else:
        cursor = connection.execute(text, parameters)
    return cursor.fetchall() if cursor.description else []


def block(row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "id": row[0],
        "created_at": row[1],
        "updated_at": row[2],
        "storage": row[3],
        "resolver": row[4],
        "content": row[5],
    }


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/blocks/recent")
def recent(
    num: Annotated[int, Query(ge=1, le=1000)] = 10,
    resolver: Annotated[str | None, Query(min_length=1, max_length=256)] = None,
) -> Response:
    assert resolver is None, "the load asks for no resolver"
    rows = run(SELECT_RECENT, (2**63 - 1, num + 1))
    return Response(to_json([block(row) for row in rows[:num]]), media_type="application/json")


@app.get("/blocks/{block_id}")
def one(block_id: Annotated[int, Path(ge=1, le=2**63 - 1)]) -> Response:
    for row in run(SELECT_ONE, (block_id,)):
        return Response(to_json(block(row)), media_type="application/json")
    return Response(status_code=404)


@app.put("/rows")
async def rows(request: Request) -> Response:
    form = await request.json()
    written = await to_thread.run_sync(write_row_by_row, form)
    return Response(to_json(written), media_type="application/json")


class Base(DeclarativeBase):
    metadata = metadata


class Block(Base):
    __table__ = blocks


class Relation(Base):
    __table__ = relations


engine = create_engine(
    URL.replace("postgresql://", "postgresql+psycopg://") if IS_POSTGRES else f"sqlite:///{URL}"
)
if not IS_POSTGRES:
    event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA synchronous = FULL"))


def write_row_by_row(form: dict[str, Any]) -> dict[str, Any]:
    """Fetch or insert each block and each relation by itself, as an ORM invites one to."""
    now = datetime.now(UTC)
    moment: Any = now if IS_POSTGRES else now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with Session(engine, expire_on_commit=False) as session:
        centre = fetch_or_add_block(session, form["block"], moment)
        blocks_, relations_ = [centre], []
        for arc in form["out_relations"]:
            other = fetch_or_add_block(session, arc["to_block"]["block"], moment)
            blocks_.append(other)
            said = {"from_": centre.id, "to_": other.id, "content": arc["relation"]["content"]}
            relation = session.scalar(select(Relation).filter_by(**said))
            if relation is None:
                relation = Relation(created_at=moment, updated_at=moment, **said)
                session.add(relation)
                session.flush()
            relations_.append(relation)
        session.commit()
    return {
        "blocks": [{c.key: getattr(b, c.key) for c in blocks.c} for b in blocks_],
        "relations": [{c.key: getattr(r, c.key) for c in relations.c} for r in relations_],
    }


def fetch_or_add_block(session: Session, form: dict[str, Any], moment: Any) -> Any:
    storage = form.get("storage")
    digest = block_digest(form["resolver"], storage, form["content"])
    found = session.scalar(select(Block).filter_by(digest=digest))
    if found is None:
        found = Block(
            created_at=moment,
            updated_at=moment,
            storage=storage,
            resolver=form["resolver"],
            content=form["content"],
            digest=digest,
        )
        session.add(found)
        session.flush()
    return found
