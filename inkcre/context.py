"""What the application was assembled from, as seen from inside one invocation.

A request or a tick is an invocation. The application binds its components to the invocation's
context; routes and domain code ask for them here and cannot tell how long they live.
"""

from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from pathlib import PurePath

from inkcre.ports.clock import Clock
from inkcre.ports.database import Database
from inkcre.ports.keyvalue import KeyValue
from inkcre.ports.sources import SourceTypes
from inkcre.ports.storage import Storage, Tenure
from inkcre.ports.web import Web

KEEP_DAYS = 30
"""How long a file stays that was let go: never shorter than what is undone is remembered."""


@dataclass(frozen=True, slots=True)
class Components:
    """One adapter per port, the clock, and what else was chosen for the domain."""

    database: Database
    storage: Storage
    keyvalue: KeyValue
    web: Web
    clock: Clock
    source_types: SourceTypes
    folders: tuple[PurePath, ...] = ()
    """Folders of this machine that sources may read."""

    timezone: str = "UTC"
    """Of schedules that name none."""

    tenure: Tenure = field(default_factory=Tenure)
    """What is remembered of the storage."""

    keep_days: int = KEEP_DAYS
    """How long files stay that were let go."""


_bound: ContextVar[Components] = ContextVar("inkcre_components")


def bind(components: Components) -> Token[Components]:
    """Return the current context its components; ``unbind`` takes the token back."""
    return _bound.set(components)


def unbind(token: Token[Components]) -> None:
    """Undo ``bind``."""
    _bound.reset(token)


def components() -> Components:
    """Return the components of the current invocation."""
    return _bound.get()
