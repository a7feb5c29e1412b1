"""``wrangler.jsonc``: the settings in the words of Cloudflare's deployment tool.

https://developers.cloudflare.com/workers/wrangler/configuration/
"""

from collections.abc import Iterable, Mapping
from typing import Any

from inkcre.errors import OperatorError
from inkcre.sections.bindings import (
    AiBinding,
    Binding,
    D1Binding,
    HyperdriveBinding,
    KvBinding,
    QueueBinding,
    R2Binding,
)
from inkcre.sections.settings import Settings
from inkcre.settings.leaves import Leaf
from inkcre.settings.nodes import Node
from inkcre.settings.schema import Schema

MAIN = "src/worker.py"
MIGRATIONS = "migrations"

OWN_KEYS = ("main", "base_dir", "build", "compatibility_date", "rules", "python_modules")
"""What the artifact decides: another value of the user's would keep it from running."""

OWN_BINDING_KEYS = ("localConnectionString", "migrations_dir")
"""Of a binding: an address for this machine only, with its password; where our migrations are."""


MEND_HINT = "mend it, or move it away: the artifact needs none of yours"


class UnreadableConfiguration(OperatorError):
    """Tell that a configuration of wrangler cannot be read, or is none."""

    code = "unreadable_wrangler_configuration"


Configuration = dict[str, Any]
"""What ``wrangler.jsonc`` says: https://developers.cloudflare.com/workers/wrangler/configuration/.
A user's may say whatever that page does."""


class SecretInConfiguration(OperatorError):
    """Tell that a configuration of wrangler has a secret in its variables."""

    code = "secret_in_configuration"


def describe_worker(
    schema: Schema[Settings], settings: Settings, leaves: Iterable[Leaf]
) -> Configuration:
    """Tell what a Worker of these settings is, as ``wrangler.jsonc`` does."""
    workers = settings.workers
    described: Configuration = {
        "name": workers.name,
        "main": MAIN,
        "compatibility_date": workers.compatibility_date.isoformat(),
        "compatibility_flags": ["python_workers"],
        # Without it only Python files are uploaded from beside the entry.
        "rules": [{"type": "Data", "globs": ["**/*.toml", "**/METADATA"], "fallthrough": True}],
        "observability": {"enabled": True},
        "vars": {schema.profile_variable: settings.profile},
        "secrets": {"required": _secrets(schema, leaves)},
    }
    ticks = settings.scheduler.kind == "cron-trigger"
    # Written when empty too: without the list those of the last deployment stay.
    described["triggers"] = {"crons": list(workers.crons) if ticks else []}
    if workers.limits.cpu_ms is not None:
        described["limits"] = {"cpu_ms": workers.limits.cpu_ms}
    for name in sorted(wanted_bindings(settings)):
        _add_binding(described, name, settings.bindings[name], settings)
    return described


def wanted_bindings(settings: Settings) -> set[str]:
    """Return the names of the bindings that a component uses, or that are there to be used.

    One without an id that nobody names is left out: a profile has it for another choice.
    """
    sections = (settings.database, settings.storage, settings.keyvalue)
    named = {str(getattr(section, "binding", "")) for section in sections}
    return {
        name
        for name, binding in settings.bindings.items()
        if name in named or getattr(binding, "id", "no id needed") is not None
    }


def _secrets(schema: Schema[Settings], leaves: Iterable[Leaf]) -> list[str]:
    return sorted(schema.variable_name(leaf.path) for leaf in leaves if leaf.node.is_secret)


def _add_binding(described: Configuration, name: str, binding: Binding, settings: Settings) -> None:
    def add(key: str, **values: object) -> None:
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


def merge_configuration(ours: Configuration, theirs: Mapping[str, object]) -> Configuration:
    """Put a user's own configuration together with ours; nothing of theirs is lost.

    Lists of bindings are merged by the binding's name, tables by key, flags are put together. Where
    both say something theirs holds, but for what the artifact decides (``OWN_KEYS``).
    """
    merged: Configuration = dict(ours)
    for key, value in _without_ours(theirs).items():
        if key in ours and type(ours[key]) is not type(value):
            raise UnreadableConfiguration(f"{key}: is no {_kind(ours[key])}", hint=MEND_HINT)
        merged[key] = _merge(key, ours[key], value) if key in ours else value
    # Ours hold: another INKCRE_PROFILE would name a profile that is not in the artifact.
    merged["vars"] = {**merged.get("vars", {}), **ours.get("vars", {})}
    for name, environment in dict(merged.get("env", {})).items():
        merged["env"] = {**merged["env"], name: _without_ours(environment)}
    return merged


def _kind(value: object) -> str:
    return "table" if isinstance(value, dict) else "list" if isinstance(value, list) else "text"


def _without_ours(theirs: Mapping[str, object]) -> Configuration:
    return {key: _plain(value) for key, value in theirs.items() if key not in OWN_KEYS}


def _plain(value: object) -> object:
    """Leave out what is for another machine or is ours; TOML's dates are text in JSON."""
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if k not in OWN_BINDING_KEYS}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    is_json = value is None or isinstance(value, (str, int, float))
    return value if is_json else str(value)


def refuse_secrets(schema: Schema[Settings], theirs: Mapping[str, object]) -> None:
    """Raise if a user's variables hold a secret: they would be in the artifact.

    Raises:
        SecretInConfiguration: naming the first that does.
    """
    root = schema.root
    secret = {schema.variable_name(path) for path, node in root.walk_leaves() if node.is_secret}
    secret |= {name for name, alias in schema.aliases.items() if _is_secret(root, alias.sets)}
    environments = theirs.get("env", {})
    tables = [theirs, *(environments.values() if isinstance(environments, Mapping) else ())]
    for table in tables:
        variables = table.get("vars", {}) if isinstance(table, Mapping) else {}
        for name in variables if isinstance(variables, Mapping) else ():
            if name in secret:
                raise SecretInConfiguration(
                    f"vars.{name}: is a secret, and would be in the artifact",
                    hint=f"take it out; if a Worker needs it, `npx wrangler secret put {name}`",
                )


def _is_secret(root: Node, key: str) -> bool:
    node = root.find(tuple(key.split(".")))
    return node is not None and node.is_secret


def _merge(key: str, ours: object, theirs: object) -> object:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return {
            **ours,
            **{k: _merge(k, ours[k], v) if k in ours else v for k, v in theirs.items()},
        }
    if isinstance(ours, list) and isinstance(theirs, list):
        if key == "compatibility_flags":
            return [*ours, *(flag for flag in theirs if flag not in ours)]
        if all(map(_binding_name, [*ours, *theirs])):
            return _merge_bindings(ours, theirs)
    return theirs


def _binding_name(entry: object) -> str | None:
    return entry.get("binding") if isinstance(entry, Mapping) else None


def _merge_bindings(ours: list[Configuration], theirs: list[Configuration]) -> list[Configuration]:
    known = {_binding_name(entry): entry for entry in theirs}
    merged = [{**entry, **known.pop(_binding_name(entry), {})} for entry in ours]
    return merged + list(known.values())


def binding_names(configuration: Mapping[str, object]) -> set[str]:
    """Return the names of all bindings of a configuration."""
    entries = [e for value in configuration.values() if isinstance(value, list) for e in value]
    return {str(_binding_name(entry)) for entry in entries if _binding_name(entry)}


def placeholders(configuration: Mapping[str, object]) -> list[str]:
    """Return the names of the bindings that still have no id."""
    entries = [e for value in configuration.values() if isinstance(value, list) for e in value]
    return sorted(
        str(entry["binding"])
        for entry in entries
        if isinstance(entry, Mapping) and placeholder(str(entry.get("binding"))) in entry.values()
    )
