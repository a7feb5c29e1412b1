"""``/blocks``."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from inkcre.api.parameters import Direction, ResolverFilter, StorageFilter
from inkcre.api.responses import BlockOut, BlockPage, WalkedGraph
from inkcre.application import Application
from inkcre.graph import blocks, traversal
from inkcre.graph.forms import BlockEdit, BlockForm
from inkcre.graph.organize import create_organized_block
from inkcre.graph.records import Block
from inkcre.graph.resolvers import Resolver
from inkcre.http.json_depth import JsonRoute
from inkcre.http.parameters import MAX_PAGE, Cursor, Limit, PathId
from inkcre.http.paths import place
from inkcre.http.preconditions import (
    PARAMETERS,
    answer_read,
    conditional,
    find_expectation,
    located,
    tagged,
)
from inkcre.http.responses import as_objects, documented, json_response
from inkcre.http.router import Router
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database

router = Router(prefix="/blocks", tags=["blocks"], route_class=JsonRoute)

Organize = Annotated[
    bool, Query(description="Also add what the block's resolver finds in it, as relations")
]
MAX_DEPTH = 16


@router.get("", responses=documented(BlockPage), summary="List blocks, newest first")
def list_blocks(
    database: Database,
    resolver: ResolverFilter = None,
    storage: StorageFilter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of blocks, last added first, and the cursor of the next page."""
    page, next_cursor = blocks.list_blocks(
        database,
        resolver=resolver,
        storage="url" if storage == "URL" else storage,
        limit=limit,
        cursor=cursor,
    )
    return json_response({"blocks": as_objects(page), "next_cursor": next_cursor})


@router.get("/recent", responses=documented(list[BlockOut]), summary="The newest blocks")
def recent_blocks(
    database: Database,
    num: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 10,
    resolver: ResolverFilter = None,
) -> Response:
    """Return the last ``num`` blocks that were added, newest first."""
    page, _ = blocks.list_blocks(database, resolver=resolver, limit=num)
    return json_response(as_objects(page))


@router.get(
    "/{block_id}",
    responses=conditional(tagged(documented(BlockOut, 200, 404)), is_read=True),
    openapi_extra=PARAMETERS,
    summary="One block",
)
def get_block(request: Request, block_id: PathId, database: Database) -> Response:
    """Return one block."""
    block = blocks.get_block(database, block_id)
    return answer_read(request.scope, f"block {block_id}", block, block.tag())


@router.post(
    "",
    status_code=201,
    responses=located(
        documented(BlockOut, 201)
        | {200: {"model": BlockOut, "description": "An identical block exists"}}
    ),
    summary="Add a block",
)
def create_block(
    request: Request,
    form: BlockForm,
    database: Database,
    clock: Clock,
    application: Application,
    organize: Organize = False,
) -> Response:
    """Add a block, or give the identical one that exists (200)."""
    now = clock()
    if organize:
        resolvers = application.load_all("resolvers", Resolver)
        block, is_new = create_organized_block(database, resolvers, form, now)
    else:
        block, is_new = blocks.create_block(database, form, now)
    location = place(request.scope, f"/blocks/{block.id}")
    headers = {"Location": location, "ETag": block.tag()}
    return json_response(block, 201 if is_new else 200, headers)


@router.patch(
    "/{block_id}",
    responses=conditional(tagged(documented(BlockOut, 200, 404, 409))),
    openapi_extra=PARAMETERS,
    summary="Change a block",
)
def edit_block(
    request: Request, block_id: PathId, form: BlockEdit, database: Database, clock: Clock
) -> Response:
    """Change what the body names; an absent key stays, ``"storage": null`` makes it inline.

    With `If-Match`, only what the sender has seen is changed.
    """
    expected = find_expectation(request.scope, f"block {block_id}", Block.tag)
    block = blocks.edit_block(database, block_id, form, clock(), expected=expected)
    return json_response(block, headers={"ETag": block.tag()})


@router.delete(
    "/{block_id}",
    status_code=204,
    responses=conditional(documented(None, 204, 404)),
    openapi_extra=PARAMETERS,
    summary="Delete a block and its relations",
)
def delete_block(request: Request, block_id: PathId, database: Database) -> Response:
    """Delete a block; its relations go with it. With `If-Match`, only what the sender has seen."""
    expected = find_expectation(request.scope, f"block {block_id}", Block.tag)
    blocks.delete_block(database, block_id, expected=expected)
    return Response(status_code=204)


@router.get(
    "/{block_id}/graph",
    responses=documented(WalkedGraph, 200, 404),
    summary="What is around a block",
)
def walk_graph(
    block_id: PathId,
    database: Database,
    depth: Annotated[int, Query(ge=0, le=MAX_DEPTH, description="How many relations away")] = 1,
    direction: Direction = Direction.BOTH,
    limit: Limit = 100,
) -> Response:
    """Walk from a block along relations, breadth first, up to ``limit`` relations."""
    walked = traversal.walk_graph(database, block_id, depth=depth, direction=direction, limit=limit)
    return json_response(
        {
            "blocks": as_objects(walked.blocks),
            "relations": as_objects(walked.relations),
            "truncated": walked.truncated,
        }
    )
