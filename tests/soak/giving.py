"""Give what a source takes back at the same moment, and look whether what was answered 200 is there.

``make soak ARGS="giving --rounds 10000"``, on SQLite, PostgreSQL and D1; the last is the artifact's
on workerd. An item of an inbox says a word and takes it back, again and again, while somebody else
gives the same block, the same relation, and another to what stands around the item.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import httpx2 as httpx

from inkcre.sections.schema import load_settings
from tests.conftest import lay_sqlite_base, sqlite_settings
from tests.edge.homes import D1, build, migrated_database
from tests.edge.workerd.runtime import Workerd, WorkerdOptions
from tests.homes import serve
from tests.postgres import PostgresServer

MOMENT_SECONDS = 0.004
"""The longest time between what is given and the look for it."""


def main(arguments: Sequence[str]) -> int:
    """Give; return 1 if something that was given was not there a moment later."""
    parser = argparse.ArgumentParser(prog="giving")
    parser.add_argument("homes", nargs="*", default=["sqlite", "postgres", "edge-d1"])
    parser.add_argument("--rounds", type=int, default=10_000)
    chosen = parser.parse_args(arguments)
    lost = 0
    for home in chosen.homes:
        with tempfile.TemporaryDirectory() as folder, _serve(home, Path(folder)) as url:
            began = time.monotonic()
            found = race(url, chosen.rounds)
            seconds = time.monotonic() - began
        print(
            f"{home}: {chosen.rounds:,} rounds in {seconds:.0f} s, taken back {found.taken:,} times:"
            f" {len(found.lost)} lost {found.lost[:5] or ''}"
        )
        lost += len(found.lost)
    return int(lost > 0)


@contextmanager
def _serve(home: str, folder: Path) -> Iterator[str]:
    if home == "sqlite":
        lay_sqlite_base(folder / "base.sqlite3")
        files = {"storage.path": str(folder / "files")}
        with serve(sqlite_settings(folder / "base.sqlite3", **files)) as url:
            yield url
    elif home == "postgres":
        server = PostgresServer().start()
        try:
            told = {
                "database.url": migrated_database(server), "storage.path": str(folder / "files"),
                "http.host": "127.0.0.1",
            }  # fmt: skip
            with serve(load_settings("server", overrides=told, environ={})) as url:
                yield url
        finally:
            server.remove()
    else:
        build(D1, folder / "artifact")
        with Workerd(WorkerdOptions(folder / "artifact", folder, hyperdrive={})) as running:
            yield running.url


@dataclass
class Race:
    """How far two who give and take the same have come."""

    number: int = 0
    """Of the round: what is given and taken back is called by it."""

    taken: int = 0


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    taken: int
    lost: list[str]


def race(url: str, rounds: int) -> Outcome:
    """Give in so many rounds what an item takes back meanwhile."""
    state, stopped = Race(), Event()
    with httpx.Client(base_url=url, timeout=60) as client, ThreadPoolExecutor(1) as thread:
        source = _send(client, "POST", "/sources", {"type": "inbox"})["id"]
        taking = thread.submit(_take_back, url, source, state, stopped)
        lost: list[str] = []
        try:
            for state.number in range(rounds):
                lost += _give(client, state.number)
                if taking.done():
                    break
        finally:
            stopped.set()
        taking.result()
    return Outcome(state.taken, lost)


def _take_back(url: str, source: int, state: Race, stopped: Event) -> None:
    with httpx.Client(base_url=url, timeout=60) as client:
        while not stopped.is_set():
            for said, tag in ((f"word {state.number}", f"tag {state.number}"), ("rest", "rest")):
                items = {"items": [{"key": "a", "star": _star(said, tag)}]}
                _send(client, "POST", f"/sources/{source}/items", items)
            state.taken += 1


def _give(client: httpx.Client, number: int) -> list[str]:
    """Give a block, a relation and what leads to another block; return what is lost of them."""
    chance = random.Random(number)
    word = {"resolver": "text", "content": f"word {number}"}
    if chance.random() < 0.5:
        ids = [_send(client, "POST", "/blocks", word)["id"]]
        mine = _send(client, "PUT", "/graph", _star(f"mine {number}", f"tag {number}"))
    else:
        mine = _send(client, "PUT", "/graph", _star(f"mine {number}", f"tag {number}"))
        whole = _send(client, "PUT", "/graph", _star(f"word {number}", f"tag {number}"))
        ids = [block["id"] for block in whole["blocks"]]
        mine["relations"] += whole["relations"]
    time.sleep(chance.random() * MOMENT_SECONDS)
    ids += [block["id"] for block in mine["blocks"]]
    paths = [f"/blocks/{id_}" for id_ in ids]
    paths += [f"/relations/{relation['id']}" for relation in mine["relations"]]
    return [f"round {number}: {path}" for path in paths if client.get(path).status_code != 200]


def _star(content: str, tag: str) -> dict[str, Any]:
    return {
        "block": {"resolver": "text", "content": content},
        "out_relations": [
            {
                "relation": {"content": "tag"},
                "to_block": {"block": {"resolver": "text", "content": tag}},
            }
        ],
    }


def _send(client: httpx.Client, method: str, path: str, body: dict[str, Any]) -> Any:
    answer = client.request(method, path, json=body)
    assert answer.status_code in (200, 201), f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json()
