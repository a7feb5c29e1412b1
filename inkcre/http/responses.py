"""Response bodies, made into bytes once."""

from collections.abc import Iterable, Mapping

from pydantic_core import to_json
from starlette.responses import Response

from inkcre.http.problems import Problem


def as_objects(records: Iterable[object]) -> list[dict[str, object]]:
    """Return the fields of records by name: three times as fast to write as the records."""
    return [vars(record) for record in records]


def json_response(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Make a response of plain values, or of a record."""
    # Slots have no __dict__, and are written as they are.
    if hasattr(content, "__dataclass_fields__") and hasattr(content, "__dict__"):
        content = vars(content)  # as_objects says why
    return Response(to_json(content), status, headers, "application/json")


PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {
        "model": Problem,
        "description": description,
        "content": {"application/problem+json": {}},
    }
    for status, description in (
        (400, "A header cannot be read"),
        (404, "It does not exist"),
        (409, "It collides with what is there"),
        (412, "It is not what If-Match names"),
        (413, "The body is too large"),
        (422, "The request is invalid"),
        (503, "The database does not answer"),
    )
}


def documented(
    model: object, status: int = 200, *problems: int
) -> dict[int | str, dict[str, object]]:
    """Describe a route's responses for OpenAPI."""
    described: dict[int | str, dict[str, object]] = {status: {"model": model}}
    for problem in (*problems, 422, 503):
        described[problem] = PROBLEMS[problem]
    return described
