"""Put layers on top of each other.

    | what meets                    | what holds                                          |
    |-------------------------------|-----------------------------------------------------|
    | two values                    | the stronger one                                    |
    | two lists                     | the stronger one, whole                             |
    | two tables                    | both, key by key                                    |
    | a table and a value           | the stronger one, whole                             |
    | two tagged tables, same tag   | both, key by key                                    |
    | two tagged tables, other tag  | the stronger one: nothing of the other kind is left |
    |                               | (a key that only the new kind has was meant for it) |

What does not hold is kept, as shadowed, for those who explain.
"""

from collections.abc import Iterable, Iterator, Mapping

from inkcre.settings.nodes import KeyPath, Node
from inkcre.settings.origins import DefaultOrigin, Definition, Layer, Origin, Origins


def flatten(
    data: Mapping[str, object], node: Node, path: KeyPath = ()
) -> Iterator[tuple[KeyPath, object]]:
    """Yield the leaves of nested tables.

    A value that the settings do not know is a leaf, even a table: it will be reported whole.
    An empty table is a leaf too, so that it has a place.
    """
    for key, value in data.items():
        child = node.child(key)
        if isinstance(value, dict) and value and child and not child.is_leaf:
            yield from flatten(value, child, (*path, key))
        else:
            yield (*path, key), value


def merge(layers: Iterable[Layer], root: Node) -> Origins:
    """Merge layers of definitions of a model, weakest first."""
    merge_ = _Merge(root)
    for layer in layers:
        merge_.add(layer)
    merge_.fill_tags()
    shadowed = {path: tuple(definitions) for path, definitions in merge_.shadowed.items()}
    return Origins(merge_.winners, shadowed, root=root)


def nest(origins: Origins) -> dict[str, object]:
    """Build nested tables from the definitions that hold."""
    tree: dict[str, object] = {}
    for path, definition in origins.winners.items():
        table = open_table(tree, path[:-1])
        if definition.value == {}:
            table.setdefault(path[-1], {})
        else:
            table[path[-1]] = definition.value
    return tree


def open_table(tree: dict[str, object], keys: Iterable[str]) -> dict[str, object]:
    """Return the table at some keys, made where it is missing."""
    table = tree
    for key in keys:
        inner = table.setdefault(key, {})
        assert isinstance(inner, dict)
        table = inner
    return table


class _Merge:
    def __init__(self, root: Node) -> None:
        self.root = root
        self.winners: dict[KeyPath, Definition] = {}
        self.shadowed: dict[KeyPath, list[Definition]] = {}

    def add(self, layer: Layer) -> None:
        for definition in layer.definitions:
            # Kinds before all else: what stands beside one in the same layer is of the new kind.
            node = self.root.find(definition.path[:-1])
            if node and node.tag == definition.path[-1]:
                self._switch(definition, node)
        for definition in layer.definitions:
            self._put(definition)

    def _switch(self, definition: Definition, node: Node) -> None:
        """Drop what is under a tagged table when its tag changes."""
        table = definition.path[:-1]
        current = self.winners.get(definition.path)
        tag = current.value if current else node.default_tag
        if tag == definition.value:
            return
        kept = node.only_in(str(definition.value), str(tag))
        for path in [p for p in self.winners if p[: len(table)] == table]:
            if path[len(table) :][:1] not in kept:
                self._shadow(path)

    def _put(self, definition: Definition) -> None:
        path = definition.path
        declares_only = definition.value == {}
        for length in range(1, len(path)):
            above = self.winners.get(path[:length])
            if above and above.value != {}:
                self._shadow(path[:length])
        below = [p for p in self.winners if len(p) > len(path) and p[: len(path)] == path]
        if declares_only and below:
            return
        for other in below:
            self._shadow(other)
        if path in self.winners:
            self._shadow(path)
        self.winners[path] = definition

    def _shadow(self, path: KeyPath) -> None:
        self.shadowed.setdefault(path, []).insert(0, self.winners.pop(path))

    def fill_tags(self) -> None:
        """Write down the default tag of tagged tables that somebody filled without naming one."""
        tables = {p[:n] for p in self.winners for n in range(1, len(p))}
        origin: Origin = DefaultOrigin()
        for table in sorted(tables, key=len):
            node = self._active_node(table)
            if node and node.tag and (*table, node.tag) not in self.winners and node.default_tag:
                path = (*table, node.tag)
                self.winners[path] = Definition(path, node.default_tag, origin)

    def _active_node(self, table: KeyPath) -> Node | None:
        """Find the node of a table in the variants that hold, since a default depends on them."""
        node: Node | None = self.root
        for depth, key in enumerate(table):
            if node is None:
                return None
            tag = self.winners.get((*table[:depth], node.tag)) if node.tag else None
            variant = str(tag.value) if tag else None
            node = node.item or node.children(variant).get(key)
        return node
