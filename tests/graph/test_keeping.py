"""What is kept is not lost, on each pair of database and storage that runs in a process."""

import random
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from inkcre.graph.files import claims
from inkcre.ports.storage import FileKey
from tests import plays
from tests.conftest import ROOT, new_postgres_database
from tests.copies import Base, is_postgres, open_base, pass_days
from tests.lengths import rounds
from tests.pairs import Pair, open_pair
from tests.soak.storages import play_copies

BASES = ROOT / "tests" / "data" / "bases"
GONE = "sha256/1f/1fbe00442efe2b46fc9638aa9ad210642c9da16a6eb877a49ebcc66d7677087c"
"""The file that no block of the frozen base names any more."""

EVERY = {"s3": rounds(3, whole=1)}
"""One in so many steps is tried there, where each takes several requests to a store in Python."""


@pytest.fixture(scope="module", params=["sqlite-folder", "postgres-folder", "sqlite-s3"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Return each pair in turn."""
    with open_pair(request.param) as pair:
        yield pair


@pytest.fixture
def base(pair: Pair, tmp_path: Path) -> Iterator[Base]:
    """Return an empty base."""
    base = open_base(pair.new_path(tmp_path), pair.new_section(tmp_path))
    yield base
    base.close()


@pytest.mark.parametrize("act", plays.ACTS)
def test_killed_at_any_step_loses_nothing(base: Base, act: str) -> None:
    """Between any two calls to components: what is named is there, and all can be done again."""
    for step in count(1, EVERY.get(base.section["kind"], 1)):
        folder, name = f"{step}" if act == "first" else "all", f"{step}"
        named = plays.begin(plays.beside(base.context, folder), act, name)
        pass_days(31, base.section)
        context = plays.beside(base.context, folder)
        ended = plays.die(context, named, act, name, step=step)
        plays.go_on(plays.beside(base.context, folder), named, act, name)
        pass_days(31, base.section)
        plays.end(plays.beside(base.context, folder), named)
        if ended:
            break
    assert step > (1 if act == "let go" else 4)


def test_storage_that_was_changed_and_changed_back_loses_nothing(pair: Pair, tmp_path: Path) -> None:  # fmt: skip
    """What came meanwhile is in the other place; what was let go meanwhile goes in both."""
    path, places = pair.new_path(tmp_path), [tmp_path / "here", tmp_path / "there"]
    sections = [pair.new_section(place) for place in places]
    here, there = (open_base(path, section) for section in sections)
    named = plays.move(here.context, there.context)
    pass_days(31, here.section)
    here.restart()
    plays.move_back(here.context, there.context, named)
    here.close()
    there.close()


@pytest.mark.parametrize("is_let_go_there", [False, True])
def test_base_of_before_is_taken_over(pair: Pair, tmp_path: Path, is_let_go_there: bool) -> None:
    """Without a question where its files are its own; what no block named is nobody's."""
    base = open_base(restored(pair, tmp_path), pair.new_section(tmp_path))
    fill(base)
    if not is_let_go_there:
        base.context.storage.delete([FileKey(GONE)])
    pass_days(100, base.section)
    context, before = base.context, keys_of(base)
    assert plays.state(context) == ("unclaimed" if is_let_go_there else "ours")
    assert base.sweep() == ("storage_unclaimed" if is_let_go_there else 0)
    assert before <= keys_of(base)
    assert claims.take_over(context.database, context.storage).state == "ours"
    assert base.sweep() == 0
    assert before <= keys_of(base)
    base.close()


def restored(pair: Pair, folder: Path) -> str:
    """Return the frozen base of the pair's database."""
    if not is_postgres(pair.new_path(folder)):
        return str(shutil.copy(BASES / "0004.sqlite3", folder / "base.sqlite3"))
    url = new_postgres_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((BASES / "0004.postgres.sql").read_bytes())
    return url


def fill(base: Base) -> None:
    """Put the frozen base's files where a base keeps its own, whatever storage that is."""
    for path in (BASES / "0004.files").rglob("*"):
        if path.is_file():
            key = str(path.relative_to(BASES / "0004.files")).replace("+/", "/")
            base.context.storage.put(FileKey(key), path.read_bytes())


def keys_of(base: Base) -> set[str]:
    """Name all that lies in a base's storage."""
    return {str(info.key) for info in base.context.storage.list("").files}


@pytest.mark.parametrize("seed", range(2))
def test_copies_that_live_on_lose_nothing(pair: Pair, tmp_path: Path, seed: int) -> None:
    """A short round of what `make soak ARGS=storages` does for long: see there."""
    play_copies(pair, tmp_path, random.Random(seed), steps=60, copy=Base.copy)
