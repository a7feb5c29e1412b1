"""Response bodies, made into bytes once."""

from collections.abc import Iterable, Mapping

from pydantic_core import PydanticSerializationError, to_json
from starlette.responses import Response

from inkcre.errors import DatabaseDamaged
from inkcre.ports.database import DAMAGE_HINT


def as_objects(records: Iterable[object]) -> list[dict[str, object]]:
    """Return the fields of records by name: three times as fast to write as the records."""
    return [vars(record) for record in records]


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Make a response of plain values, or of a record.

    Raises:
        DatabaseDamaged: SQLite has given bytes where a text was written, and they are none.
    """
    # Slots have no __dict__, and are written as they are.
    if hasattr(content, "__dataclass_fields__") and hasattr(content, "__dict__"):
        content = vars(content)  # as_objects says why
    try:
        body = to_json(content)
    except PydanticSerializationError as error:
        if "invalid utf-8" not in str(error):
            raise
        raise DatabaseDamaged("database: a text is no UTF-8", hint=DAMAGE_HINT) from error
    return Response(body, status, headers, "application/json")


REF_TEMPLATE = "#/components/schemas/{model}"

PROBLEM_SCHEMA = ("application/problem+json", {"schema": {"$ref": "#/components/schemas/Problem"}})
"""The media type of problems, and their schema."""

RETRY_AFTER = {"Retry-After": {"description": "In seconds", "schema": {"type": "integer"}}}
ACCEPT_ENCODING = {
    "Accept-Encoding": {"description": "Codings that are known", "schema": {"type": "string"}}
}

PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {
        "description": description,
        "content": dict([PROBLEM_SCHEMA]),
        **({"headers": headers} if headers else {}),
    }
    for status, description, headers in (
        (400, "A header cannot be read, or Host is missing", None),
        (403, "Not allowed: a page of another site, no signature, or an address of none", None),
        (404, "It does not exist", None),
        (408, "The body does not come", None),
        (409, "It collides with what is there", None),
        (412, "It is not what If-Match names", None),
        (413, "The body is too large, as it comes or decoded", None),
        (414, "The address is too long", None),
        (415, "The body is coded in a way that is not known", ACCEPT_ENCODING),
        (416, "There is no byte in the part that Range asks for", None),
        (422, "The request is invalid, or has a parameter that the route does not know", None),
        (431, "The headers are too large", None),
        (500, "A fault of the server", None),
        (501, "Not possible in this home", None),
        (502, "Another server's answer cannot be used", None),
        (503, "The home is busy, or what it needs does not answer", RETRY_AFTER),
        (504, "What it needs does not answer in time", None),
        (507, "There is no room left", None),
    )
}
"""What each problem is, by its status: ``earned`` has which routes are answered with which."""


def documented(
    model: object, status: int = 200, *problems: int
) -> dict[int | str, dict[str, object]]:
    """Describe a route's responses for OpenAPI.

    Problems that are named are the route's own: those that any route of its kind may earn are added
    when an application describes itself.
    """
    described: dict[int | str, dict[str, object]] = {status: {"model": model}}
    for problem in (*problems, 422, 503):
        described[problem] = PROBLEMS[problem]
    return described
