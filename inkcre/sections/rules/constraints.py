"""What a target cannot have, and what does not go together, as data.

Checked when settings are loaded, and read by those who explain a setting.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inkcre.sections.rules.consequences import (
    DATABASE_PATH,
    STORAGE_KIND,
    find_elsewhere,
    is_base_in_memory,
)
from inkcre.settings.diagnostics import Diagnostic, Label
from inkcre.settings.labels import label_value
from inkcre.settings.leaves import effective_value
from inkcre.settings.nodes import KeyPath
from inkcre.settings.origins import Origins
from inkcre.settings.rules import Constraint

TARGET: KeyPath = ("target",)
TRUE_WORDS = ("true", "1", "yes", "on", "t", "y")
"""What pydantic takes for true: https://docs.pydantic.dev/latest/concepts/conversion_table/"""


@dataclass(frozen=True)
class ForbiddenChoice:
    """On ``target``, the setting at ``path`` may not be one of ``values``."""

    target: str
    path: KeyPath
    values: frozenset[str]
    because: str
    instead: str

    @property
    def paths(self) -> tuple[KeyPath, ...]:
        """The settings that the rule is about."""
        return (self.path,)

    @property
    def sentence(self) -> str:
        """The rule in words."""
        words = " or ".join(f'"{value}"' for value in sorted(self.values))
        return f'on target "{self.target}" not {words}: {self.because}'

    def find_violation(self, origins: Origins) -> Diagnostic | None:
        """Return the problem when the chosen kind cannot run on the target."""
        value = effective_value(origins, self.path)
        is_chosen = isinstance(value, str) and value in self.values
        if not is_chosen or effective_value(origins, TARGET) != self.target:
            return None
        return Diagnostic(
            "forbidden_on_target",
            ".".join(self.path),
            f'"{value}" cannot run on target "{self.target}": {self.because}',
            tuple(point_at(origins, [self.path, TARGET])),
            help=self.instead,
        )


@dataclass(frozen=True)
class WildcardWithCredentials:
    """A page of any origin acting with the user's cookies is for a developer's laptop only."""

    paths: tuple[KeyPath, ...] = (
        ("http", "cors", "allow_origins"),
        ("http", "cors", "allow_credentials"),
    )
    sentence: str = '"*" together with allow_credentials is for profile dev only'

    def find_violation(self, origins: Origins) -> Diagnostic | None:
        """Return the problem when any web page may act as its visitor."""
        allow_origins, allow_credentials = (effective_value(origins, p) for p in self.paths)
        is_open = isinstance(allow_origins, (list, tuple)) and "*" in allow_origins
        is_trusting = str(allow_credentials).lower() in TRUE_WORDS
        if not (is_open and is_trusting) or origins.lineage[:1] == ("dev",):
            return None
        return Diagnostic(
            "wildcard_with_credentials",
            "http.cors.allow_origins",
            '"*" together with allow_credentials lets any web page act as its visitor',
            tuple(point_at(origins, self.paths)),
            help="name the origins, or write allow_credentials = false",
        )


@dataclass(frozen=True)
class Empty:
    """On ``target``, the list at ``path`` has to be empty."""

    target: str
    path: KeyPath
    because: str
    instead: str

    @property
    def paths(self) -> tuple[KeyPath, ...]:
        """The settings that the rule is about."""
        return (self.path,)

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return f'on target "{self.target}" empty: {self.because}'

    def find_violation(self, origins: Origins) -> Diagnostic | None:
        """Return the problem when there is something in the list."""
        is_there = bool(effective_value(origins, self.path))
        if not is_there or effective_value(origins, TARGET) != self.target:
            return None
        return Diagnostic(
            "forbidden_on_target",
            ".".join(self.path),
            f'has to be empty on target "{self.target}": {self.because}',
            tuple(point_at(origins, [self.path, TARGET])),
            help=self.instead,
        )


@dataclass(frozen=True)
class FilesOfMemoryBase:
    """A base that is gone with its process leaves no files behind that nothing names."""

    paths: tuple[KeyPath, ...] = (DATABASE_PATH, STORAGE_KIND)
    sentence: str = 'a base in ":memory:" has its files in memory too'

    def find_violation(self, origins: Origins) -> Diagnostic | None:
        """Return the problem when the user names another place; what nobody chose has given way."""
        named = find_elsewhere(origins) if is_base_in_memory(origins) else None
        if named is None:
            return None
        return Diagnostic(
            "base_in_memory",
            ".".join(named.path),
            "would keep files of a base that is in memory and gone with its process",
            tuple(point_at(origins, [named.path, DATABASE_PATH])),
            help='write storage.kind = "memory", or name a file in database.path',
        )


def _forbid(target: str, path: str, *values: str, because: str, instead: str) -> ForbiddenChoice:
    return ForbiddenChoice(target, tuple(path.split(".")), frozenset(values), because, instead)


FORBIDDEN = (
    _forbid(
        "workers", "database.kind", "sqlite", "postgres",
        because="there is no disk, and no native driver for Pyodide",
        instead='write kind = "hyperdrive" (PostgreSQL) or kind = "d1" (SQLite)',
    ),
    _forbid(
        "workers", "database.pool.kind", "queue", "static",
        because="a connection may not outlive the request that opened it",
        instead='write kind = "null": Hyperdrive pools',
    ),
    # Behind the pool: what is forbidden goes with what stands beside it from here on.
    _forbid(
        "workers", "database.driver", "psycopg",
        because="there is no libpq for Pyodide",
        instead='write driver = "pg8000"',
    ),
    _forbid(
        "workers", "storage.kind", "filesystem", "s3",
        because="there is no disk, and no native client for Pyodide",
        instead='write kind = "r2"',
    ),
    _forbid(
        "workers", "keyvalue.kind", "memory",
        because="an isolate's memory is gone between requests",
        instead='write kind = "kv" or kind = "database"',
    ),
    _forbid(
        "workers", "web.kind", "sockets",
        because="sockets have no TLS there",
        instead='write kind = "fetch"',
    ),
    _forbid(
        "process", "web.kind", "fetch",
        because="a fetch of the platform's own exists on Cloudflare only",
        instead='write kind = "sockets"',
    ),
    _forbid(
        "workers", "scheduler.kind", "apscheduler",
        because="there are no threads",
        instead='write kind = "cron-trigger"',
    ),
    _forbid(
        "process", "database.kind", "hyperdrive", "d1",
        because="bindings exist on Cloudflare only",
        instead='write kind = "sqlite" or kind = "postgres"',
    ),
    _forbid(
        "process", "storage.kind", "r2",
        because="bindings exist on Cloudflare only",
        instead='write kind = "filesystem", or kind = "s3" with R2\'s S3 endpoint',
    ),
    _forbid(
        "process", "keyvalue.kind", "kv",
        because="bindings exist on Cloudflare only",
        instead='write kind = "memory" or kind = "database"',
    ),
    _forbid(
        "process", "scheduler.kind", "cron-trigger",
        because="Cron Triggers exist on Cloudflare only",
        instead='write kind = "apscheduler"',
    ),
)  # fmt: skip
"""What each target cannot have."""

CONSTRAINTS: tuple[Constraint, ...] = (
    *FORBIDDEN,
    WildcardWithCredentials(),
    FilesOfMemoryBase(),
)


def forbids(target: str, path: KeyPath, value: str) -> ForbiddenChoice | None:
    """Return the constraint that keeps ``value`` from a target, if one does."""
    return next(
        (c for c in FORBIDDEN if c.target == target and c.path == path and value in c.values), None
    )


def point_at(origins: Origins, paths: Iterable[KeyPath]) -> Iterator[Label]:
    """Point at what holds at each path, if anything does."""
    for path in paths:
        definition = origins.winners.get(path)
        if definition:
            yield label_value(definition, origins.root)
        elif effective_value(origins, path) is not None:
            yield Label(f"{'.'.join(path)} (default)")
