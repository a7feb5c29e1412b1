"""The types of sources that there are, by name."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar, Protocol

from pydantic import BaseModel


class SourceType(Protocol):
    """What the class of a type of sources says of it; ``inkcre.sources.base`` has the whole."""

    name: ClassVar[str]
    config_model: ClassVar[type[BaseModel]]
    state_model: ClassVar[type[BaseModel]]
    takes_items: ClassVar[bool]
    collects: ClassVar[bool]
    imports: ClassVar[tuple[str, ...]]
    place: ClassVar[tuple[str, ...] | None]

    @classmethod
    def examine(cls, config: BaseModel, folders: Sequence[PurePath]) -> None:
        """Raise unless a configuration can be used here; raise ``Invalid`` if it cannot."""


class SourceTypes(Protocol):
    """What sources may be of."""

    @property
    def folders(self) -> tuple[PurePath, ...]:
        """The folders of this machine that sources may read."""

    def names(self) -> Sequence[str]:
        """Return the names of those that can be used here, in order."""

    def load(self, name: str) -> type[SourceType]:
        """Return the class of a type, by its name, or as the former version named it.

        Raises:
            Invalid: there is none of this name.
            Unsupported: it cannot be used here.
        """
