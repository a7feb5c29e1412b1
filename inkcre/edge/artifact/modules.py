"""Which modules a Worker needs, of ours and of its application: all that its entry reaches."""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from inkcre.edge.artifact.statements import walk_statements
from inkcre.errors import BadReference

NAME = "inkcre"


def collect_modules(
    entry: str,
    *,
    adapters: Iterable[str],
    parts: Collection[str],
    without: Collection[str] = (),
) -> dict[str, bytes]:
    """Return the source of the modules that ``entry`` reaches, by path such as ``inkcre/app.py``.

    Of this package, and of those that the parts are in. An import inside a function counts as well;
    it may run.

    Args:
        entry: the text of the Worker's entry.
        adapters: the only ones that are taken, as ``database.d1``: the assembly names them all, and
            imports the ones that were chosen.
        parts: modules that nobody imports by name: records refer to them in text.
        without: what is imported inside of functions that no Worker calls.

    Raises:
        BadReference: there is no such part.
    """
    packages = _find_packages({NAME, *(part.partition(".")[0] for part in parts)})
    wanted = {f"{NAME}.adapters.{adapter}" for adapter in adapters}
    found: dict[str, Path] = {}
    for part in parts:
        if _source(packages, part) is None:
            raise BadReference(
                f"{part}: there is no such module",
                hint="look at the references of the application's parts",
            )
    waiting = [*_imports(ast.parse(entry)), *wanted, *parts]
    while waiting:
        name = waiting.pop()
        path = _source(packages, name)
        if path is None or name in found or (_is_adapter(name) and name not in wanted):
            continue
        if name in without:
            continue
        found[name] = path
        waiting += _parents(name)
        imported = list(_imports(ast.parse(path.read_bytes())))
        if _is_adapter(name) or name.partition(".")[0] != NAME:
            # What an adapter imports beside it is shared, and no choice; nor what a part imports.
            wanted.update(module for module in imported if _is_adapter(module))
        waiting += imported
    files = {_place(packages, name, path): path for name, path in found.items()}
    return {place: files[place].read_bytes() for place in sorted(files)}


def _find_packages(names: Iterable[str]) -> Mapping[str, Path]:
    """Return where packages, or modules that are in none, lie."""
    found = {}
    for name in names:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise BadReference(
                f"{name}: there is no such package", hint="install it, or name another"
            )
        origin = Path(spec.origin)
        found[name] = origin.parent if origin.name == "__init__.py" else origin.with_suffix("")
    return found


def _place(packages: Mapping[str, Path], name: str, path: Path) -> str:
    return path.relative_to(packages[name.partition(".")[0]].parent).as_posix()


def _is_adapter(name: str) -> bool:
    parts = name.split(".")
    return parts[:2] == [NAME, "adapters"] and len(parts) == 4


def _source(packages: Mapping[str, Path], name: str) -> Path | None:
    top, *inner = name.split(".")
    if top not in packages:
        return None
    path = packages[top].joinpath(*inner)
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
