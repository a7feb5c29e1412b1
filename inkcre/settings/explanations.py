"""All that can be said about one setting, or about a table of them."""

import difflib
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from pydantic_core import PydanticUndefined

from inkcre.settings.descriptions import describe_meaning, describe_values
from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.leaves import Leaf, effective_value, show_value
from inkcre.settings.loader import Inspection
from inkcre.settings.masks import MASK, mask, show_key
from inkcre.settings.model import SettingsModel
from inkcre.settings.nodes import KeyPath, Node
from inkcre.settings.origins import Definition
from inkcre.settings.renderers import visible
from inkcre.settings.report import SettingsError
from inkcre.settings.schema import Schema
from inkcre.settings.service_links import find_service_links

SERVICE_LINK = (
    "is no setting, and is ignored: Kubernetes sets it for a service of this name"
    " (enableServiceLinks: false in the pod turns that off)"
)


@dataclass(frozen=True)
class ShownDefinition:
    """A definition, as it may be shown."""

    value: str
    layer: str
    place: str


@dataclass(frozen=True)
class Explanation:
    """All about one setting."""

    key: str
    description: str
    holds: ShownDefinition | None
    """The definition that holds; None when the setting is not in force."""

    hides: tuple[ShownDefinition, ...]
    """The weaker definitions, strongest first, the default last."""

    type: str
    allowed: str | None
    default: str | None
    variables: tuple[str, ...]
    rules: tuple[str, ...]
    """Constraints and checks that are about the setting."""

    not_in_force: str | None
    """Why the setting has no value here; None when it has one."""

    problems: tuple[str, ...]
    """What is wrong with its value."""

    def as_json(self) -> dict[str, object]:
        """Return the explanation as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class TableExplanation:
    """All about a table: the settings in it that are in force."""

    key: str
    description: str
    settings: tuple[tuple[str, str, str], ...]
    """Key, value and place of each."""

    def as_json(self) -> dict[str, object]:
        """Return the explanation as plain data."""
        names = ("key", "value", "place")
        settings = [dict(zip(names, row, strict=True)) for row in self.settings]
        return {"key": self.key, "description": self.description, "settings": settings}


def explain_key(key: str, found: Inspection[SettingsModel]) -> Explanation | TableExplanation:
    """Explain a setting or a table, by its key or by its variable.

    Raises:
        SettingsError: there is no such setting.
    """
    if key.startswith(found.schema.prefix):
        if key in find_service_links(found.environ, found.schema.prefix):
            return TableExplanation(key, SERVICE_LINK, ())
        key = ".".join(found.schema.path_of_variable(key.removesuffix("_FILE")))
    path = tuple(key.split("."))
    node = _active_node(path, found) or found.schema.root.find(path)
    if node is None:
        raise SettingsError([unknown_setting(key, found.schema)], found.schema.command)
    leaves = found.leaves()
    if node.is_leaf:
        leaf = next((leaf for leaf in leaves if leaf.path == path), None)
        return _explain_leaf(path, node, leaf, found)
    inside = [leaf for leaf in leaves if leaf.path[: len(path)] == path]
    rows = tuple((leaf.key, leaf.show(), leaf.origin.describe()) for leaf in inside)
    return TableExplanation(mask(key), node.description, rows)


def unknown_setting(key: str, schema: Schema[SettingsModel]) -> Diagnostic:
    """Tell that there is no such setting, and which have names like it."""
    if schema.is_unread(tuple(key.split("."))):
        return Diagnostic(
            "not_enabled",
            show_key(key),
            "belongs to an extension that is not enabled here",
            help="name a profile that enables it: --profile NAME",
        )
    known = [".".join(path) for path, _ in schema.root.walk_leaves()]
    tables = {".".join(path.split(".")[:-1]) for path in known} - {""}
    near = difflib.get_close_matches(key, [*known, *sorted(tables)], n=3, cutoff=0.6)
    help_ = (
        f"did you mean {' or '.join(near)}?"
        if near
        else f"`{schema.command} config show` lists the keys"
    )
    return Diagnostic("extra_forbidden", show_key(key), "unknown key", help=help_)


def _active_node(path: KeyPath, found: Inspection[SettingsModel]) -> Node | None:
    """Find the node in the variants that hold: the same key may mean another thing in each."""
    node: Node | None = found.schema.root
    for depth, name in enumerate(path):
        if node is None:
            return None
        tag = effective_value(found.origins, (*path[:depth], node.tag)) if node.tag else None
        node = node.item or node.children(str(tag) if tag else None).get(name)
    return node


def _explain_leaf(
    path: KeyPath, node: Node, leaf: Leaf | None, found: Inspection[SettingsModel]
) -> Explanation:
    parent = found.schema.root.find(path[:-1])
    is_tag = parent is not None and parent.tag == path[-1]
    values = describe_values(node, parent.variants if parent and is_tag else ())
    default = parent.default_tag if parent and is_tag else _default(node)
    return Explanation(
        key=mask(".".join(path)),
        description=describe_meaning(node, parent, path[-1]),
        holds=_hold(leaf) if leaf else None,
        hides=tuple(_hidden(leaf, default, node, found.origins.weaker(path))),
        type=values.type,
        allowed=values.allowed,
        default=default,
        variables=_variables(path, node, found.schema),
        rules=tuple(_rules(path, found.schema)),
        not_in_force=None if leaf else _why_not(path, found),
        problems=tuple(_problems(path, found)),
    )


def _problems(path: KeyPath, found: Inspection[SettingsModel]) -> Iterator[str]:
    key = ".".join(path)
    variables = (name := found.schema.variable_name(path), f"{name}_FILE")
    for problem in found.problems:
        # An element of a list counts as the list.
        is_ours = problem.subject == key or problem.subject.startswith(f"{key}.")
        if is_ours or problem.subject in variables:
            yield problem.message + (f"; {problem.help}" if problem.help else "")


def _variables(path: KeyPath, node: Node, schema: Schema[SettingsModel]) -> tuple[str, ...]:
    """Name the variables that set it; a binding's name may be one that no variable can say."""
    name = schema.variable_name(path)
    if schema.path_of_variable(name) != path:
        return ()
    return (name, f"{name}_FILE") if node.is_secret else (name,)


def _hold(leaf: Leaf) -> ShownDefinition:
    return ShownDefinition(leaf.show(), leaf.origin.layer, leaf.origin.describe())


def _hidden(
    leaf: Leaf | None, default: str | None, node: Node, weaker: tuple[Definition, ...]
) -> Iterator[ShownDefinition]:
    for definition in weaker:
        value = MASK if node.is_secret else show_value(definition.value, node)
        yield ShownDefinition(value, definition.origin.layer, definition.origin.describe())
    if leaf and leaf.origin.layer != "default" and default is not None:
        yield ShownDefinition(default, "default", "default")


def _default(node: Node) -> str | None:
    default = node.info.default if node.info else None
    return None if default in (None, PydanticUndefined) else show_value(default, node)


def _rules(path: KeyPath, schema: Schema[SettingsModel]) -> Iterator[str]:
    for constraint in schema.rules.constraints:
        if path in constraint.paths:
            yield constraint.sentence
    key = ".".join(("bindings", "NAME", *path[2:]) if path[0] == "bindings" else path)
    for check in schema.rules.list_checks():
        if check.mentions(key):
            yield f"{check.id}: {check.title}"


def _why_not(path: KeyPath, found: Inspection[SettingsModel]) -> str:
    """Find the table on the way whose kind has not got the next key."""
    for depth in range(len(path)):
        node = _active_node(path[:depth], found)
        owners = node.owners(path[depth]) if node and node.tag else []
        if node and node.tag and owners:
            tag = effective_value(found.origins, (*path[:depth], node.tag))
            if tag is not None and tag not in owners:
                words = " or ".join(f'"{name}"' for name in owners)
                table = ".".join(path[:depth])
                tag = mask(str(tag))
                return f'the key belongs to {table}.{node.tag} = {words}, and that is "{tag}" here'
    return f"there is no table [{mask('.'.join(path[:-1]))}] here"


def render_explanation(explanation: Explanation | TableExplanation) -> str:
    """Write an explanation for people."""
    lines = [f"[{explanation.key}]  {explanation.description}"]
    if isinstance(explanation, TableExplanation):
        lines += [f"  {key} = {value}  ({place})" for key, value, place in explanation.settings]
    else:
        value = explanation.holds.value if explanation.holds else "(not in force)"
        lines = [f"{explanation.key} = {value}", f"  {explanation.description}", ""]
        lines += [f"  {name:<9} {text}".rstrip() for name, text in _rows(explanation)]
    return "\n".join(visible(line) for line in lines)


def _rows(explanation: Explanation) -> Iterator[tuple[str, str]]:
    holds = explanation.holds
    if holds:
        yield (
            "from",
            holds.place if holds.place == holds.layer else f"{holds.place} ({holds.layer})",
        )
    for index, problem in enumerate(explanation.problems):
        yield "" if index else "wrong", problem
    if explanation.not_in_force:
        yield "why", explanation.not_in_force
    for index, source in enumerate(explanation.hides):
        yield "" if index else "hides", f"{source.value}  from {_place(source)}"
    yield "type", explanation.type
    if explanation.allowed:
        yield "allowed", explanation.allowed
    yield "default", explanation.default if explanation.default is not None else "(none)"
    if explanation.variables:
        yield "variable", " or ".join(explanation.variables)
    for index, rule in enumerate(explanation.rules):
        yield "" if index else "rules", rule


def _place(source: ShownDefinition) -> str:
    return source.place if source.place == source.layer else f"{source.place} ({source.layer})"
