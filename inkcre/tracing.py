"""What a line of the log belongs to: a request, a job, a source.

Bound to the context, so that whoever logs need not know of it.
"""

from collections.abc import Mapping
from contextvars import ContextVar, Token

_EMPTY: Mapping[str, str | int] = {}

_traced: ContextVar[Mapping[str, str | int]] = ContextVar("inkcre_traced", default=_EMPTY)


class trace:  # noqa: N801 - used as a function, as contextlib's are
    """Tell for the time of a block which request, job or source it is about; None says nothing.

    A class: what ``contextmanager`` makes of a generator took each request three times as long.
    """

    __slots__ = ("_ids", "_token")

    def __init__(self, **ids: str | int | None) -> None:
        self._ids = ids

    def __enter__(self) -> None:
        said = {name: id_ for name, id_ in self._ids.items() if id_ is not None}
        self._token: Token[Mapping[str, str | int]] = _traced.set({**_traced.get(), **said})

    def __exit__(self, *_: object) -> None:
        _traced.reset(self._token)


def traced() -> Mapping[str, str | int]:
    """Return what is said now, by name."""
    return _traced.get()
