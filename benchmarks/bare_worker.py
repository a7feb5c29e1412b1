"""The baseline of ``make bench-edge``: a Worker as one writes it by hand.

FastAPI, SQLAlchemy's engine on pg8000, a response model, no layers. It is copied into an artifact
as its entry, with all packages whole. The engine is kept, which is fastest; it is asked by one at a
time, for two first connections at once would deadlock it. Automatic garbage collection is off, for
else it would not survive the measurement.
"""

import functools
import gc
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    create_engine,
    select,
)
from sqlalchemy.dialects.postgresql import pg8000
from sqlalchemy.pool import NullPool
from workers import asgi

gc.disable()
app = FastAPI()
blocks = Table(
    "blocks",
    MetaData(),
    Column("id", BigInteger, primary_key=True),
    Column("storage", Text),
    Column("resolver", Text),
    Column("content", Text),
)
INSERT_BLOCK = (
    "INSERT INTO blocks (created_at, updated_at, resolver, content, digest)"
    " VALUES (now(), now(), 'text', %s, %s)"
    " ON CONFLICT (digest) DO UPDATE SET resolver = excluded.resolver RETURNING id"
)
INSERT_RELATION = (
    "INSERT INTO relations (created_at, updated_at, from_, to_, content)"
    " VALUES (now(), now(), %s, %s, 'has') ON CONFLICT DO NOTHING"
)


class Block(BaseModel):
    id: int
    storage: str | None
    resolver: str
    content: str


class Graph(BaseModel):
    centre: str
    neighbours: list[str]


@functools.cache
def engine_for(user: str, password: str, host: str, port: int, database: str) -> Engine:
    url = f"postgresql+{pg8000.dialect.driver}://{user}:{password}@{host}:{port}/{database}"
    return create_engine(url, poolclass=NullPool, connect_args={"ssl_context": False})


def engine_of(request: Request) -> Engine:
    lent = request.scope["env"].HYPERDRIVE
    return engine_for(lent.user, lent.password, lent.host, int(lent.port), lent.database)


@app.get("/blocks/{block_id}", response_model=Block)
def get_block(block_id: int, request: Request) -> Any:
    with engine_of(request).connect() as connection:
        row = connection.execute(select(blocks).where(blocks.c.id == block_id)).mappings().first()
    if row is None:
        raise HTTPException(404)
    return row


@app.put("/graph")
def put_graph(graph: Graph, request: Request) -> Any:
    """Write row by row in one transaction, as an ORM does."""
    with engine_of(request).begin() as connection:
        centre = add(connection, graph.centre)
        for neighbour in graph.neighbours:
            other = add(connection, neighbour)
            connection.exec_driver_sql(INSERT_RELATION, (centre, other))
    return {"centre": centre}


def add(connection: Connection, content: str) -> int:
    return int(connection.exec_driver_sql(INSERT_BLOCK, (content, content)).scalar_one())


_Entry: Any = asgi.entrypoint(app)


class Default(_Entry):  # type: ignore[misc]
    pass
