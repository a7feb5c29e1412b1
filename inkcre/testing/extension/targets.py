"""The rule about Workers: what runs there imports nothing that they lack."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, packages_distributions
from importlib.util import find_spec
from pathlib import Path

from inkcre.extension import Extension
from inkcre.testing.extension.candidate import Candidate
from inkcre.testing.extension.imports import QUIET
from inkcre.testing.extension.references import REFERENCES
from inkcre.testing.extension.rules import Breach, ExtensionRule

LACKED = frozenset(
    {
        "_posixsubprocess", "_thread", "curses", "dbm", "ensurepip", "fcntl", "grp", "lzma",
        "msvcrt", "multiprocessing", "pwd", "readline", "resource", "select", "selectors",
        "signal", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "syslog", "termios",
        "threading", "tkinter", "turtle", "venv", "winreg",
        "concurrent.futures.process", "concurrent.futures.thread", "http.server",
    }
)  # fmt: skip
"""Of the standard library what is not there, or cannot do there what it is for: threads, processes,
sockets. https://pyodide.org/en/stable/usage/wasm-constraints.html."""

OF_PROCESSES = (
    "inkcre.process", "inkcre.cli", "inkcre.jobs.threads", "inkcre.runtime.threads",
    "inkcre.sql.revisions", "inkcre.testing",
)  # fmt: skip
"""Of the framework what an artifact does not carry."""

STEP = 'import it in the function that uses it, in processes only, or write targets=("process",)'


def find_lacks(candidate: Candidate) -> Iterator[Breach]:
    """Yield what is imported, at whichever line, that a Worker cannot have."""
    if "workers" not in candidate.extension.targets:
        return
    waiting, seen = [*dict.fromkeys(candidate.extension.modules())], set[str]()
    while waiting:
        module = waiting.pop(0)
        source = _source(module) if module not in seen else None
        seen.add(module)
        if source is None:
            continue
        told: dict[int, str] = {}
        for line, name in _imports(ast.parse(source), module):
            is_own = name.partition(".")[0] == candidate.package
            fact = _tell_own_lack(name, candidate.extension) if is_own else _tell_lack(name)
            if is_own and not fact:
                waiting.append(name)
            if fact and line not in told:
                told[line] = f"imports {name}, {fact}"
        for line, fact in told.items():
            yield Breach(f"{module}, line {line}", fact, STEP)


def _tell_own_lack(name: str, extension: Extension) -> str | None:
    is_left_out = name in extension.process_only
    return "which is in process_only, so that no artifact has it" if is_left_out else None


def _source(module: str) -> bytes | None:
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None  # a name inside a module
    origin = spec.origin if spec else None
    return Path(origin).read_bytes() if origin and origin.endswith(".py") else None


def _imports(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """Yield what is imported when a module is: not in functions, nor for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module)
            yield node.lineno, base
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield from _imports(ast.Module([other], []), module)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _imports(node, module)


def _absolute(node: ast.ImportFrom, module: str) -> str:
    if not node.level:
        return node.module or ""
    spec = find_spec(module)
    parts = module.split(".")
    above = node.level - 1 if spec and spec.submodule_search_locations else node.level
    kept = parts[: len(parts) - above]
    return ".".join([*kept, node.module] if node.module else kept)


def _tell_lack(name: str) -> str | None:
    """Return why a Worker cannot have what is imported; None where it can."""
    top = name.partition(".")[0]
    if name in LACKED or top in LACKED:
        return "which Workers lack"
    if any(f"{name}.".startswith(f"{module}.") for module in OF_PROCESSES):
        return "which is of processes only"
    if top in sys.stdlib_module_names or top == "inkcre":
        return None
    for distribution in _distributions().get(top, ()):
        if distribution not in _carried() and not _is_pure(distribution):
            return f"of {distribution}, which is not of Python alone"
    return None


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Return which packages were installed by which distributions: it means reading all of them."""
    return packages_distributions()


def _is_pure(distribution: str) -> bool:
    told = Distribution.from_name(distribution).read_text("WHEEL") or ""
    return "root-is-purelib: false" not in told.lower()


@cache
def _carried() -> frozenset[str]:
    """Return the packages that every artifact carries: there are wheels of them for Workers."""
    found: set[str] = set()
    waiting = ["inkcre"]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        try:
            needed = Distribution.from_name(name).requires or []
        except PackageNotFoundError:
            continue
        waiting += [re.split(r"[^\w.-]", line)[0] for line in needed if "extra ==" not in line]
    return frozenset(found | {name.replace("-", "_") for name in found} | _original(found))


def _original(names: set[str]) -> set[str]:
    """Return the names as their packages write them."""
    found = set()
    for name in names:
        try:
            found.add(Distribution.from_name(name).metadata["Name"])
        except PackageNotFoundError:
            continue
    return found


WORKERS = ExtensionRule(
    "workers",
    "it imports nothing that Cloudflare Workers lack, or says by its targets that it runs in"
    " processes only",
    find_lacks,
    after=(REFERENCES, QUIET),
)
