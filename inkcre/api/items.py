"""What others send to a source: its items, and messages that become items."""

from typing import Annotated

from fastapi import Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from inkcre.api.source_shapes import (
    MAX_ITEMS,
    MAX_KEY_LENGTH,
    Restore,
    Types,
    WrittenItems,
)
from inkcre.errors import Invalid, NotFound
from inkcre.graph.forms import moved, parse_star
from inkcre.graph.plans import refuse_provenance
from inkcre.http.bodies import load_json
from inkcre.http.json_depth import JsonRoute
from inkcre.http.parameters import PathId
from inkcre.http.problems import respond_to_validation
from inkcre.http.responses import PROBLEMS, documented, json_response
from inkcre.http.router import Router
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database
from inkcre.ports.web import Web
from inkcre.sources import on_demand, sources
from inkcre.sources.base import Item
from inkcre.sources.instances import open_source
from inkcre.sources.items.revisions import Written

router = Router(tags=["sources"], responses={501: PROBLEMS[501]}, route_class=JsonRoute)

MESSAGE_BODY = {
    "requestBody": {
        "required": True,
        "description": "JSON of whatever shape: the source's mapping makes items of it",
        "content": {"application/json": {"schema": {}}},
    },
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": description,
        }
        for name, description in (
            ("webhook-id", "The message's own; it stays when it is sent again"),
            ("webhook-timestamp", "When it was sent: seconds since 1970"),
            ("webhook-signature", "`v1,` and the signature by the source's secret, in base64"),
        )
    ],
}


async def _message(request: Request) -> tuple[dict[str, str], bytes]:
    return dict(request.headers), await request.body()


Message = Annotated[tuple[dict[str, str], bytes], Depends(_message)]
"""Headers, and the bytes as they came: a signature is of them, and not of what JSON would make."""


@router.post(
    "/sources/{source_id}/items",
    responses=documented(WrittenItems, 200, 404, 409),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ItemsForm"}}},
        }
    },
    summary="Add what somebody else has collected",
)
def add_items(  # noqa: PLR0917 - FastAPI gives them by name
    source_id: PathId,
    message: Message,
    types: Types,
    database: Database,
    web: Web,
    clock: Clock,
    restore: Restore = False,
) -> Response:
    """Write items to an inbox, all or none. One sent before is not written again, or is edited.

    One whose block somebody has deleted stays away, unless `restore` is asked for.

    Sources of other types collect what there is themselves, and answer 409. One that has a secret
    takes only what is signed with it (Standard Webhooks), and else answers 403; a message that it
    has taken already changes nothing.
    """
    headers, body = message
    row = sources.get_source(database, source_id)
    on_demand.require_open(types, row)
    source = open_source(row, database, types, web, clock, check=lambda: None)
    message_id = source.admit(headers, body, clock())
    try:
        items = _read_items(load_json(body))
    except ValidationError as error:
        return respond_to_validation(error.errors(include_url=False, include_input=False))
    return _tell(
        on_demand.add_items(
            database, types, source_id, items,
            now=clock(), restores=restore, message_id=message_id,
        )
    )  # fmt: skip


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
        refuse_provenance(star)
        items.append(Item(key, star))
    return items


@router.post(
    "/hooks/{source_id}",
    responses=documented(WrittenItems, 200, 404, 409),
    openapi_extra=MESSAGE_BODY,
    summary="Take a message that is signed (Standard Webhooks)",
)
def receive_message(
    source_id: PathId,
    message: Message,
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
    message_id = source.admit(headers, body, clock())
    return _tell(
        on_demand.add_items(database, types, source_id, items, now=clock(), message_id=message_id)
    )
