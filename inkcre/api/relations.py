"""``/relations``."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from inkcre.api.parameters import ContentFilter, Direction
from inkcre.api.responses import RelationOut
from inkcre.graph import relations
from inkcre.graph.forms import RelationForm
from inkcre.http.json_depth import JsonRoute
from inkcre.http.parameters import Limit, PathId
from inkcre.http.paths import place, route_path
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

LINK = {
    "Link": {
        "description": 'The next page, if there is one: `<address>; rel="next"` (RFC 8288)',
        "schema": {"type": "string"},
    }
}

LinkedCursor = Annotated[
    str | None, Query(max_length=64, description="As the `Link` of the page before has it")
]

router = Router(prefix="/relations", tags=["relations"], route_class=JsonRoute)


@router.post(
    "",
    status_code=201,
    responses=located(
        documented(RelationOut, 201, 404)
        | {200: {"model": RelationOut, "description": "An identical relation exists"}}
    ),
    summary="Relate two blocks",
)
def create_relation(
    request: Request, form: RelationForm, database: Database, clock: Clock
) -> Response:
    """Add a relation, or give the identical one that exists (200)."""
    relation, is_new = relations.create_relation(database, form, clock())
    location = place(request.scope, f"/relations/{relation.id}")
    headers = {"Location": location, "ETag": relation.tag()}
    return json_response(relation, 201 if is_new else 200, headers)


@router.get(
    "/{relation_id}",
    responses=conditional(tagged(documented(RelationOut, 200, 404)), is_read=True),
    openapi_extra=PARAMETERS,
    summary="One relation",
)
def get_relation(request: Request, relation_id: PathId, database: Database) -> Response:
    """Return one relation."""
    relation = relations.get_relation(database, relation_id)
    return answer_read(request.scope, f"relation {relation_id}", relation, relation.tag())


@router.delete(
    "/{relation_id}",
    status_code=204,
    responses=conditional(documented(None, 204, 404)),
    openapi_extra=PARAMETERS,
    summary="Delete a relation",
)
def delete_relation(request: Request, relation_id: PathId, database: Database) -> Response:
    """Delete a relation; its blocks stay. With `If-Match`, only what the sender has seen."""
    expected = find_expectation(request.scope, f"relation {relation_id}", relations.Relation.tag)
    relations.delete_relation(database, relation_id, expected=expected)
    return Response(status_code=204)


@router.get(
    "/by_block/{block_id}",
    responses={
        status: {**one, "headers": LINK} if status == 200 else one
        for status, one in documented(list[RelationOut], 200, 404).items()
    },
    summary="The relations of a block",
)
def list_relations(
    request: Request,
    block_id: PathId,
    database: Database,
    *,
    direction: Direction = Direction.BOTH,
    content: ContentFilter = None,
    limit: Limit = 1000,
    cursor: LinkedCursor = None,
) -> Response:
    """Return a block's relations, oldest first.

    A ``Link`` header leads to the next page (RFC 8288).
    """
    page, next_cursor = relations.list_relations(
        database,
        block_id,
        direction=direction,
        content=content,
        limit=limit,
        cursor=cursor,
    )
    headers = {}
    if next_cursor:
        path = place(request.scope, route_path(request.scope))
        query = request.url.include_query_params(cursor=next_cursor).query
        headers["Link"] = f'<{path}?{query}>; rel="next"'
    return json_response(as_objects(page), headers=headers)
