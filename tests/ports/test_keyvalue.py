"""The key-value port's contract, on every adapter that a process can reach."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from inkcre.app import create_app
from inkcre.application import Application
from inkcre.assembly.assembly import build_components, build_keyvalue
from inkcre.core import INKCRE
from inkcre.errors import Invalid, Unsupported
from inkcre.extension import Extension
from inkcre.ports.database import Database
from inkcre.ports.keyvalue import KeyValue, KeyValueNeeds, ValueKey
from inkcre.sections.schema import load_settings
from inkcre.sql import schema
from inkcre.testing.ports import KeyValueContract
from tests.conftest import DRIVERS, postgres_settings, sqlite_settings
from tests.lines import LINES


class Time:
    """A clock that is set by hand, for wall and monotonic time."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def seconds(self) -> float:
        """Return the time as a number."""
        return self.now.timestamp()

    def pass_seconds(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Time:
    """Return a clock."""
    return Time()


@pytest.fixture(params=["sqlite", *DRIVERS])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return a database of each dialect."""
    yield from open_database(request, request.param)


def open_database(request: pytest.FixtureRequest, kind: str) -> Iterator[Database]:
    """Open an empty base."""
    if kind in DRIVERS:
        driver = {"database.driver": DRIVERS[kind]}
        settings = postgres_settings(request.getfixturevalue("postgres_url"), **driver)
    else:
        settings = sqlite_settings(request.getfixturevalue("tmp_path") / "base.sqlite3")
    database = build_components(settings).database
    schema.migrate(database, LINES)
    yield database
    database.close()


def shared(database: Database, time: Time) -> KeyValue:
    """Build the adapter that keeps values in a database."""
    settings = sqlite_settings(":memory:", **{"keyvalue.kind": "database"})
    return build_keyvalue(settings, database, clock=time)


class TestMemory(KeyValueContract):
    """This process's memory."""

    @pytest.fixture
    def keyvalue(self, time: Time, monkeypatch: pytest.MonkeyPatch) -> KeyValue:
        """Return an empty one, whose clock is set by hand."""
        monkeypatch.setattr("time.monotonic", time.seconds)
        self.pass_seconds = time.pass_seconds  # type: ignore[method-assign]
        return build_keyvalue(sqlite_settings(":memory:"), None)


class OnDatabase(KeyValueContract):
    """A table."""

    kind: ClassVar[str]

    @pytest.fixture
    def keyvalue(self, time: Time, request: pytest.FixtureRequest) -> Iterator[KeyValue]:
        """Return an empty one, whose clock is set by hand."""
        self.pass_seconds = time.pass_seconds  # type: ignore[method-assign]
        for database in open_database(request, self.kind):
            yield shared(database, time)


class TestSqlite(OnDatabase):
    """A table in SQLite."""

    kind = "sqlite"


class TestPostgres(OnDatabase):
    """A table in PostgreSQL."""

    kind = "postgres"


@pytest.mark.parametrize("text", ["", ".", "..", "a\0", "\n", "\ud800", "k" * 513, "é" * 257])
def test_text_that_is_no_key_is_refused(text: str) -> None:
    """Once, before any adapter sees it."""
    with pytest.raises(Invalid, match=r"^key: "):
        ValueKey(text)


SHORT = KeyValueNeeds(ttl_seconds=5)
AT_ONCE = KeyValueNeeds(own_writes=True)
LARGE = KeyValueNeeds(value_bytes=30_000_000)
SHARED = KeyValueNeeds(shared=True)


def application_that_needs(name: str) -> Application:
    """Return an application with a part that needs one of those."""
    part = Extension("demanding", "Needs much", needs=(f"{__name__}:{name}",))
    return replace(INKCRE, extensions=(*INKCRE.extensions, part))


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ("SHORT", "let a value expire after 5 seconds, only after 60 or more"),
        ("AT_ONCE", "show a change at once"),
        ("LARGE", "keep a value of 30000000 bytes, only 26214400"),
    ],
)
def test_application_that_needs_more_is_refused(needs: str, words: str) -> None:
    """When it is assembled, not when it needs it; the message says what the place cannot do."""
    demanding = application_that_needs(needs)
    settings = load_settings("workers", environ={}, application=demanding)
    with pytest.raises(Unsupported) as caught:
        create_app(settings)
    assert words in caught.value.message
    assert 'keyvalue.kind "kv" (' in caught.value.message
    assert "profiles/workers.toml:" in caught.value.message
    assert caught.value.message.endswith("as extension demanding needs")
    overrides = {"database.path": ":memory:"}
    dev = load_settings("dev", overrides=overrides, environ={}, application=demanding)
    if needs != "LARGE":
        create_app(dev)


def test_application_that_needs_shared_values_is_refused_memory() -> None:
    """Each process has its own."""
    overrides = {"database.path": ":memory:"}
    demanding = application_that_needs("SHARED")
    dev = load_settings("dev", overrides=overrides, environ={}, application=demanding)
    with pytest.raises(Unsupported, match="cannot share values between processes"):
        create_app(dev)


def test_memory_is_bounded_in_bytes() -> None:
    """Keys and values count; what takes more room than there is is forgotten at once."""
    keyvalue = build_keyvalue(sqlite_settings(":memory:", **{"keyvalue.max_bytes": 1024}), None)
    for number in range(20):
        keyvalue.put(ValueKey(f"k{number:03}"), bytes(100))
    assert len(keyvalue.list().keys) == 9
    keyvalue.put(ValueKey("k019"), b"")
    assert len(keyvalue.list().keys) == 9
    keyvalue.put(ValueKey("large"), bytes(2000))
    assert keyvalue.get(ValueKey("large")) is None
    assert len(keyvalue.list().keys) == 9
    keyvalue.put(ValueKey("k"), bytes(100))
    assert keyvalue.get(ValueKey("k")) == bytes(100)


def test_values_of_a_database_are_shared(database: Database, time: Time) -> None:
    """What one adapter keeps another finds."""
    one, two = shared(database, time), shared(database, time)
    one.put(ValueKey("k"), b"x")
    assert two.get(ValueKey("k")) == b"x"
    assert one.capabilities.is_shared


def test_memory_is_bounded() -> None:
    """The least recently used goes first."""
    settings = sqlite_settings(":memory:", **{"keyvalue.max_entries": 2})
    keyvalue = build_keyvalue(settings, None)
    keyvalue.put(ValueKey("a"), b"1")
    keyvalue.put(ValueKey("b"), b"2")
    keyvalue.get(ValueKey("a"))
    keyvalue.put(ValueKey("c"), b"3")
    assert [keyvalue.get(ValueKey(key)) for key in "abc"] == [b"1", None, b"3"]
    assert not keyvalue.capabilities.is_shared
