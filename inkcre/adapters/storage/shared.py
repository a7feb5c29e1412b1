"""What the storage adapters share: obstore, and its errors in the port's words.

https://developmentseed.org/obstore/latest/
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import obstore
from obstore import exceptions as obs
from obstore.store import ObjectStore

from inkcre.errors import (
    InkcreError,
    InvariantBroken,
    Misconfigured,
    NotFound,
    QuotaExceeded,
    Unavailable,
)

DRIVER_ERRORS = (obs.BaseError, OSError)


class ObstoreStorage:
    """Files in any of obstore's stores."""

    def __init__(self, store: ObjectStore, place: str) -> None:
        """Wrap a store; ``place`` names the setting that chose it."""
        self._store = store
        self._place = place

    def put(self, key: str, content: bytes) -> None:
        """Write a file whole."""
        with translated(self._place, key):
            obstore.put(self._store, key, content)

    def get(self, key: str) -> bytes:
        """Read a file whole."""
        with translated(self._place, key):
            return bytes(obstore.get(self._store, key).bytes())

    def delete(self, key: str) -> None:
        """Remove a file."""
        with translated(self._place, key), suppress(FileNotFoundError, obs.NotFoundError):
            obstore.delete(self._store, key)


@contextmanager
def translated(place: str, key: str | None = None) -> Iterator[None]:
    """Say in the port's words what obstore says, which quotes whole addresses and paths."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise _translate(error, place, key) from error


def _translate(error: Exception, place: str, key: str | None) -> InkcreError:
    if isinstance(error, (FileNotFoundError, obs.NotFoundError)):
        if key is None or "NoSuchBucket" in str(error):
            return Misconfigured(f"{place}: not there", hint="make it, or name another")
        return NotFound(f"file {key}: not found")
    if isinstance(error, (PermissionError, obs.PermissionDeniedError, obs.UnauthenticatedError)):
        return Misconfigured(f"{place}: permission denied", hint="check the rights and the keys")
    if isinstance(error, (OSError, obs.GenericError)):
        return _translate_text(str(error), getattr(error, "errno", None), place)
    return InvariantBroken(f"{place}: {type(error).__name__}")


def _translate_text(text: str, number: int | None, place: str) -> InkcreError:
    """Tell faults apart that obstore gives one class: the number stands in the text only."""
    if number in (errno.ENOSPC, errno.EDQUOT) or f"os error {errno.ENOSPC})" in text:
        return QuotaExceeded(f"{place}: there is no room left")
    for code in (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EROFS, errno.ENAMETOOLONG):
        if number == code or f"os error {code})" in text:
            return Misconfigured(f"{place}: {os.strerror(code).lower()}", hint="name another place")
    return Unavailable(f"{place}: no answer")
