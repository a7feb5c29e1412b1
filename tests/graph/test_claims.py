"""Whose a storage is: other bases, copies, backups, and bases of before."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from inkcre.errors import StorageContested, StorageTaken, Unsupported
from inkcre.graph.files import claims, epochs, files, sweeps
from inkcre.ports.storage import FileKey, Standing, Storage, Tenure
from tests.buckets import another_bucket, serve_bucket
from tests.copies import Base, at_once, copy_folder, open_base, pass_days
from tests.lengths import is_whole

ONE, TWO, THREE = b"one", b"two", b"three"


@pytest.fixture(scope="module")
def store() -> Iterator[dict[str, Any]]:
    """Serve buckets; give the section of one that is not used."""
    with serve_bucket() as section:
        yield section


DATABASES, STORAGES = ("sqlite", "postgres"), ("folder", "bucket", "prefix")
EVERY_PAIR = [f"{database}-{storage}" for database in DATABASES for storage in STORAGES]
EACH_ONCE = ["sqlite-folder", "postgres-bucket", "sqlite-prefix"]
"""Neither side of a pair knows which the other is."""


@pytest.fixture(params=EVERY_PAIR if is_whole() else EACH_ONCE)
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Return the names of a database and a storage, each in turn."""
    database, _, storage = str(request.param).partition("-")
    return database, storage


@pytest.fixture
def section(
    request: pytest.FixtureRequest, pair: tuple[str, str], tmp_path: Path
) -> dict[str, Any]:
    """Return a storage of each kind in turn."""
    if pair[1] == "folder":
        return {"kind": "filesystem", "path": str(tmp_path / "files")}
    bucket = another_bucket(request.getfixturevalue("store"))
    return bucket if pair[1] == "bucket" else {**bucket, "prefix": "a/b"}


@pytest.fixture
def base(
    request: pytest.FixtureRequest,
    pair: tuple[str, str],
    tmp_path: Path,
    section: dict[str, Any],
) -> Iterator[Base]:
    """Return a base with two files on each database in turn."""
    path = str(tmp_path / "base.sqlite3")
    if pair[0] == "postgres":
        path = request.getfixturevalue("postgres_url")
    made = open_base(path, section)
    assert made.put(ONE)
    assert made.put(TWO)
    yield made
    made.close()


def standing_of(base: Base) -> Standing:
    """Look how a base stands to its storage."""
    return claims.look(base.context.database, base.context.storage, base.context.tenure)


def keys_below(storage: Storage, folder: str) -> list[str]:
    """List what lies below a folder."""
    return [str(info.key) for info in storage.list(folder).files]


def test_first_file_claims_the_storage(base: Base) -> None:
    """An epoch says the base's id, the storage's, and a token; a sweep puts the next one."""
    standing = standing_of(base)
    assert (standing.state, standing.epoch, standing.holder) == ("ours", 1, standing.base)
    said = json.loads(base.context.storage.get(epochs.epoch_key(1)).read())
    assert set(said) == {"base", "storage", "token"}
    assert said["base"] == standing.base
    assert said["storage"] == standing.storage
    assert base.sweep() == 0
    assert keys_below(base.context.storage, "inkcre") == ["inkcre/epochs/2"]


def test_another_base_writes_and_deletes_nothing(base: Base, tmp_path: Path) -> None:
    """It is told whose the storage is; the first base loses nothing, however much time passes."""
    other = open_base(str(tmp_path / "other.sqlite3"), base.section)
    before = keys_below(base.context.storage, "")
    with pytest.raises(StorageTaken, match=standing_of(base).base):
        claims.require(other.context.database, other.context.storage, other.context.tenure)
    assert not other.put(THREE)
    assert other.sweep() == "storage_taken"
    assert other.sweep(is_dry=True) == 0
    assert keys_below(base.context.storage, "") == before
    assert base.lost() == []
    other.close()


def test_large_file_is_not_staged_in_anothers_storage(base: Base, tmp_path: Path) -> None:
    """The refusal comes before the first byte is taken."""
    other = open_base(str(tmp_path / "other.sqlite3"), base.section)
    assert not other.put(bytes(3_000_000))
    assert keys_below(base.context.storage, "incoming") == []
    other.close()


@pytest.mark.parametrize("first", ["copy", "original"])
def test_of_two_copies_neither_deletes_what_the_other_names(
    base: Base, tmp_path: Path, first: str
) -> None:
    """Whoever sweeps first: the second finds an epoch that it does not know, and deletes nothing."""
    copy = base.copy(str(tmp_path / "copy.sqlite3"))
    one, two = (copy, base) if first == "copy" else (base, copy)
    assert one.sweep() == 0
    one.let_go(ONE)
    two.put(THREE)
    two.let_go(TWO)
    pass_days(31, base.section, base, copy)
    assert two.sweep() == "storage_contested"
    assert one.sweep() == "storage_contested"
    assert (base.lost(), copy.lost()) == ([], [])
    assert "inkcre/contested" in keys_below(base.context.storage, "inkcre")
    copy.close()


def test_copies_that_sweep_at_once_delete_nothing_of_each_other(base: Base, tmp_path: Path) -> None:
    """Whichever puts the epoch, the other one is refused, and nothing that is named is gone."""
    copy = base.copy(str(tmp_path / "copy.sqlite3"))
    copy.let_go(ONE)
    base.let_go(TWO)
    said: list[int | str] = []
    at_once(lambda: said.append(base.sweep()), lambda: said.append(copy.sweep()))
    pass_days(31, base.section, base, copy)
    at_once(lambda: said.append(base.sweep()), lambda: said.append(copy.sweep()))
    assert said[2:] == ["storage_contested"] * 2
    assert (base.lost(), copy.lost()) == ([], [])
    copy.close()


def test_whoever_claims_a_contested_storage_has_it_alone(base: Base, tmp_path: Path) -> None:
    """It gets another id; the other copy is another base from then on, and both lose nothing."""
    copy = base.copy(str(tmp_path / "copy.sqlite3"))
    copy.sweep()
    base.restart()
    former = standing_of(base)
    assert former.state == "contested"
    now = claims.take_over(base.context.database, base.context.storage)
    assert now.state == "ours"
    assert now.base != former.base
    assert keys_below(base.context.storage, "inkcre/contested") == []
    assert copy.sweep() == "storage_taken"
    copy.restart()
    assert not copy.put(THREE)
    base.let_go(ONE)
    assert base.sweep() == 0
    assert copy.lost() == []
    copy.close()


def test_storage_is_claimed_by_a_setting_once(base: Base, tmp_path: Path) -> None:
    """Where no command reaches; of two copies that are told so, one has it."""
    copy = base.copy(str(tmp_path / "copy.sqlite3"))
    copy.sweep()
    base.restart()
    shown = standing_of(base).holder
    for each in (base, copy):
        each.restart()
        each.context.tenure.claim = shown
    assert (standing_of(copy).state, standing_of(base).state) == ("ours", "taken")
    assert standing_of(copy).epoch == standing_of(copy).epoch
    copy.close()


def test_claim_of_who_does_not_have_it_takes_nothing(base: Base, tmp_path: Path) -> None:
    """A setting that was left from another storage, or is mistyped, is no claim of this one."""
    other = open_base(str(tmp_path / "other.sqlite3"), base.section)
    other.context.tenure.claim = "f" * 32
    assert standing_of(other).state == "taken"
    assert not other.put(THREE)
    assert standing_of(base).state == "ours"
    other.close()


def test_both_who_take_over_at_once_end_with_one(base: Base, tmp_path: Path) -> None:
    """The other one is told that it is another's now."""
    copy = base.copy(str(tmp_path / "copy.sqlite3"))
    copy.sweep()
    base.sweep()

    def take(each: Base) -> None:
        with suppress(StorageTaken, StorageContested):
            claims.take_over(each.context.database, each.context.storage)

    at_once(lambda: take(base), lambda: take(copy))
    states = sorted((standing_of(base).state, standing_of(copy).state))
    assert states == ["ours", "taken"]
    copy.close()


def test_restored_backup_deletes_nothing(base: Base, tmp_path: Path) -> None:
    """Last week's rows: it does not know what was uploaded since, and has let go of nothing."""
    backup = base.copy(str(tmp_path / "backup.sqlite3"))
    base.put(THREE)
    base.let_go(ONE)
    base.sweep()
    pass_days(7, base.section, base, backup)
    base.sweep()
    pass_days(31, base.section, base, backup)
    assert backup.sweep() == "storage_contested"
    assert backup.lost() == []
    claims.take_over(backup.context.database, backup.context.storage)
    assert backup.sweep() == 0
    assert base.lost() == []
    standing = standing_of(backup)
    context = backup.context
    pass_days(1, base.section)
    found = list(sweeps.list_orphans(context.database, context.storage, context.clock, standing))
    assert len(found) == 1
    backup.close()


def test_base_that_moves_with_its_files_needs_no_words(tmp_path: Path) -> None:
    """Copied by ``cp -a dir/*``, database and folder: it goes on, and the old one too."""
    base = open_base(str(tmp_path / "base.sqlite3"), {"kind": "filesystem", "path": str(tmp_path / "files")})  # fmt: skip
    base.put(ONE)
    base.sweep()
    copy_folder(tmp_path / "files", tmp_path / "moved")
    copied = base.copy(str(tmp_path / "moved.sqlite3"))
    copied.close()
    moved = open_base(copied.path, {"kind": "filesystem", "path": str(tmp_path / "moved")}, copied.named)  # fmt: skip
    assert moved.sweep() == 0
    assert base.sweep() == 0
    moved.let_go(ONE)
    pass_days(31, moved.section, moved)
    assert (moved.sweep(), base.lost()) == (1, [])
    base.close()
    moved.close()


def test_epoch_that_a_higher_one_replaces_at_once_was_put(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another replica may sweep before what was put is written through."""
    storage: Any = base.context.storage
    epoch = epochs.Epoch.of(9, storage.get(epochs.epoch_key(1)).read())
    sync = storage.sync

    def sync_late(key: FileKey) -> None:
        storage.delete([key])
        sync(key)

    monkeypatch.setattr(storage, "sync", sync_late)
    assert epoch is not None
    assert epochs.put_epoch(storage, epoch)


def test_two_replicas_claim_and_sweep_beside_uploads(base: Base) -> None:
    """Each has epochs of its own; files that come and go meanwhile are all there."""
    replicas = [open_base(base.path, base.section) for _ in range(2)]

    def work(replica: Base, number: int) -> None:
        for turn in range(4):
            content = b"%d %d" % (number, turn)
            assert replica.put(content)
            assert replica.sweep() == 0
            replica.let_go(content)
            assert replica.put(content)

    at_once(*(lambda r=r, n=n: work(r, n) for n, r in enumerate(replicas)))
    assert [replica.lost() for replica in replicas] == [[], []]
    assert [len(replica.named) for replica in replicas] == [4, 4]
    assert standing_of(base).state == "ours"
    for replica in replicas:
        replica.close()


def test_nothing_is_deleted_once_it_is_contested(base: Base) -> None:
    """It is looked for before each group, also in the middle of a sweep."""
    base.let_go(ONE)
    pass_days(31, base.section, base)
    base.context.storage.put(epochs.CONTESTED, b"{}\n")
    assert base.sweep() == "storage_contested"
    base.context.storage.delete([epochs.CONTESTED])
    sweep = sweeps.open_sweep(base.context.database, base.context.storage, base.context.clock, base.context.tenure, is_automatic=True)  # fmt: skip
    assert sweep.may_go_on()
    base.context.storage.put(epochs.CONTESTED, b"{}\n")
    assert not sweep.may_go_on()


class Careless:
    """A store that puts over what is there, whatever it is told."""

    def __init__(self, inner: Storage) -> None:
        self._inner = inner
        self.capabilities = inner.capabilities

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def put(self, *arguments: Any, if_absent: bool = False, **named: Any) -> None:
        """Put it anyway."""
        self._inner.put(*arguments, **named)


def test_store_that_does_not_refuse_is_not_swept_by_itself(base: Base) -> None:
    """Two copies could not meet there; a sweep by hand is somebody's own decision."""
    storage: Any = Careless(base.context.storage)
    context = base.context
    with pytest.raises(Unsupported, match="puts over what is there"):
        list(sweeps.sweep_files(context.database, storage, context.clock, is_automatic=True))
    assert list(sweeps.sweep_files(context.database, storage, context.clock))


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b'{"base": 1, "storage": "", "token": []}', None], ids=repr)  # fmt: skip
def test_epochs_that_are_lost_or_damaged(base: Base, damage: bytes | None) -> None:
    """Where the files are the base's own it claims the storage again; else nothing is deleted."""
    key = epochs.epoch_key(standing_of(base).epoch)
    context = base.context
    if damage is None:
        context.storage.delete([key])
    else:
        context.storage.put(key, damage)
    for number in range(3):
        context.storage.put(FileKey(f"sha256/aa/{number:064}"), b"x")
    base.restart()
    assert standing_of(base).state == "unclaimed"
    assert base.sweep() == "storage_unclaimed"
    assert base.put(THREE)
    base.let_go(ONE)
    assert base.lost() == []
    context.storage.delete([FileKey(f"sha256/aa/{number:064}") for number in range(3)])
    base.restart()
    assert standing_of(base).state == "ours"
    assert standing_of(base).epoch == (1 if damage is None else 2)


def test_first_look_costs_two_requests_and_none_follows(base: Base) -> None:
    """An isolate's first put looks at the highest epoch; the others go by that."""
    asked: list[str] = []

    class Counting:
        capabilities = base.context.storage.capabilities

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(base.context.storage, name)

    storage: Any = Counting()
    tenure = Tenure()
    claims.require(base.context.database, storage, tenure)
    assert asked == ["list", "get"]
    claims.require(base.context.database, storage, tenure)
    assert len(asked) == 2


def test_upload_takes_two_round_trips_to_the_database(base: Base) -> None:
    """As before there were notes: one notes the file, one writes the block and ends the note."""
    asked: list[str] = []
    context = base.context

    class Counting:
        capabilities = context.database.capabilities

        def __getattr__(self, name: str) -> Any:
            asked.append(name)
            return getattr(context.database, name)

    database: Any = Counting()
    for name in (None, "a name"):
        asked.clear()
        content = [f"new {name}".encode()]
        files.add_file(
            database,
            context.storage,
            content,
            name=name,
            now=context.clock(),
            tenure=context.tenure,
        )
        assert [one for one in asked if one != "capabilities"] == ["atomic", "atomic"]


@pytest.mark.parametrize("days", [7, -7])
def test_clock_that_is_a_week_off_loses_nothing(base: Base, days: float) -> None:
    """Ahead or behind, at a sweep or at an upload: what is named stays, the rest goes later."""
    base.let_go(ONE)
    pass_days(days, None, base)
    assert base.sweep() == 0
    assert base.put(ONE)
    base.let_go(TWO)
    pass_days(-days, None, base)
    assert base.sweep() == 0
    assert base.put(THREE)
    assert base.lost() == []
    pass_days(38, base.section, base)
    assert base.sweep() == 1
    assert base.lost() == []
