"""The few things that PostgreSQL and SQLite say differently, as SQLAlchemy constructs.

``json_rows`` is how many rows reach a statement: one text parameter that holds a JSON array of
objects, whatever their number. ``timestamp`` and ``as_rfc3339`` turn the API's text for a time into
a column's value and back. ``database_now`` and ``random_id`` are the database's clock and chance.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Table,
    Text,
    bindparam,
    case,
    column,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeEngine

ColumnType = TypeEngine[Any]
"""A column's type, of whatever Python's type: SQLAlchemy has no base without one."""

Expression = ColumnElement[Any]
"""An expression of whatever type."""

RowSource = FromClause[Any]
"""A table, an alias of one, or a subquery."""

DeclaredTable = Table[Any]
"""A table as it is declared."""

ON_CONFLICT_DO_NOTHING = "ON CONFLICT DO NOTHING"
"""Suffix of an INSERT's SELECT: a row that is there already is left alone.

The SELECT needs a WHERE, be it ``true()``: else SQLite takes ON for the beginning of a join.
https://www.sqlite.org/lang_upsert.html#parsing_ambiguity"""


class _JsonRows(FunctionElement[object]):
    name = "json_rows"
    # SQLAlchemy's cache would not see ``columns_``, and take two of these for one:
    # https://docs.sqlalchemy.org/en/21/core/compiler.html
    inherit_cache = False

    def __init__(self, parameter: ColumnElement[str], columns: Mapping[str, ColumnType]) -> None:
        self.columns_ = columns
        super().__init__(parameter)


def json_rows(parameter: str, **columns: ColumnType) -> TableValuedAlias:
    """Make a row source of the JSON array in ``parameter``; an absent key is NULL."""
    return _rows_of(parameter, bindparam(parameter, type_=Text), columns)


def json_rows_if(
    condition: ColumnElement[bool], parameter: str, **columns: ColumnType
) -> TableValuedAlias:
    """Make a row source as ``json_rows`` does, which has no rows unless a condition holds.

    That is asked once, and the array is not read then.
    """
    said = bindparam(parameter, type_=Text)
    rows = case((condition, said), else_=literal_column("'[]'", Text))
    return _rows_of(parameter, rows, columns)


def _rows_of(
    parameter: str, rows: ColumnElement[str], columns: Mapping[str, ColumnType]
) -> TableValuedAlias:
    element = _JsonRows(rows, columns)
    # Named: for a row source without a name SQLAlchemy draws a random one, which a Worker may not
    # do while it is imported.
    return element.table_valued(
        *(column(name, kind) for name, kind in columns.items()), name=f"given_{parameter}"
    )


@compiles(_JsonRows, "postgresql")
def _json_rows_postgresql(element: _JsonRows, compiler: SQLCompiler, **kw: object) -> str:
    types = ", ".join(
        f"{name} {'bigint' if isinstance(kind, BigInteger) else 'text'}"
        for name, kind in element.columns_.items()
    )
    clauses = compiler.process(element.clauses, **kw)
    return f"(SELECT * FROM json_to_recordset(CAST({clauses} AS json)) AS given({types}))"  # noqa: S608 - names of ours, a parameter for the rest


@compiles(_JsonRows, "sqlite")
def _json_rows_sqlite(element: _JsonRows, compiler: SQLCompiler, **kw: object) -> str:
    fields = ", ".join(f"value ->> '{name}' AS {name}" for name in element.columns_)
    return f"(SELECT {fields} FROM json_each({compiler.process(element.clauses, **kw)}))"  # noqa: S608 - as above


class _JsonElements(FunctionElement[object]):
    name = "json_elements"
    inherit_cache = True


def json_elements(value: Expression, name: str) -> TableValuedAlias:
    """Make a row source of the JSON array in a column, to be joined to its table: ``value``."""
    # Named, as above.
    return _JsonElements(value).table_valued(
        column("value", Text()), name=name, joins_implicitly=True
    )


@compiles(_JsonElements, "postgresql")
def _json_elements_postgresql(element: _JsonElements, compiler: SQLCompiler, **kw: object) -> str:
    return f"json_array_elements(CAST({compiler.process(element.clauses, **kw)} AS json))"


@compiles(_JsonElements, "sqlite")
def _json_elements_sqlite(element: _JsonElements, compiler: SQLCompiler, **kw: object) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


class timestamp(FunctionElement[object]):  # noqa: N801 - used like the SQL functions beside it
    """A moment out of the API's text (RFC 3339, UTC)."""

    inherit_cache = True


@compiles(timestamp, "postgresql")
def _timestamp_postgresql(element: timestamp, compiler: SQLCompiler, **kw: object) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS TIMESTAMP WITH TIME ZONE)"


@compiles(timestamp, "sqlite")
def _timestamp_sqlite(element: timestamp, compiler: SQLCompiler, **kw: object) -> str:
    return str(compiler.process(element.clauses, **kw))


class _AsRfc3339(FunctionElement[str]):
    inherit_cache = True
    type = Text()


def as_rfc3339(value: Expression) -> ColumnElement[str]:
    """The API's text for a moment: RFC 3339, UTC, always six digits of a second."""
    return _AsRfc3339(value)


@compiles(_AsRfc3339, "postgresql")
def _as_rfc3339_postgresql(element: _AsRfc3339, compiler: SQLCompiler, **kw: object) -> str:
    value = compiler.process(element.clauses, **kw)
    return f"""to_char({value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


@compiles(_AsRfc3339, "sqlite")
def _as_rfc3339_sqlite(element: _AsRfc3339, compiler: SQLCompiler, **kw: object) -> str:
    return str(compiler.process(element.clauses, **kw))


class last_id(FunctionElement[int]):  # noqa: N801 - used like the SQL functions beside it
    """The id of the row that the statement before in the same batch has added."""

    inherit_cache = True
    type = BigInteger()


@compiles(last_id, "postgresql")
def _last_id_postgresql(_: last_id, __: SQLCompiler, **___: object) -> str:
    # Of whichever sequence was asked last in this session, so it stands right behind its INSERT:
    # https://www.postgresql.org/docs/current/functions-sequence.html
    return "lastval()"


@compiles(last_id, "sqlite")
def _last_id_sqlite(_: last_id, __: SQLCompiler, **___: object) -> str:
    return "last_insert_rowid()"


class database_now(FunctionElement[int]):  # noqa: N801 - used like the SQL functions beside it
    """The database's clock, in milliseconds since 1970."""

    inherit_cache = True
    type = BigInteger()


@compiles(database_now, "postgresql")
def _database_now_postgresql(_: database_now, __: SQLCompiler, **___: object) -> str:
    # Not now(), which stands still from the beginning of the transaction: a batch may have waited
    # for a lock since.
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"


@compiles(database_now, "sqlite")
def _database_now_sqlite(_: database_now, __: SQLCompiler, **___: object) -> str:
    # unixepoch() tells parts of a second from SQLite 3.42 on, and we take 3.38:
    # https://www.sqlite.org/changes.html
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


class random_id(FunctionElement[str]):  # noqa: N801 - used like the SQL functions beside it
    """32 hexadecimal digits that are nobody else's."""

    inherit_cache = True
    type = Text()


@compiles(random_id, "postgresql")
def _random_id_postgresql(_: random_id, __: SQLCompiler, **___: object) -> str:
    return "md5(CAST(random() AS text) || CAST(clock_timestamp() AS text))"


@compiles(random_id, "sqlite")
def _random_id_sqlite(_: random_id, __: SQLCompiler, **___: object) -> str:
    return "lower(hex(randomblob(16)))"


class joined(FunctionElement[str]):  # noqa: N801 - used like the SQL functions beside it
    """The texts of all rows, with commas between; NULL for no rows."""

    inherit_cache = True
    type = Text()


@compiles(joined, "postgresql")
def _joined_postgresql(element: joined, compiler: SQLCompiler, **kw: object) -> str:
    return f"string_agg({compiler.process(element.clauses, **kw)}, ',')"


@compiles(joined, "sqlite")
def _joined_sqlite(element: joined, compiler: SQLCompiler, **kw: object) -> str:
    return f"group_concat({compiler.process(element.clauses, **kw)}, ',')"


class clock_time(FunctionElement[object]):  # noqa: N801 - used like the SQL functions beside it
    """The moment at which it is asked for, as a column's value: by the database's clock."""

    inherit_cache = True


@compiles(clock_time, "postgresql")
def _clock_time_postgresql(_: clock_time, __: SQLCompiler, **___: object) -> str:
    return "clock_timestamp()"


@compiles(clock_time, "sqlite")
def _clock_time_sqlite(_: clock_time, __: SQLCompiler, **___: object) -> str:
    # It tells thousandths; the text has six digits, as every other.
    return "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')"


class json_object(FunctionElement[str]):  # noqa: N801 - used like the SQL functions beside it
    """A JSON object, as text, of names and values by turns."""

    inherit_cache = True
    type = Text()


@compiles(json_object, "postgresql")
def _json_object_postgresql(element: json_object, compiler: SQLCompiler, **kw: object) -> str:
    return f"CAST(json_build_object({compiler.process(element.clauses, **kw)}) AS text)"


@compiles(json_object, "sqlite")
def _json_object_sqlite(element: json_object, compiler: SQLCompiler, **kw: object) -> str:
    return f"json_object({compiler.process(element.clauses, **kw)})"


class among(FunctionElement[bool]):  # noqa: N801 - used like the SQL functions beside it
    """Whether a value is one of those that a subquery of few rows gives, by the value's index.

    PostgreSQL takes IN for a join, guesses how many rows a parameter's JSON has, and may go through
    a whole table to look for each row in it. An array is found first, and then looked for.
    """

    inherit_cache = True
    # No type: SQLAlchemy compares what is Boolean with 1 on SQLite, which then uses no index.

    def __init__(self, value: Expression, few: Select[*tuple[object, ...]]) -> None:
        super().__init__(value, few.scalar_subquery())


@compiles(among, "postgresql")
def _among_postgresql(element: among, compiler: SQLCompiler, **kw: object) -> str:
    value, few = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{value} = ANY (ARRAY{few})"


@compiles(among, "sqlite")
def _among_sqlite(element: among, compiler: SQLCompiler, **kw: object) -> str:
    value, few = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{value} IN {few}"


class byte_length(FunctionElement[int]):  # noqa: N801 - used like the SQL functions beside it
    """How many bytes of UTF-8 a text is."""

    inherit_cache = True
    type = BigInteger()


@compiles(byte_length, "postgresql")
def _byte_length_postgresql(element: byte_length, compiler: SQLCompiler, **kw: object) -> str:
    return f"octet_length({compiler.process(element.clauses, **kw)})"


@compiles(byte_length, "sqlite")
def _byte_length_sqlite(element: byte_length, compiler: SQLCompiler, **kw: object) -> str:
    return f"length(CAST({compiler.process(element.clauses, **kw)} AS BLOB))"
