"""What is done to a base to see that it loses nothing: in a process, or inside a Worker.

There its source is sent, so it names only what an artifact has. Between two steps of a play those
who run it let days pass. Files are told by their names here; a step gives which ones blocks name,
and the next one takes that.
"""

import hashlib
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sqlalchemy import BigInteger, bindparam, update

from inkcre.adapters.prefixed import PrefixedStorage
from inkcre.context import Components
from inkcre.errors import NotFound
from inkcre.graph.blocks import delete_block
from inkcre.graph.file_notes import SELECT_NAMED, select_digests
from inkcre.graph.files import claims, files, sweeps
from inkcre.graph.tables import file_notes
from inkcre.ports.database import Statement
from inkcre.ports.storage import FileKey, Tenure

ACTS = ("upload", "large", "let go", "sweep", "claim", "first")
STEPS = ("put", "head", "move", "delete", "list", "get", "sync", "read", "atomic")
LARGE_BYTES = 3_000_000

Named = dict[str, int]
"""The blocks of files, by the files' names."""

MILLISECONDS = bindparam("milliseconds", type_=BigInteger)
AGE_NOTES = Statement(
    update(file_notes)
    .where(file_notes.c.storage == bindparam("storage"))
    .values(noted_at=file_notes.c.noted_at - MILLISECONDS)
)


class Killed(BaseException):
    """The process is gone."""


class Dying:
    """A component whose process is killed before one of its calls, and so after the one before."""

    def __init__(self, inner: Any, left: list[int]) -> None:
        self._inner, self._left = inner, left

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in STEPS:
            return method

        def call(*arguments: Any, **named: Any) -> Any:
            self._left[0] -= 1
            if self._left[0] <= 0:  # and whatever is tried behind it
                raise Killed
            return method(*arguments, **named)

        return call


def beside(context: Components, folder: str) -> Components:
    """Return a base that looks at its storage anew, below a prefix of a play's own."""
    storage: Any = PrefixedStorage(context.storage, folder)
    return replace(context, storage=storage, tenure=Tenure())


def content_of(name: str) -> bytes:
    """Return what is in a file."""
    return name.encode().ljust(LARGE_BYTES if name.startswith("large") else 0)


def key_of(name: str) -> FileKey:
    """Return where a file is kept."""
    return files.file_key(hashlib.sha256(content_of(name)).hexdigest())


def put(context: Components, named: Named, name: str) -> None:
    """Keep a file."""
    block, _ = files.add_file(
        context.database, context.storage, [content_of(name)], name=None, now=context.clock(),
        tenure=context.tenure,
    )  # fmt: skip
    named[name] = int(block.id)


def let_go(context: Components, named: Named, name: str) -> None:
    """Delete the block of a file."""
    delete_block(context.database, named.pop(name))


def sweep(context: Components) -> int:
    """Sweep; give how many files were deleted."""
    *_, swept = sweeps.sweep_files(
        context.database, context.storage, context.clock, tenure=context.tenure
    )
    return swept.deleted


def lost(context: Components, named: Named) -> list[str]:
    """Name the files that blocks name, and that are not there or not whole."""
    return [name for name in named if not _is_whole(context, name)]


def _is_whole(context: Components, name: str) -> bool:
    try:
        return context.storage.get(key_of(name)).read() == content_of(name)
    except NotFound:
        return False


def state(context: Components) -> str:
    """Tell how the base stands to its storage."""
    return claims.look(context.database, context.storage, context.tenure).state


def age_notes(context: Components, days: float) -> None:
    """Let days pass for the notes of the files here."""
    standing = claims.look(context.database, context.storage, context.tenure)
    asked = AGE_NOTES(storage=standing.storage, milliseconds=int(days * 86_400_000))
    context.database.atomic([asked])


def begin(context: Components, act: str, name: str) -> Named:
    """Keep two files, and let one of them go a month ago; nothing before the first file."""
    named: Named = {}
    if act != "first":
        put(context, named, f"one {name}")
        put(context, named, f"two {name}")
        let_go(context, named, f"two {name}")
        age_notes(context, 31)
    return named


def die(context: Components, named: Named, act: str, name: str, *, step: int) -> bool:
    """Do something, and be killed at a step of it; tell whether it had no such step."""
    left = [step]
    database: Any = Dying(context.database, left)
    storage: Any = Dying(context.storage, left)
    with suppress(Killed):
        _do(replace(context, database=database, storage=storage), named, act, name)
        return left[0] > 0
    return False


def _do(context: Components, named: Named, act: str, name: str) -> None:
    if act in ("upload", "first"):
        put(context, named, f"two {name}")
    elif act == "large":
        put(context, named, f"large {name}")
    elif act == "let go":
        let_go(context, named, f"one {name}")
    elif act == "sweep":
        sweep(context)
    else:
        standing = claims.look(context.database, context.storage, context.tenure)
        claims.claim_next(context.database, context.storage, standing)


def go_on(context: Components, named: Named, act: str, name: str) -> None:
    """Another process finds what is named, and does the same again."""
    assert lost(context, named) == []
    assert state(context) == "ours"
    age_notes(context, 1)  # marks do not last
    put(context, named, f"large {name}" if act == "large" else f"two {name}")
    assert lost(context, named) == []
    age_notes(context, 31)


def end(context: Components, named: Named) -> None:
    """A month later nothing is left but what is named, and all of that is there."""
    sweep(context)
    assert lost(context, named) == []
    standing = claims.look(context.database, context.storage, context.tenure)
    found = sweeps.list_orphans(context.database, context.storage, context.clock, standing)
    assert list(found) == []
    kept = {files.digest_of_key(info.key) for info in context.storage.list(files.FILES).files}
    assert select_digests(context.database, SELECT_NAMED, kept) == kept
    for name in list(named):
        let_go(context, named, name)


def move(here: Components, there: Components) -> Named:
    """Keep files in one place, then, after the setting was changed, in another one."""
    named: Named = {}
    put(here, named, "one")
    put(here, named, "two")
    let_go(here, named, "two")
    put(there, named, "three")
    put(there, named, "two")
    let_go(there, named, "one")
    age_notes(here, 31)
    age_notes(there, 31)
    return named


def move_back(here: Components, there: Components, named: Named) -> None:
    """What was let go meanwhile goes where it is old enough, and nothing else."""
    assert sweep(there) == 0  # a month ago by its notes, and a moment ago by its files' times
    assert lost(there, {name: named[name] for name in ("two", "three")}) == []
    assert state(here) == "ours"
    assert lost(here, {"two": named["two"]}) == []
    assert sweep(here) == 1
    assert lost(here, {"two": named["two"]}) == []
