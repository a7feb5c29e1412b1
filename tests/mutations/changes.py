"""Which small changes a node of a syntax tree may have: slips that somebody might make."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """What stands in a node's place."""

    kind: str
    new: ast.AST


COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
CLAUSES = {
    "where", "order_by", "limit", "group_by", "having", "distinct", "with_for_update", "desc",
    "prefix_with", "offset", "correlate", "nulls_last", "nulls_first", "on_conflict_do_nothing",
}  # fmt: skip
"""Parts of a statement that it is one without."""

CONDITIONS = {"where", "and_", "or_", "union_all", "union", "case", "coalesce", *CLAUSES}
"""What takes several of a kind, of which one may be forgotten."""


def changes_of(node: ast.AST) -> Iterator[Change]:
    """Yield the changes of a node; what is in it is a node of its own."""
    for kind, replacements in RULES.items():
        for new in replacements(node):
            yield Change(kind, new)


def _compared(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            new = copy.deepcopy(node)
            new.ops[place] = COMPARISONS[type(operator)]()
            yield new


def _joined(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for place in range(len(node.values)):
            left = node.values[:place] + node.values[place + 1 :]
            yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)


def _negated(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        new = copy.deepcopy(node)
        new.test = ast.UnaryOp(ast.Not(), new.test)
        yield new


def _numbers(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield ast.Constant(not node.value)
        elif isinstance(node.value, int):
            yield ast.Constant(node.value + 1)
            yield ast.Constant(node.value - 1)


def _texts(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield ast.Constant(node.value + "~")


def _arithmetic(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)


def _returned(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Return(value=ast.Constant(value=None) | None):
            return
        case ast.Return():
            yield ast.Return(ast.Constant(None))


def _deleted(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Expr | ast.Raise | ast.AugAssign | ast.Break):
        yield ast.Pass()
    elif isinstance(node, ast.Continue):
        yield ast.Break()


def _unfiltered(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        for place, loop in enumerate(node.generators):
            for number in range(len(loop.ifs)):
                new = copy.deepcopy(node)
                del new.generators[place].ifs[number]
                yield new


def _clauses(node: ast.AST) -> Iterator[ast.AST]:
    """A call of a chain that is left out, one of several conditions, the other direction."""
    match node:
        case ast.Call(func=ast.Attribute(value=chain, attr=name)) if name in CLAUSES:
            yield chain
    match node:
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in CONDITIONS:
            for place in range(len(node.args) if len(node.args) > 1 else 0):
                left = node.args[:place] + node.args[place + 1 :]
                yield ast.Call(node.func, left, node.keywords)
            if name == "order_by":
                for place, column in enumerate(node.args):
                    new = copy.deepcopy(node)
                    new.args[place] = ast.Call(ast.Attribute(column, "desc", ast.Load()), [], [])
                    yield new


def _keywords(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call):
        for place, keyword in enumerate(node.keywords):
            if keyword.arg != "type_":  # of a parameter: PostgreSQL alone has a use for it
                left = node.keywords[:place] + node.keywords[place + 1 :]
                yield ast.Call(node.func, node.args, left)


def _elements(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Dict) and len(node.keys) > 1:
        for place in range(len(node.keys)):
            new = copy.deepcopy(node)
            del new.keys[place], new.values[place]
            yield new
    elif isinstance(node, ast.List | ast.Tuple | ast.Set):
        is_read = isinstance(node, ast.Set) or isinstance(node.ctx, ast.Load)
        for place in range(len(node.elts) if len(node.elts) > 1 and is_read else 0):
            fewer = copy.deepcopy(node)
            del fewer.elts[place]
            yield fewer


RULES: dict[str, Callable[[ast.AST], Iterator[ast.AST]]] = {
    "comparison": _compared,
    "and, or": _joined,
    "condition negated": _negated,
    "number": _numbers,
    "text": _texts,
    "arithmetic": _arithmetic,
    "return None": _returned,
    "statement deleted": _deleted,
    "filter dropped": _unfiltered,
    "clause of SQL": _clauses,
    "keyword dropped": _keywords,
    "element dropped": _elements,
}
