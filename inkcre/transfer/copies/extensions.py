"""Copying the tables of extensions that are enabled in both bases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from inkcre.transfer.copies.ids import NOBODY, find_block_ids, skip_ids
from inkcre.transfer.copies.parts import Compared, Move
from inkcre.transfer.tables import KeptTable, Values, list_tables


@dataclass(frozen=True)
class TableCopy:
    """A table's part of a copy."""

    table: KeptTable

    @property
    def name(self) -> str:
        """What its rows are called."""
        return f"rows of {self.table.name}"

    def add_rows(self, move: Move) -> Iterator[int]:
        """Add the rows, a page at a time; yield how many of each page were not there yet."""
        if self.table.has_identity:
            skip_ids(self.table.name, move.source.database, move.target.database)
        for page in self._pages(move):
            yield self.table.add(move.target.database, page)

    def compare_rows(self, move: Move) -> Compared:
        """Look for every row in the target."""
        found = Compared(self.name)
        for page in self._pages(move):
            there = self.table.find(move.target.database, page)
            for number, row in enumerate(page):
                label = f"{self.table.name} {' '.join(str(row[key]) for key in self.table.keys)}"
                found.count(label, [*row.values()], _pick(there.get(number), self.table.names))
        return found

    def _pages(self, move: Move) -> Iterator[list[Values]]:
        """Yield the source's rows, as the target is to have them."""
        for page in self.table.pages(move.source.database):
            for column in () if move.keeps_ids else self.table.naming_blocks:
                named = [row[column.name] for row in page]
                theirs = find_block_ids(move, {id_ for id_ in named if isinstance(id_, int)})
                for row in page:
                    # Nobody where the block is not there any more.
                    id_ = row[column.name]
                    there = theirs.get(id_) if isinstance(id_, int) else None
                    row[column.name] = there or (None if column.nullable else NOBODY)
            yield page


def _pick(row: Values | None, names: Sequence[str]) -> list[object] | None:
    return None if row is None else [row[name] for name in names]


def list_copies(move: Move) -> list[TableCopy]:
    """Return how each table of what is enabled is copied; note what has no place in the target.

    Raises:
        Unsupported: a table has no primary key, or a column whose values cannot be taken along.
    """
    there = {table.name for table in list_tables(move.target.application)}
    copies = []
    for table in list_tables(move.source.application):
        if table.name in there:
            copies.append(TableCopy(table))
        else:
            said = f"table {table.name}: its extension is not enabled in the target"
            move.refused += [said] if said not in move.refused else []
    return copies
