"""A mixed load: stars, blocks, uploads, reads, and a folder of notes that is collected meanwhile."""

import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.standing.clients import Client, GivenUp
from tests.standing.ledger import Ledger
from tests.standing.servers import Home

SIZES = (100, 10_000, 100_000)
LARGE = 3_000_000
TOPICS = 50
SHARED_EVERY = 10
"""Every so many things are given by all who give such things."""

PAUSES = {"write": 0.02, "upload": 0.2, "read": 0.005, "notes": 1.0}
NUMBERS = {"write": 4, "upload": 2, "read": 4, "notes": 1}


@contextmanager
def loading(home: Home, ledger: Ledger, notes: "Notes") -> Iterator[None]:
    """Use a base until the end of the block; then everybody ends what they are at."""
    ended = threading.Event()
    works: dict[str, Callable[[Client, int, int], None]] = {
        "write": write, "upload": upload, "read": read, "notes": notes.change_and_collect,
    }  # fmt: skip

    def work(kind: str, worker: int) -> None:
        client = Client(home, ledger, f"{kind} {worker}")
        number = 0
        try:
            while not ended.is_set():
                works[kind](client, worker, number)
                number += 1
                ended.wait(PAUSES[kind])
        except GivenUp:
            pass
        except BaseException as error:  # noqa: BLE001 - a thread's error would be nobody's
            ledger.fail(f"{kind} {worker}: {error!r}")
        finally:
            client.close()

    threads = [
        threading.Thread(target=work, args=(kind, worker))
        for kind, number in NUMBERS.items()
        for worker in range(number)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def write(client: Client, worker: int, number: int) -> None:
    """Give a star, or a block by itself; now and then one that all others give as well."""
    is_shared = number % SHARED_EVERY == 0
    content = f"shared {number}" if is_shared else f"word {worker} {number}"
    if number % 3 == 2:
        block = client.ask("write", "POST", "/blocks", _text(content))
        client.ledger.keep({content: block["id"]}, set())
        return
    topic = f"topic {number % TOPICS}"
    arc = {"relation": {"content": "about"}, "to_block": {"block": _text(topic)}}
    star = {"block": _text(content), "out_relations": [arc]}
    given = client.ask("write", "PUT", "/graph", star)
    kept = {block["content"]: block["id"] for block in given["blocks"]}
    if kept.keys() != {content, topic} or len(given["relations"]) != 1:
        client.ledger.fail(f"PUT /graph {content}: {given}")
    client.ledger.keep(kept, {(content, topic, "about")})


def upload(client: Client, worker: int, number: int) -> None:
    """Keep a file; now and then one that all others keep as well."""
    is_shared = number % SHARED_EVERY == 0
    chance = random.Random(f"{'all' if is_shared else worker} {number}")
    size = LARGE if number % 50 == 25 else chance.choice(SIZES)
    content = chance.randbytes(size)
    digest = hashlib.sha256(content).hexdigest()
    block = client.ask("upload", "POST", "/files", content)
    if block["content"] != f"sha256:{digest}":
        client.ledger.fail(f"a file of {size} bytes: {block}")
    client.ledger.keep_file(digest, block["id"])


def read(client: Client, worker: int, number: int) -> None:
    """Read what is new, or something that was acknowledged to anybody."""
    with client.ledger.lock:
        known = client.ledger.files if number % 10 == 9 else client.ledger.blocks
        some = list(known.items())[-1000:]
    if not some or number % 4 == worker % 4:
        client.ask("read", "GET", "/blocks?limit=20")
        return
    said, id_ = client.chance.choice(some)
    if number % 10 == 9:
        content = client.ask("read", "GET", f"/blocks/{id_}/content")
        if hashlib.sha256(content).hexdigest() != said:
            client.ledger.fail(f"file {said}: its block {id_} has another content")
    elif number % 10 == 5:
        client.ask("read", "GET", f"/blocks/{id_}/graph?depth=2&limit=50")
    elif client.ask("read", "GET", f"/blocks/{id_}")["content"] != said:
        client.ledger.fail(f"block {id_}: is not {said!r}")


def _text(content: str) -> dict[str, str]:
    return {"resolver": "text", "content": content}


class Notes:
    """A folder that somebody writes in, and its source."""

    def __init__(self, folder: Path, ledger: Ledger, client: Client, number: int) -> None:
        """Write so many notes, and have a source of them, while nobody is killed yet."""
        self._folder, self._ledger = folder, ledger
        self.write(range(number))
        config = {"type": "folder", "config": {"path": str(folder)}}
        self._source: int = client.ask("notes", "POST", "/sources", config)["id"]

    def write(self, numbers: range, edition: int = 0) -> None:
        """Write notes, each with a link to the one before."""
        for number in numbers:
            name, words = f"note-{number:05}.md", "ink and paper " * (5 + number % 20)
            text = f"# Note {number}, edition {edition}\n\n{words}\n[[note-{number - 1:05}]]\n"
            beside = self._folder / f".{name}"  # hidden files are not taken
            beside.write_text(text)
            beside.replace(self._folder / name)
            self._ledger.notes[name] = text

    def change_and_collect(self, client: Client, _worker: int, number: int) -> None:
        """Have the folder collected; then write again in some notes, and add some."""
        if number:
            there = len(self._ledger.notes)
            self.write(range(there, there + 10))
            start = client.chance.randrange(there - 10)
            self.write(range(start, start + 10), edition=number)
        self.collect(client)

    def collect(self, client: Client) -> None:
        """Have the folder collected, and wait for that."""
        job = client.ask("notes", "POST", f"/sources/{self._source}/collect")
        while job["state"] in ("pending", "running"):
            time.sleep(0.5)
            job = client.ask("notes", "GET", f"/jobs/{job['id']}")
        if job["state"] != "finished":
            self._ledger.fail(f"a collect: {job}")
