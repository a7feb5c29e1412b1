"""Epochs: what lies in a storage to say whose it is. ``claims`` tells what it means."""

import json
from contextlib import suppress
from dataclasses import dataclass

from inkcre.errors import Conflict, NotFound, Unavailable
from inkcre.ports.storage import FileKey, Storage, lacks_of

FOLDER = "inkcre"
EPOCHS = f"{FOLDER}/epochs"
CONTESTED = FileKey(f"{FOLDER}/contested")
ATTEMPTS = 8
"""How often a look is tried while others put epochs and take old ones away."""


@dataclass(frozen=True)
class Epoch:
    """What an epoch says."""

    number: int
    base: str
    storage: str
    token: str

    @property
    def key(self) -> FileKey:
        """Where it lies."""
        return epoch_key(self.number)

    def as_bytes(self) -> bytes:
        """Write it."""
        said = {"base": self.base, "storage": self.storage, "token": self.token}
        return json.dumps(said).encode() + b"\n"

    @staticmethod
    def of(number: int, content: bytes) -> "Epoch | None":
        """Read one; None if it is damaged."""
        try:
            said = json.loads(content)
            words = [said["base"], said["storage"], said["token"]]
        except (ValueError, KeyError, TypeError):
            return None
        is_whole = all(isinstance(word, str) and word for word in words)
        return Epoch(number, *words) if is_whole else None


@dataclass(frozen=True)
class Sight:
    """What lies below ``inkcre`` in a storage."""

    numbers: tuple[int, ...]
    highest: Epoch | None
    is_contested: bool

    @property
    def number(self) -> int:
        """The highest number that is taken, be the epoch damaged or not."""
        return max(self.numbers, default=0)


def epoch_key(number: int) -> FileKey:
    """Return the key of an epoch."""
    return FileKey(f"{EPOCHS}/{number}")


def see(storage: Storage) -> Sight:
    """List what lies there, and read the highest epoch.

    Raises:
        Unavailable: it keeps changing.
    """
    for _ in range(ATTEMPTS):
        numbers, is_contested = list_epochs(storage)
        if not numbers:
            return Sight((), None, is_contested)
        with suppress(NotFound):  # a sweep has put a higher one, and taken this one away
            content = storage.get(epoch_key(max(numbers))).read()
            return Sight(numbers, Epoch.of(max(numbers), content), is_contested)
    raise Unavailable("storage: somebody else keeps claiming it")


def list_epochs(storage: Storage) -> tuple[tuple[int, ...], bool]:
    """Return the numbers of the epochs that lie there, and whether the storage is contested."""
    numbers, is_contested, cursor = [], False, None
    while True:
        page = storage.list(FOLDER, cursor=cursor)
        for info in page.files:
            is_contested = is_contested or info.key == CONTESTED
            folder, _, name = info.key.rpartition("/")
            # Only what we would write: "007" is not the key of 7, and isdigit takes "²", which int
            # refuses.
            if folder == EPOCHS and name.isascii() and name.isdigit() and str(int(name)) == name:
                numbers.append(int(name))
        cursor = page.cursor
        if cursor is None:
            return tuple(numbers), is_contested


def put_epoch(storage: Storage, epoch: Epoch) -> bool:
    """Put an epoch unless there is one of its number; tell whether it is there now."""
    try:
        # Of two copies of a base both want the next number: that one is refused is how they meet.
        storage.put(epoch.key, epoch.as_bytes(), if_absent=True)
        with suppress(NotFound):  # another process has put a higher one, and taken this one away
            storage.sync(epoch.key)
    except Conflict:
        try:  # our own, if an answer was lost and the put was tried again
            return storage.get(epoch.key).read() == epoch.as_bytes()
        except NotFound:
            return False
    return True


def refuses_second_put(storage: Storage, number: int) -> bool:
    """Tell whether a storage refuses to put what is there: two copies could not meet otherwise."""
    try:
        content = storage.get(epoch_key(number)).read()
        storage.put(epoch_key(number), content, if_absent=True)
    except (Conflict, NotFound):
        # Where it was looked before, and put then, two of them can both have seen nothing.
        return "conditional puts" not in lacks_of(storage)
    return False
