"""What a target cannot have, as data, checked when settings are loaded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from inkcre.settings.diagnostics import Diagnostic, Label, Report, label_value
from inkcre.settings.origins import KeyPath, Origins
from inkcre.settings.schema import Node, settings_schema


@dataclass(frozen=True)
class Constraint:
    """On ``target``, the setting at ``path`` may not be one of ``forbidden``."""

    target: str
    path: KeyPath
    forbidden: frozenset[str]
    because: str
    instead: str


def _forbid(target: str, path: str, *forbidden: str, because: str, instead: str) -> Constraint:
    return Constraint(target, tuple(path.split(".")), frozenset(forbidden), because, instead)


CONSTRAINTS = (
    _forbid(
        "workers", "database.kind", "sqlite", "postgres",
        because="there is no disk, and no native driver for Pyodide",
        instead='write kind = "hyperdrive" (PostgreSQL) or kind = "d1" (SQLite)',
    ),
    _forbid(
        "workers", "database.pool.kind", "queue",
        because="a connection may not outlive the request that opened it",
        instead='write kind = "null": Hyperdrive pools',
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

Lookup = Callable[[KeyPath], Any]


def check_constraints(origins: Origins, report: Report) -> None:
    """Report every constraint that the merged settings break, with both places that conflict."""
    target = effective_value(origins, ("target",))
    broken: list[KeyPath] = []
    for constraint in CONSTRAINTS:
        value = effective_value(origins, constraint.path)
        # What is inside a table of a forbidden kind goes with it.
        is_inside = any(constraint.path[: len(p) - 1] == p[:-1] for p in broken)
        is_broken = constraint.target == target and value in constraint.forbidden
        if is_broken and not is_inside:
            broken.append(constraint.path)
            report.add(
                Diagnostic(
                    "forbidden_on_target",
                    ".".join(constraint.path),
                    f'"{value}" cannot run on target "{target}": {constraint.because}',
                    tuple(_labels(origins, [constraint.path, ("target",)])),
                    help=constraint.instead,
                )
            )
    _check_cors(origins, report)


def _check_cors(origins: Origins, report: Report) -> None:
    """A page of any origin acting with the user's cookies is for a developer's laptop only."""
    allow_origins = ("http", "cors", "allow_origins")
    allow_credentials = ("http", "cors", "allow_credentials")
    anyone = "*" in (effective_value(origins, allow_origins) or ())
    trusted = str(effective_value(origins, allow_credentials)).lower() in (
        "true",
        "1",
        "yes",
        "on",
        "t",
        "y",
    )
    if anyone and trusted and origins.lineage[:1] != ("dev",):
        report.add(
            Diagnostic(
                "wildcard_with_credentials",
                "http.cors.allow_origins",
                '"*" together with allow_credentials lets any web page act as its visitor',
                tuple(_labels(origins, [allow_origins, allow_credentials])),
                help="name the origins, or write allow_credentials = false",
            )
        )


def effective_value(origins: Origins, path: KeyPath) -> Any:
    """Give the merged value at ``path``, or the default that would hold; None where neither is."""
    definition = origins.winners.get(path)
    if definition:
        return definition.value
    node: Node | None = settings_schema()
    for depth, key in enumerate(path):
        if node is None:
            return None
        tag = (
            effective_value(origins, (*path[:depth], node.tag))
            if node.tag and key != node.tag
            else None
        )
        if node.tag == key:
            return node.default_tag
        children = node.children(str(tag) if tag else None)
        node = node.item or children.get(key)
    return node.info.default if node and node.info and node.is_leaf else None


def _labels(origins: Origins, paths: Iterable[KeyPath]) -> Iterable[Label]:
    for path in paths:
        definition = origins.winners.get(path)
        if definition:
            yield label_value(definition)
        else:
            yield Label(f"{'.'.join(path)} (default)")
