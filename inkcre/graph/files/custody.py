"""How files are known to be a base's, for those who look after a process."""

from inkcre.graph.files import claims
from inkcre.graph.files.epochs import see
from inkcre.ports.database import Database
from inkcre.ports.storage import Standing, Storage
from inkcre.runtime.lifecycle import Custody


def _judge(database: Database, storage: Storage) -> Standing:
    return claims.judge(database, see(storage))


def _is_somebodys(storage: Storage) -> bool:
    return bool(see(storage).numbers)


CUSTODY = Custody(
    look=claims.look,
    owns=claims.owns,
    notice=claims.notice,
    judge=_judge,
    is_somebodys=_is_somebodys,
    refuse=claims.refusal,
)
