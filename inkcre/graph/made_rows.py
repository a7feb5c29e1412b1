"""Which rows a batch makes, and in which order; which it has made, asked behind them, in SQL.

How a batch tells its own new rows from others' differs. On PostgreSQL they have its transaction's
number (``xmin``), and are looked for above the last id that there was before: the statement that
adds them keeps that in a variable of the transaction (``marked``), so that none need go in front.
SQLite and D1 have one writer: all above the ids that the newest row of the log remembers is the
batch's own. (``changes()`` and ``last_insert_rowid()`` tell of one statement only, and a row that
was written first would be written by batches that change nothing, too.) What somebody writes there
past the log comes with the next batch.
"""

from sqlalchemy import BigInteger, ColumnElement, Text, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from inkcre.sql.constructs import DeclaredTable, Expression


class _LastKnown(FunctionElement[int]):
    """The last id of a table that the log knows of; nothing on PostgreSQL, which does without."""

    inherit_cache = True
    type = BigInteger()


@compiles(_LastKnown, "postgresql")
def _last_known_postgresql(_: _LastKnown, __: SQLCompiler, **___: object) -> str:
    return "CAST(NULL AS bigint)"


@compiles(_LastKnown, "sqlite")
def _last_known_sqlite(element: _LastKnown, compiler: SQLCompiler, **kw: object) -> str:
    name = f"last_of_{compiler.process(element.clauses, **kw)}"
    newest = "SELECT max(id) FROM changes"
    return f"coalesce((SELECT {name} FROM changes WHERE id = ({newest})), 0)"  # noqa: S608 - names of ours


def last_known(of: DeclaredTable) -> ColumnElement[int]:
    """Return the last id of a table that the log knows of; NULL on PostgreSQL."""
    return _LastKnown(literal_column(of.name))


class _IsNew(FunctionElement[bool]):
    """Whether a row was made by this batch: of its id, and of the last one that is known."""

    # Of no type: SQLAlchemy would write "= 1" behind a boolean, and SQLite go by no index then.
    inherit_cache = True


@compiles(_IsNew, "postgresql")
def _is_new_postgresql(element: _IsNew, compiler: SQLCompiler, **kw: object) -> str:
    id_, _ = (compiler.process(clause, **kw) for clause in element.clauses)
    name = id_.partition(".")[0]
    return (
        f"{id_} > CAST({_kept(name)} AS bigint)"
        # None yet: nothing was written, and asking for one would have the commit written.
        f" AND {name}.xmin = CAST(pg_current_xact_id_if_assigned() AS xid)"
    )


@compiles(_IsNew, "sqlite")
def _is_new_sqlite(element: _IsNew, compiler: SQLCompiler, **kw: object) -> str:
    id_, last = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{id_} > {last}"


def is_new(of: DeclaredTable) -> ColumnElement[bool]:
    """Return whether a row was made by this batch."""
    return _IsNew(of.c.id, last_known(of))


def _kept(name: str) -> str:
    # What a transaction has set is no longer NULL in the next one, but empty.
    return f"nullif(current_setting('inkcre.last_of_{name}', true), '')"


class _Marked(FunctionElement[bool]):
    # Of no type, as above.
    inherit_cache = True


@compiles(_Marked, "postgresql")
def _marked_postgresql(element: _Marked, compiler: SQLCompiler, **kw: object) -> str:
    name, *above = (compiler.process(clause, **kw) for clause in element.clauses)
    last = f"coalesce(pg_sequence_last_value('{name}_id_seq'), 0)"
    lowest = f"least({', '.join([*above, last])})" if above else last
    # The first one of a batch counts. A subquery: it is asked once, in front of the first row.
    kept = f"coalesce({_kept(name)}, CAST({lowest} AS text))"
    return f"(SELECT set_config('inkcre.last_of_{name}', {kept}, true)) IS NOT NULL"


@compiles(_Marked, "sqlite")
def _marked_sqlite(_: _Marked, __: SQLCompiler, **___: object) -> str:
    return "1 = 1"


def marked(of: DeclaredTable, above: ColumnElement[int] | None = None) -> ColumnElement[bool]:
    """Return what every statement that adds blocks or relations has among its conditions.

    It is true. Rows of a statement without it are not found by the log on PostgreSQL.

    Args:
        of: the table that it adds to.
        above: of rows that bring their ids: an id that is below theirs.
    """
    return _Marked(literal_column(of.name), *(() if above is None else (above,)))


class all_ids(FunctionElement[object]):  # noqa: N801 - used like SQL functions
    """All ids of a group; nothing on SQLite, where ``one_by_one`` looks for them itself."""

    inherit_cache = True


@compiles(all_ids, "postgresql")
def _ids_postgresql(element: all_ids, compiler: SQLCompiler, **kw: object) -> str:
    ids = compiler.process(element.clauses, **kw)
    return f"array_agg({ids} ORDER BY {ids})"  # they were added in another order


@compiles(all_ids, "sqlite")
def _ids_sqlite(_: all_ids, __: SQLCompiler, **___: object) -> str:
    return "NULL"


class one_by_one(FunctionElement[str]):  # noqa: N801 - used like SQL functions
    """New ids as JSON pairs: by a query for them, or of what ``all_ids`` gives."""

    inherit_cache = True
    type = Text()


@compiles(one_by_one, "postgresql")
def _one_by_one_postgresql(element: one_by_one, compiler: SQLCompiler, **kw: object) -> str:
    # Not the query: each one that there is in a statement is set up every time, asked or not.
    _, ids = (clause for clause in element.clauses)
    said = f"array_to_string({compiler.process(ids, **kw)}, ',')"
    return rf"'[' || regexp_replace({said}, '\d+', '[\&,\&]', 'g') || ']'"


@compiles(one_by_one, "sqlite")
def _one_by_one_sqlite(element: one_by_one, compiler: SQLCompiler, **kw: object) -> str:
    query, _ = (clause for clause in element.clauses)
    return str(compiler.process(query, **kw))


class next_id(FunctionElement[int]):  # noqa: N801 - used like SQL functions
    """The id of a table's next row, drawn in the order of the rows that it is asked for.

    SQLite gives one to each row that brings none.
    """

    inherit_cache = True
    type = BigInteger()

    def __init__(self, of: DeclaredTable) -> None:
        super().__init__(literal_column(of.name))


@compiles(next_id, "postgresql")
def _next_id_postgresql(element: next_id, compiler: SQLCompiler, **kw: object) -> str:
    return f"nextval('{compiler.process(element.clauses, **kw)}_id_seq')"


@compiles(next_id, "sqlite")
def _next_id_sqlite(_: next_id, __: SQLCompiler, **___: object) -> str:
    return "NULL"


class lock_order(FunctionElement[object]):  # noqa: N801 - used like SQL functions
    """In which order rows are added that others may be adding as well: by what is unique of them.

    Each of two transactions waits for a row that the other has added, and may wait for it in turn,
    which PostgreSQL notices after ``deadlock_timeout``, a second: not where all add in one order.
    https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS

    SQLite has one writer, and adds in the order of the column ``otherwise``.
    """

    inherit_cache = True

    def __init__(self, *unique: Expression, otherwise: Expression) -> None:
        super().__init__(otherwise, *unique)


@compiles(lock_order, "postgresql")
def _lock_order_postgresql(element: lock_order, compiler: SQLCompiler, **kw: object) -> str:
    _, *unique = (compiler.process(clause, **kw) for clause in element.clauses)
    return ", ".join(unique)


@compiles(lock_order, "sqlite")
def _lock_order_sqlite(element: lock_order, compiler: SQLCompiler, **kw: object) -> str:
    otherwise, *_ = (compiler.process(clause, **kw) for clause in element.clauses)
    return otherwise
