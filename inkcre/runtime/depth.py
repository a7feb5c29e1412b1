"""How deep JSON is nested, told without parsing it."""

import re
from itertools import accumulate

MAX_NESTING = 256
"""A star form at its own limit of arcs is 194 deep."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[{]}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def is_deep(text: bytes) -> bool:
    """Tell whether JSON is nested deeper than ``MAX_NESTING``; it need not be any.

    Parsers go down the stack with it. In a Worker its end is the end of the isolate.
    """
    if text.count(b"[") + text.count(b"{") <= MAX_NESTING:
        return False
    brackets = _STRING.sub(b"", text).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_NESTING
