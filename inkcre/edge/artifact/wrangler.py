"""``wrangler.jsonc``: the settings in the words of Cloudflare's deployment tool.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from collections.abc import Iterable, Mapping
from typing import Any

from inkcre.settings.leaves import Leaf
from inkcre.settings.model import Settings
from inkcre.settings.sections.bindings import (
    AiBinding,
    Binding,
    D1Binding,
    HyperdriveBinding,
    KvBinding,
    QueueBinding,
    R2Binding,
)
from inkcre.settings.variables import variable_name

MAIN = "src/worker.py"
MIGRATIONS = "migrations"

OWN_KEYS = ("main", "base_dir", "compatibility_date", "rules", "python_modules")
"""What the artifact decides: another value of the user's would keep it from running."""


def describe_worker(settings: Settings, leaves: Iterable[Leaf]) -> dict[str, Any]:
    """Say what a Worker of these settings is, as ``wrangler.jsonc`` does."""
    workers = settings.workers
    described: dict[str, Any] = {
        "name": workers.name,
        "main": MAIN,
        "compatibility_date": workers.compatibility_date.isoformat(),
        "compatibility_flags": ["python_workers"],
        # Without it only Python files are uploaded from beside the entry.
        "rules": [{"type": "Data", "globs": ["**/*.toml", "**/METADATA"], "fallthrough": True}],
        "observability": {"enabled": True},
        "vars": {"INKCRE_PROFILE": settings.profile},
        "secrets": {"required": _secrets(leaves)},
    }
    if settings.scheduler.kind == "cron-trigger":
        described["triggers"] = {"crons": list(workers.crons)}
    if workers.limits.cpu_ms is not None:
        described["limits"] = {"cpu_ms": workers.limits.cpu_ms}
    for name in sorted(named_bindings(settings)):
        _add_binding(described, name, settings.bindings[name], settings)
    return described


def named_bindings(settings: Settings) -> set[str]:
    """Give the names of the bindings that a component uses."""
    sections = (settings.database, settings.storage, settings.keyvalue)
    named = {str(getattr(section, "binding", "")) for section in sections}
    return named & settings.bindings.keys()


def _secrets(leaves: Iterable[Leaf]) -> list[str]:
    return sorted(variable_name(leaf.path) for leaf in leaves if leaf.node.is_secret)


def _add_binding(
    described: dict[str, Any], name: str, binding: Binding, settings: Settings
) -> None:
    def add(key: str, **values: Any) -> None:
        described.setdefault(key, []).append({"binding": name, **values})

    match binding:
        case HyperdriveBinding(id=id_):
            add("hyperdrive", id=id_ or placeholder(name))
        case D1Binding(id=id_):
            add(
                "d1_databases",
                database_name=settings.workers.name,
                database_id=id_ or placeholder(name),
                migrations_dir=MIGRATIONS,
            )
        case R2Binding(bucket=bucket):
            add("r2_buckets", bucket_name=bucket)
        case KvBinding(id=id_):
            add("kv_namespaces", id=id_ or placeholder(name))
        case AiBinding():
            described["ai"] = {"binding": name}
        case QueueBinding(queue=queue):
            described.setdefault("queues", {}).setdefault("producers", []).append(
                {"binding": name, "queue": queue}
            )


def placeholder(name: str) -> str:
    """Stand for the id of a binding that has none yet."""
    return f"write-the-id-into-bindings.{name}.id"


def merge_configuration(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Put a user's own configuration together with ours; nothing of theirs is lost.

    Lists of bindings are merged by the binding's name, tables by key, other lists by value. Where
    both say something theirs holds, but for what the artifact decides (``OWN_KEYS``) and for a
    placeholder of ours that stands for what they know.
    """
    merged = dict(ours)
    for key, value in theirs.items():
        if key not in OWN_KEYS:
            merged[key] = _merge(ours[key], value) if key in ours else value
    return merged


def _merge(ours: Any, theirs: Any) -> Any:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return {
            **ours,
            **{k: _merge(ours[k], v) if k in ours else v for k, v in theirs.items()},
        }
    if isinstance(ours, list) and isinstance(theirs, list):
        return _merge_lists(ours, theirs)
    return theirs


def _merge_lists(ours: list[Any], theirs: list[Any]) -> list[Any]:
    def name(entry: Any) -> Any:
        return entry.get("binding") if isinstance(entry, Mapping) else None

    known = {name(entry): entry for entry in theirs if name(entry)}
    merged = [_merge(entry, known.pop(name(entry), entry)) for entry in ours]
    rest = [entry for entry in theirs if (name(entry) in known or not name(entry))]
    return merged + [entry for entry in rest if entry not in merged]


def placeholders(configuration: Mapping[str, Any]) -> list[str]:
    """Give the names of the bindings that still have no id."""
    entries = [e for value in configuration.values() if isinstance(value, list) for e in value]
    return sorted(
        str(entry["binding"])
        for entry in entries
        if isinstance(entry, Mapping) and placeholder(str(entry.get("binding"))) in entry.values()
    )
