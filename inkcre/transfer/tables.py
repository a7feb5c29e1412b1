"""The rows of an extension's tables, read and written by what the tables' metadata says.

A column that has the ids of blocks says so, ``Column("block_id", BigInteger, info={"names":
"blocks"})``: in another base they are others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import make_dataclass
from itertools import count
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Integer,
    String,
    Table,
    Text,
    and_,
    bindparam,
    insert,
    select,
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.sql.selectable import ReturnsRows
from sqlalchemy.types import TIMESTAMP

from inkcre.application import Application
from inkcre.errors import Unsupported
from inkcre.ports.database import Database, Statement
from inkcre.sql.constructs import (
    ON_CONFLICT_DO_NOTHING,
    Expression,
    as_rfc3339,
    json_rows,
    timestamp,
)
from inkcre.sql.lines import MigrationLine, lines_of
from inkcre.sql.parameters import as_parameter
from inkcre.sql.rows import Json, Query, count_of

PAGE = 500

NAMES_BLOCKS = ("names", "blocks")
"""The entry in the ``info`` of a column that has the ids of blocks."""

COPIED_TYPES = (String, Integer, Float, Boolean, TIMESTAMP)

AnyColumn = Column[Any]
Rows = Query[Any]
"""Gives records that are made of a table's columns."""

Values = dict[str, Json]
"""A row, by the names of its columns."""


def list_tables(application: Application) -> list["KeptTable"]:
    """Return the tables of what settings enable, those first that others refer to.

    Raises:
        Unsupported: one has no primary key, or a column whose values cannot be taken along.
    """
    enabled = {part.name for part in application.enabled}
    return [
        KeptTable(line, table)
        for line in lines_of(application)
        if line.part in enabled
        for table in line.migrations.metadata.sorted_tables
    ]


class KeptTable:
    """A table of an extension, and what is asked about its rows."""

    def __init__(self, line: MigrationLine, table: Table) -> None:
        """Make the statements.

        Raises:
            Unsupported: it has no primary key, or a column whose values cannot be taken along.
        """
        _require_copyable(line, table)
        self.name = table.name
        self.names = [column.name for column in table.columns]
        self.keys = [column.name for column in table.primary_key.columns]
        self.has_identity = any(column.identity for column in table.columns)
        key, value = NAMES_BLOCKS
        self.naming_blocks = [c for c in table.columns if c.info.get(key) == value]
        types = {column.name: _type_of(column) for column in table.columns}
        read = [_read(column).label(column.name) for column in table.columns]
        fields = {column.name: _field_of(column) for column in table.columns}
        self._read = _make_query(
            fields,
            select(*read)
            .order_by(*table.primary_key.columns)
            .limit(bindparam("limit", type_=Integer))
            .offset(bindparam("offset", type_=Integer)),
        )
        rows = json_rows("rows", ord=BigInteger(), **types)
        self._add = Statement(
            insert(table).from_select(
                self.names,
                select(*(_write(column, rows.c[column.name]) for column in table.columns))
                .where(true())
                .order_by(rows.c.ord)
                .suffix_with(ON_CONFLICT_DO_NOTHING),
            ),
            counts=True,
        )
        keys = json_rows("keys", ord=BigInteger(), **{name: types[name] for name in self.keys})
        is_that = and_(*(c == _write(c, keys.c[c.name]) for c in table.primary_key.columns))
        self._find = _make_query(
            {"ord": int, **fields},
            select(keys.c.ord, *read).select_from(keys.join(table, is_that)),
        )

    def pages(self, database: Database) -> Iterator[list[Values]]:
        """Yield all rows, in the order of their keys."""
        for number in count():
            page = self._read.read(database, limit=PAGE, offset=number * PAGE)
            if page:
                yield [dict(vars(row)) for row in page]
            if len(page) < PAGE:
                return

    def add(self, database: Database, rows: Sequence[Values]) -> int:
        """Add the rows that are not there yet; return how many that were."""
        [added] = database.atomic([self._add(rows=as_parameter(rows))])
        return count_of(added)

    def find(self, database: Database, rows: Sequence[Values]) -> dict[int, Values]:
        """Return the rows that have the keys of these, by their place."""
        keys = [{name: row[name] for name in self.keys} for row in rows]
        return {
            row.ord: dict(vars(row)) for row in self._find.read(database, keys=as_parameter(keys))
        }


def _make_query(fields: Mapping[str, object], clause: ReturnsRows) -> Rows:
    return Query(clause, make_dataclass("Row", fields.items(), frozen=True))


def _field_of(column: AnyColumn) -> object:
    """Return the type of a column's values, as they are read."""
    kind: type = str
    if isinstance(column.type, (Integer, Boolean)):
        kind = int
    elif isinstance(column.type, Float):
        kind = float
    return kind | None if column.nullable else kind


def _require_copyable(line: MigrationLine, table: Table) -> None:
    if not table.primary_key.columns:
        raise Unsupported(f"{line}: table {table.name}: has no primary key, and is not copied")
    for column in table.columns:
        if not isinstance(column.type, COPIED_TYPES):
            raise Unsupported(
                f"{line}: column {table.name}.{column.name}: its values cannot be copied",
                hint="keep text, numbers, moments or truth values",
            )


def _read(column: AnyColumn) -> Expression:
    if isinstance(column.type, TIMESTAMP):
        return as_rfc3339(column)
    return sql_cast(column, Integer) if isinstance(column.type, Boolean) else column


def _type_of(column: AnyColumn) -> BigInteger | Text:
    return BigInteger() if isinstance(column.type, (Integer, Boolean)) else Text()


def _write(column: AnyColumn, given: Expression) -> Expression:
    if isinstance(column.type, TIMESTAMP):
        return timestamp(given)
    if isinstance(column.type, Boolean):
        return sql_cast(sql_cast(given, Integer), Boolean)
    return sql_cast(given, Float) if isinstance(column.type, Float) else given
