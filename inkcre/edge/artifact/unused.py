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
        "of dateutil, pg8000 uses one function of the parser, which has a substitute",
        ("dateutil/*",),
        keep=("dateutil/__init__.py", "dateutil/parser/__init__.py"),
    ),
    Rule(
        "of asn1crypto, scramp names two modules, which have substitutes",
        ("asn1crypto/*",),
        keep=("asn1crypto/__init__.py", "asn1crypto/pem.py", "asn1crypto/x509.py"),
    ),
    Rule(
        "drivers of other homes",
        (
            "sqlalchemy/dialects/postgresql/asyncpg.py",
            "sqlalchemy/dialects/postgresql/psycopg*.py",
            "sqlalchemy/dialects/sqlite/aiosqlite.py",
            "sqlalchemy/dialects/sqlite/pysqlcipher.py",
        ),
    ),
    Rule(
        "zoneinfo reads the zones' own files",
        (
            "tzdata/zones", "tzdata/zoneinfo/*.tab", "tzdata/zoneinfo/*.zi",
            "tzdata/zoneinfo/leapseconds", "tzdata/zoneinfo/tzdata.zi",
        ),
    ),
)  # fmt: skip

SUBSTITUTES = {
    # Both name every driver's dialect; the one that is used is imported by its own name.
    "sqlalchemy/dialects/postgresql/__init__.py": b"from . import array as arraylib\n",
    "sqlalchemy/dialects/sqlite/__init__.py": b"",
    # PostgreSQL's own tables, described for reflection: nobody looks at a schema on the edge.
    "sqlalchemy/dialects/postgresql/pg_catalog.py": (
        b"class _SpaceVector: pass\nclass INT2VECTOR: pass\nclass OIDVECTOR: pass\n"
    ),
    # For channel binding, which needs TLS: towards Hyperdrive there is none.
    "asn1crypto/__init__.py": b"",
    "asn1crypto/pem.py": b"",
    "asn1crypto/x509.py": b"class Certificate: pass\n",
    # Settings from a command line, which nobody types here.
    "pydantic_settings/sources/providers/cli.py": (
        b"class CliSettingsSource:\n"
        b"    def __class_getitem__(cls, _): return cls\n"
        b"CliDualFlag = CliExplicitFlag = CliImplicitFlag = CliMutuallyExclusiveGroup = None\n"
        b"CliPositionalArg = CliSubCommand = CliSuppress = CliToggleFlag = CliUnknownArgs = None\n"
        b"CliVariadicArg = None\n"
        b"CLI_SUPPRESS = ''\n"
    ),
    # For moments that are read as such: statements give them as text.
    "dateutil/parser/__init__.py": (
        b"class ParserError(ValueError): pass\n"
        b"def parse(text, **_): raise ParserError('moments are read as text here')\n"
    ),
}
"""Modules that are imported by others and never used: what stands in for each, by its path."""

METADATA_FILES = ("METADATA", "entry_points.txt")
"""What is read of a distribution's information: its version, and OpenTelemetry's entry points."""


def prune(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what is kept of a package's files, by their paths."""
    kept = {}
    for path, content in files.items():
        if path in SUBSTITUTES:
            kept[path] = SUBSTITUTES[path]
        elif ".dist-info/" in path:
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
