"""Conditions of a request: which state of a thing its sender has seen (RFC 9110, section 13).

A ``Last-Modified`` is of contents alone. What is edited has none: a date of whole seconds cannot
tell two edits of one second apart, and ``If-Modified-Since`` and ``If-Unmodified-Since`` are
ignored there, as sections 13.1.3 and 13.1.4 say. ``If-Range`` is looked at with the range, in
``ranges``.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Scope

from inkcre.errors import MalformedHeader, PreconditionFailed
from inkcre.http.responses import PROBLEMS, json_response

T = TypeVar("T")

MATCH, NONE_MATCH = b"if-match", b"if-none-match"

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(_TAG)
# Empty elements are skipped: section 5.6.1.2. One way to read each character, so that no header
# takes longer than it is long.
_LIST = re.compile(rf"[ \t,]*{_TAG}[ \t]*(?:,[ \t,]*(?:{_TAG}[ \t]*)?)*")

PARAMETERS = {
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": description,
        }
        for name, description in (
            ("If-Match", "The `ETag` of what was seen, or several; else the answer is 412"),
            ("If-None-Match", "What is known, by its `ETag`: 304 for a read, 412 for a change"),
        )
    ]
}
"""For ``openapi_extra`` of a route. Not as parameters of its function: FastAPI would look for them
in each request."""

LOCATION = {"Location": {"description": "Where it is", "schema": {"type": "string"}}}

TAG = {"ETag": {"description": "This state of it, for If-Match", "schema": {"type": "string"}}}

Responses = dict[int | str, dict[str, object]]


def tagged(responses: Responses) -> Responses:
    """Add to the described responses of a route that each good one has a tag."""
    return {
        status: {**described, "headers": TAG} if status in (200, 201) else described
        for status, described in responses.items()
    }


def located(responses: Responses) -> Responses:
    """Add to the described responses of a route that each good one has a tag, and tells a place."""
    return {
        status: {**described, "headers": TAG | LOCATION} if status in (200, 201) else described
        for status, described in responses.items()
    }


def conditional(responses: Responses, *, is_read: bool = False) -> Responses:
    """Add to the described responses of a route what conditions can earn."""
    earned: Responses = {400: PROBLEMS[400], 412: PROBLEMS[412]}
    if is_read:
        earned[304] = {"description": "It is what If-None-Match names", "headers": TAG}
    return responses | earned


class Conditions:
    """What ``If-Match`` and ``If-None-Match`` of a request say."""

    def __init__(self, fields: Mapping[bytes, str]) -> None:
        """Read the fields.

        Raises:
            MalformedHeader: ``If-Match`` is neither ``*`` nor a list of tags.
        """
        self._match = fields.get(MATCH)
        self._none_match = fields.get(NONE_MATCH)
        _refuse_malformed("If-Match", self._match)

    def require(self, thing: str, tag: str) -> None:
        """Raise if ``If-Match`` names no such state of a thing; a weak tag names none.

        Raises:
            PreconditionFailed: it does not.
        """
        match = self._match
        # Compared strongly (section 8.8.3.2): none of ours is weak, so that no weak one is equal.
        if match is not None and match.strip(" \t") != "*" and tag not in _TAGS.findall(match):
            raise PreconditionFailed(
                f"{thing}: is not what If-Match names; somebody has changed it, or the tag is weak",
                hint="read it again, and send the change with its new ETag",
            )

    def is_known(self, tag: str) -> bool:
        """Tell whether ``If-None-Match`` names this state, or any (section 13.1.2)."""
        known = self._none_match
        if known is None:
            return False
        tags = {one.removeprefix("W/") for one in _TAGS.findall(known)}
        return known.strip(" \t") == "*" or tag in tags

    def require_readable(self) -> None:
        """Raise unless both can be read: what is to keep a change from being made is not ignored.

        Raises:
            MalformedHeader: ``If-None-Match`` is neither ``*`` nor a list of tags.
        """
        _refuse_malformed("If-None-Match", self._none_match)

    def require_for_change(self, thing: str, tag: str) -> None:
        """Raise if a thing in this state is not to be changed.

        Raises:
            PreconditionFailed: it is not.
        """
        self.require(thing, tag)
        if self.is_known(tag):
            raise PreconditionFailed(
                f"{thing}: is there, as If-None-Match names it",
                hint="leave If-None-Match out to change what is there",
            )


def _refuse_malformed(name: str, value: str | None) -> None:
    if value is not None and value.strip(" \t") != "*" and not _LIST.fullmatch(value):
        raise MalformedHeader(
            "neither * nor a list of tags",
            field=name,
            hint=f'send what `ETag` said, with its quotes, such as {name}: "abc"',
        )


def find_conditions(scope: Scope) -> Conditions | None:
    """Return the conditions of a request; None if it has none, which is most often so.

    Raises:
        MalformedHeader: one cannot be read.
    """
    found: dict[bytes, str] = {}
    for name, value in scope["headers"]:
        if name in (MATCH, NONE_MATCH):
            text = value.decode("latin-1")
            # Several lines of a name are one list: section 5.3.
            found[name] = f"{found[name]}, {text}" if name in found else text
    return Conditions(found) if found else None


def answer_read(scope: Scope, thing: str, record: object, tag: str) -> Response:
    """Answer a read of one thing with its tag, or 304 to whoever has it already.

    Raises:
        PreconditionFailed: it is not what If-Match names.
        MalformedHeader: If-Match cannot be read.
    """
    headers = {"ETag": tag}
    conditions = find_conditions(scope)
    if conditions is not None:
        conditions.require(thing, tag)
        if conditions.is_known(tag):
            return Response(status_code=304, headers=headers)
    return json_response(record, headers=headers)


def find_expectation(
    scope: Scope, thing: str, tag_of: Callable[[T], str]
) -> Callable[[T], None] | None:
    """Return what raises unless a thing is what a sender has seen; None: whatever it is.

    For functions that change a thing: they call it with the thing as it is, and change nothing else
    than that.

    Raises:
        MalformedHeader: a condition cannot be read.
    """
    conditions = find_conditions(scope)
    if conditions is None:
        return None
    conditions.require_readable()
    return lambda seen: conditions.require_for_change(thing, tag_of(seen))


def tag_of_body(body: bytes) -> str:
    """Return the tag of what is answered, where nothing else tells all of its states apart."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def last_modified(changed_at: str, now: datetime) -> str | None:
    """Return the date of a change as ``Last-Modified`` has it; None while its second lasts.

    Then no other change can have the same date: section 8.8.2.2. ``changed_at`` is RFC 3339.
    """
    changed = datetime.fromisoformat(changed_at).astimezone(UTC).replace(microsecond=0)
    is_over = changed + timedelta(seconds=1) <= now
    return format_datetime(changed, usegmt=True) if is_over else None


def require_unmodified(headers: Mapping[str, str], thing: str, modified: str) -> None:
    """Raise if a thing has changed since a date that is named in place of its tag (13.1.4).

    Raises:
        PreconditionFailed: it has.
    """
    since = None if "if-match" in headers else _read_date(headers, "if-unmodified-since")
    if since is not None and parsedate_to_datetime(modified) > since:
        raise PreconditionFailed(
            f"{thing}: has changed since If-Unmodified-Since", hint="read it again"
        )


def is_unmodified(headers: Mapping[str, str], modified: str) -> bool:
    """Tell whether a thing is as it was at a date that is named in place of its tag (13.1.3)."""
    since = None if "if-none-match" in headers else _read_date(headers, "if-modified-since")
    return since is not None and parsedate_to_datetime(modified) <= since


def _read_date(headers: Mapping[str, str], name: str) -> datetime | None:
    """Return the date in a header; None if there is none, which is then ignored (5.6.7)."""
    try:
        read = parsedate_to_datetime(headers[name])
    except (KeyError, ValueError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
