"""The contracts of storage and key-value, on R2 and KV: the adapters run inside the Worker."""

import time
from collections.abc import Iterator

import pytest

from inkcre.errors import Invalid
from inkcre.ports.keyvalue import KeyValue, ValueKey
from inkcre.ports.storage import Storage
from inkcre.testing.ports import KeyValueContract, StorageContract
from tests.edge import homes
from tests.edge.remote import RemoteKeyValue, RemoteStorage, opened

HOME = "edge-d1"


class TestR2(StorageContract):
    """A bucket of Miniflare's."""

    @pytest.fixture
    def storage(self) -> Iterator[Storage]:
        """Return the bucket of a home."""
        yield from opened(homes.base_url(HOME), RemoteStorage)


class TestKV(KeyValueContract):
    """A namespace of Miniflare's."""

    @pytest.fixture
    def keyvalue(self) -> Iterator[KeyValue]:
        """Return the namespace of a home."""
        yield from opened(homes.base_url(HOME), RemoteKeyValue)

    def test_value_is_gone_when_its_time_is_over(self, keyvalue: KeyValue, prefix: str) -> None:
        """Not before; nor is it listed then. One without a time stays.

        A minute is the least, so the values were put when the home started.
        """
        put_at = homes.expiring_since(HOME)
        keys = [ValueKey(f"{homes.EXPIRING}{name}") for name in ("long", "short")]
        time.sleep(max(0, put_at + 61 - time.time()))
        assert keyvalue.get(keys[0]) == b"y"
        assert keyvalue.get(keys[1]) is None
        assert list(keyvalue.list(homes.EXPIRING).keys) == keys[:1]
        keyvalue.put(ValueKey(f"{prefix}a"), b"x", ttl_seconds=60)
        assert keyvalue.get(ValueKey(f"{prefix}a")) == b"x"
        assert list(keyvalue.list(prefix).keys) == [f"{prefix}a"]

    def test_cursor_is_of_the_namespace(self, keyvalue: KeyValue) -> None:
        """It is KV's own."""
        assert not keyvalue.capabilities.reads_own_writes
        with pytest.raises(Invalid):
            ValueKey("")
