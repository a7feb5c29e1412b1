"""Cron expressions as Cloudflare takes them."""

import pytest
from pydantic_core import PydanticCustomError

from inkcre.sections.crons import check_cron


@pytest.mark.parametrize(
    "expression",
    [
        "* * * * *", "*/30 * * * *", "45 * * * *", "0 17 * * sun", "10 7 * * mon-fri",
        "0 15 1 * *", "0 18 * * 6L", "59 23 LW * *", "0 0 L * *", "0 9 15W * *",
        "0,30 0-6/2 1 jan,JUL 1-5", "0 12 * * fri#2", "0 12 * * MON",
    ],
)  # fmt: skip
def test_what_the_vendor_takes_is_taken(expression: str) -> None:
    """Its own examples among them."""
    assert check_cron(expression) == expression


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("", "0 fields"),
        ("bad", "1 fields"),
        ("* * * *", "4 fields"),
        ("* * * * * *", "6 fields"),
        ("60 * * * *", "minute is from 0 to 59"),
        ("* 24 * * *", "hour is from 0 to 23"),
        ("* * 0 * *", "day of the month is from 1 to 31"),
        ("* * * 13 *", "month is from 1 to 12, or jan to dec"),
        ("* * * * 0", "day of the week is from 1 to 7, or sun to sat"),
        ("* * * * sunday", "day of the week"),
        ("*/0 * * * *", "minute"),
        ("1- * * * *", "minute"),
        ("1,,2 * * * *", "minute"),
        ("L * * * *", "minute"),
    ],
)
def test_what_it_refuses_is_refused(expression: str, words: str) -> None:
    """With the field that is wrong, and what it may be."""
    with pytest.raises(PydanticCustomError) as caught:
        check_cron(expression)
    assert words in str(caught.value)
