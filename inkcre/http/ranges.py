"""Which part of a content a request asks for: RFC 9110, section 14."""

import re
from collections.abc import Mapping

# By hand: httprange agrees but for several parts, and is 20 modules that each start of a Worker
# would restore; Starlette's parser is private, WebOb's fails on "bytes=-" (docs/architecture.md).
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)

Range = tuple[int, int]


class Unsatisfiable(Exception):
    """There is no byte in the range that is asked for."""


def find_range(headers: Mapping[str, str], said: Mapping[str, str], size: int) -> Range | None:
    """Return where the part that is asked for starts and ends; None for all of it.

    Several parts at once, and units that are not bytes, are answered with all of it, as section
    14.2 allows; so is a part of a content that is another by now: If-Range has neither the ETag nor
    the Last-Modified that is ``said`` of it (section 13.1.5).

    Raises:
        Unsatisfiable: the part begins behind the end, or has no byte.
    """
    found = _RANGE.fullmatch(headers.get("range", "").strip(" \t"))
    seen = headers.get("if-range", said["ETag"])
    if found is None or seen not in (said["ETag"], said.get("Last-Modified")):
        return None
    first, last = found.groups()
    if not first:
        if not last:
            return None
        start, end = max(0, size - int(last)), size
    else:
        start = int(first)
        end = min(int(last) + 1, size) if last else size
        # An invalid range is ignored and not refused: section 14.1.1.
        if last and int(last) < start:
            return None
    if start >= size or start >= end:
        raise Unsatisfiable
    return start, end
