"""What is kept is not lost on D1 and R2, inside the Worker on Miniflare's."""

import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from inkcre.edge.local.harness import serve_artifact
from inkcre.edge.local.migrations import APPLY_SECONDS, apply_migrations
from inkcre.edge.local.node import node_environment, wrangler_command
from inkcre.edge.tools import run_program
from tests import plays
from tests.copies import pass_days
from tests.edge import homes
from tests.edge.remote import Worker, pack
from tests.graph.test_keeping import GONE
from tests.lines import LINES
from tests.sql.test_bases import (
    BASES,
    DROPPED,
    FROZEN,
    kept,
    rows_of,
    sqlite_columns,
    sqlite_execute,
)

HOME = "edge-d1"
EVERY = {"upload": 2, "large": 4, "sweep": 4, "claim": 2, "first": 2}
"""One in so many steps is tried: each costs a second or two inside a Worker, and in a process
all of them are."""

DEFINE = """
import sys, types
def define(source):
    sys.modules["plays"] = types.ModuleType("plays")
    exec(source, sys.modules["plays"].__dict__)
define(%r)
0
"""


class Plays:
    """The plays, inside a Worker, on its D1 and on a part of its R2."""

    def __init__(self, url: str, state: Path, prefix: str) -> None:
        self._worker, self._prefix = Worker(url), prefix
        self._section = {"kind": "r2", "state": str(state)}
        source = DEFINE % Path(plays.__file__).read_text()
        self._worker.call("exec(has['source'], {})", source=source)

    def __call__(self, work: str, **has: Any) -> Any:
        """Evaluate an expression that has the plays, ``has``, its ``named``, and ``at``.

        ``at`` gives the base with a part of the part.
        """
        return self._worker.call(
            f"(lambda plays, at, named: {work})(__import__('plays'), "
            f"lambda folder: __import__('plays').beside(context, {self._prefix!r} + folder), "
            "has.get('named'))",
            **has,
        )

    def pass_days(self, days: float, folder: str = "") -> None:
        """Let days pass for the files."""
        pass_days(days, {**self._section, "prefix": self._prefix + folder})

    def close(self) -> None:
        """Hang up."""
        self._worker.close()


@pytest.fixture
def shared() -> Iterator[Plays]:
    """Return the plays in the shared home on D1."""
    played = Plays(homes.base_url(HOME), homes.state_of(HOME), uuid.uuid4().hex)
    yield played
    played.close()


@pytest.mark.parametrize("act", plays.ACTS)
def test_killed_at_any_step_loses_nothing(shared: Plays, act: str) -> None:
    """Between two calls to the bindings: what is named is there, and all can be done again."""
    for step in count(1, EVERY.get(act, 1)):
        told: dict[str, Any] = {"act": act, "name": f"{act} {step}", "step": step}
        told["at"] = f"/{step}" if act == "first" else "/all"
        told["named"] = shared("plays.begin(at(has['at']), has['act'], has['name'])", **told)
        shared.pass_days(31)
        ended, told["named"] = shared(
            "[plays.die(at(has['at']), named, has['act'], has['name'], step=has['step']), named]",
            **told,
        )
        _, told["named"] = shared(
            "[plays.go_on(at(has['at']), named, has['act'], has['name']), named]", **told
        )
        shared.pass_days(31)
        shared("plays.end(at(has['at']), named)", **told)
        if ended:
            break
    assert step > (1 if act == "let go" else 4)


def test_bucket_that_was_changed_and_changed_back_loses_nothing(shared: Plays) -> None:
    """What came meanwhile is in the other place; what was let go meanwhile goes in both."""
    named = shared("plays.move(at('/here'), at('/there'))")
    shared.pass_days(31, "/here")
    shared("plays.move_back(at('/here'), at('/there'), named)", named=named)


@pytest.fixture(scope="module")
def without_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a local D1 that has nothing in it, to be copied."""
    state = tmp_path_factory.mktemp("d1") / "state"
    where = ("--local", "--persist-to", str(state))
    command = wrangler_command("d1", "execute", "DB", *where, "--command", "SELECT 1")
    done = run_program(
        "wrangler", command, folder=homes.options_of(HOME).artifact, environ=node_environment(),
        seconds=APPLY_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return state


@pytest.mark.parametrize("revision", FROZEN)
def test_base_of_before_is_brought_to_head_and_taken_over(
    revision: str, without_tables: Path, tmp_path: Path
) -> None:
    """By wrangler and the artifact's migrations: its rows are what they were, its files its own."""
    artifact, state = homes.options_of(HOME).artifact, tmp_path / "state"
    shutil.copytree(without_tables, state)
    restore(state, BASES / f"{revision}.d1.sql")
    execute = sqlite_execute(database_of(state))
    columns = sqlite_columns(execute)
    before = rows_of(execute, columns)
    assert all(before.values())
    apply_migrations(artifact, "DB", state)
    for line in LINES:
        reached = execute(f"SELECT version_num FROM {line.migrations.version_table}")
        assert reached == [(line.migrations.head,)]
    for table in DROPPED:
        columns.pop(table, None)
    assert kept(rows_of(execute, columns)) == kept(before)
    options = replace(homes.options_of(HOME), state=state)
    with serve_artifact(options, tmp_path / "log") as url:
        take_over(Plays(url, state, ""), revision)


def restore(state: Path, script: Path) -> None:
    """Let a local D1 hold what a script makes.

    D1 itself would want each table before a row that refers to it, and a dump is in another order.
    """
    with closing(sqlite3.connect(database_of(state))) as connection:
        connection.executescript(script.read_text())


def database_of(state: Path) -> Path:
    """Return the file of the one local D1."""
    found = (state / "v3" / "d1" / "miniflare-D1DatabaseObject").glob("*.sqlite")
    (path,) = (path for path in found if path.name != "metadata.sqlite")
    return path


def take_over(played: Plays, revision: str) -> None:
    """See that a base with its files goes on without a question, and that none of them goes."""
    context = "__import__('dataclasses').replace(context, tenure=plays.Tenure())"
    folder = BASES / f"{revision}.files"
    files = {
        str(path.relative_to(folder)).replace("+/", "/"): pack(path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }
    put = "[context.storage.put(FileKey(key), unpack(content)) for key, content in has['files'].items()]"
    played(f"{put} and 0", files=files)
    played.pass_days(100)
    if revision == "0004":  # it knows of no claims
        assert played(f"plays.state({context})") == "unclaimed"
        played("context.storage.delete([FileKey(has['key'])])", key=GONE)
    assert played(f"plays.state({context})") == "ours"
    assert played(f"plays.sweep({context})") == 0
    found = played("[info.key for info in context.storage.list('').files]")
    # The epoch of before has made way for the sweep's.
    assert {key for key in files if key != GONE and "/epochs/" not in key} <= set(found)
    played.close()
