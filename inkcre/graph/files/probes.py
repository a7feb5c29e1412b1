"""What the doctor asks about files: whose they are, and what nothing names."""

from inkcre.graph.files.claims import judge, may_claim, refusal
from inkcre.graph.files.epochs import see
from inkcre.graph.files.sweeps import list_orphans
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database
from inkcre.ports.storage import Storage


def examine_files(database: Database, storage: Storage, clock: Clock) -> str:
    """Tell whose the files are, and how many of them nothing names. Claim nothing.

    Raises:
        NotOurs: they are another base's, or whose they are cannot be told.
        SurroundingsError: the database or the storage does not answer.
    """
    if not storage.capabilities.outlives_process:
        return "this process's own"
    standing = judge(database, see(storage))
    if standing.state == "unclaimed" and may_claim(database, storage):
        return f"nobody's yet; base {standing.base} claims them when it starts"
    if standing.state != "ours":
        raise refusal(standing)
    orphans = list_orphans(database, storage, clock, standing)
    return f"of this base, {standing.base}; {sum(1 for _ in orphans)} orphans"
