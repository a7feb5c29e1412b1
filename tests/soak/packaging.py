"""Install what people install, the way old machines do, and use it there.

A copy of the checkout, an environment with nothing in it, and pip 23.2.1: each extra is installed
by the command that the README shows, and then the README's commands, a page and a folder are
tried; where there is the extra for tests, an extension is written, installed and tested as well. At
last ``make test`` runs in that copy, with that environment's Python: what is given behind
``--`` goes to pytest; by itself, the tests of sources.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import ROOT
from tests.pages import serve_pages

PIP = "pip==23.2.1"
"""The last but one that compares extras of other packages by the letter; Python 3.11.7 brings it."""

EXTRAS = ("local", "postgres", "pg8000", "pdf", "edge", "testing")
PAGE = b"""<html><body><article><h1>Ink</h1><p>A page, of a sentence with commas, which is read.</p>
</article></body></html>"""


def run(*command: str | Path, folder: Path, **environ: str) -> str:
    """Run a command; give what it says, or end with that if it fails."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("INKCRE_", "PYTHON", "PIP_R"))}
    started = time.monotonic()
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder, env={**kept, "COLUMNS": "200", "NO_COLOR": "1", **environ},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    shown = " ".join(map(str, command[:6]))
    print(f"{time.monotonic() - started:6.1f} s  {done.returncode}  {shown}", flush=True)
    if done.returncode:
        sys.exit(done.stdout)
    return done.stdout


def copy_checkout(folder: Path) -> Path:
    """Copy what git knows, as a clone has it."""
    listed = run("git", "ls-files", "-z", folder=ROOT).split("\0")
    for name in filter(None, listed):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return folder


def make_environment(folder: Path) -> Path:
    """Make an environment with nothing but that pip in it; give its folder of commands."""
    run(sys.executable, "-m", "venv", folder, folder=folder.parent)
    run(folder / "bin" / "pip", "install", "--quiet", PIP, folder=folder.parent)
    return folder / "bin"


def use(commands: Path, checkout: Path, folder: Path) -> None:
    """Do what the README shows, and collect a page and a folder."""
    inkcre = commands / "inkcre"
    said = run(inkcre, "import", checkout / "tests" / "data" / "peps.ndjson", folder=folder)
    assert "372 new blocks" in said, said
    examined = json.loads(run(inkcre, "doctor", "--format", "json", folder=folder))
    assert examined["healthy"], examined  # not before: where no base is, doctor says so
    notes = folder / "notes"
    notes.mkdir()
    (notes / "page.html").write_bytes(PAGE)
    (notes / "note.md").write_text("---\ntag: ink\n---\nA note.\n")
    settings = {
        "INKCRE_WEB__PRIVATE_HOSTS": '["127.0.0.1"]',
        "INKCRE_SOURCES__FOLDERS": json.dumps([str(notes)]),
    }
    with serve_pages() as pages:
        url = pages.put("/page", PAGE, content_type="text/html")
        run(inkcre, "sources", "add", "webpage", f"url={url}", folder=folder, **settings)
        run(inkcre, "sources", "add", "folder", f"path={notes}", folder=folder, **settings)
        for number in "12":
            said = run(inkcre, "sources", "collect", number, folder=folder, **settings)
            assert "0 added" not in said, said


def write_extension(commands: Path, folder: Path) -> None:
    """Write the package of an extension, install it as its README says, and run its tests."""
    run(commands / "inkcre", "extensions", "new", "weather", folder=folder)
    package = folder / "weather"
    run(commands / "pip", "install", ".[test]", folder=package)
    tested = run(commands / "pytest", folder=package)
    assert "14 passed, 1 skipped" in tested, tested
    run(commands / "inkcre", "extensions", "enable", "weather", folder=folder)
    assert "weather" in run(commands / "inkcre", "extensions", "check", folder=folder)


def main(arguments: Sequence[str]) -> int:
    """Run it; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak packaging", description=__doc__)
    parser.add_argument("tests", nargs="*", default=["tests/sources"], help="for pytest")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="inkcre-packaging-") as made:
        checkout = copy_checkout(Path(made) / "checkout")
        for extra in EXTRAS:
            commands = make_environment(Path(made) / f"environment-{extra}")
            wanted = extra if extra == "local" else f"local,{extra}"
            said = run(commands / "pip", "install", f".[{wanted}]", folder=checkout)
            assert "lxml-html-clean" in said, said
            folder = Path(made) / f"base-{extra}"
            folder.mkdir()
            use(commands, checkout, folder)
            if extra == "testing":
                write_extension(commands, folder)
        python = make_environment(Path(made) / "environment") / "python"
        tested = run(
            "make", "test", f"PYTHON={python}", f"ARGS={' '.join(asked.tests)}", folder=checkout
        )
        print(tested.strip().rpartition("\n")[2])
    return 0
