"""What of the packages a Worker never imports, as data.

An artifact is uploaded whole and limited in size. Each rule says why what it names is not missed;
the HTTP contract runs on the pruned artifact.
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inkcre.edge.artifact.docstrings import leave_out_docstrings


@dataclass(frozen=True)
class Rule:
    """Files that are left out: patterns in which ``*`` also stands for ``/``."""

    why: str
    patterns: tuple[str, ...]
    keep: tuple[str, ...] = ()


RULES = (
    Rule("types are for type checkers", ("*.pyi", "*/py.typed", "*.pyx", "*.pxd", "*.c", "*.h")),
    Rule(
        "for tests",
        ("*/tests/*", "*/testing/*", "anyio/pytest_plugin.py", "starlette/testclient.py"),
    ),
    Rule("for people who write programs", ("*.md", "*.rst", "sqlalchemy/dialects/*.txt")),
    Rule("there is no command line", ("*/__main__.py", "fastapi/cli.py", "dotenv/cli.py", "bin/*")),
    Rule(
        "neither PostgreSQL nor SQLite",
        (
            "sqlalchemy/dialects/mysql/*",
            "sqlalchemy/dialects/mssql/*",
            "sqlalchemy/dialects/oracle/*",
            "sqlalchemy/connectors/pyodbc.py",
            "sqlalchemy/connectors/aioodbc.py",
        ),
    ),
    Rule(
        "there is no ORM and no asynchronous engine in this project",
        ("sqlalchemy/orm/*", "sqlalchemy/ext/*", "sqlalchemy/future/*"),
        keep=("sqlalchemy/ext/__init__.py", "sqlalchemy/ext/compiler.py"),
    ),
    Rule("there is no trio", ("anyio/_backends/_trio.py",)),
    Rule("a plugin of mypy", ("pydantic/mypy.py",)),
    Rule("models of pydantic 1; FastAPI does without", ("pydantic/v1/*",)),
    Rule("anyio looks up no international host names here", ("idna/*",)),
    Rule(
        "of dateutil, pg8000 uses the parser and relative times",
        ("dateutil/zoneinfo/*", "dateutil/rrule.py", "dateutil/tz/win.py"),
    ),
    Rule(
        "zoneinfo reads the zones' own files",
        (
            "tzdata/zones", "tzdata/zoneinfo/*.tab", "tzdata/zoneinfo/*.zi",
            "tzdata/zoneinfo/leapseconds", "tzdata/zoneinfo/tzdata.zi",
        ),
    ),
)  # fmt: skip

METADATA_FILES = ("METADATA", "entry_points.txt")
"""What is read of a distribution's information: its version, and OpenTelemetry's entry points."""


def prune(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Give what is kept of a package's files, by their paths."""
    kept = {}
    for path, content in files.items():
        if ".dist-info/" in path:
            if path.rpartition("/")[2] in METADATA_FILES:
                kept[path] = _headers(content) if path.endswith("METADATA") else content
        elif not any(_matches(rule, path) for rule in RULES):
            kept[path] = leave_out_docstrings(content) if path.endswith(".py") else content
    return kept


def _matches(rule: Rule, path: str) -> bool:
    def is_any(patterns: Iterable[str]) -> bool:
        return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)

    return is_any(rule.patterns) and not is_any(rule.keep)


def _headers(metadata: bytes) -> bytes:
    """Leave out a distribution's long description: what comes after the first empty line."""
    return re.split(rb"\r?\n\r?\n", metadata, maxsplit=1)[0] + b"\n"
