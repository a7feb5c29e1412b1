"""What an import brings beside stars: rows of extensions, sources, items and files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from inkcre.graph.files.files import OpenShelf
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database
from inkcre.ports.sources import SourceTypes
from inkcre.transfer.arriving_items import ArrivingItems
from inkcre.transfer.arriving_sources import ArrivingSources
from inkcre.transfer.file_lines import ArrivingFile
from inkcre.transfer.line_forms import LineKind, WrongLine
from inkcre.transfer.row_lines import keep_rows
from inkcre.transfer.tables import KeptTable

PAGE = 500
PAGE_BYTES = 4 * 1024 * 1024
"""How many lines are kept at once, and of how many bytes, but for the last of them."""


@dataclass(frozen=True)
class Destination:
    """Where lines go that are no stars; what it lacks is not taken."""

    shelf: OpenShelf | None = None
    """Opens the storage of files."""

    tables: Sequence[KeptTable] = ()
    """Those of extensions."""

    types: SourceTypes | None = None
    """What sources may be of."""

    zone: str = "UTC"
    """Of schedules that name none."""


STARS_ONLY = Destination()


@dataclass(frozen=True)
class Following:
    """Lines of one kind that follow each other, with their numbers."""

    kind: LineKind
    lines: Sequence[tuple[int, bytes]]

    @property
    def size(self) -> int:
        """How many bytes they have."""
        return sum(len(content) for _, content in self.lines)


@dataclass
class Arrivals:
    """What has come so far, and where it goes."""

    database: Database
    destination: Destination
    clock: Clock
    sources: ArrivingSources | None = field(init=False)
    items: ArrivingItems = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no source: a file names its own."""
        types, zone = self.destination.types, self.destination.zone
        self.sources = None if types is None else ArrivingSources(types, zone)
        self.items = ArrivingItems({} if self.sources is None else self.sources.ids)

    def keep(self, following: Following) -> dict[int, str]:
        """Keep what some lines bring; return what is wrong with lines, by number."""
        keepers: Mapping[LineKind, Callable[[Sequence[tuple[int, bytes]]], dict[int, str]]] = {
            "row": self._keep_rows,
            "source": self._keep_sources,
            "item": lambda lines: self.items.keep(self.database, lines),
        }
        return keepers[following.kind](following.lines)

    def _keep_rows(self, lines: Sequence[tuple[int, bytes]]) -> dict[int, str]:
        tables = {table.name: table for table in self.destination.tables}
        return keep_rows(self.database, tables, lines)

    def _keep_sources(self, lines: Sequence[tuple[int, bytes]]) -> dict[int, str]:
        if self.sources is None:
            return dict.fromkeys((number for number, _ in lines), "sources are not taken here")
        return self.sources.keep(self.database, lines, self.clock)

    def keep_file(self, file: ArrivingFile) -> None:
        """Keep a file.

        Raises:
            WrongLine: it is not what its lines say, or files are not taken here.
        """
        if self.destination.shelf is None:
            raise WrongLine("files are not taken here")
        file.keep(self.destination.shelf())
