"""What a query's own range and step put into its tree, once, before it is evaluated.

`start()`, `end()`, `range()` and `step()` become numbers, arithmetic of durations becomes milliseconds, and
`@ start()` and `@ end()` become timestamps. An instant query is a range of one instant with step 0.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from operator import add, is_, mul, sub, truediv
from typing import Any, Final, TypeVar

from model.durations import SECOND_MS
from model.errors import QuerySyntaxError
from promql.ast import (
    Aggregation,
    AtModifier,
    Binary,
    Call,
    Duration,
    DurationExpr,
    Expr,
    MatrixSelector,
    NumberLiteral,
    Paren,
    StringLiteral,
    Subquery,
    Unary,
    VectorSelector,
    left_spine,
)

Node = TypeVar("Node", bound=Expr)

DURATION_NS_MAX: Final = 2**63 - 1


def preprocess(expr: Expr, start_ms: int, end_ms: int, step_ms: int) -> Expr:
    """The tree for a query from `start_ms` to `end_ms`.

    Raises:
        QuerySyntaxError: a computed duration that is none, `<start byte>:<end byte>: ...`.
    """
    return _Preprocessor(start_ms, end_ms, step_ms).expression(expr)


@dataclass(frozen=True, slots=True)
class _Preprocessor:
    start_ms: int
    end_ms: int
    step_ms: int

    def expression(self, expr: Expr) -> Expr:
        return _RULES[type(expr)](self, expr)

    def literal(self, expr: Expr) -> Expr:
        return expr

    def vector(self, expr: VectorSelector) -> VectorSelector:
        return _replaced(expr, offset=self.offset_ms(expr.offset), at=self.at_ms(expr.at))

    def matrix(self, expr: MatrixSelector) -> MatrixSelector:
        return _replaced(expr, selector=self.vector(expr.selector), range=self.positive_ms(expr.range))

    def subquery(self, expr: Subquery) -> Subquery:
        return _replaced(
            expr,
            expr=self.expression(expr.expr),
            range=self.positive_ms(expr.range),
            step=None if expr.step is None else self.positive_ms(expr.step),
            offset=self.offset_ms(expr.offset),
            at=self.at_ms(expr.at),
        )

    def call(self, expr: Call) -> Expr:
        """The four functions that only name the query's bounds become numbers of seconds."""
        bounds_ms = {
            "start": self.start_ms,
            "end": self.end_ms,
            "range": self.end_ms - self.start_ms,
            "step": self.step_ms,
        }
        if expr.function in bounds_ms:
            return NumberLiteral(bounds_ms[expr.function] / SECOND_MS, is_duration=False, span=expr.span)
        arguments = tuple(map(self.expression, expr.arguments))
        if all(map(is_, arguments, expr.arguments)):
            return expr
        return replace(expr, arguments=arguments)

    def aggregation(self, expr: Aggregation) -> Aggregation:
        parameter = None if expr.parameter is None else self.expression(expr.parameter)
        return _replaced(expr, expr=self.expression(expr.expr), parameter=parameter)

    def inside(self, expr: Unary | Paren) -> Expr:
        return _replaced(expr, expr=self.expression(expr.expr))

    def chain(self, expr: Binary) -> Expr:
        left, chain = left_spine(expr)
        left = self.expression(left)
        for binary in chain:
            left = _replaced(binary, left=left, right=self.expression(binary.right))
        return left

    def at_ms(self, at: AtModifier) -> AtModifier:
        if at == "start":
            return self.start_ms
        return self.end_ms if at == "end" else at

    def offset_ms(self, duration: Duration) -> int:
        if isinstance(duration, int):
            return duration
        seconds = self.seconds(duration)
        if not math.isfinite(seconds):
            raise _error(duration, "duration is NaN or infinite")
        if abs(seconds) * 1e9 > DURATION_NS_MAX:
            raise _error(duration, "duration is out of range")
        return int(seconds * SECOND_MS)

    def positive_ms(self, duration: Duration) -> int:
        duration_ms = self.offset_ms(duration)
        if duration_ms <= 0 and isinstance(duration, DurationExpr):
            raise _error(duration, "duration must be greater than 0")
        return duration_ms

    def seconds(self, duration: DurationExpr) -> float:
        if duration.op == "number":
            return duration.seconds
        if duration.left is None:
            length_ms = self.step_ms if duration.op == "step" else self.end_ms - self.start_ms
            return length_ms / SECOND_MS
        left = self.seconds(duration.left)
        if duration.right is None:
            return -left
        right = self.seconds(duration.right)
        if right == 0 and duration.op in _BY_ZERO:
            raise _error(duration, _BY_ZERO[duration.op])
        return _OPERATIONS[duration.op](left, right)


def _replaced(node: Node, /, **fields: Any) -> Node:  # noqa: ANN401
    """The node with these fields; itself if nothing is new, as in most queries."""
    if all(getattr(node, name) is value for name, value in fields.items()):
        return node
    return replace(node, **fields)


def _smaller(left: float, right: float) -> float:
    return math.nan if math.isnan(left) or math.isnan(right) else min(left, right)


def _larger(left: float, right: float) -> float:
    return math.nan if math.isnan(left) or math.isnan(right) else max(left, right)


def _power(base: float, exponent: float) -> float:
    """As C's `pow`: infinity or NaN where Python raises."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if base == 0 else math.nan


def _remainder(left: float, right: float) -> float:
    return math.fmod(left, right) if math.isfinite(left) else math.nan


_BY_ZERO: Final = {"/": "division by zero", "%": "modulo by zero"}
_OPERATIONS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": truediv,
    "%": _remainder,
    "^": _power,
    "min_of": _smaller,
    "max_of": _larger,
}


def _error(duration: DurationExpr, message: str) -> QuerySyntaxError:
    start, end = duration.span.start, duration.span.end
    return QuerySyntaxError(f"{start}:{end}: {message}", start, end)


_RULES: Final[Mapping[type, Callable[[_Preprocessor, Any], Expr]]] = {
    NumberLiteral: _Preprocessor.literal,
    StringLiteral: _Preprocessor.literal,
    VectorSelector: _Preprocessor.vector,
    MatrixSelector: _Preprocessor.matrix,
    Subquery: _Preprocessor.subquery,
    Call: _Preprocessor.call,
    Aggregation: _Preprocessor.aggregation,
    Unary: _Preprocessor.inside,
    Paren: _Preprocessor.inside,
    Binary: _Preprocessor.chain,
}
