"""A file's body, on its way to whoever writes it in a thread: no thread waits for a slow client.

It is received in the event loop. What is small stays in memory. Of what is larger a few go straight
to their place, each with a thread that waits for it: that is half the work. All others are put
aside until they are whole: each full part is written to a file without a name, which takes a thread
for as long as the disk takes. So a thousand clients that are slow hold a thousand parts, and the
threads of a few; whoever comes then is put aside, and waits for none of them.
"""

import errno
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import BufferedRandom
from itertools import chain
from pathlib import Path

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from inkcre.errors import Misconfigured, QuotaExceeded, Unavailable
from inkcre.http.streams import having_place, read_in_a_thread, run_aside
from inkcre.ports.storage import InFolder, Storage

PART_BYTES = 128 * 1024
"""How much of a body is held in memory."""

READ_BYTES = 256 * 1024


@asynccontextmanager
async def spooled(receive: Receive, storage: Storage) -> AsyncIterator[Iterator[bytes]]:
    """Lend a body to whoever reads it in a thread.

    Raises:
        ClientDisconnect: whoever sends it has hung up.
        QuotaExceeded: there is no room to put it aside.
        Misconfigured: it cannot be put aside.
    """
    spool = Spool(receive, _find_folder(storage))
    await spool.take(PART_BYTES)
    if spool.is_more:
        with having_place() as has_place:
            if has_place:
                yield chain(spool.parts(), read_in_a_thread(receive))
                return
    try:
        await spool.take()
        yield spool.parts()
    finally:
        spool.close()


def _find_folder(storage: Storage) -> Path | None:
    """Return where there is room for files; None: where the system has its temporary ones."""
    if isinstance(storage, InFolder) and storage.folder.is_dir():
        return storage.folder
    return None


class Spool:
    """A body that comes, and is read when it has come."""

    def __init__(self, receive: Receive, folder: Path | None) -> None:
        self._receive, self._folder = receive, folder
        self._held = bytearray()
        self._file: BufferedRandom | None = None
        self.is_more = True
        """Whether there is more of it to come."""

    async def take(self, most: int | None = None) -> None:
        """Take what comes: all of it, or as much as ``most`` into memory."""
        while self.is_more and (most is None or len(self._held) < most):
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            self._held += message.get("body", b"")
            self.is_more = message.get("more_body", False)
            if most is None and self.is_more and len(self._held) >= PART_BYTES:
                await run_aside("clients", self._write)

    def _write(self) -> None:
        with _translated(self._folder):
            if self._file is None:
                file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - close() closes it
                self._file = file
            self._file.write(self._held)
        self._held = bytearray()

    def parts(self) -> Iterator[bytes]:
        """Yield what has come, once."""
        if self._file is not None:
            self._file.seek(0)
            while part := self._file.read(READ_BYTES):
                yield part
        if self._held:
            yield bytes(self._held)

    def close(self) -> None:
        """Let go of what was put aside."""
        if self._file is not None:
            self._file.close()


@contextmanager
def _translated(folder: Path | None) -> Iterator[None]:
    place = "storage.path" if folder else "the folder of temporary files"
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise QuotaExceeded(f"{place}: there is no room left") from error
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise Unavailable(f"{place}: no more files can be open") from error
        hint = None if folder else "name a folder that can be written to by the variable TMPDIR"
        said = (error.strerror or "cannot be written to").lower()
        raise Misconfigured(f"{place}: {said}", hint=hint) from error
