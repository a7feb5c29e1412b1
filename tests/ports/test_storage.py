"""The storage port, as far as it goes: every sentence of its docstrings, on every adapter."""

import os
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from inkcre.assembly import build_storage
from inkcre.errors import Misconfigured, NotFound, QuotaExceeded, Unavailable
from inkcre.ports.storage import Storage
from tests.conftest import sqlite_settings

S3 = {"kind": "s3", "bucket": "inkcre-files", "region": "us-east-1"}
KEYS = {"access_key_id": "me", "secret_access_key": "mine"}


def make(**section: Any) -> Storage:
    """Build an adapter from its section."""
    return build_storage(sqlite_settings(":memory:", storage=section))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Serve S3 from memory, with one bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    put = urllib.request.Request(f"{url}/{S3['bucket']}", method="PUT")
    urllib.request.urlopen(put).close()
    yield url
    server.stop()


@pytest.fixture(params=["filesystem", "memory", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Give every adapter in turn, on its real backend, empty."""
    if request.param == "filesystem":
        return make(kind="filesystem", path=str(tmp_path / "a" / "files"))
    if request.param == "memory":
        return make(kind="memory")
    return make(**S3, **KEYS, endpoint=request.getfixturevalue("endpoint"))


def test_file_comes_back_whole(storage: Storage) -> None:
    """Empty, small, and of any bytes."""
    for content in (b"", b"x", bytes(range(256)) * 1000):
        storage.put("a/b", content)
        assert storage.get("a/b") == content


def test_file_of_the_same_key_is_replaced(storage: Storage) -> None:
    """The last one counts."""
    storage.put("k", b"long content")
    storage.put("k", b"s")
    assert storage.get("k") == b"s"


def test_missing_file_is_not_found(storage: Storage) -> None:
    """Also one that was deleted."""
    with pytest.raises(NotFound, match="file nowhere: not found"):
        storage.get("nowhere")
    storage.put("gone", b"x")
    storage.delete("gone")
    with pytest.raises(NotFound):
        storage.get("gone")


def test_delete_of_nothing_does_nothing(storage: Storage) -> None:
    """As often as one likes."""
    storage.delete("nowhere")
    storage.delete("nowhere")
    with pytest.raises(NotFound):
        storage.get("nowhere")


def test_capabilities_say_who_sees_the_files(storage: Storage) -> None:
    """Only a bucket is shared."""
    assert storage.capabilities.is_shared is (type(storage).__name__ == "S3Storage")


def test_folder_that_cannot_be_is_misconfigured(tmp_path: Path) -> None:
    """A file stands there."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match=r"storage\.path: not a directory"):
        make(kind="filesystem", path=str(tmp_path / "file" / "files"))


def test_folder_without_rights_is_misconfigured(tmp_path: Path) -> None:
    """For a user who may not write there; the tests may run as one who may everything."""
    folder = tmp_path / "files"
    storage = make(kind="filesystem", path=str(folder))
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        for parent in (tmp_path, *tmp_path.parents):
            if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/"):
                parent.chmod(0o755)
        os.seteuid(65534)
    try:
        with pytest.raises(Misconfigured, match="permission denied"):
            storage.put("k", b"x")
    finally:
        if is_root:
            os.seteuid(0)


def test_full_disk_is_said() -> None:
    """The one device that is always full."""
    from inkcre.adapters.storage.shared import translated

    with pytest.raises(QuotaExceeded), translated("storage.path"):
        Path("/dev/full").write_bytes(b"x")


def test_bucket_that_is_not_there_is_misconfigured(endpoint: str) -> None:
    """Which is not the same as a file that is not there."""
    storage = make(**{**S3, "bucket": "elsewhere"}, **KEYS, endpoint=endpoint)
    for act in (lambda: storage.get("k"), lambda: storage.put("k", b"x")):
        with pytest.raises(Misconfigured, match=r"storage\.bucket: not there"):
            act()


def test_store_that_is_away_is_unavailable() -> None:
    """Nobody listens there; the wait is bounded, and no address is told."""
    storage = make(**S3, **KEYS, endpoint="http://127.0.0.1:1")
    with pytest.raises(Unavailable) as caught:
        storage.get("k")
    assert "127.0.0.1" not in str(caught.value)
