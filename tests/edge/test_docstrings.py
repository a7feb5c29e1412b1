"""Docstrings that are left out of the artifact, and nothing else."""

import ast
from pathlib import Path

import pydantic
import pytest
import sqlalchemy

from inkcre.edge.artifact.docstrings import leave_out_docstrings
from tests.lengths import rounds

SOURCE = b'''"""Module."""
class A:
    """Class,
    of two lines.""" ; x = 1

    def f(self):
        r\'\'\'Raw\'\'\'  # a comment

    async def g(self): "one line"

def h():
    x = """no docstring"""
    return x
'''


def test_docstrings_become_empty_and_lines_keep_their_numbers() -> None:
    """Whatever they are written in; other texts stay."""
    left = leave_out_docstrings(SOURCE)
    assert left.count(b"\n") == SOURCE.count(b"\n")
    namespace: dict[str, object] = {}
    exec(compile(left, "x", "exec"), namespace)
    assert namespace["__doc__"] == ""
    assert namespace["A"].__doc__ == ""
    assert namespace["A"].x == 1  # type: ignore[attr-defined]
    assert namespace["h"]() == "no docstring"  # type: ignore[operator]
    assert b"# a comment" in left


@pytest.mark.parametrize("source", [b"match x:\n case {", b"\xff\xfe", b"", b"x = 1\n"])
def test_what_cannot_be_parsed_or_has_none_stays(source: bytes) -> None:
    """A newer Python's syntax is left to that Python."""
    assert leave_out_docstrings(source) == source


@pytest.mark.parametrize("package", [sqlalchemy, pydantic])
def test_packages_mean_the_same_without_them(package: object) -> None:
    """File by file, or one in a few: the same tree, on the same lines, but for the texts."""
    folder = Path(str(package.__file__)).parent  # type: ignore[attr-defined]
    saved = 0
    for path in sorted(folder.rglob("*.py"))[:: rounds(4, whole=1)]:
        source = path.read_bytes()
        left = leave_out_docstrings(source)
        saved += len(source) - len(left)
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                match node.body[:1]:
                    case [ast.Expr(value=ast.Constant(value=str()) as text)]:
                        text.value = ""
        assert ast.dump(ast.parse(left)) == ast.dump(tree), path
    assert saved > rounds(25_000, whole=100_000)
