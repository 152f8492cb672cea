"""A question with every selector pinned by `@` gives the same answer whenever it is asked."""

from collections.abc import Iterator
from dataclasses import replace

from promql.ast import (
    Aggregation,
    Binary,
    Call,
    Expr,
    MatrixSelector,
    Paren,
    Subquery,
    Unary,
    VectorSelector,
)
from promql.functions.signatures import SIGNATURES


def selectors_of(expr: Expr) -> Iterator[VectorSelector]:
    """Every selector of an expression."""
    return (node for node in _nodes(expr) if isinstance(node, VectorSelector))


def is_pinnable(expr: Expr) -> bool:
    """Whether nothing but selectors makes the answer depend on the time it is asked at."""
    calls = (node for node in _nodes(expr) if isinstance(node, Call))
    return not any(SIGNATURES[call.function].reads_time for call in calls)


def pin(expr: Expr, at_ms: int) -> Expr:  # noqa: PLR0911  # One return per kind of node.
    """The question with `@` on the outermost selectors and subqueries that have none."""
    match expr:
        case VectorSelector() | Subquery():
            # What is pinned already, and what a pinned subquery holds, stands still as it is.
            return expr if expr.at is not None else replace(expr, at=at_ms)
        case MatrixSelector():
            selector = expr.selector
            return expr if selector.at is not None else replace(expr, selector=replace(selector, at=at_ms))
        case Call():
            return replace(expr, arguments=tuple(pin(argument, at_ms) for argument in expr.arguments))
        case Aggregation():
            parameter = None if expr.parameter is None else pin(expr.parameter, at_ms)
            return replace(expr, expr=pin(expr.expr, at_ms), parameter=parameter)
        case Binary():
            return replace(expr, left=pin(expr.left, at_ms), right=pin(expr.right, at_ms))
        case Unary() | Paren():
            return replace(expr, expr=pin(expr.expr, at_ms))
        case _:
            return expr


def _nodes(expr: Expr) -> Iterator[Expr]:
    yield expr
    for child in _children(expr):
        yield from _nodes(child)


def _children(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case MatrixSelector():
            return (expr.selector,)
        case Call():
            return expr.arguments
        case Aggregation():
            return (expr.expr,) if expr.parameter is None else (expr.expr, expr.parameter)
        case Binary():
            return (expr.left, expr.right)
        case Subquery() | Unary() | Paren():
            return (expr.expr,)
        case _:
            return ()
