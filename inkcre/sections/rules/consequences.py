"""What follows from one setting for another that nobody chose.

Files of a base in memory belong to it and end with it. Kept elsewhere, they would lie there with
nothing that names them, or among the files of another base.
"""

from dataclasses import replace

from inkcre.settings.leaves import effective_value
from inkcre.settings.nodes import KeyPath, Node
from inkcre.settings.origins import (
    ConsequenceOrigin,
    DefaultOrigin,
    Definition,
    Origin,
    Origins,
    TomlOrigin,
)
from inkcre.settings.profiles import package_profiles
from inkcre.settings.section import IN_MEMORY

MEMORY = "memory"
DATABASE_KIND: KeyPath = ("database", "kind")
DATABASE_PATH: KeyPath = ("database", "path")
STORAGE_KIND: KeyPath = ("storage", "kind")


def let_storage_follow(origins: Origins) -> Origins:
    """Put files in memory when the base is, and only a default or a packaged profile differs."""
    # Before there was this rule the first tick of such a base deleted what another one kept in
    # data/files.
    if not is_base_in_memory(origins) or effective_value(origins, STORAGE_KIND) == MEMORY:
        return origins
    if find_elsewhere(origins):
        return origins
    winners, shadowed = dict(origins.winners), dict(origins.shadowed)
    for path in [p for p, d in winners.items() if _is_elsewhere(d, origins.root)]:
        shadowed[path] = (winners.pop(path), *shadowed.get(path, ()))
    origin = ConsequenceOrigin(origins.of(DATABASE_PATH))
    winners[STORAGE_KIND] = Definition(STORAGE_KIND, MEMORY, origin)
    return replace(origins, winners=winners, shadowed=shadowed)


def is_base_in_memory(origins: Origins) -> bool:
    """Tell whether the base lives and dies with its process."""
    kind, path = (effective_value(origins, p) for p in (DATABASE_KIND, DATABASE_PATH))
    return bool(kind == "sqlite" and path == IN_MEMORY)


def find_elsewhere(origins: Origins) -> Definition | None:
    """Find what the user says that puts files anywhere but in memory: the kind, else another key.

    None when that is nothing, or gives way to a stronger word for memory.
    """
    if effective_value(origins, STORAGE_KIND) == MEMORY:
        return None
    named = [
        d
        for d in origins.winners.values()
        if _is_elsewhere(d, origins.root) and not _is_ours(d.origin)
    ]
    return min(named, key=lambda definition: definition.path != STORAGE_KIND, default=None)


def _is_elsewhere(definition: Definition, root: Node) -> bool:
    """Whether it is another kind, or a key that memory has not."""
    port, *inner = definition.path
    if port != "storage" or not inner:
        return False
    if definition.path == STORAGE_KIND:
        return bool(definition.value != MEMORY)
    node = root.find((port,))
    return node is not None and inner[0] not in node.children(MEMORY)


def _is_ours(origin: Origin) -> bool:
    """Whether it is a default, or stands in a profile that comes with the package."""
    if isinstance(origin, TomlOrigin):
        return origin.document.path.parent == package_profiles()
    return isinstance(origin, DefaultOrigin)
