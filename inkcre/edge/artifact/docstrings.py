"""Docstrings of packages, left out of the artifact: they are a quarter of it, and stay in memory.

What ``python -OO`` does where it can be asked for. They become empty rather than None, for some
packages put texts of their own into them; and lines keep their numbers, for tracebacks.
https://docs.python.org/3/using/cmdline.html#cmdoption-OO
"""

import ast
from collections.abc import Iterator
from functools import lru_cache

from inkcre.edge.artifact.statements import walk_statements

EMPTY = b'""'


@lru_cache(maxsize=2048)  # a second artifact in a process has the same packages
def leave_out_docstrings(source: bytes) -> bytes:
    """Return Python source without its docstrings; what this Python cannot parse as it is."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # of a newer Python, or no UTF-8
        return source
    lines = source.splitlines(keepends=True)
    for found in reversed(list(_docstrings(tree))):
        first, last = found.lineno - 1, (found.end_lineno or found.lineno) - 1
        head = lines[first][: found.col_offset]
        tail = lines[last][found.end_col_offset :]
        lines[first : last + 1] = [head + EMPTY + tail, *[b"\n"] * (last - first)]
    return b"".join(lines)


def _docstrings(tree: ast.Module) -> Iterator[ast.Expr]:
    """Yield docstrings in the order of the text."""
    found: list[ast.Expr] = []
    for node in walk_statements(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            match node.body[:1]:
                case [ast.Expr(value=ast.Constant(value=str())) as first]:
                    found.append(first)
    yield from sorted(found, key=lambda expression: expression.lineno)
