"""``/sources``, ``/hooks``, and the former ``/source``."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from inkcre.api.responses import BlockOut
from inkcre.api.source_shapes import (
    MAX_ITEMS,
    MAX_KEY_LENGTH,
    Asked,
    DryRun,
    EditedSourceOut,
    ForgetBrought,
    ItemsForm,
    RemovalOut,
    Restore,
    SourceOut,
    SourcePage,
    SourceTypeOut,
    WrittenItems,
)
from inkcre.context import Components
from inkcre.errors import InkcreError, Invalid, NotFound, Unsupported
from inkcre.graph.forms import moved, parse_star
from inkcre.graph.plans import refuse_times
from inkcre.http.bodies import RawBody, load_json
from inkcre.http.jobs import JobOut
from inkcre.http.json_depth import JsonRoute
from inkcre.http.parameters import Cursor, Limit, PathId
from inkcre.http.paths import place
from inkcre.http.preconditions import (
    PARAMETERS,
    answer_read,
    conditional,
    find_expectation,
    tag_of_body,
    tagged,
)
from inkcre.http.problems import respond_to_validation
from inkcre.http.responses import as_objects, documented, json_response
from inkcre.http.router import Router, lend_to
from inkcre.http.streams import run_aside
from inkcre.ports.clock import Clock, Zone
from inkcre.ports.database import Database
from inkcre.ports.sources import SourceTypes
from inkcre.ports.web import Web
from inkcre.sources import edits, on_demand, removals, sources
from inkcre.sources.base import Item
from inkcre.sources.forms import SourceEdit, SourceForm
from inkcre.sources.instances import describe_type, open_source
from inkcre.sources.items.revisions import Written
from inkcre.sources.masks import mask
from inkcre.sources.registry import find_source_types
from inkcre.sources.rows import Source

router = Router(tags=["sources"], route_class=JsonRoute)

Types = Annotated[SourceTypes, Depends(lend_to(find_source_types))]
"""What sources may be of, here."""


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
    responses=tagged(documented(SourceOut, 201, 413)),
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
    responses=conditional(tagged(documented(EditedSourceOut, 200, 404, 413))),
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
    responses=documented(JobOut, 202, 404),
    summary="Collect a source soon",
)
def collect_source(
    request: Request,
    source_id: PathId,
    database: Database,
    clock: Clock,
    asked: Asked,
) -> Response:
    """Add the job that collects a source, or give the one that waits already to do that."""
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


@router.post(
    "/sources/{source_id}/items",
    responses=documented(WrittenItems, 200, 404, 409, 413),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": ItemsForm.model_json_schema()}},
        }
    },
    summary="Add what somebody else has collected",
)
def add_items(
    source_id: PathId,
    body: RawBody,
    types: Types,
    database: Database,
    clock: Clock,
    restore: Restore = False,
) -> Response:
    """Write items to an inbox, all or none. One sent before is not written again, or is edited.

    One whose block somebody has deleted stays away, unless `restore` is asked for.

    Sources of other types collect what there is themselves, and answer 409.
    """
    try:
        items = _read_items(load_json(body))
    except ValidationError as error:
        return respond_to_validation(error.errors(include_url=False, include_input=False))
    written = on_demand.add_items(database, types, source_id, items, now=clock(), restores=restore)
    return _tell(written)


def _tell(written: Written) -> Response:
    return json_response({**written.count(), "block_ids": written.block_ids})


def _read_items(data: object) -> list[Item]:
    for unknown in data.keys() - {"items"} if isinstance(data, dict) else ():
        raise Invalid("unknown key", field=unknown)
    context = data.get("items") if isinstance(data, dict) else None
    if not isinstance(context, list) or len(context) > MAX_ITEMS:
        raise Invalid(f"should be a list of at most {MAX_ITEMS}", field="items")
    items = []
    for number, one in enumerate(context):
        key = one.get("key") if isinstance(one, dict) else None
        # Looked at by hand: a star may be nested deeper than pydantic goes, so there is no model of
        # it all.
        if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_LENGTH or "\x00" in key:
            raise Invalid("should be text that is not empty", field=f"items.{number}.key")
        try:
            star = parse_star(one.get("star"))
        except ValidationError as error:
            raise moved(error, ("items", number, "star")) from None
        refuse_times(star)
        items.append(Item(key, star))
    return items


# The bytes as they came: a signature is of them, and not of what JSON would make of them.
async def _signed_body(request: Request) -> tuple[dict[str, str], bytes]:
    return dict(request.headers), await request.body()


@router.post(
    "/hooks/{source_id}",
    responses=documented(WrittenItems, 200, 404, 409, 413),
    summary="Take a message that is signed (Standard Webhooks)",
)
def receive_message(
    source_id: PathId,
    message: Annotated[tuple[dict[str, str], bytes], Depends(_signed_body)],
    types: Types,
    database: Database,
    web: Web,
    clock: Clock,
) -> Response:
    """Make items of a message as the source's mapping says; a repeated one changes nothing."""
    row = sources.get_source(database, source_id)
    source = open_source(row, database, types, web, clock, check=lambda: None)
    receive = getattr(source, "receive", None)
    if receive is None:
        raise NotFound(f"source {source_id}: takes no messages")
    headers, body = message
    items = receive(headers, body, clock())
    return _tell(on_demand.add_items(database, types, source_id, items, now=clock()))
