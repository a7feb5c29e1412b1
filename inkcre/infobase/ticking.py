"""The tick: what is due now. Every home calls it at a steady pace."""

from datetime import datetime

from sqlalchemy import BigInteger, bindparam, delete

from inkcre.infobase.tables import keyvalues
from inkcre.ports.database import Database, Statement

SWEEP_KEYVALUES = Statement(
    delete(keyvalues).where(keyvalues.c.expires_at <= bindparam("now", type_=BigInteger)),
    counts=True,
)
"""Delete the small values whose time is over."""


def tick(database: Database, now: datetime) -> int:
    """Do what is due, in one batch; give how many small values were swept away.

    Two ticks at once, or one that is late, do no harm.
    """
    [[(swept,)]] = database.atomic([SWEEP_KEYVALUES(now=int(now.timestamp() * 1000))])
    return int(swept)
