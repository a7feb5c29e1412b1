"""Many rows as one parameter, or as several where a database takes only so much in a value."""

import json

from hypothesis import given
from hypothesis import strategies as st

from inkcre.sql.parameters import split_rows

ROWS = st.lists(st.fixed_dictionaries({"content": st.text(max_size=60), "id": st.integers()}))


@given(ROWS, st.integers(250, 2000))
def test_parts_hold_all_rows_in_order_and_fit(rows: list[dict[str, object]], limit: int) -> None:
    """Whatever the rows say: no row is lost or cut, and no part is larger than the limit."""
    parts = split_rows(rows, limit)
    read = [row for part in parts for row in json.loads(part)]
    assert read == [{"ord": number, **row} for number, row in enumerate(rows)]
    assert all(len(part.encode()) <= limit for part in parts)


@given(ROWS)
def test_without_a_limit_rows_are_one_parameter(rows: list[dict[str, object]]) -> None:
    """And no rows are none, so that nothing is asked of the database."""
    assert len(split_rows(rows, None)) == bool(rows)


def test_row_that_is_too_large_is_the_databases_to_refuse() -> None:
    """It is a part of its own; those beside it are not taken along."""
    parts = split_rows([{"a": "x"}, {"a": "x" * 500}, {"a": "y"}], 100)
    assert [len(json.loads(part)) for part in parts] == [1, 1, 1]
