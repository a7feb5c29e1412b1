"""What may be wrong in a module: each mutant is one small change of its syntax tree."""

import ast
import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutations.changes import Change, changes_of

AROUND = 40
"""How many characters are shown before and behind what differs."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change in it."""

    path: Path
    kind: str
    line: int
    before: str
    after: str
    node: int
    """Which node is replaced, as ``ast.walk`` counts them."""

    change: Change

    def tree(self) -> ast.Module:
        """Return the tree of the module, changed."""
        tree = ast.parse(self.path.read_text())
        node = list(ast.walk(tree))[self.node]
        _Replaced(node, self.change.new).visit(tree)
        return ast.fix_missing_locations(tree)


class _Replaced(ast.NodeTransformer):
    """Puts a node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, ast.copy_location(copy.deepcopy(new), old)

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace the node, or what is in it."""
        return self._new if node is self._old else self.generic_visit(node)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Yield every mutant of a module."""
    tree = ast.parse(path.read_text())
    words = _words(tree)
    for number, node in enumerate(ast.walk(tree)):
        if id(node) in words or not isinstance(node, ast.expr | ast.stmt):
            continue
        for change in changes_of(node):
            shown = _around_difference(_written(node), _written(change.new))
            yield Mutant(path, change.kind, node.lineno, *shown, number, change)


def draw(mutants: list[Mutant], count: int, chance: random.Random) -> list[Mutant]:
    """Draw some, so that a kind of which there are many does not push the others out."""
    kinds: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        kinds.setdefault(mutant.kind, []).append(mutant)
    drawn: list[Mutant] = []
    while kinds and len(drawn) < count:
        [kind] = chance.choices(list(kinds), [len(left) ** 0.5 for left in kinds.values()])
        drawn.append(kinds[kind].pop(chance.randrange(len(kinds[kind]))))
        if not kinds[kind]:
            del kinds[kind]
    return sorted(drawn, key=lambda mutant: (mutant.path, mutant.line))


def _words(tree: ast.Module) -> set[int]:
    """Return the nodes that nothing comes of: docstrings, annotations, names of loggers."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()):
                found.append(node)
            case ast.AnnAssign(annotation=words) | ast.arg(annotation=ast.expr() as words):
                found.append(words)
            case ast.FunctionDef(returns=ast.expr() as words):
                found.append(words)
            case ast.Import() | ast.ImportFrom():
                found.append(node)
            case ast.Call(func=ast.Name(id="dataclass") | ast.Attribute(attr="getLogger")):
                found.append(node)
    return {id(inner) for node in found for inner in ast.walk(node)}


def _written(node: ast.AST) -> str:
    """Write a node in one line."""
    return " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())


def _around_difference(before: str, after: str) -> tuple[str, str]:
    """Cut two texts to where they differ, with something of what is around it."""
    start = _common(before, after)
    end = min(_common(before[::-1], after[::-1]), len(before) - start, len(after) - start)
    first, last = max(0, start - AROUND), max(0, end - AROUND)
    return before[first : len(before) - last], after[first : len(after) - last]


def _common(one: str, other: str) -> int:
    """Count the characters that two texts begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
