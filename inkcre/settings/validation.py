"""Turn merged definitions into ``Settings``, and pydantic's errors into diagnostics."""

import datetime
import re
from collections.abc import Mapping, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from inkcre.settings.diagnostics import Diagnostic, Label, suggest
from inkcre.settings.elsewhere import OtherProfiles
from inkcre.settings.labels import label_item, label_key, label_table, label_value
from inkcre.settings.merge import nest
from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import KeyPath, Node
from inkcre.settings.origins import Definition, Origins, VariableOrigin
from inkcre.settings.report import Report
from inkcre.settings.schema import M, Schema
from inkcre.settings.section import FAULTS
from inkcre.wording import say_fault

HELP = {
    **{fault.code: fault.help for fault in FAULTS},
    "int_parsing": "write a whole number, for example {example}",
    "int_type": "write a whole number, for example {example}",
    "int_from_float": "write a whole number, for example {example}",
    "float_parsing": "write a number, for example {example}",
    "float_type": "write a number, for example {example}",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "string_type": "write text in quotes",
    "path_type": "write text in quotes",
    "date_from_datetime_inexact": "write a date without quotes, for example {example}",
    "date_from_datetime_parsing": "write a date without quotes, for example {example}",
    "date_type": "write a date without quotes, for example {example}",
    "tuple_type": 'write a list, for example ["one", "two"]',
}

MESSAGES = {
    "tuple_type": "input should be a list",
    "model_type": "input should be a table",
    "model_attributes_type": "input should be a table",
    "dict_type": "input should be a table",
    "path_type": "input should be a path",
    "date_from_datetime_inexact": "input should be a date without a time of day",
    "date_from_datetime_parsing": "input should be a date",
    "date_type": "input should be a date",
}
"""What pydantic says in Python's words, in TOML's."""


def validate(
    schema: Schema[M], origins: Origins, report: Report, others: OtherProfiles
) -> M | None:
    """Build the settings; each problem goes to ``report``, and then there is no value."""
    try:
        return schema.model(**nest(origins)).trace(origins)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    unread = {
        problem.subject.upper().removesuffix("_FILE")
        for problem in report.problems
        if problem.code == "unreadable_secret" or problem.subject.endswith("_FILE")
    }
    problems: dict[tuple[str | int, ...], Diagnostic] = {}
    for detail in details:
        path, node, tags = _locate(detail["loc"], schema.root)
        if detail["type"] == "missing" and schema.variable_name(tuple(map(str, path))) in unread:
            continue  # it was given, and why it could not be read is said already
        problems[path] = _diagnose(detail, path, node, tags, origins, others)
    for problem in problems.values():
        report.add(problem)
    return None


def _locate(
    loc: Sequence[str | int], root: Node
) -> tuple[tuple[str | int, ...], Node | None, str | None]:
    """Drop from pydantic's location what is not a key: the tags of unions, types tried in turn."""
    node: Node | None = root
    path: list[str | int] = []
    variant: str | None = None
    for part in loc:
        if node is not None and node.is_leaf:
            if isinstance(part, int):
                path.append(part)
            continue
        # pydantic's word for the key of a mapping, not a key.
        if part == "[key]":
            continue
        if node is not None and node.tag and variant is None and part in node.variants:
            variant = str(part)
            continue
        path.append(part)
        parent, node = node, (node.child(str(part)) if node else None)
        if parent is not None and variant is not None:
            node = parent.children(variant).get(str(part))
        variant = None if node is not None else variant
    return tuple(path), node, variant


def _diagnose(
    detail: ErrorDetails,
    path: tuple[str | int, ...],
    node: Node | None,
    variant: str | None,
    origins: Origins,
    others: OtherProfiles,
) -> Diagnostic:
    code, schema = detail["type"], others.schema
    keys = tuple(str(p) for p in path if not isinstance(p, int))
    subject = ".".join(str(p) for p in path)
    if code == "extra_forbidden":
        return _unknown_key(keys, variant, origins, others)
    if code == "missing":
        return _missing(keys, node, origins, schema)
    if code in ("union_tag_invalid", "union_tag_not_found") and node and node.tag:
        return _wrong_kind(keys, node, origins)
    definition = origins.winners.get(keys) or origins.nearest(keys)
    indexes = [p for p in path if isinstance(p, int)]
    labels = (label_item(definition, indexes, origins.root),) if definition else ()
    if definition and node and not node.is_leaf and definition.path != keys:
        labels = (label_table(definition, keys),)
    # What follows is of Python: ", unable to parse string as an integer".
    message = MESSAGES.get(code) or say_fault(detail).partition(", unable to")[0]
    return Diagnostic(
        code,
        subject,
        message[:1].lower() + message[1:],
        labels,
        _shadow_notes(keys, origins),
        _help_literal(definition, detail) if code == "literal_error" else _help(code, node),
    )


def _shadow_notes(path: KeyPath, origins: Origins) -> tuple[str, ...]:
    return tuple(f"also set in {d.origin.describe()} (overridden)" for d in origins.weaker(path))


def _help(code: str, node: Node | None) -> str | None:
    template = HELP.get(code)
    default = node.info.default if node and node.info else None
    example = default if isinstance(default, (int, float, datetime.date)) else 10
    return template.format(example=example) if template else None


def _help_literal(definition: Definition | None, detail: ErrorDetails) -> str | None:
    """Guess which of a few words was meant."""
    words = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
    meant = suggest(str(definition.value), words) if definition else None
    return f'did you mean "{meant}"?' if meant else None


def _unknown_key(
    path: KeyPath, variant: str | None, origins: Origins, others: OtherProfiles
) -> Diagnostic:
    definition = origins.nearest(path)
    parent = origins.root.find(path[:-1])
    help_ = None
    owners = parent.owners(path[-1]) if parent and parent.tag else []
    if parent and owners and variant:
        kinds = " or ".join(f'"{name}"' for name in owners)
        help_ = f'the key belongs to {parent.tag} = {kinds}, and {parent.tag} is "{variant}" here'
        help_ += _other_profile((*path[:-1], str(parent.tag)), owners, definition, others)
    elif parent:
        keys = parent.children(variant)
        meant = suggest(path[-1], _likely_keys(keys, definition, is_top=len(path) == 1))
        help_ = f"did you mean `{meant}`?" if meant else f"keys: {', '.join(keys)}"
    label = (label_key(definition),) if definition else ()
    tag = _tag_label(path[:-1], parent, origins) if owners and variant else ()
    return Diagnostic("extra_forbidden", ".".join(path), "unknown key", label + tag, (), help_)


def _other_profile(
    tag: KeyPath, owners: Sequence[str], definition: Definition | None, others: OtherProfiles
) -> str:
    """Say what to write when a variable is around that is meant for another profile."""
    if definition is None or not isinstance(definition.origin, VariableOrigin):
        return ""
    profile = others.find(tag, owners)
    choose = f"write {others.schema.profile_variable}={profile}, or " if profile else "write "
    return f"; {choose}`unset {definition.origin.describe()}`"


def _likely_keys(
    keys: Mapping[str, Node], definition: Definition | None, *, is_top: bool
) -> list[str]:
    """Return the keys that may have been meant: a table is no setting, and no setting a table."""
    if definition is None or not isinstance(definition.value, dict):
        return list(keys)
    tables = [key for key, node in keys.items() if not node.is_leaf]
    return [*tables, "profiles"] if is_top else tables or list(keys)


def _tag_label(table: KeyPath, node: Node | None, origins: Origins) -> tuple[Label, ...]:
    definition = origins.winners.get((*table, node.tag)) if node and node.tag else None
    known = definition is not None and definition.origin.layer != "default"
    return (label_value(definition, origins.root),) if definition and known else ()


def _missing(
    path: KeyPath, node: Node | None, origins: Origins, schema: Schema[SettingsModel]
) -> Diagnostic:
    inside = origins.nearest(path[:-1])
    label = (
        (label_table(inside, path[:-1]),)
        if inside and inside.path[: len(path) - 1] == path[:-1]
        else ()
    )
    name = schema.variable_name(path)
    # Of a secret the file is not offered: it is where a secret should not stand.
    ways = [name, f"{name}_FILE"] if node and node.is_secret else [".".join(path), name]
    profile = origins.lineage[0] if origins.lineage else "dev"
    message = f"required by profile `{profile}`"
    return Diagnostic(
        "missing", ".".join(path), message, label, (), f"set {', '.join(ways[:-1])} or {ways[-1]}"
    )


def _wrong_kind(path: KeyPath, node: Node, origins: Origins) -> Diagnostic:
    subject = (*path, str(node.tag))
    definition = origins.winners.get(subject) or origins.nearest(path)
    known = ", ".join(f'"{name}"' for name in node.variants)
    value: object = definition.value if definition and definition.path == subject else None
    meant = suggest(value, node.variants) if isinstance(value, str) else None
    help_: str | None
    if value is None:
        message, help_ = f"required, one of {known}", f"add {node.tag}"
    else:
        message, help_ = f"input should be one of {known}", None
    if meant:
        help_ = f'did you mean "{meant}"?'
    label = (label_value(definition, origins.root),) if definition else ()
    notes = _shadow_notes(subject, origins)
    return Diagnostic("union_tag_invalid", ".".join(subject), message, label, notes, help_)
