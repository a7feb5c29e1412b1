"""What developers run is alone: in a folder of its own, under no settings of whoever runs it.

A checkout is also where somebody keeps a base. What starts servers, or makes components, finds none
of it from here: no ``data/``, no ``inkcre.toml``, no ``.env``, no variable.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from tests.schemas import SCHEMA

OURS = ("INKCRE_", "CLOUDFLARE_", "PG", "AWS_")
"""How variables begin that we read, the programs that we start for the edge, or clients of servers."""

OTHERS = ("DB_CONN_STRING", "CF_WORKER", "CREDENTIALS_DIRECTORY")


def forget_variables() -> None:
    """Take every variable away that would be a setting, here and in what is started from here."""
    for name in list(os.environ):
        if name.upper().startswith(OURS) or name.upper() in OTHERS:
            del os.environ[name]


def keep_bytecode() -> None:
    """Keep compiled what is imported, also for the processes that are started from here.

    Some surroundings forbid it by a variable, and hundreds of commands would compile everything.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def hear_interrupts() -> None:
    """Let Ctrl-C interrupt what is started from here, also if a shell has started it with ``&``.

    Without job control a shell starts such with SIGINT ignored, and who is started by them too:
    https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_11
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def require_nothing_above(folder: Path) -> None:
    """Refuse a folder below somebody's settings: a command that is run in it would find those.

    A temporary folder may lie in a checkout: by ``TMPDIR``, or by pytest's ``--basetemp``.
    """
    above = [path for path in folder.absolute().parents if (path / SCHEMA.filename).exists()]
    assert not above, f"{folder}: lies below {above[0] / SCHEMA.filename}; choose another TMPDIR"


@contextmanager
def working_alone() -> Iterator[Path]:
    """Work in an empty folder that is gone at the end of the block; give it.

    Being told to stop is an end too: what was started in the block stops with it.
    """
    forget_variables()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="inkcre-alone-") as name, chdir(name):
        require_nothing_above(Path(name))
        yield Path(name)
