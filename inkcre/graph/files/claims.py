"""Claims: a storage belongs to one base, and says in it to which.

A base has an id. In the storage lie numbered *epochs*, ``inkcre/epochs/N``, each put only if there
is none of its number; they say a base's id, the storage's id and a random token. The base keeps a
row of each that it has put (``claims``), made before the epoch, so that no epoch of its own is ever
unknown to it. The highest one tells how the base that looks at it stands to the storage:

- *ours*: our id, and we have its row.
- *taken*: another base's id. Nothing is written there.
- *contested*: our id, and we have no row of it. There are two copies of this base, and each knows
  files that the other does not. Whoever finds that puts ``inkcre/contested``, and while that lies
  there nobody deletes.
- *unclaimed*: no epoch, or one that cannot be read. Where this base names nine tenths of the files,
  or there are none, it claims the storage; else it is served, and nothing is deleted.

Before each sweep a base puts the next epoch, and looks at the highest again before each group of
files that it deletes. So of two copies the one that sweeps second meets the other's epoch and
deletes nothing; and the one that swept first has deleted only what was let go ``keep_days`` before,
by both of them unless one has gone that long without a sweep, and what nobody has put again since.
Whoever claims a contested storage gets a new id with it: the other is another base from then on.

No name here has a dot in it: ``cp folder/*`` leaves out what begins with one.
"""

import json
import logging
import time
from contextlib import suppress

from inkcre.errors import (
    Conflict,
    InkcreError,
    InvariantBroken,
    NotFound,
    NotOurs,
    SchemaBehind,
    StorageContested,
    StorageTaken,
    StorageUnclaimed,
    SurroundingsError,
    Unavailable,
)
from inkcre.graph.file_notes import SELECT_KNOWN, SELECT_SOME_NAMED, select_digests
from inkcre.graph.files.claim_rows import (
    CLAIM_FIRST,
    CLAIM_NEXT,
    FORGET_CLAIM,
    RENAME_BASE,
    SELECT_BASE,
    SELECT_OWN,
    SELECT_STANDING,
)
from inkcre.graph.files.epochs import (
    ATTEMPTS,
    CONTESTED,
    Epoch,
    Sight,
    epoch_key,
    list_epochs,
    put_epoch,
    see,
)
from inkcre.ports.database import Call, Database
from inkcre.ports.storage import FileKey, Standing, State, Storage, Tenure

logger = logging.getLogger("inkcre")

FILES = "sha256"
"""The folder of what is kept for blocks."""

LOOKED_AT = 1000
"""How many files are looked at to tell whose they are. They are called by their digests, so the
first ones are as good a sample as any."""

NAMED_SHARE = 0.9
"""Of how many of them the base must know something to claim them unasked."""


def judge(database: Database, sight: Sight) -> Standing:
    """Tell how this base stands to a storage, by what lies there."""
    found = sight.highest
    myself = SELECT_STANDING.read_first(
        database,
        storage=found.storage if found else "",
        epoch=found.number if found else 0,
        token=found.token if found else "",
    )
    if myself is None:
        raise InvariantBroken("base: has no id")
    ours = myself.id
    if found is None:
        return Standing("unclaimed", ours, epoch=sight.number)
    if found.base != ours:
        return Standing("taken", ours, found.storage, found.base, found.number)
    state: State = "contested" if sight.is_contested or not myself.is_known else "ours"
    return Standing(state, ours, found.storage, found.base, found.number)


def look(database: Database, storage: Storage, tenure: Tenure) -> Standing:
    """Look how this base stands to its storage, claim it where nobody need be asked, remember it.

    Where a storage has been contested, or is to be (``inkcre/contested``), says so there.
    """
    if not storage.capabilities.outlives_process:
        return remember(tenure, Standing("ours", "memory"))
    sight = see(storage)
    standing = judge(database, sight)
    if standing.state == "unclaimed" and may_claim(database, storage):
        standing = _claim_first(database, storage, sight, standing)
    elif tenure.claim and tenure.claim == standing.holder and standing.state != "ours":
        standing = take_over(database, storage)
    elif standing.state == "contested" and not sight.is_contested:
        _contest(storage, standing)
    before = tenure.standing
    if before is None or before.state != standing.state:
        _tell(standing)
    return remember(tenure, standing)


def remember(tenure: Tenure, standing: Standing) -> Standing:
    """Keep what was seen."""
    tenure.standing, tenure.looked_at = standing, time.monotonic()
    return standing


def require(database: Database, storage: Storage, tenure: Tenure) -> Standing:
    """Return how this base stands to a storage that it is about to write to.

    It is looked at once, and again as long as it is another's.

    Raises:
        StorageTaken: it belongs to another base.
    """
    standing = tenure.standing
    if standing is None or standing.state == "taken":
        standing = look(database, storage, tenure)
    if standing.state == "taken":
        raise refusal(standing)
    return standing


def notice(database: Database, storage: Storage, tenure: Tenure) -> list[InkcreError]:
    """Return what is to be told of the storage, as it was when it was last looked at.

    A process looks by itself now and then; an isolate of a Worker looks here, if it has not.
    """
    standing = tenure.standing
    if standing is None and database.lifetime == "invocation":
        try:
            standing = look(database, storage, tenure)
        except (SurroundingsError, SchemaBehind) as error:
            return [error]
    return [] if standing is None or standing.state == "ours" else [refusal(standing)]


def refusal(standing: Standing) -> NotOurs:
    """Make the error of somebody who may not do something as a base stands to its storage."""
    if standing.state == "taken":
        return StorageTaken(
            f"storage: belongs to base {standing.holder}, and this is base {standing.base}",
            hint="name another folder, bucket or storage.prefix for this base; or, if that base is "
            "no more, run `inkcre storage claim`, or set storage.claim to its id",
        )
    if standing.state == "contested":
        return StorageContested(
            f"storage: a copy of this base, {standing.base}, has been at it; nothing is deleted",
            hint="give the copy a storage of its own, and run `inkcre storage claim` where the "
            "files are to stay, or set storage.claim to this id there",
        )
    return StorageUnclaimed(
        "storage: most of its files are of no block of this base; nothing is deleted",
        hint="if they are this base's all the same, run `inkcre storage claim`",
    )


def _tell(standing: Standing) -> None:
    if standing.state != "ours":
        error = refusal(standing)
        logger.warning("%s; %s", error.message, error.hint)


def may_claim(database: Database, storage: Storage) -> bool:
    """Tell whether a storage without epochs has no files, or nearly only files of this base."""
    digests = [info.key.rpartition("/")[2] for info in storage.list(FILES, limit=LOOKED_AT).files]
    known = select_digests(database, SELECT_KNOWN, digests) if digests else set()
    return len(known) >= NAMED_SHARE * len(digests)


def owns(database: Database, storage: Storage) -> bool:
    """Tell whether a storage is this base's, or is nobody's and has files that it names."""
    standing = judge(database, see(storage))
    if standing.state == "unclaimed":
        return any(_has(storage, digest) for digest in SELECT_SOME_NAMED.read(database))
    return standing.state != "taken"


def _has(storage: Storage, digest: str) -> bool:
    try:
        storage.head(FileKey(f"{FILES}/{digest[:2]}/{digest}"))
    except NotFound:
        return False
    return True


def _claim_first(
    database: Database, storage: Storage, sight: Sight, standing: Standing
) -> Standing:
    [claim] = CLAIM_FIRST.records(database.atomic([CLAIM_FIRST(epoch=sight.number + 1)])[0])
    epoch = claim.epoch_of(standing.base)
    if put_epoch(storage, epoch):
        return Standing("ours", epoch.base, epoch.storage, epoch.base, epoch.number)
    database.atomic([FORGET_CLAIM(**vars(claim))])
    return judge(database, see(storage))  # somebody was faster


def claim_next(database: Database, storage: Storage, standing: Standing) -> Standing:
    """Put the next epoch of a storage that is ours; tell how this base stands to it then.

    Several processes of one base may do so at once: each has a number of its own.
    """
    epoch = _remember_next(database, standing)
    put_epoch(storage, epoch)
    return judge(database, see(storage))


def _remember_next(database: Database, standing: Standing, *others: Call) -> Epoch:
    """Make the row of the next epoch, behind other statements, and give the epoch to be put."""
    asked = CLAIM_NEXT(storage=standing.storage, epoch=standing.epoch)
    for _ in range(ATTEMPTS):
        with suppress(Conflict):  # another process of this base has just taken the number
            answers = database.atomic([*others, asked, SELECT_BASE()])
            [claim], [ours] = CLAIM_NEXT.records(answers[-2]), SELECT_BASE.values(answers[-1])
            return claim.epoch_of(ours)
    raise Unavailable("storage: somebody else keeps claiming it")


def take_over(database: Database, storage: Storage) -> Standing:
    """Claim a storage whoever has it; of a copy of this base, by becoming another base.

    Raises:
        StorageTaken: somebody else did the same at the same time, and was faster.
    """
    sight = see(storage)
    standing = judge(database, sight)
    if standing.state == "unclaimed":
        storage.delete([CONTESTED])
        return _claim_first(database, storage, sight, standing)
    if standing.state == "ours":
        return standing
    renaming = [RENAME_BASE()] if standing.state == "contested" else []
    if not put_epoch(storage, _remember_next(database, standing, *renaming)):
        raise refusal(judge(database, see(storage)))
    storage.delete([CONTESTED])
    return judge(database, see(storage))


def drop_older(database: Database, storage: Storage, standing: Standing) -> None:
    """Take the epochs away that this base has put before its last one."""
    mine = SELECT_OWN.read(database, storage=standing.storage)
    own = {each.epoch: each.token for each in mine}
    numbers, _ = list_epochs(storage)
    for number in numbers:
        if number < standing.epoch and number in own:
            with suppress(NotFound):
                found = Epoch.of(number, storage.get(epoch_key(number)).read())
                if found and found.token == own[number]:
                    storage.delete([epoch_key(number)])


def _contest(storage: Storage, standing: Standing) -> None:
    content = json.dumps({"base": standing.base}).encode() + b"\n"
    with suppress(Conflict, SurroundingsError):  # nobody deletes by our own look in any case
        storage.put(CONTESTED, content, if_absent=True)
        storage.sync(CONTESTED)
