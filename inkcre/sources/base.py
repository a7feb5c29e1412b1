"""What a type of sources is: a class with typed configuration and state, that gives items.

To add one, subclass ``SourceBase`` in a package of yours and name it in the entry point group
``inkcre.sources``.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from inkcre.errors import Unsupported
from inkcre.graph.files.files import KeepFile, UnnamedFile
from inkcre.graph.forms import Star
from inkcre.graph.records import Block
from inkcre.ports.clock import Clock
from inkcre.ports.web import Web
from inkcre.sources.left_out import LeftOut


class SourceConfig(BaseModel):
    """What a source is told: unknown keys are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


class SourceState(BaseModel):
    """What a source remembers between collects; what another version wrote is left out."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a source gives: a star graph, and what it is called there."""

    key: str
    """Its identity in the source. An item of the same key is another edition of this one."""

    star: Star
    stamp: str | None = None
    """What tells cheaply whether the item is still the same; ``SourceContext.stamps`` has it."""

    links: tuple[tuple[str, str], ...] = ()
    """Relations to other items of the source: what they say, and the other's key."""

    is_complete: bool = True
    """Whether it is known to be all of the item. What is not is never written: what is stored
    stays, and a new item waits until it is whole."""

    is_same: bool = False
    """Whether its text is known to be what it was, so that it can be no less; it is given again
    for what else may have changed of it, such as where its links lead."""

    parts_left_out: int = 0
    """How many of its parts, such as links, are not in it, since there are too many."""

    doubt: str | None = None
    """Why it may be something else than the item, such as a page that asks for a password: what is
    stored stays until the next collect says the same."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An item that is there and has not changed: its star was not even made."""

    key: str


Absence = Literal["gone", "unsure", "away", "unsaid"]
"""What has become of an item that was not given: it is gone; it may be; it cannot be looked at, as
on a disk that is away; it is there, and goes unless another item that stays links to it. The third
goes only when somebody says so, and not with time."""


def keep_nothing(_: Iterable[bytes]) -> UnnamedFile:
    """Refuse to keep a file.

    Raises:
        Unsupported: always.
    """
    raise Unsupported("storage: nobody keeps files here")


@dataclass(frozen=True)
class Decided:
    """What was decided of what a collect has given, and has not."""

    doubted: Collection[str] = ()
    """Keys of items whose new editions were not taken; the next collect is to give them again."""

    missing: Collection[str] = ()
    """Keys of items that were not given, and are kept."""


@dataclass(frozen=True)
class SourceContext:
    """What a source may use."""

    source_id: int
    web: Web
    clock: Clock
    stamps: Callable[[], Mapping[str, str]]
    """Gives the stamps of all items that it has given, by key."""

    check: Callable[[], None]
    """Raises if the collect is not to go on; for what takes long between two items."""

    folders: tuple[PurePath, ...] = ()
    """Folders of this machine that may be read."""

    missing: Callable[[], Collection[str]] = tuple
    """Gives the keys of items that are missing since an earlier collect, as they are kept."""

    left_out: LeftOut = field(default_factory=LeftOut)
    """Where a source counts what is there, and what it cannot take."""

    keep_file: KeepFile = keep_nothing
    """Keeps a file of which an item is about to be given, whose block names it."""

    known: Callable[[], Collection[str]] = tuple
    """Gives the keys of all items that it has given; a long key is its digest."""


C = TypeVar("C", bound=BaseModel)
S = TypeVar("S", bound=BaseModel)


class SourceBase(Generic[C, S]):
    """A source of one type: gives items, and remembers in its state how far it has come."""

    name: ClassVar[str]
    """What the type is called."""

    config_model: ClassVar[type[BaseModel]]
    state_model: ClassVar[type[BaseModel]] = SourceState

    gives_all: ClassVar[bool] = False
    """Whether a collect gives everything that is there, so that what it does not give is gone, or
    missing: ``judge_absence`` tells how sure that is."""

    doubts: ClassVar[Literal["less", "remnants"] | None] = None
    """Which editions are doubted: those of less text, as by who depends on others' servers; only
    those of which hardly anything is left, as by who reads what a person edits and a program
    carries from one device to another."""

    takes_items: ClassVar[bool] = False
    """Whether others bring its items, to be kept: posted as star graphs, or by ``receive``."""

    collects: ClassVar[bool] = False
    """Whether it has a ``collect`` of its own, which is looked at here."""

    imports: ClassVar[tuple[str, ...]] = ()
    """Modules that it imports only when it collects, for ``inkcre doctor`` to try."""

    place: ClassVar[tuple[str, ...] | None] = None
    """Fields of the configuration that say where items come from, so that another value means other
    items, and what the former ones brought is kept. None: all but secrets."""

    def __init_subclass__(cls, **more: object) -> None:
        """Refuse a type that would delete what it has taken, or that names a place it has not."""
        super().__init_subclass__(**more)
        cls.collects = cls.collect is not SourceBase.collect
        # Items that were sent to a folder were answered 200, and deleted by its next collect.
        if cls.gives_all and cls.takes_items:
            raise TypeError(f"{cls.__name__}: gives_all and takes_items exclude each other")
        known = cls.config_model.model_fields if hasattr(cls, "config_model") else {}
        if unknown := [name for name in cls.place or () if name not in known]:
            named = ", ".join(unknown)
            raise TypeError(f"{cls.__name__}: place names no field of its configuration: {named}")

    def __init__(self, config: C, state: S, context: SourceContext) -> None:
        self.config = config
        self.state = state
        """Kept in the batch of the last items, if the collect comes to its end."""

        self.context = context

    @classmethod
    def examine(cls, config: C, folders: Sequence[PurePath]) -> None:
        """Raise unless a configuration can be used here, where these folders may be read.

        Raises:
            Invalid: it cannot; says which part of it.
        """

    def admit(
        self,
        headers: Mapping[str, str],  # noqa: ARG002 - for those that look at them
        body: bytes,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
    ) -> str | None:
        """Return the id of a message that brings items, if it has to be signed; None: it need not.

        Raises:
            Forbidden: they have to be, and are not.
        """
        return None

    @property
    def organizes(self) -> bool:
        """Whether ``organize`` is to be called, in a job of its own, for each new block."""
        return False

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:  # noqa: ARG002 - as below
        """Yield what is there, bounded in time and size; ``full``: whatever the state says.

        Raises:
            Unavailable, TimedOut: what was asked does not answer; the job is tried again.
            BadAnswer: what it answers is of no use; the job has failed.
        """
        raise Unsupported(f"sources of type {self.name}: others bring their items")

    def judge_absence(self, key: str) -> Absence:  # noqa: ARG002 - for those that can tell
        """Tell what has become of an item that ``collect`` has not given, if it gives all."""
        return "gone"

    def read_text(self, content: str) -> str:
        """Return the text in the content of an item's block: what may become less."""
        return content

    def settle(self, decided: Decided) -> None:
        """Take note, in the state, of what was decided behind ``collect``."""

    def organize(self, block: Block) -> Star | None:  # noqa: ARG002 - for those that do
        """Return what is to be added around a block that a collect has added; None: nothing."""
        return None


AnySource = SourceBase[BaseModel, BaseModel]
"""A source of whatever type."""
