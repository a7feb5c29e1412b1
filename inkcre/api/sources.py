"""``/sources``, ``/hooks``, and the former ``/source``."""

from collections.abc import Callable, Mapping

from fastapi import Request
from pydantic import ValidationError
from starlette.responses import Response

from inkcre.api.responses import BlockOut
from inkcre.api.source_shapes import (
    Asked,
    DryRun,
    EditedSourceOut,
    ForgetBrought,
    RemovalOut,
    SourceOut,
    SourcePage,
    SourceTypeOut,
    Types,
)
from inkcre.context import Components
from inkcre.errors import InkcreError, Unsupported
from inkcre.http.jobs import JobOut
from inkcre.http.json_depth import JsonRoute
from inkcre.http.parameters import Cursor, Limit, PathId
from inkcre.http.paths import place
from inkcre.http.preconditions import (
    LOCATION,
    PARAMETERS,
    answer_read,
    conditional,
    find_expectation,
    located,
    tag_of_body,
    tagged,
)
from inkcre.http.problems import respond_to_validation
from inkcre.http.responses import PROBLEMS, as_objects, documented, json_response
from inkcre.http.router import Router
from inkcre.http.streams import run_aside
from inkcre.ports.clock import Clock, Zone
from inkcre.ports.database import Database
from inkcre.ports.sources import SourceTypes
from inkcre.sources import edits, on_demand, removals, sources
from inkcre.sources.forms import SourceEdit, SourceForm
from inkcre.sources.instances import describe_type
from inkcre.sources.masks import mask
from inkcre.sources.rows import Source

router = Router(tags=["sources"], responses={501: PROBLEMS[501]}, route_class=JsonRoute)


@router.get(
    "/sources/types",
    responses=documented(list[SourceTypeOut]),
    summary="What sources can be of",
)
def list_types(types: Types) -> Response:
    """Return the types that can be used here, each with the JSON Schema of its configuration."""
    described = []
    for name in types.names():
        try:
            described.append(describe_type(types.load(name)))
        except Unsupported:  # a folder, while no folder may be read
            continue
    return json_response(described)


@router.get("/sources", responses=documented(SourcePage), summary="List sources, newest first")
def list_sources(
    database: Database, types: Types, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Return a page of sources."""
    page, after = sources.list_sources(database, limit=limit, cursor=cursor)
    return json_response({"sources": [_shown(types, s) for s in page], "next_cursor": after})


def _shown(types: SourceTypes, source: Source) -> Source:
    try:
        kind = types.load(source.type)
    except InkcreError:
        kind = None
    return mask(source, kind)


@router.post(
    "/sources",
    status_code=201,
    responses=located(documented(SourceOut, 201)),
    summary="Add a source",
)
def create_source(
    request: Request,
    form: SourceForm,
    types: Types,
    database: Database,
    clock: Clock,
    zone: Zone,
) -> Response:
    """Add a source; with a `schedule` it is collected by itself."""
    try:
        source = sources.create_source(database, types, form, now=clock(), timezone=zone)
    except ValidationError as error:
        return respond_to_validation(error.errors(include_url=False, include_input=False))
    location = place(request.scope, f"/sources/{source.id}")
    return _answer(_shown(types, source), 201, {"Location": location})


def _answer(shown: Source, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    response = json_response(shown, status, headers)
    response.headers["ETag"] = tag_of_body(bytes(response.body))
    return response


def _tag(types: Types) -> Callable[[Source], str]:
    """Return what tells the tag of a source: of all that is shown of it, and of no secret."""
    return lambda source: tag_of_body(bytes(json_response(_shown(types, source)).body))


@router.get(
    "/sources/{source_id}",
    responses=conditional(tagged(documented(SourceOut, 200, 404)), is_read=True),
    openapi_extra=PARAMETERS,
    summary="One source",
)
def get_source(request: Request, source_id: PathId, database: Database, types: Types) -> Response:
    """Return one source."""
    shown = _shown(types, sources.get_source(database, source_id))
    tag = tag_of_body(bytes(json_response(shown).body))
    return answer_read(request.scope, f"source {source_id}", shown, tag)


@router.patch(
    "/sources/{source_id}",
    responses=conditional(tagged(documented(EditedSourceOut, 200, 404))),
    openapi_extra=PARAMETERS,
    summary="Change a source",
)
def edit_source(  # noqa: PLR0917 - FastAPI gives them by name
    request: Request,
    source_id: PathId,
    form: SourceEdit,
    types: Types,
    database: Database,
    clock: Clock,
    zone: Zone,
    forget: ForgetBrought = False,
) -> Response:
    """Change what the body names.

    `config` is a merge patch (RFC 7396): absent keys stay, secrets too, null gives a key its
    default again, and a masked secret stays what it is. If it leads to another place (another
    address, path or mapping), all that the former place brought stays, as if you had given it.

    With `If-Match`, only what the sender has seen is changed: what was collected since counts.
    """
    expected = find_expectation(request.scope, f"source {source_id}", _tag(types))
    try:
        edited = edits.edit_source(
            database, types, source_id, form, clock=clock, timezone=zone, expected=expected,
            forget=forget,
        )  # fmt: skip
    except ValidationError as error:
        return respond_to_validation(error.errors(include_url=False, include_input=False))
    shown = _shown(types, edited.source)
    numbers = {"released": edited.released, "forgotten": edited.forgotten}
    # Its tag is that of the source by itself, as it is read.
    tag = {"ETag": tag_of_body(bytes(json_response(shown).body))}
    return json_response({**vars(shown), **numbers}, headers=tag)


@router.delete(
    "/sources/{source_id}",
    status_code=204,
    responses=conditional(
        documented(RemovalOut, 200, 404) | {204: {"description": "It is deleted"}}
    ),
    openapi_extra=PARAMETERS,
    summary="Delete a source",
)
def delete_source(
    request: Request,
    source_id: PathId,
    database: Database,
    types: Types,
    forget: ForgetBrought = False,
    dry_run: DryRun = False,
) -> Response:
    """Delete a source and its schedule. What it has collected stays, unless it is to be forgotten.

    With `forget` or `dry_run` the answer is 200, and says what goes and what stays.
    """
    if dry_run:
        return json_response(removals.foresee_removal(database, source_id, forget=forget))
    expected = find_expectation(request.scope, f"source {source_id}", _tag(types))
    removal = removals.delete_source(database, source_id, expected=expected, forget=forget)
    return json_response(removal) if forget else Response(status_code=204)


@router.post(
    "/sources/{source_id}/collect",
    status_code=202,
    responses={
        status: {**one, "headers": LOCATION} if status == 202 else one
        for status, one in documented(JobOut, 202, 404, 409).items()
    },
    summary="Collect a source soon",
)
def collect_source(
    request: Request,
    source_id: PathId,
    types: Types,
    database: Database,
    clock: Clock,
    asked: Asked,
) -> Response:
    """Add the job that collects a source, or give the one that waits already to do that."""
    on_demand.require_collecting(types, sources.get_source(database, source_id))
    job = on_demand.enqueue_collect(
        database, source_id,
        full=asked.full, restore=asked.restore, forget=asked.forget, now=clock(),
    )  # fmt: skip
    return json_response(job, 202, {"Location": place(request.scope, f"/jobs/{job.id}")})


@router.get(
    "/source/{source_id}/collect",
    responses=documented(list[BlockOut], 200, 404, 409),
    summary="Collect a source now (the former path)",
    deprecated=True,
)
async def collect_source_now(
    source_id: PathId,
    context: Components,
    asked: Asked,
) -> Response:
    """Collect a source while the caller waits; give the blocks that were added or changed."""
    # It waits for servers of others: aside of the threads that answer everybody.
    blocks = await run_aside(
        "pages",
        lambda: on_demand.collect_now(
            context, source_id, full=asked.full, restore=asked.restore, forget=asked.forget
        ),
    )
    return json_response(as_objects(blocks))
