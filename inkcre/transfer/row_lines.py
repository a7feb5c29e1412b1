"""Rows of extensions' tables as lines of an export: ``{"row": {"table": …, "values": {…}}}``.

They follow the blocks, which they name by digest: an export says nothing of ids.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field, JsonValue

from inkcre.errors import DatabaseDamaged
from inkcre.ports.database import Database
from inkcre.sql.parameters import as_parameter
from inkcre.sql.values import Form
from inkcre.transfer.copies.ids import READ_DIGESTS, READ_IDS
from inkcre.transfer.line_forms import WrongLine, read_form, write_each, write_line
from inkcre.transfer.losses import Losses
from inkcre.transfer.tables import KeptTable, Values


class RowValues(Form):
    """A row of a table."""

    table: str
    values: Annotated[dict[str, JsonValue], Field(min_length=1)]


class RowLine(Form):
    """A line of a row."""

    row: RowValues


def row_lines(
    database: Database, tables: Sequence[KeptTable], losses: Losses | None = None
) -> Iterator[bytes]:
    """Yield the rows of tables as lines, each with its line end.

    A damaged table is read up to where it is, and rows that name damaged blocks are left out;
    ``losses`` is told.
    """
    known = Losses() if losses is None else losses
    for table in tables:
        number = 0
        try:
            for page in table.pages(database):
                number += len(page)
                for row in _name_blocks(database, table, page, known):
                    yield write_line("row", {"table": table.name, "values": row})
        except DatabaseDamaged:
            known.others.append(f"{table.name}: nothing could be read behind {number} rows")


def _name_blocks(
    database: Database, table: KeptTable, page: list[Values], losses: Losses
) -> list[Values]:
    """Put digests in the place of ids; leave rows out whose blocks are left out."""
    for column in table.naming_blocks:
        named = {row[column.name] for row in page} - {None}
        digests = _read_digests_around(database, named, losses)
        whole = [row for row in page if row[column.name] not in losses.blocks.ids]
        if len(whole) < len(page):
            losses.others.append(f"{table.name}: {len(page) - len(whole)} rows name such blocks")
        for row in whole:
            digest = digests.get(row[column.name])
            row[column.name] = None if digest is None else {"digest": digest}
        page = whole
    return page


def _read_digests_around(
    database: Database, ids: Collection[object], losses: Losses
) -> dict[object, str]:
    try:
        return _read_digests(database, ids)
    except DatabaseDamaged:
        there = [id_ for id_ in ids if id_ not in losses.blocks.ids]
        return {
            id_: digest for each in there for id_, digest in _read_digests(database, [each]).items()
        }


def _read_digests(database: Database, ids: Collection[object]) -> dict[object, str]:
    keys = as_parameter({"id": id_} for id_ in ids)
    return {block.id: block.digest for block in READ_DIGESTS.read(database, keys=keys)}


def keep_rows(
    database: Database, tables: Mapping[str, KeptTable], lines: Sequence[tuple[int, bytes]]
) -> dict[int, str]:
    """Add the rows that are not there yet; return what is wrong with lines, by number.

    Of a table whose extension is not enabled they are wrong.
    """
    bad: dict[int, str] = {}
    rows: dict[str, dict[int, Values]] = {}
    for number, content in lines:
        try:
            row = _read_row(content, tables)
        except WrongLine as error:
            bad[number] = str(error)
        else:
            rows.setdefault(row.table, {})[number] = row.values
    for name, numbered in rows.items():
        bad |= _add(database, tables[name], numbered)
    return bad


def _read_row(content: bytes, tables: Mapping[str, KeptTable]) -> RowValues:
    """Read a line.

    Raises:
        WrongLine: it makes no sense; says why.
    """
    row = read_form(RowLine, content, otherwise="no row as JSON").row
    table = tables.get(row.table)
    if table is None:
        raise WrongLine(f"table {row.table}: the extension that has it is not enabled here")
    if row.values.keys() != {*table.names}:
        raise WrongLine(f"table {row.table}: its columns are {', '.join(table.names)}")
    return row


def _add(database: Database, table: KeptTable, numbered: dict[int, Values]) -> dict[int, str]:
    bad: dict[int, str] = {}
    for column in table.naming_blocks:
        named = {number: _digest_in(row[column.name]) for number, row in numbered.items()}
        keys = as_parameter({"digest": digest} for digest in {*named.values()} - {None})
        ids = {block.digest: block.id for block in READ_IDS.read(database, keys=keys)}
        for number, digest in named.items():
            if digest is not None and digest not in ids:
                bad[number] = f"table {table.name}: its block {digest} is not there"
            numbered[number][column.name] = ids.get(digest or "")
    good = {number: row for number, row in numbered.items() if number not in bad}

    def write(rows: list[Values]) -> None:
        table.add(database, rows)

    return bad | write_each(good, write)


def _digest_in(value: object) -> str | None:
    digest = value.get("digest") if isinstance(value, dict) else None
    return digest if isinstance(digest, str) else None
