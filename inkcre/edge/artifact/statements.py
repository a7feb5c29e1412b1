"""Statements of a parsed module: what looks for definitions and imports need not see expressions.

Those are most of a tree, and walking it was a quarter of a build.
"""

import ast
from collections.abc import Iterator

NESTED = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where statements hold others: https://docs.python.org/3/library/ast.html#abstract-grammar"""


def walk_statements(module: ast.Module) -> Iterator[ast.AST]:
    """Yield a module and every statement in it, at any depth, in no particular order."""
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        yield node
        for name in NESTED:
            waiting += getattr(node, name, ())
