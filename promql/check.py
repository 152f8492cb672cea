"""Types, and all rules that need them.

The check returns the tree it was given, except that vector matching disappears where an operator has a scalar
on either side, which only now is known.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from model.labels import METRIC_NAME
from model.names import quote
from promql.ast import (
    Aggregation,
    Binary,
    Call,
    Cardinality,
    Duration,
    DurationExpr,
    Expr,
    MatrixSelector,
    NumberLiteral,
    Paren,
    Span,
    StringLiteral,
    Subquery,
    Unary,
    ValueType,
    VectorMatching,
    VectorSelector,
    left_spine,
)
from promql.functions.signatures import SIGNATURES, Signature
from promql.located import LocatedError

NESTING_MAX: Final = 200
"""Levels of nesting. A chain of left-associative operators is one level, however long."""

COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
SET_OPERATORS: Final = frozenset({"and", "or", "unless"})
_PARAMETER_TYPES: Final = {
    "topk": ValueType.SCALAR,
    "bottomk": ValueType.SCALAR,
    "quantile": ValueType.SCALAR,
    "limitk": ValueType.SCALAR,
    "limit_ratio": ValueType.SCALAR,
    "count_values": ValueType.STRING,
}
_UP_TO_OPERATOR: Final = re.compile(r"(?:[ \t\n\r)]+|#[^\n\r]*)*")
_TYPES: Final[Mapping[type, ValueType]] = {
    NumberLiteral: ValueType.SCALAR,
    StringLiteral: ValueType.STRING,
    VectorSelector: ValueType.VECTOR,
    Aggregation: ValueType.VECTOR,
    MatrixSelector: ValueType.MATRIX,
    Subquery: ValueType.MATRIX,
}
_RAW_TYPES: Final = {ValueType.SCALAR: "scalar", ValueType.STRING: "string", ValueType.MATRIX: "matrix"}

Typed = tuple[Expr, ValueType]


def type_of(expr: Expr) -> ValueType:
    """The type of a checked expression."""
    if isinstance(expr, Call):
        return SIGNATURES[expr.function].returns
    if isinstance(expr, Paren | Unary):
        return type_of(expr.expr)
    if isinstance(expr, Binary):
        first, chain = left_spine(expr)
        operands = [first, *(binary.right for binary in chain)]
        scalar = all(type_of(operand) is ValueType.SCALAR for operand in operands)
        return ValueType.SCALAR if scalar else ValueType.VECTOR
    return _TYPES[type(expr)]


def check(expr: Expr, query: str) -> Expr:
    """The tree, ready to be evaluated.

    Raises:
        LocatedError: the first rule that is broken, operands before operators.
    """
    checked, _ = _Check(query).expression(expr, 1)
    return checked


class _Check:
    """One walk over one tree. Methods give the checked node and its type."""

    def __init__(self, query: str) -> None:
        self.query = query

    def expression(self, expr: Expr, depth: int) -> Typed:
        if depth > NESTING_MAX:
            raise _too_deep(expr.span)
        return _CHECKS[type(expr)](self, expr, depth)

    def number(self, expr: NumberLiteral, _: int) -> Typed:
        return expr, ValueType.SCALAR

    def string(self, expr: StringLiteral, _: int) -> Typed:
        return expr, ValueType.STRING

    def vector(self, expr: VectorSelector, _: int) -> Typed:
        return self.selector(expr), ValueType.VECTOR

    def matrix(self, expr: MatrixSelector, _: int) -> Typed:
        _bound_depth(expr.range)
        self.selector(expr.selector)
        return expr, ValueType.MATRIX

    def paren(self, expr: Paren, depth: int) -> Typed:
        inner, kind = self.expression(expr.expr, depth + 1)
        return (expr if inner is expr.expr else replace(expr, expr=inner)), kind

    def selector(self, expr: VectorSelector, *, may_select_all: bool = False) -> VectorSelector:
        _bound_depth(expr.offset)
        if expr.name:
            twice = next((m.value for m in expr.matchers[:-1] if m.name == METRIC_NAME), None)
            if twice is not None:
                names = f"{quote(expr.name)} or {quote(twice)}"
                raise _error(expr, f"metric name must not be set twice: {names}")
        elif not may_select_all and all(matcher.matches("") for matcher in expr.matchers):
            raise _error(expr, "vector selector must contain at least one non-empty matcher")
        return expr

    def subquery(self, expr: Subquery, depth: int) -> Typed:
        for duration in (expr.range, expr.step, expr.offset):
            _bound_depth(duration)
        inner, kind = self.expression(expr.expr, depth + 1)
        if kind is not ValueType.VECTOR:
            raise _error(expr, f"subquery is only allowed on instant vector, got {_RAW_TYPES[kind]} instead")
        return (expr if inner is expr.expr else replace(expr, expr=inner)), ValueType.MATRIX

    def unary(self, expr: Unary, depth: int) -> Typed:
        inner, kind = self.expression(expr.expr, depth + 1)
        if kind not in {ValueType.SCALAR, ValueType.VECTOR}:
            wanted = "unary expression only allowed on expressions of type scalar or instant vector"
            raise _error(expr, f"{wanted}, got {quote(kind.value)}")
        return (expr if inner is expr.expr else replace(expr, expr=inner)), kind

    def call(self, expr: Call, depth: int) -> Typed:
        signature = SIGNATURES[expr.function]
        _check_count(expr, signature)
        if expr.function == "info" and len(expr.arguments) > 1:
            return self.info(expr, depth), signature.returns
        context = f"call to function {quote(expr.function)}"
        arguments = tuple(
            self.typed(argument, signature.argument_type(position), context, depth)
            for position, argument in enumerate(expr.arguments)
        )
        return _with_arguments(expr, arguments), signature.returns

    def info(self, expr: Call, depth: int) -> Call:
        """The second argument is a selector without a name, used for its matchers alone."""
        vector, labels = expr.arguments
        context = 'call to function "info"'
        checked = self.typed(vector, ValueType.VECTOR, context, depth)
        if isinstance(labels, VectorSelector):
            if labels.name:
                raise _error(labels, "expected label selectors only, got vector selector instead")
            return _with_arguments(expr, (checked, self.selector(labels, may_select_all=True)))
        _, kind = self.expression(labels, depth + 1)
        if kind is not ValueType.VECTOR:
            raise _error(expr, f"expected type {ValueType.VECTOR.value} in {context}, got {kind.value}")
        raise _error(labels, "expected label selectors only")

    def aggregation(self, expr: Aggregation, depth: int) -> Typed:
        inner = self.typed(expr.expr, ValueType.VECTOR, "aggregation expression", depth)
        parameter = expr.parameter
        if parameter is not None:
            parameter = self.typed(parameter, _PARAMETER_TYPES[expr.op], "aggregation parameter", depth)
        if inner is not expr.expr or parameter is not expr.parameter:
            expr = replace(expr, expr=inner, parameter=parameter)
        return expr, ValueType.VECTOR

    def typed(self, expr: Expr, wanted: ValueType, context: str, depth: int) -> Expr:
        checked, kind = self.expression(expr, depth + 1)
        if kind is not wanted:
            raise _error(expr, f"expected type {wanted.value} in {context}, got {kind.value}")
        return checked

    def chain(self, expr: Binary, depth: int) -> Typed:
        first, chain = left_spine(expr)
        left = self.expression(first, depth + 1)
        for binary in chain:
            left = self.binary(binary, left, self.expression(binary.right, depth + 1))
        return left

    def binary(self, expr: Binary, left: Typed, right: Typed) -> Typed:
        (left_expr, left_kind), (right_expr, right_kind) = left, right
        scalars = left_kind is right_kind is ValueType.SCALAR
        self.operator(expr, scalars=scalars)
        for operand, kind in (left, right):
            if kind not in {ValueType.SCALAR, ValueType.VECTOR}:
                raise _error(operand, "binary expression must contain only scalar and instant vector types")
        matching = expr.matching
        if left_kind is right_kind is ValueType.VECTOR:
            _check_set_operator(expr)
        else:
            _check_no_matching(expr)
            matching = None
        if expr.left is not left_expr or expr.right is not right_expr or expr.matching is not matching:
            expr = replace(expr, left=left_expr, right=right_expr, matching=matching)
        return expr, ValueType.SCALAR if scalars else ValueType.VECTOR

    def operator(self, expr: Binary, *, scalars: bool) -> None:
        if expr.return_bool and expr.op not in COMPARISONS:
            raise self.operator_error(expr, "bool modifier can only be used on comparison operators")
        if scalars and expr.op in COMPARISONS and not expr.return_bool:
            raise self.operator_error(expr, "comparisons between scalars must use BOOL modifier")
        if expr.matching is not None and expr.matching.on:
            for label in expr.matching.labels:
                if label in expr.matching.include:
                    message = f"label {quote(label)} must not occur in ON and GROUP clause at once"
                    raise self.operator_error(expr, message)

    def operator_error(self, expr: Binary, message: str) -> LocatedError:
        """Parentheses that close an offset are skipped too: spans of durations leave them out."""
        after = self.query.encode(errors="surrogatepass")[expr.left.span.end :].decode(errors="replace")
        blank = _UP_TO_OPERATOR.match(after)
        start = expr.left.span.end + len(blank.group().encode() if blank else b"")
        return LocatedError(message, start, start + len(expr.op))


def _check_count(expr: Call, signature: Signature) -> None:
    count, least, most = len(expr.arguments), signature.arguments_min, signature.arguments_max
    name = quote(expr.function)
    if least == most and count != least:
        raise _error(expr, f"expected {least} argument(s) in call to {name}, got {count}")
    if count < least:
        raise _error(expr, f"expected at least {least} argument(s) in call to {name}, got {count}")
    if most is not None and count > most:
        raise _error(expr, f"expected at most {most} argument(s) in call to {name}, got {count}")


def _check_set_operator(expr: Binary) -> None:
    if expr.op not in SET_OPERATORS or expr.matching is None:
        return
    if expr.matching.cardinality is not Cardinality.MANY_TO_MANY:
        raise _error(expr, f"no grouping allowed for {quote(expr.op)} operation")
    if _fills(expr.matching):
        raise _error(expr, "filling in missing series not allowed for set operators")


def _check_no_matching(expr: Binary) -> None:
    if expr.matching is not None and expr.matching.labels:
        raise _error(expr, "vector matching only allowed between instant vectors")
    if expr.matching is not None and _fills(expr.matching):
        raise _error(expr, "filling in missing series only allowed between instant vectors")
    if expr.op in SET_OPERATORS:
        raise _error(expr, f"set operator {quote(expr.op)} not allowed in binary scalar expression")


def _fills(matching: VectorMatching) -> bool:
    return matching.fill_left is not None or matching.fill_right is not None


def _with_arguments(expr: Call, arguments: tuple[Expr, ...]) -> Call:
    changed = any(new is not old for new, old in zip(arguments, expr.arguments, strict=True))
    return replace(expr, arguments=arguments) if changed else expr


def _bound_depth(duration: Duration | None) -> None:
    """Arithmetic of durations is bounded as a whole: nobody needs long chains of it."""
    level = [duration] if isinstance(duration, DurationExpr) else []
    for _ in range(NESTING_MAX):
        level = [side for parent in level for side in (parent.left, parent.right) if side is not None]
        if not level:
            return
    raise _too_deep(level[0].span)


def _too_deep(span: Span) -> LocatedError:
    return LocatedError(f"expression nests deeper than {NESTING_MAX} levels", span.start, span.end)


def _error(expr: Expr, message: str) -> LocatedError:
    return LocatedError(message, expr.span.start, expr.span.end)


_CHECKS: Final[Mapping[type, Callable[[_Check, Any, int], Typed]]] = {
    NumberLiteral: _Check.number,
    StringLiteral: _Check.string,
    VectorSelector: _Check.vector,
    MatrixSelector: _Check.matrix,
    Subquery: _Check.subquery,
    Call: _Check.call,
    Aggregation: _Check.aggregation,
    Binary: _Check.chain,
    Unary: _Check.unary,
    Paren: _Check.paren,
}
