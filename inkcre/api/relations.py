"""``/relations``."""

from fastapi import Request
from starlette.responses import Response

from inkcre.api.parameters import ContentFilter, Direction
from inkcre.api.responses import RelationOut
from inkcre.graph import relations
from inkcre.graph.forms import RelationForm
from inkcre.http.json_depth import JsonRoute
from inkcre.http.parameters import Cursor, Limit, PathId
from inkcre.http.paths import place, route_path
from inkcre.http.preconditions import (
    PARAMETERS,
    answer_read,
    conditional,
    find_expectation,
    tagged,
)
from inkcre.http.responses import as_objects, documented, json_response
from inkcre.http.router import Router
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database

router = Router(prefix="/relations", tags=["relations"], route_class=JsonRoute)


@router.post(
    "",
    status_code=201,
    responses=tagged(
        documented(RelationOut, 201, 404, 413)
        | {200: {"model": RelationOut, "description": "An identical relation exists"}}
    ),
    summary="Relate two blocks",
)
def create_relation(form: RelationForm, database: Database, clock: Clock) -> Response:
    """Add a relation, or give the identical one that exists (200)."""
    relation, is_new = relations.create_relation(database, form, clock())
    return json_response(relation, 201 if is_new else 200, {"ETag": relation.tag()})


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
    responses=documented(list[RelationOut], 200, 404),
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
    cursor: Cursor = None,
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
