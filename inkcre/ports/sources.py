"""The types of sources that there are, by name."""

from collections.abc import Sequence
from typing import Any, Protocol


class SourceTypes(Protocol):
    """What sources may be of."""

    def names(self) -> Sequence[str]:
        """Give the names of those that can be used here, in order."""

    def load(self, name: str) -> type[Any]:
        """Give the class of a type, by its name, or as the former version named it.

        Raises:
            Invalid: there is none of this name.
            Unsupported: it cannot be used here.
        """
