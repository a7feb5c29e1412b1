"""Many who write graphs of the same leaves at once, on PostgreSQL: none is in another's way.

Each graph has some of a few leaves, in an order of its own. Every now and then the leaves are new
ones, since only a block that is not there yet is waited for, and some are deleted meanwhile.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx2 as httpx
import psycopg

from tests.conftest import postgres_settings
from tests.homes import serve

SHARED_LEAVES, LEAVES = 30, 12
NEW_SECONDS = 0.1
"""How long the leaves are the same ones."""

DELETES = 0.05
"""How many of the requests delete a leaf."""


@dataclass(frozen=True)
class Played:
    """What came of it."""

    statuses: Counter[int]
    deadlocks: int
    longest_seconds: float


def count_deadlocks(url: str) -> int:
    """Return how many deadlocks the server has counted in a database."""
    with psycopg.connect(url) as connection:
        counted = connection.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    assert counted is not None
    return int(counted[0])


def play(url: str, *, clients: int, seconds: float, seed: int = 1) -> Played:
    """Let clients write to an empty database; tell what they were answered."""
    with serve(postgres_settings(url, **{"database.migrate_on_start": True})) as base:
        before = count_deadlocks(url)
        writers = [Writer(base, seed * 1000 + number) for number in range(clients)]
        begun = time.monotonic()
        with ThreadPoolExecutor(clients) as threads:
            list(threads.map(lambda writer: writer.write(begun, seconds), writers))
        statuses: Counter[int] = sum((writer.statuses for writer in writers), Counter())
        longest = max(writer.longest_seconds for writer in writers)
        return Played(statuses, count_deadlocks(url) - before, longest)


class Writer:
    """A client that writes one graph after the other."""

    def __init__(self, base: str, seed: int) -> None:
        self._base, self._chance = base, random.Random(seed)
        self._name = f"{seed}"
        self.statuses: Counter[int] = Counter()
        self.longest_seconds = 0.0

    def write(self, begun: float, seconds: float) -> None:
        """Write for so long."""
        with httpx.Client(base_url=self._base, timeout=60) as client:
            leaves: list[int] = []
            while (passed := time.monotonic() - begun) < seconds:
                if leaves and self._chance.random() < DELETES:
                    answer = self._send(client, "DELETE", f"/blocks/{self._chance.choice(leaves)}")
                    continue
                answer = self._send(client, "PUT", "/graph", self._form(int(passed / NEW_SECONDS)))
                if answer.status_code == httpx.codes.OK:
                    leaves = [block["id"] for block in answer.json()["blocks"][1:]]

    def _form(self, age: int) -> object:
        chosen = self._chance.sample(range(SHARED_LEAVES), LEAVES)
        centre = f"{self._name} {self._chance.random()}"
        return {
            "block": {"resolver": "text", "content": centre},
            "out_relations": [
                {
                    "relation": {"content": "has"},
                    "to_block": {"block": {"resolver": "text", "content": f"leaf {age} {number}"}},
                }
                for number in chosen
            ],
        }

    def _send(
        self, client: httpx.Client, method: str, path: str, form: object = None
    ) -> httpx.Response:
        began = time.monotonic()
        answer = client.request(method, path, json=form)
        self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
        self.statuses[answer.status_code] += 1
        return answer


def main(arguments: Sequence[str]) -> int:
    """Play it; fail if there was a deadlock, or an answer that is none."""
    from tests.postgres import PostgresServer

    parser = argparse.ArgumentParser(prog="writers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    server = PostgresServer().start()
    try:
        played = play(server.url("postgres"), clients=chosen.clients, seconds=chosen.seconds, seed=chosen.seed)  # fmt: skip
    finally:
        server.remove()
    print(f"{dict(played.statuses)}, {played.deadlocks} deadlocks, longest {played.longest_seconds:.2f} s")  # fmt: skip
    return 0 if played.deadlocks == 0 and set(played.statuses) <= {200, 204, 404} else 1
