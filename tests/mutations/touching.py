"""Which tests look at which lines: one run under coverage, kept for the next.

What is executed while modules are imported, such as a statement of SQL, no test touches by itself:
those look at it who touch a line that names it, however far.
"""

import ast
import hashlib
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.mutations import trials
from tests.mutations.mutants import Mutant

ROOT = Path(__file__).parents[2]
FOLDERS = (
    *("tests/jobs", "tests/settings", "tests/unit", "tests/graph", "tests/sql", "tests/sources"),
    "tests/contract",
)
OTHER_HOMES = {
    "postgres", "hyperdrive", "edge-postgres", "edge-d1", "sqlite-mounted", "sqlite-root-path",
}  # fmt: skip
COMPARING = ("golden_sql", "architecture", "house", "borders", "docs", "schema", "query_plans")
"""Tests that compare texts, or look at the whole: they see no behaviour."""

MAX_SECONDS = 5
"""A slower test looks at nothing here."""


@dataclass(frozen=True)
class Touching:
    """Which tests there are, and what they touch."""

    seconds: dict[str, float]
    """How long each test took."""

    lines: dict[str, dict[int, list[str]]]
    """By module's path and line, the tests that executed it."""

    imported: dict[str, set[int]]
    """By module's path, the lines that are executed by importing it."""

    def is_imported(self, mutant: Mutant) -> bool:
        """Tell whether a mutant acts, at least in part, while its module is imported."""
        lines = self.imported.get(relative(mutant.path), set())
        return any(line in lines for line in lines_of(mutant))

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that look at a mutant: fast ones first, and of each function one."""
        path = relative(mutant.path)
        found = self._touching(path, lines_of(mutant))
        if self.is_imported(mutant):
            found |= self._naming(path, mutant.line)
        return self._spread(found)

    def _spread(self, tests: set[str]) -> list[str]:
        """Sort tests, a parameter more of a function for as much time as one of another."""
        seen: dict[str, float] = defaultdict(float)
        costs: dict[str, float] = {}
        for test in sorted(tests, key=lambda test: (self.seconds[test], test)):
            seen[test.partition("[")[0]] += self.seconds[test]
            costs[test] = seen[test.partition("[")[0]]
        return sorted(tests, key=lambda test: (costs[test], test))

    def _touching(self, path: str, lines: range) -> set[str]:
        touched = self.lines.get(path, {})
        return {test for line in lines for test in touched.get(line, ())}

    def _naming(self, path: str, line: int) -> set[str]:
        """Return the tests that touch what names the top level's statement of a line."""
        found: set[str] = set()
        waiting = [(path, name) for name in self._modules[path].bound_at(line)]
        seen = set(waiting)
        while waiting:
            path, name = waiting.pop()
            for other, module in self._modules.items():
                if other != path and dotted(path) not in module.imports:
                    continue
                for used in module.uses.get(name, ()):
                    found |= self._touching(other, range(used.lineno, used.end_lineno + 1))
                    new = {(other, bound) for bound in module.bound_at(used.lineno)} - seen
                    seen |= new
                    waiting.extend(new)
        return found

    @cached_property
    def _modules(self) -> dict[str, "_Module"]:
        found = sorted((ROOT / "inkcre").rglob("*.py"))
        return {relative(path): _Module.read(path) for path in found}


@dataclass(frozen=True)
class _Use:
    lineno: int
    end_lineno: int


@dataclass(frozen=True)
class _Module:
    """What a module binds, uses and imports."""

    bound: list[tuple[range, tuple[str, ...]]]
    uses: dict[str, list[_Use]]
    imports: set[str]

    def bound_at(self, line: int) -> tuple[str, ...]:
        """Return the names that the top level's statement of a line binds."""
        return next((names for lines, names in self.bound if line in lines), ())

    @classmethod
    def read(cls, path: Path) -> "_Module":
        """Read a module."""
        tree = ast.parse(path.read_text())
        bound = [(_span(node), tuple(_names(node))) for node in tree.body]
        uses: dict[str, list[_Use]] = defaultdict(list)
        imports: set[str] = set()
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                    uses[name].append(_Use(node.lineno, node.end_lineno or node.lineno))
                case ast.ImportFrom(module=str(module)):
                    imports |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
        return cls(bound, uses, imports)


def _names(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Assign() | ast.AnnAssign():
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    yield inner.id


def _span(node: ast.stmt) -> range:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return range(first, (node.end_lineno or node.lineno) + 1)


def lines_of(mutant: Mutant) -> range:
    """Return the lines of the innermost statement that a mutant is in; of a block, its head."""
    found: ast.stmt | None = None
    for node in ast.walk(ast.parse(mutant.path.read_text())):
        if isinstance(node, ast.stmt) and mutant.line in _span(node):
            found = node  # walked from the outside to the inside
    assert found is not None, mutant
    span = _span(found)
    match found:
        case ast.If(body=body) | ast.For(body=body) | ast.While(body=body) | ast.With(body=body):
            return range(span.start, max(body[0].lineno, span.start + 1))
        case ast.FunctionDef(body=body) | ast.ClassDef(body=body):
            return range(span.start, max(body[0].lineno, span.start + 1))
    return span


def relative(path: Path) -> str:
    """Return a path as it is seen from the checkout."""
    return path.relative_to(ROOT).as_posix()


def dotted(path: str) -> str:
    """Return the name of the module that a path is of."""
    return path.removesuffix(".py").replace("/", ".")


def read_touching() -> Touching:
    """Return what tests touch, of a file that is written when there is none for this code."""
    kept = ROOT / "build" / "mutations" / f"{_digest()}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        print("tests run once under coverage; it takes some minutes", flush=True)
        status = trials.in_child(lambda: _record(kept), seconds=3600)
        assert kept.exists(), f"the run under coverage ended with {status}"
    read = json.loads(kept.read_text())
    tests = list(read["seconds"])
    return Touching(
        seconds=read["seconds"],
        lines={
            path: {int(line): [tests[number] for number in numbers] for line, numbers in of.items()}
            for path, of in read["lines"].items()
        },
        imported={path: set(lines) for path, lines in read["imported"].items()},
    )


def _digest() -> str:
    """Name the code: what is committed, and what is not yet."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard", "inkcre", *FOLDERS, ":(glob)tests/*.py"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    found = hashlib.sha256()
    for name in sorted(filter(None, names.split("\0"))):
        if (ROOT / name).is_file():
            found.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return found.hexdigest()[:16]


class Recorder:
    """A plugin that tells coverage which test runs, and keeps how long it took."""

    def __init__(self, covering: coverage.Coverage) -> None:
        self._covering = covering
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave the tests of other homes out, and those that compare texts."""
        items[:] = [item for item in items if not _is_out(item)]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Name a test while it runs."""
        self._covering.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._covering.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep how a test went."""
        self.seconds[report.nodeid] += report.duration
        if not report.passed:
            self.failed.add(report.nodeid)


def _is_out(item: pytest.Item) -> bool:
    """Tell whether a test is of another home, or compares texts."""
    params: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
    return (
        any(f"/test_{name}.py" in item.nodeid for name in COMPARING)
        or bool(OTHER_HOMES & {str(value) for value in params.values()})
        or any("postgres" in name for name in getattr(item, "fixturenames", ()))
    )


def _record(kept: Path) -> int:
    """Run the tests under coverage, and write what they touched."""
    covering = coverage.Coverage(data_file=None, source=[str(ROOT / "inkcre")])
    covering.set_option("run:core", "ctrace")  # the default of newer Pythons knows no contexts
    trials.forget_modules()
    covering.start()
    recorder = Recorder(covering)
    started = time.monotonic()
    status = trials.run_tests(FOLDERS, recorder)
    covering.stop()
    assert recorder.seconds, f"no test ran: {status}"
    left = {t for t, s in recorder.seconds.items() if s > MAX_SECONDS} | recorder.failed
    tests = {test: s for test, s in recorder.seconds.items() if test not in left}
    numbers = {test: number for number, test in enumerate(tests)}
    data = covering.get_data()
    lines: dict[str, dict[int, list[int]]] = {}
    imported: dict[str, list[int]] = {}
    for name in data.measured_files():
        path = relative(Path(name))
        by_line = data.contexts_by_lineno(name)
        lines[path] = {
            line: [numbers[test] for test in found if test in numbers]
            for line, found in by_line.items()
        }
        imported[path] = [line for line, found in by_line.items() if "" in found]
    kept.write_text(json.dumps({"seconds": tests, "lines": lines, "imported": imported}))
    print(
        f"{len(tests)} tests in {time.monotonic() - started:.0f} s, without {sorted(left)}",
        file=sys.stderr,
    )
    return status
