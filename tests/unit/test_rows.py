"""Rows as records: names are checked when a query is made, and the API shows what records hold."""

from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import BaseModel
from sqlalchemy import column, literal, select
from sqlalchemy.types import NullType

import inkcre.core  # noqa: F401 - makes every query there is
from inkcre.api.responses import BlockOut, CreatedIds, RelationOut, WalkedGraph, WrittenGraph
from inkcre.api.source_shapes import SourceOut
from inkcre.assembly.assembly import build_database
from inkcre.errors import BadReference
from inkcre.graph import graphs, relations, traversal
from inkcre.graph.records import Block
from inkcre.http.jobs import JobOut, ScheduleOut
from inkcre.jobs import jobs, schedules
from inkcre.ports.database import Statement
from inkcre.sources.rows import Source
from inkcre.sql.rows import JSON_TEXT, Query
from tests.conftest import sqlite_settings

SHOWN = [
    (BlockOut, Block),
    (RelationOut, relations.Relation),
    (WrittenGraph, graphs.StoredGraph),
    (CreatedIds, graphs.NewIds),
    (WalkedGraph, traversal.Neighbourhood),
    (JobOut, jobs.Job),
    (ScheduleOut, schedules.Schedule),
    (SourceOut, Source),
]


@dataclass(frozen=True)
class Said:
    """A record of JSON."""

    said: Any = field(metadata=JSON_TEXT)


@dataclass(frozen=True)
class Pair:
    """A record of two columns."""

    name: str
    value: int


def test_columns_reach_the_fields_of_their_names() -> None:
    """In whatever order the statement gives them."""
    query = Query(select(literal(2).label("value"), literal("a").label("name")), Pair)
    assert query.records([(2, "a"), (3, "b")]) == [Pair("a", 2), Pair("b", 3)]
    assert query.first([]) is None
    database = build_database(sqlite_settings(":memory:"))
    assert query.read(database) == [Pair("a", 2)]
    assert query.read_first(database) == Pair("a", 2)
    database.close()


@pytest.mark.parametrize("names", [["name"], ["name", "other"], ["name", "value", "other"]])
def test_columns_that_are_not_the_record_s_are_refused_when_the_query_is_made(
    names: list[str],
) -> None:
    """One that lacks, has another, or has one too many."""
    with pytest.raises(BadReference, match=f"Pair: is no record .* gives {', '.join(names)}; its"):
        Query(select(*map(column, names)), Pair)


def test_records_are_frozen() -> None:
    """Nobody changes what was read."""
    [pair] = Query(select(column("name"), column("value")), Pair).records([("a", 1)])
    with pytest.raises(AttributeError):
        pair.name = "b"  # type: ignore[misc]


def _kinds_of(wanted: Any) -> set[type]:
    """Return the types of a literal's values."""
    return {type(value) for value in get_args(wanted)}


def test_types_of_columns_are_those_of_fields() -> None:
    """A field of text is not filled by a column of numbers; what is decoded has a type of its own."""
    wrong = []
    queries: list[Query[Any]] = [each for each in Statement.made if isinstance(each, Query)]
    for query in queries:
        clause: Any = query.clause
        kinds = get_type_hints(query.record)
        decoded = {each.name for each in fields(query.record) if each.metadata}
        for name, context in clause.exported_columns.items():
            if isinstance(context.type, NullType) or name in decoded:
                continue
            wanted = kinds[name]
            if context.type.python_type not in {wanted, *get_args(wanted), *_kinds_of(wanted)}:
                wrong.append((query.record.__name__, name, context.type, wanted))
    assert len(queries) >= 20
    assert wrong == []


@pytest.mark.parametrize(("model", "record"), SHOWN, ids=lambda each: each.__name__)
def test_the_api_shows_the_fields_of_records(model: type[BaseModel], record: type[Any]) -> None:
    """What a response is said to hold is what it is made of, in the same order."""
    assert list(model.model_fields) == [each.name for each in fields(record)]


def test_json_text_is_decoded() -> None:
    """NULL stays None."""
    query = Query(select(column("said")), Said)
    assert [each.said for each in query.records([('{"a":[1]}',), (None,)])] == [{"a": [1]}, None]
