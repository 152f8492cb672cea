"""The pretty printed form: what does not fit in a line is split where its parts meet.

Parts stand two spaces further in than what holds them. The margin stops growing at a depth that no reader
follows, so that the length of the text stays in proportion to the query.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from promql.ast import Aggregation, Binary, Call, Expr, Paren, Subquery, Unary, left_spine

LINE_MAX: Final = 100
_INDENT: Final = "  "
_LEVELS_MAX: Final = 100


def pretty(expr: Expr, level: int = 0) -> str:
    """`expr` on as few lines as fit in 100 columns, the margin not counted."""
    text = str(expr)
    split = _SPLITS.get(type(expr))
    if split is None or len(text) <= LINE_MAX:
        return _margin(level) + text
    return split(expr, level)


def _margin(level: int) -> str:
    return _INDENT * min(level, _LEVELS_MAX)


def _aggregation(expr: Aggregation, level: int) -> str:
    parts = [expr.expr] if expr.parameter is None else [expr.parameter, expr.expr]
    return _parts(expr.head(), parts, level)


def _call(expr: Call, level: int) -> str:
    return _parts(expr.function, expr.arguments, level)


def _paren(expr: Paren, level: int) -> str:
    return _parts("", [expr.expr], level)


def _parts(head: str, parts: list[Expr] | tuple[Expr, ...], level: int) -> str:
    lines = ",\n".join(pretty(part, level + 1) for part in parts)
    return f"{_margin(level)}{head}(\n{lines}\n{_margin(level)})"


def _binary(expr: Binary, level: int) -> str:
    """The innermost operator stands deepest. Once one operator does not fit, none outside it does."""
    first, chain = left_spine(expr)
    depth = level + len(chain)
    width, blocks = len(str(first)), [pretty(first, depth)]
    for binary in chain:
        depth -= 1
        operator = binary.operator_text()
        width += len(operator) + len(str(binary.right)) + 2
        if width <= LINE_MAX:
            blocks = [f"{_margin(depth)}{binary}"]
        else:
            blocks += [f"{_margin(depth)}{operator}", pretty(binary.right, depth + 1)]
    return "\n".join(blocks)


def _subquery(expr: Subquery, level: int) -> str:
    return pretty(expr.expr, level) + expr.suffix()


def _unary(expr: Unary, level: int) -> str:
    return f"{_margin(level)}{expr.op}{pretty(expr.expr, level).lstrip()}"


_SPLITS: Final[Mapping[type, Callable[[Any, int], str]]] = {
    Aggregation: _aggregation,
    Call: _call,
    Paren: _paren,
    Binary: _binary,
    Subquery: _subquery,
    Unary: _unary,
}
