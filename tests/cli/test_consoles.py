"""What the documents tell people to type does what they show, in their order, in a clean folder.

``console`` blocks are run here; those of docs/mistakes.md are in test_mistakes.py. A block of
commands that cannot be run is ``sh``, and says why in ``NOT_RUN``.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import psycopg
import pytest

from tests.cli.conftest import run_command
from tests.cli.consoles import Player, Step, read_blocks, read_steps
from tests.cli.test_former import FORMER_TABLES
from tests.conftest import ROOT, TCP_VARIABLE, new_postgres_database

PAGES = {
    path.name: path.read_text()
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    if path.name != "mistakes.md"
}
PLAYED = [name for name, text in PAGES.items() if read_blocks(text, "console")]

NOT_RUN = {
    "make test": "runs this",
    "curl http://127.0.0.1:8000/blocks/1/content": "fetches from the open Internet",
    "pip install '.[local,postgres]'": "fetches packages",
    "pip install '.[local,postgres,edge]'": "fetches packages; tests/edge and tests/soak build and serve",
    "pip install './inkcre-core[local,postgres,edge]'": "fetches packages",
    "pip install inkcre-weather": "is an example; docs/extensions.md installs one",
    "inkcre extensions lock": "needs a profile for Workers; tests/edge locks and builds",
    "npx wrangler hyperdrive create": "needs an account",
    "npx wrangler d1 create": "needs an account",
    "(cd build/workers && npx wrangler secret put": "needs an account",
    "inkcre dev --edge": "is what tests/edge serves",
    "pytest tests/contract --base-url": "takes minutes; tests/edge/workerd does it",
}
"""How ``sh`` blocks begin, and why they are not run."""


def empty_database() -> str:
    """Make a database; give its address on loopback, which a shell takes as it is."""
    name = new_postgres_database().partition("?")[0].rpartition("/")[2]
    return os.environ[TCP_VARIABLE].replace("NAME", name)


Prepare = Callable[[Player], None]


def prepare_clone(player: Player) -> None:
    """Lay out what the README uses of a clone; its servers do not let anybody wait."""
    player.served = {"INKCRE_SCHEDULER__TICK_SECONDS": "1"}
    for name in ("Makefile", "pyproject.toml", "requirements", "docs", "tests/data"):
        source, target = ROOT / name, player.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)
    (player.folder / ".venv").symlink_to(sys.prefix)


def write_config(player: Player) -> None:
    """Begin with the file that is told of."""
    assert run_command(player.folder, "init").returncode == 0


def make_mistake(player: Player) -> None:
    """Write the profile that has it, and choose it."""
    profile = player.folder / "profiles" / "staging.toml"
    profile.parent.mkdir()
    profile.write_text(
        'extends = "server"\n\n[http]\nport = 9001\n\n[database.pool]\nsize = "six"\n'
    )
    url = "[profiles.staging.database]\nurl = 'postgresql://u@127.0.0.1/none'\n"
    (player.folder / "inkcre.toml").write_text(f'profile = "staging"\n{url}')


def forget_mistake(player: Player) -> None:
    """Leave neither the profile nor the choice of it."""
    (player.folder / "inkcre.toml").unlink()
    shutil.rmtree(player.folder / "profiles")


def serve_photo(player: Player) -> None:
    """Serve a base, beside a picture to put into it; nothing is collected meanwhile."""
    (player.folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (player.folder / "inkcre.toml").write_text('[scheduler]\nkind = "off"\n')
    player.serve("inkcre run")


def keep_much(player: Player) -> None:
    """Put some of everything into the base, stop its server, and make an empty base to copy to."""
    lines = (ROOT / "tests/data/peps.ndjson").read_text().splitlines()[:3]
    items = [{"key": str(n), "star": json.loads(line)} for n, line in enumerate(lines)]
    feed = {"type": "rss", "config": {"url": "https://example.org/feed.xml"}}
    with httpx.Client(base_url=player.url) as client:
        for path, content in (
            ("/sources", {"type": "inbox"}),
            ("/sources", {**feed, "schedule": {"every": "15m"}}),
            ("/sources/1/items", {"items": items}),
            ("/sources/2/collect", {}),
        ):
            client.post(path, json=content).raise_for_status()
        client.post("/files", params={"name": "note.txt"}, content=b"a note\n").raise_for_status()
    player.close()
    use_empty_server(player)


def use_empty_server(player: Player) -> None:
    """Name a new base in the settings of the profile server."""
    url = empty_database()
    text = f"[profiles.server.database]\nurl = '{url}'\n[profiles.server.storage]\npath = '{url[-32:]}'\n"
    (player.folder / "inkcre.toml").write_text(text)
    assert run_command(player.folder, "migrate", "--profile", "server").returncode == 0


def serve_feeds(player: Player) -> None:
    """Serve a base, beside a list of feeds."""
    outlines = '<outline type="rss" text="one" xmlUrl="https://example.org/one.xml"/>'
    text = f'<opml version="2.0"><head/><body>{outlines}</body></opml>'
    (player.folder / "feeds.opml").write_text(text)
    player.serve("inkcre run")


def lay_bookmarks(player: Player) -> None:
    """Lay out what a browser exports."""
    shutil.copy(ROOT / "tests/data/bookmarks/firefox.html", player.folder / "bookmarks.html")


def lay_run(player: Player) -> None:
    """Lay out the module that a server is told."""
    shutil.copy(ROOT / "run.py", player.folder)


def keep_former(player: Player) -> None:
    """Make a base of the former version, and lay out the statements that read it."""
    former = empty_database()
    with psycopg.connect(former, autocommit=True) as connection:
        connection.execute(FORMER_TABLES.encode())
    (sql,) = read_blocks(PAGES["cloudflare.md"], "sql")
    (player.folder / "former.sql").write_text(sql)
    player.replaced = {
        "$FORMER_ADDRESS": former,
        "postgresql://user:password@host/new": empty_database(),
    }


def lend_database(player: Player) -> None:
    """Return what the README's address leads to."""
    player.replaced = {"postgresql://inkcre:secret@localhost/inkcre": empty_database()}


def lend_packages(player: Player) -> None:
    """Let pip install into a folder that Python looks through, from what is there alone."""
    site = player.folder.parent / "site"
    options = f"PIP_NO_DEPS=1 PIP_NO_INDEX=1 PIP_NO_BUILD_ISOLATION=0 PIP_TARGET={site}"
    player.add_program("pip", f"env {options} {sys.executable} -m pip")
    player.lent["PYTHONPATH"] = str(site)


BEFORE: dict[str, Prepare] = {
    "inkcre extensions new": lend_packages,
    "make run": prepare_clone,
    "export INKCRE_PROFILE=server": lend_database,
    "inkcre config set http.port": write_config,
    "inkcre run": make_mistake,
    "inkcre doctor": forget_mistake,
    "curl --data-binary @photo.png": serve_photo,
    "inkcre data copy": keep_much,
    "inkcre import bookmarks.html": lay_bookmarks,
    "inkcre export all.ndjson": use_empty_server,
    "curl http://127.0.0.1:8000/sources -H": serve_feeds,
    "uvicorn": lay_run,
    "psql": keep_former,
}
"""What has to be there before a block that begins with a command."""


@pytest.fixture
def player(tmp_path: Path) -> Iterator[Player]:
    """Return a player of a page, in a clean folder."""
    folder = tmp_path / "page"
    folder.mkdir()
    player = Player(folder)
    yield player
    player.close()


def beginning(block: str, table: dict[str, object]) -> list[str]:
    """Return the entries of a table that a block's first command begins with."""
    command = block.removeprefix("$ ")
    return [start for start in table if command.startswith(start)]


@pytest.mark.timeout(600)  # some twenty processes one after the other; 15 s on an idle machine
@pytest.mark.parametrize("name", PLAYED)
def test_page_does_what_it_shows(name: str, player: Player) -> None:
    """Block after block: each command succeeds, or fails as it is shown to, and prints what is shown."""
    for block in read_blocks(PAGES[name], "console"):
        for start in beginning(block, {**BEFORE}):
            BEFORE[start](player)
        player.play(block)


def test_whatever_is_not_run_has_its_reason() -> None:
    """Each block of commands is run, or in the table; and the table has no more than those."""
    blocks = [block for text in PAGES.values() for block in read_blocks(text, "sh")]
    found = [beginning(block, {**NOT_RUN}) for block in blocks]
    assert all(found), [block for block, starts in zip(blocks, found, strict=True) if not starts]
    assert {start for starts in found for start in starts} == set(NOT_RUN)
    blocks = [block for text in PAGES.values() for block in read_blocks(text, "console")]
    assert all(
        any(beginning(b, {**BEFORE}) for b in blocks if b.startswith(f"$ {s}")) for s in BEFORE
    )


@pytest.mark.parametrize(
    ("shown", "printed", "agrees"),
    [
        ("all is well", "all is well\n", True),
        ("all is well", "all is not well\n", False),
        ("all is well", "all is well\nor not\n", False),
        ("one\n…\nfour", "one\ntwo\nthree\nfour\n", True),
        ("one\n…\nfour", "one\ntwo\nthree\n", False),
        ("kept …, well", "kept 3 files, well\n", True),
        ("2026-11-24 19:15  done (3 ms)", "2027-01-02 00:00 done  (12 ms)\n", True),
        ("41 added", "42 added\n", False),
        ("", "whatever\n", True),
    ],
)
def test_comparison_is_loose_and_honest(shown: str, printed: str, agrees: bool) -> None:
    """What changes each time may; a number, a word or a line more may not."""
    assert Step("x", tuple(shown.splitlines())).agrees(printed) is agrees


def test_block_is_parted_into_commands() -> None:
    """A quotation may go over lines, and what follows a command is what it prints."""
    block = "$ curl -d '{\n    \"a\": 1}'   # it's\n$ ls\none\ntwo\n"
    assert read_steps(block) == [
        Step("curl -d '{\n    \"a\": 1}'   # it's", ()),
        Step("ls", ("one", "two")),
    ]
