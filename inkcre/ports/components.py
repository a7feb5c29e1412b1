"""What the application was assembled from, as seen from inside one invocation.

A request or a tick is an invocation. The application binds its components to the invocation's
context; routes and domain code ask for them here and cannot tell how long they live.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass
from datetime import datetime

from inkcre.ports.database import Database
from inkcre.ports.keyvalue import KeyValue
from inkcre.ports.storage import Storage
from inkcre.ports.web import Web

Clock = Callable[[], datetime]
"""Gives the time now, with a time zone."""


@dataclass(frozen=True, slots=True)
class Components:
    """One adapter per port, and the clock."""

    database: Database
    storage: Storage
    keyvalue: KeyValue
    web: Web
    clock: Clock


_bound: ContextVar[Components] = ContextVar("inkcre_components")


def bind(components: Components) -> Token[Components]:
    """Give the current context its components; ``unbind`` takes the token back."""
    return _bound.set(components)


def unbind(token: Token[Components]) -> None:
    """Undo ``bind``."""
    _bound.reset(token)


def components() -> Components:
    """Give the components of the current invocation."""
    return _bound.get()
