"""Rows of claims: which epochs of which storages this base has put; ``claims`` says what for."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Text, bindparam, delete, exists, func, insert, select, update

from inkcre.graph.files.epochs import Epoch
from inkcre.graph.tables import base, claims
from inkcre.ports.database import Statement
from inkcre.sql.constructs import random_id
from inkcre.sql.rows import Query, Values

_storage = bindparam("storage", type_=Text)
_epoch = bindparam("epoch", type_=BigInteger)
_token = bindparam("token", type_=Text)


@dataclass(frozen=True)
class _Self:
    id: str
    is_known: bool


SELECT_STANDING = Query(
    select(
        base.c.id,
        exists()
        .where(claims.c.storage == _storage, claims.c.epoch == _epoch, claims.c.token == _token)
        .label("is_known"),
    ),
    _Self,
)
"""Read who this base is, and whether an epoch is its own."""


@dataclass(frozen=True)
class _Claim:
    storage: str
    epoch: int
    token: str

    def epoch_of(self, base_id: str) -> Epoch:
        """Return the epoch that a base is to put."""
        return Epoch(self.epoch, base_id, self.storage, self.token)


CLAIM_FIRST = Query(
    insert(claims)
    .from_select(["storage", "epoch", "token"], select(random_id(), _epoch, random_id()))
    .returning(claims.c.storage, claims.c.epoch, claims.c.token),
    _Claim,
)
"""Remember the first epoch of a storage, which gets its id by that."""

CLAIM_NEXT = Query(
    insert(claims)
    .from_select(
        ["storage", "epoch", "token"],
        select(
            _storage,
            # In the statement, and not read before: several processes of one base may claim at
            # once, and the primary key lets one of them have the number.
            func.coalesce(
                select(func.max(claims.c.epoch) + 1)
                .where(claims.c.storage == _storage, claims.c.epoch >= _epoch)
                .scalar_subquery(),
                _epoch + 1,
            ),
            random_id(),
        ),
    )
    .returning(claims.c.storage, claims.c.epoch, claims.c.token),
    _Claim,
)
"""Remember the next epoch of a storage, which is above ``epoch`` and all that are remembered."""

FORGET_CLAIM = Statement(
    delete(claims).where(
        claims.c.storage == _storage, claims.c.epoch == _epoch, claims.c.token == _token
    )
)
"""Forget an epoch that could not be put."""

RENAME_BASE = Statement(update(base).values(id=random_id()))
"""Give this base another id."""

SELECT_BASE = Values(select(base.c.id), str)
"""Read this base's id."""


@dataclass(frozen=True)
class _OwnEpoch:
    epoch: int
    token: str


SELECT_OWN = Query(
    select(claims.c.epoch, claims.c.token).where(claims.c.storage == _storage), _OwnEpoch
)
"""Read which epochs of a storage this base has put."""
