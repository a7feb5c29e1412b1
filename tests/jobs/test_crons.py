"""Cron text, intervals and time zones."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inkcre.errors import Invalid
from inkcre.jobs.crons import (
    format_every,
    list_runs,
    next_run,
    parse_cron,
    parse_every,
    parse_zone,
    read_elsewhere,
)

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0 7 * * 1-5", "0 7 * * mon-fri"),
        ("0 7 * * MON-FRI", "0 7 * * mon-fri"),
        ("0 0 * * 0", "0 0 * * sun"),
        ("0 0 * * 7", "0 0 * * sun"),
        ("0 0 * * 5-7", "0 0 * * fri-sun"),
        ("0 0 * * sat-sun", "0 0 * * sat-sun"),
        ("0 0 * * 0-2", "0 0 * * sun-tue"),
        ("0 0 * * 0-0", "0 0 * * sun"),
        ("0 0 * * 7-7", "0 0 * * sun"),
        ("0 0 * * 7/2", "0 0 * * sun"),
        ("0 0 * * 0-7", "0 0 * * *"),
        ("*/5 */2 * * */2", "*/5 */2 * * */2"),
        ("0 0 1,15 jan-mar *", "0 0 1,15 1-3 *"),
        ("5/10 0 * * *", "5/10 0 * * *"),
        ("0 0 1 jan,feb,mar,apr,may,jun *", "0 0 1 1,2,3,4,5,6 *"),
        ("0 0 1 jul,aug,sep,oct,nov,dec *", "0 0 1 7,8,9,10,11,12 *"),
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("  @Weekly ", "0 0 * * sun"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ],
)
def test_cron_text_is_kept_with_names(typed: str, kept: str) -> None:
    """Weekdays are names inside, whatever was typed; what is kept parses to itself."""
    assert parse_cron(typed) == kept
    assert parse_cron(kept) == kept


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("", "0 fields"),
        ("* * * *", "4 fields"),
        ("* * * * * *", "6 fields"),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 0 * *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * * 8", "day of the week"),
        ("* * * * fri-mon", "back"),
        ("5-1 * * * *", "back"),
        ("5-0 * * * *", "from 5 back to 0"),
        ("*/0 * * * *", "step of 0"),
        ("* * L * *", "day of the month"),
        ("* * * * mon#2", "no day of the week"),
        ("0 0 30 2 *", "never comes"),
        ("0 0 31 4,6 *", "never comes"),
        ("\u0661 * * * *", "minute"),
    ],
)
def test_wrong_cron_text_says_what_is_wrong(typed: str, word: str) -> None:
    """The field is named, and an example given."""
    with pytest.raises(Invalid) as caught:
        parse_cron(typed)
    assert word in caught.value.message
    assert caught.value.hint


@given(st.text(alphabet="0123456789*/-,?#LWmonsufri @", max_size=20))
@settings(max_examples=300, deadline=None)
def test_any_text_is_kept_or_refused(typed: str) -> None:
    """Nothing else comes of it, and what is kept has a next time."""
    try:
        kept = parse_cron(typed)
    except Invalid:
        return
    assert next(list_runs(kept, datetime(2026, 1, 1, tzinfo=UTC), "Europe/Berlin")).tzinfo


def runs(cron: str, after: datetime, number: int = 3, zone: str = "Europe/Berlin") -> list[str]:
    """Return the next times, as the zone writes them."""
    found = islice(list_runs(cron, after, zone), number)
    return [due.astimezone(ZoneInfo(zone)).strftime("%d. %H:%M %Z") for due in found]


def test_time_that_the_clock_leaves_out_is_due_right_after() -> None:
    """In spring two o'clock is followed by three o'clock: what is due at half past two is due then."""
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert runs("30 2 * * *", before) == ["29. 03:00 CEST", "30. 02:30 CEST", "31. 02:30 CEST"]
    assert runs("0 * * * *", datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 2) == [
        "29. 03:00 CEST", "29. 04:00 CEST",
    ]  # fmt: skip


def test_hour_that_comes_twice_is_one_time_for_what_has_a_time() -> None:
    """In autumn two to three comes twice: a fixed time is due once, every quarter is due eight times."""
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert runs("30 2 * * *", before, 2) == ["25. 02:30 CEST", "26. 02:30 CET"]
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # ten past two, the second time
    assert runs("30 2 * * *", second, 1) == ["26. 02:30 CET"]
    quarters = islice(list_runs("*/15 * * * *", datetime(2026, 10, 25, 0, 0, tzinfo=UTC) - timedelta(seconds=1), "Europe/Berlin"), 8)  # fmt: skip
    hours = [due.astimezone(BERLIN).hour for due in quarters]
    assert hours == [2] * 8


@given(
    st.integers(0, 6 * 365 * 24 * 60),
    st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 3 * * sun", "15 1-3 * * *", "59 23 31 12 *"]),
    st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
    ),
)
@settings(max_examples=200, deadline=None)
def test_next_time_is_always_later(minutes: int, cron: str, zone: str) -> None:
    """Whatever the clocks do: else something would be due again and again."""
    after = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    for _ in range(4):
        following = next(list_runs(cron, after, zone))
        assert following > after
        after = following


def test_every_day_in_a_year_has_its_time_once() -> None:
    """Over both changes of the clock, 365 days have 365 times."""
    start = datetime(2025, 12, 31, 23, 0, tzinfo=UTC)
    due = []
    for moment in list_runs("30 2 * * *", start, "Europe/Berlin"):
        if moment >= datetime(2026, 12, 31, 23, 0, tzinfo=UTC):
            break
        due.append(moment.astimezone(BERLIN).date())
    assert len(due) == len(set(due)) == 365


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("1m", 60), ("15m", 900), ("2h", 7200), ("1d", 86400), ("1w", 604800), ("366d", 366 * 86400)],
)
def test_intervals_are_read_and_written(typed: str, seconds: int) -> None:
    """In their largest whole unit."""
    assert parse_every(typed) == timedelta(seconds=seconds)
    assert format_every(seconds) == typed
    assert format_every(90 * 60) == "90m"


@pytest.mark.parametrize(
    "typed", ["", "15", "15s", "0m", "-1m", "1.5h", "367d", "9999w", "1h30m", "m"]
)
def test_wrong_intervals_are_refused(typed: str) -> None:
    """From a minute to a year, in one unit."""
    with pytest.raises(Invalid):
        parse_every(typed)


def test_zones_have_names() -> None:
    """And nothing that is a path."""
    assert parse_zone("Europe/Berlin") == "Europe/Berlin"
    for name in ("Mars/Base", "", "../../etc/passwd", "/etc/localtime", "a\0b"):
        with pytest.raises(Invalid):
            parse_zone(name)


def test_interval_keeps_its_pace_and_skips_what_was_missed() -> None:
    """Counted from when it was due, not from when somebody looked."""
    due = datetime(2026, 1, 1, 0, 0, tzinfo=UTC)

    def following(after: datetime) -> datetime | None:
        return next_run(
            cron=None, every=timedelta(minutes=15), timezone="UTC", after=after, due=due
        )

    assert following(due) == due + timedelta(minutes=15)
    assert following(due + timedelta(minutes=14)) == due + timedelta(minutes=15)
    assert following(due + timedelta(minutes=15)) == due + timedelta(minutes=30)
    assert following(due + timedelta(days=3, minutes=1)) == due + timedelta(days=3, minutes=15)
    assert following(due - timedelta(hours=1)) == due + timedelta(minutes=15)


def test_others_read_numbers_otherwise() -> None:
    """APScheduler counts from Monday, Cloudflare from 1, Sunday; names are the same everywhere."""
    from apscheduler.triggers.cron import CronTrigger

    def said(text: str) -> dict[str, str | None]:
        return {reading.home: reading.text for reading in read_elsewhere(text)}

    assert said("0 7 * * 1-5") == {
        "APScheduler": "0 7 * * tue-sat",
        "Cloudflare": "0 7 * * sun-thu",
    }
    assert said("0 7 * * 0") == {"APScheduler": "0 7 * * mon", "Cloudflare": None}
    assert said("0 7 * * 7") == {"APScheduler": None, "Cloudflare": "0 7 * * sat"}
    assert set(said("*/5 * * * mon-fri/2").values()) == {"*/5 * * * mon-fri/2"}
    after = datetime(2026, 11, 25, tzinfo=UTC)  # a Wednesday
    trigger = CronTrigger.from_crontab("0 7 * * 0", timezone=UTC)
    assert trigger.get_next_fire_time(None, after).strftime("%a").lower() == "mon"
