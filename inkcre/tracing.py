"""What a line of the log belongs to: a request, a job, a source.

Bound to the context, so that whoever logs need not know of it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_EMPTY: Mapping[str, str | int] = {}

_traced: ContextVar[Mapping[str, str | int]] = ContextVar("inkcre_traced", default=_EMPTY)


@contextmanager
def trace(**ids: str | int | None) -> Iterator[None]:
    """Say for the time of a block which request, job or source it is about; None says nothing."""
    token = _traced.set({**_traced.get(), **{n: i for n, i in ids.items() if i is not None}})
    try:
        yield
    finally:
        _traced.reset(token)


def traced() -> Mapping[str, str | int]:
    """Give what is said now, by name."""
    return _traced.get()
