"""The key-value port, as far as it goes: every sentence of its docstrings, on every adapter."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from inkcre import schema
from inkcre.assembly import build_components, build_keyvalue
from inkcre.ports.database import Database
from inkcre.ports.keyvalue import KeyValue
from tests.conftest import postgres_settings, sqlite_settings


class Time:
    """A clock that is set by hand, for wall and monotonic time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Give the time."""
        return self.now

    def seconds(self) -> float:
        """Give the time as a number."""
        return self.now.timestamp()

    def pass_seconds(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    """Give a clock."""
    return Time()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database of each dialect."""
    yield from open_database(request, request.param)


def open_database(request: pytest.FixtureRequest, kind: str) -> Iterator[Database]:
    """Open an empty base."""
    if kind == "postgres":
        settings = postgres_settings(request.getfixturevalue("postgres_url"))
    else:
        settings = sqlite_settings(request.getfixturevalue("tmp_path") / "base.sqlite3")
    database = build_components(settings).database
    schema.migrate(database)
    yield database
    database.close()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def keyvalue(
    request: pytest.FixtureRequest, time: Time, monkeypatch: pytest.MonkeyPatch
) -> Iterator[KeyValue]:
    """Give every adapter in turn, the one that keeps values in a database on each."""
    if request.param == "memory":
        monkeypatch.setattr("time.monotonic", time.seconds)
        yield build_keyvalue(sqlite_settings(":memory:"), None)
        return
    for database in open_database(request, request.param):
        yield shared(database, time)


def shared(database: Database, time: Time) -> KeyValue:
    """Build the adapter that keeps values in a database."""
    settings = sqlite_settings(":memory:", **{"keyvalue.kind": "database"})
    return build_keyvalue(settings, database, clock=time)


def test_value_comes_back(keyvalue: KeyValue) -> None:
    """Any bytes, under any key."""
    for key, value in (("k", b""), ("a/b c?#é\U0001f600", bytes(range(256))), ("k" * 1000, b"x" * 100_000)):  # fmt: skip
        keyvalue.put(key, value)
        assert keyvalue.get(key) == value


def test_later_value_takes_the_place_of_an_earlier_one(keyvalue: KeyValue) -> None:
    """Its expiry too."""
    keyvalue.put("k", b"one", ttl_seconds=1)
    keyvalue.put("k", b"two")
    assert keyvalue.get("k") == b"two"


def test_missing_value_is_none(keyvalue: KeyValue) -> None:
    """Never there, or deleted; deleting nothing does nothing."""
    assert keyvalue.get("k") is None
    keyvalue.put("k", b"x")
    keyvalue.delete("k")
    keyvalue.delete("k")
    assert keyvalue.get("k") is None


def test_value_is_gone_when_its_time_is_over(keyvalue: KeyValue, time: Time) -> None:
    """Not before; one without a time stays."""
    keyvalue.put("short", b"x", ttl_seconds=60)
    keyvalue.put("long", b"y")
    time.pass_seconds(59.9)
    assert keyvalue.get("short") == b"x"
    time.pass_seconds(0.2)
    assert keyvalue.get("short") is None
    time.pass_seconds(10**7)
    assert keyvalue.get("long") == b"y"


def test_values_of_a_database_are_shared(database: Database, time: Time) -> None:
    """What one adapter keeps another finds."""
    one, two = shared(database, time), shared(database, time)
    one.put("k", b"x")
    assert two.get("k") == b"x"
    assert one.capabilities.is_shared


def test_memory_is_bounded() -> None:
    """The least recently used goes first."""
    settings = sqlite_settings(":memory:", **{"keyvalue.max_entries": 2})
    keyvalue = build_keyvalue(settings, None)
    keyvalue.put("a", b"1")
    keyvalue.put("b", b"2")
    keyvalue.get("a")
    keyvalue.put("c", b"3")
    assert [keyvalue.get(key) for key in "abc"] == [b"1", None, b"3"]
    assert not keyvalue.capabilities.is_shared
