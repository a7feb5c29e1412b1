"""The rules about importing: naming an extension costs nothing, and loading it does nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from inkcre.testing.extension.candidate import Candidate
from inkcre.testing.extension.references import REFERENCES
from inkcre.testing.extension.rules import Breach, ExtensionRule

WATCH = Path(__file__).with_name("watch.py")
BASELINE = ("inkcre.app", "inkcre.testing.extension.references", "tempfile", "uuid", "secrets")
"""What an application has loaded before its extensions, or may have. By text: some read files."""

SECONDS = 120
SHOWN = 5
"""How many modules are named, of those that should not be there."""


@dataclass(frozen=True)
class Watched:
    """What importing an extension did."""

    added: tuple[str, ...]
    """Modules that importing the record has loaded."""

    done: tuple[tuple[str, int, str], ...]
    """What was done by importing the rest: in which module, at which line, what."""

    fault: str = ""
    """The last line of what importing raised."""


def watch(candidate: Candidate) -> Watched:
    """Import an extension in a fresh interpreter."""
    modules = dict.fromkeys(candidate.extension.modules())
    return _watch(candidate.module, tuple(modules), tuple(sys.path))


@cache
def _watch(module: str, modules: tuple[str, ...], path: tuple[str, ...]) -> Watched:
    """Watch once: several rules ask, and the interpreter takes longer than all of them."""
    asked = {
        "manifest": module,
        "package": module.partition(".")[0],
        "modules": modules,
        "baseline": BASELINE,
        "path": path,
    }
    command = [sys.executable, "-P", "-W", "ignore", str(WATCH)]
    done = subprocess.run(  # noqa: S603 - our own script
        command, input=json.dumps(asked), capture_output=True, text=True, check=False,
        timeout=SECONDS,
    )  # fmt: skip
    if done.returncode:
        return Watched((), (), (done.stderr.strip() or "it ended without a word").splitlines()[-1])
    answer = json.loads(done.stdout.splitlines()[-1])
    return Watched(tuple(answer["added"]), tuple(map(tuple, answer["seen"])))


def find_heavy_manifest(candidate: Candidate) -> Iterator[Breach]:
    """Yield what importing the record loads besides its own module and the packages around it."""
    seen, module = watch(candidate), candidate.module
    parts = module.split(".")
    own = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    if seen.fault:
        yield Breach(module, f"importing it raises {seen.fault}", "mend it")
    more = [name for name in seen.added if name not in own]
    more.sort(
        key=lambda name: name.partition(".")[0] != candidate.package
    )  # its own are told first
    if more:
        named = ", ".join(more[:SHOWN]) + (", …" if len(more) > SHOWN else "")
        yield Breach(
            module,
            f"importing it loads {len(more)} more: {named}",
            "import inkcre.framework's Extension alone there, and name all else in text",
        )


def find_loud_imports(candidate: Candidate) -> Iterator[Breach]:
    """Yield what importing what requests and ticks load reads or changes outside."""
    for module, line, what in watch(candidate).done:
        yield Breach(
            f"{module}, line {line}",
            f"importing it uses {what}",
            "do it in the function that needs it, with what that is lent",
        )


LIGHT = ExtensionRule(
    "light-manifest", "importing the record imports nothing else of its package",
    find_heavy_manifest,
)  # fmt: skip
QUIET = ExtensionRule(
    "quiet-import",
    "importing what requests and ticks load reads no file, no clock and no randomness, and speaks"
    " to nobody",
    find_loud_imports,
    after=(REFERENCES, LIGHT),
)
