"""Which of our own modules a Worker needs: those that its entry imports, and those behind them."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from inkcre.edge.artifact.statements import walk_statements

PACKAGE = Path(__file__).parents[2]
NAME = PACKAGE.name


OF_PROCESSES = frozenset(
    f"{NAME}.{module}" for module in ("jobs.threads", "sources.types.folder", "sources.pages.heavy")
)
"""What is imported inside of functions that no Worker calls."""


def collect_modules(entry: str, adapters: Iterable[str]) -> dict[str, bytes]:
    """Return the source of our modules that ``entry`` reaches, by path such as ``inkcre/app.py``.

    An import inside a function counts as well; it may run. Adapters are only those named, as
    ``database.d1``: the assembly names them all, and imports the ones that were chosen.
    """
    wanted = {f"{NAME}.adapters.{adapter}" for adapter in adapters}
    found: dict[str, Path] = {}
    waiting = [*_imports(ast.parse(entry)), *wanted]
    while waiting:
        name = waiting.pop()
        path = _source(name)
        if path is None or name in found or (_is_adapter(name) and name not in wanted):
            continue
        if name in OF_PROCESSES:
            continue
        found[name] = path
        waiting += _parents(name)
        imported = list(_imports(ast.parse(path.read_bytes())))
        if _is_adapter(name):
            # What an adapter imports beside it is shared, and no choice.
            wanted.update(module for module in imported if _is_adapter(module))
        waiting += imported
    files = {path.relative_to(PACKAGE.parent).as_posix(): path for path in found.values()}
    return {name: files[name].read_bytes() for name in sorted(files)}


def _is_adapter(name: str) -> bool:
    parts = name.split(".")
    return parts[:2] == [NAME, "adapters"] and len(parts) == 4


def _source(name: str) -> Path | None:
    if name.split(".", maxsplit=1)[0] != NAME:
        return None
    path = PACKAGE.parent.joinpath(*name.split("."))
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if candidate.is_file():
            return candidate
    return None  # a name inside a module


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts)))


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that may be meant: ``from a import b`` names ``a`` and perhaps ``a.b``."""
    for node in walk_statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
