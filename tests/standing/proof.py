"""What a base holds in the end, held against what was acknowledged."""

import hashlib
import json
import signal
import statistics
from collections import Counter
from collections.abc import Iterator

from inkcre.graph.digests import block_digest
from tests.standing.clients import Client
from tests.standing.ledger import Ledger, Relation
from tests.standing.servers import Home, Life

LOOKED_AT = 500
"""So many of the blocks that were acknowledged are asked for by their ids."""

SHOWN = 10
STOPPED = (0, -signal.SIGTERM)
"""How a process ends that was asked to."""

GROWTH = 1.5
"""How many times as large a process may be in its end as after its first part; and the largest of
those that were killed, as the first of them."""

WARM_UP, LAST = 0.3, 0.1
"""Of a life: the part that warms it up, and the part whose median is its end."""


def find_faults(home: Home, ledger: Ledger, client: Client) -> list[str]:
    """Read everything back; return what is lost, there twice, or should not have happened."""
    found = list(ledger.faults)
    found += _look_at_blocks(ledger, client)
    found += _read_files(ledger, client)
    ends = {server.log.name: server.stop() for server in home.servers}
    found += [f"{name}: ended with {status}" for name, status in ends.items() if status not in STOPPED]  # fmt: skip
    exported = home.run("export", "export.ndjson")
    if exported.returncode:
        found.append(f"export: {exported.stderr}")
    found += compare(home, ledger)
    found += _look_at_logs(home)
    return found


def _look_at_blocks(ledger: Ledger, client: Client) -> Iterator[str]:
    known = list(ledger.blocks.items())
    for content, id_ in client.chance.sample(known, min(LOOKED_AT, len(known))):
        if client.ask("proof", "GET", f"/blocks/{id_}")["content"] != content:
            yield f"block {id_}: is not {content!r}"


def _read_files(ledger: Ledger, client: Client) -> Iterator[str]:
    for digest, id_ in ledger.files.items():
        content = client.ask("proof", "GET", f"/blocks/{id_}/content")
        if hashlib.sha256(content).hexdigest() != digest:
            yield f"file {digest}: has another content"


def compare(home: Home, ledger: Ledger) -> Iterator[str]:
    """Compare an export with what was acknowledged: nothing is lost, nothing is there twice."""
    contents, relations, keys = _read_export(home)
    for what, seen in (("block", contents), ("relation", relations), ("item", keys)):
        yield from (f"{what} {one}: {n} times" for one, n in seen.items() if n != 1)
    files = {f"sha256:{digest}" for digest in ledger.files}
    notes = {text.strip() for text in ledger.notes.values()}
    held = {content.strip() for content in contents}
    yield from (f"lost: {one!r}" for one in (ledger.blocks.keys() | files | notes) - held)
    yield from (f"lost: {one}" for one in ledger.relations - relations.keys())
    yield from (f"lost: item {name}" for name in ledger.notes.keys() - keys.keys())
    others = {one for one in held if one.startswith("# Note ")} - notes
    yield from (f"a note of before is still there: {one!r}" for one in others)


def _read_export(home: Home) -> tuple[Counter[str], Counter[Relation], Counter[str]]:
    contents: Counter[str] = Counter()
    relations: Counter[Relation] = Counter()
    keys: Counter[str] = Counter()
    by_digest: dict[str, str] = {}
    with (home.folder / "export.ndjson").open("rb") as lines:
        for line in lines:
            said = json.loads(line)
            if "item" in said:
                keys[said["item"]["key"]] += 1
            elif "digest" in said.get("block", {}):
                from_ = by_digest[said["block"]["digest"]]
                for arc in said["out_relations"]:
                    to = by_digest[arc["to_block"]["block"]["digest"]]
                    relations[from_, to, arc["relation"]["content"]] += 1
            elif "block" in said:
                block = said["block"]
                contents[block["content"]] += 1
                by_digest[block_digest(block["resolver"], block.get("storage"), block["content"])] = block["content"]  # fmt: skip
    return contents, relations, keys


def _look_at_logs(home: Home) -> Iterator[str]:
    for server in home.servers:
        said = server.log.read_text()
        if "Traceback" in said or "invariant_broken" in said:
            place = max(said.find("Traceback"), said.find("invariant_broken"), 0)
            yield f"{server.log.name}: {said[max(place - 500, 0) : place + 3000]}"


def find_growth(home: Home) -> list[str]:
    """Return which processes have grown; print how large all were."""
    found = []
    for server in home.servers:
        print(f"{home.name}, {server.log.stem}: {', '.join(map(_describe, server.lives))}")
        lives = [life for life in server.lives if len(life.sizes) > 10]
        if server.deaths:
            peaks = [max(life.sizes) for life in lives]
            ratio = max(peaks) / peaks[0]
        else:
            ratio = _end_of(lives[0]) / _warm_size_of(lives[0])
        print(f"{home.name}, {server.log.stem}: grew {ratio:.2f} times")
        if ratio > GROWTH:
            found.append(f"{server.log.stem}: grew {ratio:.2f} times")
    return found


def _warm_size_of(life: Life) -> float:
    place = int(len(life.sizes) * WARM_UP)
    return statistics.median(life.sizes[place : place + max(5, len(life.sizes) // 10)])


def _end_of(life: Life) -> float:
    return statistics.median(life.sizes[-max(5, int(len(life.sizes) * LAST)) :])


def _describe(life: Life) -> str:
    if len(life.sizes) <= 10:
        return "short"
    warm, end, peak = _warm_size_of(life), _end_of(life), max(life.sizes)
    return f"{warm / 1024:.0f} to {end / 1024:.0f} MiB (most {peak / 1024:.0f})"
