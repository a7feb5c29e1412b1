"""The storage port on S3-compatible stores other than moto, and on what they do otherwise.

``tests/stores.py`` says which they are.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from inkcre.adapters.prefixed import PrefixedStorage
from inkcre.errors import (
    BadAnswer,
    Conflict,
    InkcreError,
    Invalid,
    Misconfigured,
    NotFound,
    QuotaExceeded,
    Unavailable,
    Unsupported,
)
from inkcre.ports.storage import FileKey, Storage, lacks_of
from inkcre.ports.store_errors import KeysExpired, KeysRefused, SlowDown, TimeRefused, WrongRegion
from inkcre.process.probes import try_storage
from inkcre.testing.ports import StorageContract
from inkcre.testing.ports.shared import HOSTILE_NAMES
from inkcre.testing.ports.storage import in_parts
from tests.buckets import serve_bucket
from tests.ports.test_storage import MIB, make
from tests.stores import (
    CUT,
    Asked,
    Manners,
    Refusal,
    serve_rclone,
    serve_seaweedfs,
    stand_before,
)

KEY = FileKey("k")
NOT_IMPLEMENTED = Refusal(501, "NotImplemented")
CHECKSUM = "x-amz-checksum-sha256"
ALL = frozenset({"bulk deletes", "conditional puts", "ranges", "copies"})


@pytest.fixture(scope="module")
def seaweedfs() -> Iterator[dict[str, Any]]:
    """Return the section of a bucket that the tests of this module share."""
    with serve_seaweedfs() as section:
        yield section


@pytest.fixture
def before(seaweedfs: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Manners]]:
    """Return the section of the same bucket behind a place that can refuse, and this place."""
    with stand_before(seaweedfs) as (section, manners):
        yield section, manners


class InFolders(StorageContract):
    """SeaweedFS: keys are paths in folders, listed folder by folder, with names of 255 bytes."""

    def in_order(self, keys: Iterable[FileKey]) -> list[FileKey]:
        """Return what a folder has in it before its neighbours."""
        return sorted(keys, key=lambda key: [name.encode() for name in key.split("/")])

    def test_hostile_names_are_plain_characters(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey]
    ) -> None:
        """But a backslash, which is a slash to it: nothing of ours has one."""
        keys = [key(name) for name in HOSTILE_NAMES if "\\" not in name]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda k: storage.put(k, k.encode()), keys))
        assert [storage.get(k).read() for k in keys] == [k.encode() for k in keys]
        assert [info.key for info in storage.list(folder).files] == self.in_order(keys)
        with pytest.raises(BadAnswer, match="the store answers 400 InvalidRequest"):
            storage.put(key("..\\"), b"x")
        storage.delete(keys[::2])
        assert {info.key for info in storage.list(folder).files} == set(keys[1::2])

    @pytest.mark.parametrize("letter", ["k", "é", "%"])
    def test_long_keys_are_kept_apart(
        self, storage: Storage, folder: str, key: Callable[[str], FileKey], letter: str
    ) -> None:
        """Names of 255 bytes, in folders of such names; a longer one is told to be too long."""
        name = letter * (255 // len(letter.encode()))
        keys = [key(f"{name}/{name}/{name[cut:]}") for cut in range(3)]
        for each in keys:
            storage.put(each, each.encode())
        assert [storage.get(each).read() for each in keys] == [each.encode() for each in keys]
        assert [info.key for info in storage.list(folder).files] == self.in_order(keys)
        with pytest.raises(Invalid, match="key: is longer than the store takes"):
            storage.put(key(f"{name}{letter}"), b"x")


class TestSeaweedFS(InFolders):
    """A store that does all that the port asks of one."""

    def _step(
        self,
        storage: Storage,
        folder: str,
        model: dict[str, bytes],
        step: tuple[str, str, str, bytes],
    ) -> None:
        act, name, other, content = step
        if act == "put if absent" and name in ("a", "a/b"):
            act = "put"  # a folder of that name counts as a file there, for a moment an empty one
        super()._step(storage, folder, model, (act, name, other, content))

    @pytest.fixture
    def storage(self, seaweedfs: dict[str, Any]) -> Storage:
        """Return the bucket that all tests share."""
        return make(**seaweedfs)


@pytest.fixture(scope="module")
def lacking() -> Iterator[Storage]:
    """Return one adapter, as a process has: what its store lacks is found once.

    Behind it is moto, which checks no signatures, and so not whether a request was changed.
    """
    with serve_bucket() as bucket, stand_before(bucket) as (section, manners):
        manners.decide = lack_everything
        yield make(**section)


class TestLacking(StorageContract):
    """A store that has no DeleteObjects, CopyObject, ranges and conditional puts."""

    @pytest.fixture
    def storage(self, lacking: Storage) -> Storage:
        """Return the adapter that all tests share."""
        return lacking

    def test_one_of_many_conditional_puts_wins(
        self, storage: Storage, key: Callable[[str], FileKey]
    ) -> None:
        """Not here: it is looked first, so all who looked before the first one was there win."""
        storage.put(key("a"), b"first", if_absent=True)

        def put(_: int) -> bool:
            with pytest.raises(Conflict):
                storage.put(key("a"), b"later", if_absent=True)
            return "conditional puts" in lacks_of(storage)

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(put, range(4)))
        assert storage.get(key("a")).read() == b"first"


def lack_everything(asked: Asked) -> Refusal | None:
    """Refuse what some store does not know; pass the range by, as those do that know none."""
    asked.headers.pop("range", None)
    lacks = ("DeleteObjects", "CopyObject", "conditional")
    return NOT_IMPLEMENTED if any(map(asked.is_about, lacks)) else None


def refuse(operation: str, refusal: Refusal) -> Callable[[Asked], Refusal | None]:
    """Refuse one operation."""
    return lambda asked: refusal if asked.is_about(operation) else None


@pytest.mark.parametrize(
    "refusal",
    [NOT_IMPLEMENTED, Refusal(405, "MethodNotAllowed"), Refusal(400, "InvalidArgument"),
     Refusal(400, "MissingContentMD5")],
    ids=lambda refusal: refusal.code,
)  # fmt: skip
def test_files_are_deleted_singly_where_no_list_is_taken(
    before: tuple[dict[str, Any], Manners], caplog: pytest.LogCaptureFixture, refusal: Refusal
) -> None:
    """Found once, with one request, and told once; also where it is the checksum's header."""
    section, manners = before
    manners.decide = refuse("DeleteObjects", refusal)
    storage = make(**section)
    keys = [FileKey(f"singly/{number}") for number in range(5)]
    for _ in range(2):
        for key in keys:
            storage.put(key, b"x")
        storage.delete([*keys, FileKey("singly/nowhere")])
        assert storage.list("singly").files == ()
    assert manners.count("DeleteObjects") == 1
    assert lacks_of(storage) == {"bulk deletes"}
    assert [record.message for record in caplog.records] == [
        "storage.bucket: the store has no bulk deletes: files are deleted one by one"
    ]


def test_no_checksum_is_sent_but_with_a_list_to_delete(
    before: tuple[dict[str, Any], Manners],
) -> None:
    """Stores that know no such header take every upload, in one or in parts, and each delete."""
    section, manners = before
    manners.decide = lambda asked: (
        Refusal(400, "InvalidArgument") if any("checksum" in name for name in asked.headers) else None
    )  # fmt: skip
    storage = make(**section)
    storage.put(KEY, in_parts(bytes(6 * MIB), MIB))
    storage.put(KEY, b"x", content_type="text/plain")
    storage.move(KEY, FileKey("moved"))
    storage.delete([FileKey("moved")])
    assert lacks_of(storage) == set()
    storage.delete([KEY, FileKey("moved")])
    assert lacks_of(storage) == {"bulk deletes"}


def test_lacks_are_found_by_the_doctor(lacking: Storage, seaweedfs: dict[str, Any]) -> None:
    """All at once, and the same below a prefix; a store that has everything lacks nothing."""
    for storage, lacks in ((make(**seaweedfs), set()), (lacking, ALL)):
        assert try_storage(storage) == lacks
        assert try_storage(cast("Storage", PrefixedStorage(storage, "mine"))) == lacks
        assert storage.list("inkcre/doctor").files == storage.list("mine").files == ()


def test_rclone_lacks_ranges_and_conditional_puts() -> None:
    """A real one: parts are read all the same, and whoever deletes by itself is told."""
    with serve_rclone() as section:
        storage = make(**section)
        assert try_storage(storage) == {"ranges", "conditional puts"}
        content = bytes(range(256)) * 5000
        storage.put(KEY, content)
        for start, end in ((0, 1), (255, 700_000), (len(content) - 1, None), (5, len(content) + 9)):
            found = storage.get(KEY, start=start, end=end)
            assert found.read() == content[start:end]
            assert (found.start, found.end) == (start, min(end or len(content), len(content)))
        with pytest.raises(Invalid, match="range"):
            storage.get(KEY, start=len(content))


FAULTS = [
    (Refusal(400, "AuthorizationHeaderMalformed", "the region 'auto' is wrong; expecting 'eu-central-1'"),
     WrongRegion, 'set storage.region to "eu-central-1"'),
    (Refusal(301, "PermanentRedirect"), WrongRegion, "set storage.region to the bucket's"),
    (Refusal(403, "InvalidAccessKeyId"), KeysRefused, "to a pair that it has given"),
    (Refusal(403, "SignatureDoesNotMatch"), KeysRefused, "to a pair that it has given"),
    (Refusal(400, "ExpiredToken"), KeysExpired, "get a new key"),
    (Refusal(403, "RequestTimeTooSkewed"), TimeRefused, "NTP"),
    (Refusal(403, "QuotaExceeded"), QuotaExceeded, "let the store give more"),
    (Refusal(507, "InsufficientStorage"), QuotaExceeded, "let the store give more"),
    (Refusal(403, "AccessDenied"), Misconfigured, "read, write, list and delete"),
    (Refusal(503, "SlowDown"), SlowDown, "try again later"),
    (Refusal(429, "TooManyRequests"), SlowDown, "try again later"),
    (Refusal(503, "ServiceUnavailable"), Unavailable, None),
    (Refusal(500, "InternalError"), Unavailable, None),
    (Refusal(409, "OperationAborted"), Unavailable, None),
    (Refusal(501, "NotImplemented"), Unsupported, "another store"),
    (Refusal(418, "Teapot"), BadAnswer, None),
    (CUT, Unavailable, None),
]  # fmt: skip
"""What stores answer, and what is to be made of it."""


@pytest.mark.parametrize(
    ("refusal", "kind", "hint"), FAULTS, ids=lambda given: getattr(given, "code", None)
)
def test_fault_has_its_own_error(
    before: tuple[dict[str, Any], Manners],
    caplog: pytest.LogCaptureFixture,
    refusal: Refusal,
    kind: type[InkcreError],
    hint: str | None,
) -> None:
    """In each method, with what to do, logged once; what can pass by itself is tried for seconds."""
    section, manners = before
    manners.decide = lambda _: refusal
    storage = make(**section)
    acts: list[Callable[[], object]] = [
        lambda: storage.put(KEY, b"x"),
        lambda: storage.get(KEY, end=3),
        lambda: storage.delete([KEY]),
        lambda: storage.delete([KEY, FileKey("other")]),
        lambda: storage.move(KEY, FileKey("other")),
        storage.list,
    ]

    def meet(act: Callable[[], object]) -> InkcreError:
        with pytest.raises(InkcreError) as caught:
            act()
        return caught.value

    started = time.monotonic()
    with ThreadPoolExecutor(len(acts)) as pool:
        met = list(pool.map(meet, acts))
    assert {type(error) for error in met} == {kind}
    assert all((hint or "") in (error.hint or "") for error in met)
    assert "127.0.0.1" not in "".join(f"{error} {error.hint}" for error in met)
    logged = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(logged) <= len({error.message for error in met})
    assert logged
    assert refusal is CUT or f"(the store answers {refusal.status}" in logged[0].message
    is_retried = len(manners.asked) > 3 * len(acts)
    assert is_retried == (refusal.status >= 500 or refusal.status in (0, 429))
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "refusal", [Refusal(503, "SlowDown"), Refusal(429, "SlowDown"), CUT], ids=str
)
def test_store_that_asks_for_patience_is_tried_again(
    before: tuple[dict[str, Any], Manners], caplog: pytest.LogCaptureFixture, refusal: Refusal
) -> None:
    """Three times is nothing that anybody hears of: in one, in parts, and when many are deleted."""
    section, manners = before
    storage = make(**section)
    left = [0]

    def decide(_: Asked) -> Refusal | None:
        left[0] -= 1
        return refusal if left[0] >= 0 else None

    manners.decide = decide
    acts: list[Callable[[], object]] = [
        lambda: storage.put(KEY, b"x"),
        lambda: storage.put(FileKey("large"), in_parts(bytes(6 * MIB), MIB)),
        lambda: storage.put(FileKey("new"), b"x", if_absent=True),
        lambda: storage.get(KEY).read(),
        lambda: storage.head(KEY),
        lambda: storage.move(KEY, FileKey("moved")),
        lambda: storage.delete([KEY, FileKey("large"), FileKey("new"), FileKey("moved")]),
        storage.list,
    ]
    for act in acts:
        left[0] = 3
        act()
    assert lacks_of(storage) == set()
    assert caplog.records == []


def test_refused_look_says_why(before: tuple[dict[str, Any], Manners]) -> None:
    """The answer to HEAD has no body, so it is asked by GET."""
    section, manners = before
    manners.decide = lambda _: Refusal(400, "ExpiredToken")
    with pytest.raises(KeysExpired):
        make(**section).head(KEY)
    manners.decide = lambda _: None
    with pytest.raises(NotFound):
        make(**section).head(FileKey("nowhere"))


def test_wrong_keys_are_told_from_wrong_rights(seaweedfs: dict[str, Any]) -> None:
    """By a store that checks signatures."""
    for wrong in ({"access_key_id": "somebody"}, {"secret_access_key": "else"}):
        with pytest.raises(KeysRefused, match=r"storage\.access_key_id: "):
            make(**{**seaweedfs, **wrong}).list()


def test_slow_answers_are_waited_for(before: tuple[dict[str, Any], Manners]) -> None:
    """A store that takes its time is not one that is away."""
    section, manners = before

    def decide(_: Asked) -> None:
        time.sleep(0.7)

    manners.decide = decide
    storage = make(**section)
    storage.put(KEY, b"slow")
    assert storage.get(KEY).read() == b"slow"
    assert len(manners.asked) == 2


def test_amazon_needs_a_region() -> None:
    """Before anything is asked: ``auto`` is no region of its."""
    with pytest.raises(Misconfigured, match=r"storage\.region: is not set") as caught:
        make(kind="s3", bucket="inkcre-files")
    assert "storage.endpoint" in str(caught.value.hint)
    make(kind="s3", bucket="inkcre-files", region="eu-central-1")


def test_variable_of_the_shell_names_no_other_store(
    seaweedfs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files go where the settings say, also where other programs are told of another place."""
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_REGION"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    storage = make(**seaweedfs)
    storage.put(KEY, b"here")
    assert storage.get(KEY).read() == b"here"
