"""``/files``, and the content of blocks."""

from collections.abc import Iterator
from functools import partial
from typing import Annotated
from urllib.parse import quote

from anyio import to_thread
from fastapi import Query, Request
from starlette.responses import Response

from inkcre.api.responses import BlockOut
from inkcre.errors import Refused
from inkcre.graph.blocks import get_block
from inkcre.graph.files.contents import BlockContent, find_content
from inkcre.graph.files.files import add_file
from inkcre.graph.records import Block
from inkcre.http.parameters import NO_NUL, PathId
from inkcre.http.paths import place
from inkcre.http.preconditions import (
    PARAMETERS,
    TAG,
    find_conditions,
    is_unmodified,
    last_modified,
    located,
    require_unmodified,
)
from inkcre.http.problems import problem_response
from inkcre.http.ranges import Unsatisfiable, find_range
from inkcre.http.responses import PROBLEMS, documented, json_response
from inkcre.http.router import Router
from inkcre.http.streams import StreamedResponse, run_aside
from inkcre.http.uploads import FileRoute, coming_body, open_upload
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database
from inkcre.ports.storage import Storage, Tenure
from inkcre.ports.web import USER_AGENT, Web
from inkcre.sql.values import MAX_NAME_LENGTH

uploads = Router(tags=["files"], route_class=FileRoute)
router = Router(tags=["files"])

CONTENT_PATH = "/blocks/{block_id}/content"

SANDBOX = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; media-src 'self'"
"""A stored page is shown as a page of nobody: it runs no script, sends no form, loads nothing, and
has no cookie of this site: https://www.w3.org/TR/CSP3/#directive-sandbox"""

PDF = "application/pdf"
PDF_POLICY = "script-src 'none'"
"""Browsers show a PDF in a viewer that is no part of the site, and Chrome shows none in a sandbox:
https://bugs.chromium.org/p/chromium/issues/detail?id=413851"""

SHOWN = ("text/", "image/", "video/", "audio/", PDF)
"""What a browser shows by itself; everything else is offered to be kept."""

FILE_BODY = {
    "requestBody": {
        "required": False,  # none is the file without a byte
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}

_BYTES = {"schema": {"type": "string", "format": "binary"}}
# The second is true, and the first is what generators of clients know how to read.
ANY_CONTENT = {"application/octet-stream": _BYTES, "*/*": _BYTES}

CONTENT_HEADERS = TAG | {
    name: {"description": description, "schema": {"type": "string"}}
    for name, description in (
        ("Last-Modified", "When it changed, if that is known and a second ago"),
        ("Accept-Ranges", "`bytes`"),
        ("Content-Disposition", "What a browser is to do with it, and what it is called"),
    )
}
CONTENT_RANGE = {
    "Content-Range": {"description": "Which part it is, of how much", "schema": {"type": "string"}}
}

CONTENT_RESPONSES: dict[int | str, dict[str, object]] = {
    200: {"description": "The content", "content": ANY_CONTENT, "headers": CONTENT_HEADERS},
    206: {
        "description": "The part that Range asks for",
        "content": ANY_CONTENT,
        "headers": CONTENT_HEADERS | CONTENT_RANGE,
    },
    304: {"description": "It is what is known", "headers": TAG},
    403: PROBLEMS[403],
    416: {**PROBLEMS[416], "headers": CONTENT_RANGE},
}


@uploads.post(
    "/files",
    status_code=201,
    openapi_extra=FILE_BODY,
    responses=located(
        documented(BlockOut, 201)
        | {200: {"model": BlockOut, "description": "The file has a block already"}}
    ),
    summary="Keep a file, and add a block for it",
)
async def add_file_route(
    request: Request,
    database: Database,
    storage: Storage,
    clock: Clock,
    tenure: Tenure,
    name: Annotated[
        str | None,
        Query(
            max_length=4 * MAX_NAME_LENGTH, pattern=NO_NUL, description="What the file is called"
        ),
    ] = None,
) -> Response:
    """Take a file as the body, or as the one file of a form; what it is is told by its bytes."""

    def add(body: Iterator[bytes]) -> tuple[Block, bool]:
        called, chunks = open_upload(request.headers.get("content-type", ""), body, name)
        return add_file(database, storage, chunks, name=called, now=clock(), tenure=tenure)

    async with coming_body(request, storage) as body:
        block, is_new = await run_aside("clients", partial(add, body))
    location = place(request.scope, f"/blocks/{block.id}")
    headers = {"Location": location, "ETag": block.tag()}
    return json_response(block, 201 if is_new else 200, headers)


@router.get(
    CONTENT_PATH,
    response_class=Response,
    responses=CONTENT_RESPONSES
    | {k: v for k, v in documented(None, 200, 404, 400, 412).items() if k != 200},
    openapi_extra=PARAMETERS,
    summary="The content of a block, wherever it lives",
)
async def read_content(
    request: Request,
    block_id: PathId,
    database: Database,
    storage: Storage,
    web: Web,
    *,
    clock: Clock,
    download: Annotated[
        bool, Query(description="Whether a browser should keep it rather than show it")
    ] = False,
) -> Response:
    """Return the bytes of a block's content: its text, its file, or what is at its address."""
    block = await to_thread.run_sync(get_block, database, block_id)
    is_page = block.storage == "url"
    # A block whose address is that of its own content would wait for itself.
    if is_page and request.headers.get("user-agent") == USER_AGENT:
        raise Refused("address: leads back to here")
    content = await run_aside(
        "pages" if is_page else "files",
        lambda: find_content(database, storage, web, block),
    )
    # Of a page nobody here knows when it changed.
    modified = None if is_page else last_modified(block.updated_at, clock())
    return await run_aside(
        "files", lambda: _answer(content, request, block_id, modified, is_kept=download)
    )


def _answer(
    content: BlockContent, request: Request, block_id: int, modified: str | None, *, is_kept: bool
) -> Response:
    etag = f'"{content.etag}"'
    headers = {
        "ETag": etag,
        **({"Last-Modified": modified} if modified else {}),
        # Kept, but asked for by its ETag each time: the page at an address may have changed.
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": PDF_POLICY if content.media_type == PDF else SANDBOX,
        "X-Content-Type-Options": "nosniff",
    }
    conditions = find_conditions(request.scope)
    if conditions is not None:
        conditions.require(f"block {block_id}: content", etag)
        if conditions.is_known(etag):
            return Response(status_code=304, headers=headers)
    if modified:
        require_unmodified(request.headers, f"block {block_id}: content", modified)
        if is_unmodified(request.headers, modified):
            return Response(status_code=304, headers=headers)
    headers |= {
        "Accept-Ranges": "bytes",
        "Content-Type": _clean_type(content.media_type),
        "Content-Disposition": _disposition(content, block_id, is_kept=is_kept),
    }
    return _respond(content, request, headers)


def _respond(content: BlockContent, request: Request, headers: dict[str, str]) -> Response:
    is_head = request.method == "HEAD"  # a range is for GET only: RFC 9110, section 14.2
    try:
        part = None if is_head else find_range(request.headers, headers, content.size)
    except Unsatisfiable:
        said = {"Content-Range": f"bytes */{content.size}"}
        return problem_response(
            416,
            "range_not_satisfiable",
            "No such part",
            "there is no byte in the range",
            headers=said,
        )
    start, end = part or (0, content.size)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size}"
    chunks = () if is_head else content.source.read(start, end)
    return StreamedResponse(chunks, end - start, 206 if part else 200, headers)


def _clean_type(media_type: str) -> str:
    """Return a media type that can be a header, whatever another server said."""
    is_clean = media_type.isascii() and media_type.isprintable() and "/" in media_type
    return media_type if is_clean and len(media_type) < 256 else "application/octet-stream"


def _disposition(content: BlockContent, block_id: int, *, is_kept: bool) -> str:
    """Return Content-Disposition with a name that every browser reads (RFC 6266, appendix D)."""
    is_shown = content.media_type.startswith(SHOWN) and not is_kept
    name = content.name or f"block-{block_id}"
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in " ._-" else "_" for c in name)
    kind = "inline" if is_shown else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
