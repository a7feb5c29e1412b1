"""The contract of the key-value port."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkcre.errors import TooLarge, Unsupported
from inkcre.ports.keyvalue import KeyValue, ValueKey
from inkcre.testing.ports.shared import HOSTILE_NAMES, MANY, NAMES, properties


class KeyValueContract:
    """The key-value port: every sentence of its docstrings."""

    @pytest.fixture
    def keyvalue(self) -> KeyValue:
        """Return the adapter; define it in your class."""
        raise NotImplementedError

    @pytest.fixture
    def prefix(self) -> str:
        """Return a prefix that nobody has used."""
        return f"contract:{uuid.uuid4().hex}:"

    def pass_seconds(self, seconds: float) -> None:
        """Let time go by; override it when the adapter's clock can be set by hand."""
        time.sleep(seconds)

    @pytest.mark.parametrize("value", [b"", b"\x00", bytes(range(256)), b"x" * 1_000_000], ids=len)
    def test_value_comes_back(self, keyvalue: KeyValue, prefix: str, value: bytes) -> None:
        """Any bytes, also none."""
        key = ValueKey(f"{prefix}a")
        keyvalue.put(key, value)
        assert keyvalue.get(key) == value

    def test_hostile_keys_are_plain_characters(self, keyvalue: KeyValue, prefix: str) -> None:
        """All at once; each comes back as it was given, and is listed so."""
        names = [*HOSTILE_NAMES, "a/b", "..", ".", "../a", "//", "x" * 400, "é" * 220]
        keys = [ValueKey(f"{prefix}{name}") for name in names]
        for key in keys:
            keyvalue.put(key, key.encode())
        assert [keyvalue.get(key) for key in keys] == [key.encode() for key in keys]
        assert list(keyvalue.list(prefix).keys) == sorted(keys, key=str.encode)

    def test_later_value_takes_the_place_of_an_earlier_one(
        self, keyvalue: KeyValue, prefix: str
    ) -> None:
        """Its expiry too: None keeps it until it is deleted."""
        key = ValueKey(f"{prefix}a")
        keyvalue.put(key, b"one", ttl_seconds=keyvalue.capabilities.min_ttl_seconds)
        keyvalue.put(key, b"two")
        assert keyvalue.get(key) == b"two"

    def test_missing_value_is_none(self, keyvalue: KeyValue, prefix: str) -> None:
        """Never there, or deleted; deleting nothing does nothing."""
        key = ValueKey(f"{prefix}a")
        assert keyvalue.get(key) is None
        keyvalue.put(key, b"x")
        keyvalue.delete(key)
        keyvalue.delete(key)
        assert keyvalue.get(key) is None

    def test_value_is_gone_when_its_time_is_over(self, keyvalue: KeyValue, prefix: str) -> None:
        """Not before; nor is it listed then. One without a time stays."""
        short, long = ValueKey(f"{prefix}short"), ValueKey(f"{prefix}long")
        seconds = max(2, keyvalue.capabilities.min_ttl_seconds)
        keyvalue.put(short, b"x", ttl_seconds=seconds)
        keyvalue.put(long, b"y")
        self.pass_seconds(seconds - 1)
        assert keyvalue.get(short) == b"x"
        assert list(keyvalue.list(prefix).keys) == [long, short]
        self.pass_seconds(1.1)
        assert keyvalue.get(short) is None
        assert list(keyvalue.list(prefix).keys) == [long]
        assert keyvalue.get(long) == b"y"

    def test_expiry_that_is_too_short_is_refused(self, keyvalue: KeyValue, prefix: str) -> None:
        """What is declared is what holds, on both sides of it."""
        key, least = ValueKey(f"{prefix}a"), keyvalue.capabilities.min_ttl_seconds
        with pytest.raises(Unsupported, match="expire"):
            keyvalue.put(key, b"x", ttl_seconds=least - 1)
        assert keyvalue.get(key) is None
        keyvalue.put(key, b"x", ttl_seconds=least)
        assert keyvalue.get(key) == b"x"

    def test_value_that_is_too_large_is_refused(self, keyvalue: KeyValue, prefix: str) -> None:
        """What was there stays."""
        key = ValueKey(f"{prefix}a")
        keyvalue.put(key, b"small")
        with pytest.raises(TooLarge):
            keyvalue.put(key, bytes(keyvalue.capabilities.max_value_bytes + 1))
        assert keyvalue.get(key) == b"small"

    def test_many_keys_are_listed_in_pages(self, keyvalue: KeyValue, prefix: str) -> None:
        """Each once, in order, and none that begins otherwise."""
        keys = [ValueKey(f"{prefix}{number:04}") for number in range(MANY)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda key: keyvalue.put(key, b"x"), keys))
        keyvalue.put(ValueKey(f"other{prefix}"), b"x")
        listed: list[ValueKey] = []
        cursor = None
        while True:
            page = keyvalue.list(prefix, cursor=cursor)
            assert len(page.keys) <= 1000
            listed += page.keys
            cursor = page.cursor
            if cursor is None:
                break
        assert listed == keys
        assert list(keyvalue.list(f"{prefix}001", limit=3).keys) == keys[10:13]

    def test_changes_by_many_leave_one_of_them(self, keyvalue: KeyValue, prefix: str) -> None:
        """At once under one key: one value is there at the end, whole."""
        key = ValueKey(f"{prefix}a")
        values = [bytes([number]) * 10_000 for number in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda value: keyvalue.put(key, value), values))
        assert keyvalue.get(key) in values

    def test_values_are_kept_like_in_a_dictionary(self, keyvalue: KeyValue) -> None:
        """Whatever is put and deleted, in whatever order."""

        @properties
        @given(steps=st.lists(st.tuples(st.booleans(), NAMES, st.binary(max_size=40)), max_size=12))
        def run(steps: list[tuple[bool, str, bytes]]) -> None:
            prefix = f"contract:{uuid.uuid4().hex}:"
            model: dict[str, bytes] = {}
            for is_put, name, value in steps:
                if is_put:
                    keyvalue.put(ValueKey(prefix + name), value)
                    model[name] = value
                else:
                    keyvalue.delete(ValueKey(prefix + name))
                    model.pop(name, None)
            listed = keyvalue.list(prefix).keys
            assert list(listed) == [prefix + name for name in sorted(model, key=str.encode)]
            assert {k.removeprefix(prefix): keyvalue.get(k) for k in listed} == model

        run()
