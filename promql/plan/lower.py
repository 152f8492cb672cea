"""From the preprocessed syntax tree to the first plan."""

from collections.abc import Callable
from typing import Any

from promql import ast
from promql.errors import NotYetSupportedError
from promql.functions.signatures import SIGNATURES
from promql.plan.nodes import (
    Aggregate,
    Binary,
    Call,
    Negate,
    Node,
    Number,
    Select,
    SelectRange,
    Subquery,
    Text,
)


def lower(expr: ast.Expr, default_step_ms: int) -> Node:
    """The plan of a checked and preprocessed expression; subqueries without a step take the default."""
    return _LOWER[type(expr)](expr, default_step_ms)


def _number(expr: ast.NumberLiteral, _step_ms: int) -> Node:
    return Number(expr.span, (), expr.value)


def _text(expr: ast.StringLiteral, _step_ms: int) -> Node:
    return Text(expr.span, (), expr.value)


def _select(expr: ast.VectorSelector, _step_ms: int) -> Node:
    _want_plain(expr)
    return Select(expr.span, (), expr.matchers, _known(expr.offset), _instant(expr.at))


def _select_range(expr: ast.MatrixSelector, _step_ms: int) -> Node:
    selector = expr.selector
    _want_plain(selector)
    return SelectRange(
        expr.span, (), selector.matchers, _known(selector.offset), _instant(selector.at), _known(expr.range)
    )


def _subquery(expr: ast.Subquery, step_ms: int) -> Node:
    own_step_ms = step_ms if expr.step is None else _known(expr.step)
    return Subquery(
        expr.span,
        (lower(expr.expr, step_ms),),
        _known(expr.offset),
        _instant(expr.at),
        _known(expr.range),
        own_step_ms,
    )


def _call(expr: ast.Call, step_ms: int) -> Node:
    if expr.function == "info":
        raise NotYetSupportedError("info() is not evaluated yet")
    arguments = tuple(lower(argument, step_ms) for argument in expr.arguments)
    return Call(expr.span, arguments, expr.function, SIGNATURES[expr.function].returns, expr.arguments_span)


def _aggregate(expr: ast.Aggregation, step_ms: int) -> Node:
    operands = (expr.expr,) if expr.parameter is None else (expr.expr, expr.parameter)
    plans = tuple(lower(operand, step_ms) for operand in operands)
    return Aggregate(expr.span, plans, expr.op, expr.grouping, expr.without)


def _binary(expr: ast.Binary, step_ms: int) -> Node:
    first, chain = ast.left_spine(expr)
    left = lower(first, step_ms)
    for link in chain:
        right = lower(link.right, step_ms)
        is_scalar = left.kind is right.kind is ast.ValueType.SCALAR
        returns = ast.ValueType.SCALAR if is_scalar else ast.ValueType.VECTOR
        left = Binary(link.span, (left, right), link.op, link.return_bool, link.matching, returns)
    return left


def _unary(expr: ast.Unary, step_ms: int) -> Node:
    operand = lower(expr.expr, step_ms)
    return Negate(expr.span, (operand,)) if expr.op == "-" else operand


def _paren(expr: ast.Paren, step_ms: int) -> Node:
    return lower(expr.expr, step_ms)


def _want_plain(selector: ast.VectorSelector) -> None:
    if selector.extension:
        raise NotYetSupportedError(f"{selector.extension} selectors are not evaluated yet")


def _known(duration: ast.Duration) -> int:
    assert isinstance(duration, int), "preprocessing leaves no duration expression"
    return duration


def _instant(at: ast.AtModifier) -> int | None:
    assert not isinstance(at, str), "preprocessing replaces start() and end()"
    return at


# Each function takes the type it stands beside; a dict of functions of different types has no better type.
_LOWER: dict[type, Callable[[Any, int], Node]] = {
    ast.NumberLiteral: _number,
    ast.StringLiteral: _text,
    ast.VectorSelector: _select,
    ast.MatrixSelector: _select_range,
    ast.Subquery: _subquery,
    ast.Call: _call,
    ast.Aggregation: _aggregate,
    ast.Binary: _binary,
    ast.Unary: _unary,
    ast.Paren: _paren,
}
