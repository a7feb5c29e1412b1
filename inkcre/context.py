"""What the application was assembled from, as seen from inside one invocation.

A request or a tick is an invocation. The application binds its components to the invocation's
context; what functions are lent of them is in ``inkcre.lending``, and nobody can tell how long
they live.
"""

from contextvars import ContextVar, Token
from dataclasses import dataclass, field

from inkcre.application import Application
from inkcre.ports.clock import Clock, Zone
from inkcre.ports.database import Database
from inkcre.ports.keyvalue import KeyValue
from inkcre.ports.storage import Storage, Tenure
from inkcre.ports.web import Web
from inkcre.sections.settings import Settings


@dataclass(frozen=True, slots=True)
class Components:
    """One adapter per port, the clock, and what else was chosen for the domain."""

    database: Database
    storage: Storage
    keyvalue: KeyValue
    web: Web
    clock: Clock
    settings: Settings
    application: Application
    """The parts that it is made of."""

    zone: Zone = Zone("UTC")  # noqa: RUF009 - a text
    """Of schedules that name none."""

    tenure: Tenure = field(default_factory=Tenure)
    """What is remembered of the storage."""


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
