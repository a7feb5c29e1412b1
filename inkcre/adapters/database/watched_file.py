"""The file of an SQLite base, and whether it is still the one that was opened.

A file that is removed, or over which another is moved, lives on for who has it open: what is
written there is answered well, and gone with the last who has it open. And what is found at its
path is read together with a write-ahead log that is not its own.
https://www.sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use
"""

import logging
from pathlib import Path

from inkcre.errors import Misconfigured

logger = logging.getLogger("inkcre.database")

HINT = (
    "stop everything that uses the base, look which file is the one that you want, and start again"
)

Identity = tuple[int, int]
"""A file's device and inode."""


class WatchedFile:
    """Which file was opened at a path, with its log; one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log_path = path.with_name(f"{path.name}-wal")
        self._file: Identity | None = None
        self._log: Identity | None = None
        self._has_told = False
        self.is_replaced = False
        """Whether another file was seen at the path: what is read of it is not to be trusted."""

    def note(self) -> None:
        """Remember which file is there: it was just opened, or made."""
        self._file = self._file or _identify(self._path)

    def note_log(self) -> None:
        """Remember its log, which stays as long as the connection that writes is open."""
        self._log = self._log or _identify(self._log_path)

    def forget(self) -> None:
        """Forget it: nobody has it open any more."""
        self._file = self._log = None
        self.is_replaced = self._has_told = False

    def require(self) -> None:
        """Raise unless the file at the path is the one that was opened, and so is its log.

        Raises:
            Misconfigured: it is gone, or another.
        """
        if self._file is None:
            return
        found = _identify(self._path)
        if found == self._file and (self._log is None or _identify(self._log_path) == self._log):
            return
        if found is not None and found != self._file:
            self.is_replaced = True
        raise self._tell(found)

    def require_readable(self) -> None:
        """Raise if another file was seen at the path.

        Raises:
            Misconfigured: as ``require`` has.
        """
        if self.is_replaced:
            self.require()

    def _tell(self, found: Identity | None) -> Misconfigured:
        if found is None:
            message = f"database.path: {self._path} was removed, or moved, while it was in use"
        elif found != self._file:
            message = f"database.path: {self._path} is another file than the one that was opened"
        else:
            message = f"database.path: {self._log_path} was removed while it was in use"
        if not self._has_told:
            self._has_told = True
            logger.error("%s; nothing is taken any more; %s", message, HINT)
        return Misconfigured(f"{message}; nothing that is written now is kept", hint=HINT)


def _identify(path: Path) -> Identity | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
