"""What importing an extension does, watched in a fresh interpreter: a script, of the library alone.

It is given JSON on standard input, and writes JSON: the modules that were loaded by the record, and
what was done while the rest was imported. Audit hooks tell of files, sockets and processes
(https://docs.python.org/3/library/audit_events.html); of the clock and of randomness there are no
events, so calls are watched as a profiler does.
"""

import json
import random
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import date, datetime
from importlib import import_module
from types import FrameType

CLOCKS: frozenset[object] = frozenset(
    {
        time.time, time.time_ns, time.localtime, time.gmtime, time.sleep,
        datetime.now, datetime.utcnow, datetime.today, date.today,
    }
)  # fmt: skip
OF_RANDOMNESS = {"random", "getrandbits", "urandom", "getrandom"}
SURROUNDINGS = (
    "open", "os.", "shutil.", "glob.", "tempfile.", "pathlib.", "socket.", "subprocess.",
    "sqlite3.", "urllib.", "ftplib.", "http.", "smtplib.", "webbrowser.",
)  # fmt: skip
"""How events begin that something outside is read or changed."""

IMPORT_SYSTEM = ("<frozen importlib", "<frozen zipimport")
MODULES = (".py", ".pyc", ".pyi", ".so", ".pyd")
"""How files end that are modules: reading those is what importing is."""

NAMING = ("Adapter", "Application", "Extension")
"""What a module that names an extension takes of ``inkcre.framework``."""


class Watcher:
    """Notes what is done while modules are imported, and at which line of whom."""

    def __init__(self, package: str) -> None:
        """Take the package whose lines are meant."""
        self.package = package
        self.seen: dict[tuple[str, int, str], None] = {}
        self.is_on = False

    def note(self, what: str, frame: FrameType | None) -> None:
        """Note it, at the nearest line of the package; what others do for themselves is theirs."""
        while frame is not None:
            name = str(frame.f_globals.get("__name__", ""))
            if name.partition(".")[0] == self.package:
                self.seen[name, frame.f_lineno, what] = None
                return
            frame = frame.f_back

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        """Take an audit event."""
        if not self.is_on or not event.startswith(SURROUNDINGS):
            return
        frame = sys._getframe(1)  # noqa: SLF001 - as the audit hook's caller is found
        if frame.f_code.co_filename.startswith(IMPORT_SYSTEM):
            return
        target = arguments[0] if arguments else ""
        if event == "open" and (isinstance(target, int) or str(target).endswith(MODULES)):
            return
        if event != "os.putenv":
            self.note(f"{event} {target!r}", frame)

    def profile(self, frame: FrameType, event: str, called: object) -> None:
        """Take a call of a function that is written in C."""
        if event == "c_call" and self.is_on:
            name = getattr(called, "__name__", "")
            owner = getattr(called, "__self__", None)
            if called in CLOCKS:
                self.note(f"the clock, by {name}", frame)
            elif name in OF_RANDOMNESS and _draws(owner):
                self.note(f"randomness, by {name}", frame)


def _draws(owner: object) -> bool:
    """Tell whether what has such a method draws lots: a generator, or the operating system."""
    is_system = getattr(owner, "__name__", "") in ("posix", "nt")
    return is_system or isinstance(owner, random.Random)


def look(asked: dict[str, object], load: Callable[[str], object]) -> dict[str, object]:
    """Import the record, then all that it names; tell what came of it."""
    framework = __import__("inkcre.framework", fromlist=["framework"])
    for name in NAMING:
        getattr(framework, name)
    before = set(sys.modules)
    load(str(asked["manifest"]))
    added = [name for name in sys.modules if name not in before]
    # What an application has in any case does what it does by itself.
    for name in framework.PLACES:
        getattr(framework, name)
    for name in _texts(asked["baseline"]):
        load(name)
    watcher = Watcher(str(asked["package"]))
    sys.addaudithook(watcher.hear)
    sys.setprofile(watcher.profile)
    watcher.is_on = True
    try:
        for name in _texts(asked["modules"]):
            with suppress(Exception):  # the rule about references tells it
                load(name)
    finally:
        watcher.is_on = False
        sys.setprofile(None)
    return {"added": added, "seen": list(watcher.seen)}


def _texts(value: object) -> Collection[str]:
    return value if isinstance(value, list) else []


if __name__ == "__main__":
    request = json.load(sys.stdin)
    sys.path[:] = request["path"]
    print(json.dumps(look(request, import_module)))
