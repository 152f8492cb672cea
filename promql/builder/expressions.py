"""Operators, calls and aggregations."""

from dataclasses import dataclass
from typing import Any, Final

from lark import Token

from model.names import is_label_name, quote
from promql.ast import (
    Aggregation,
    Binary,
    Call,
    Cardinality,
    Expr,
    NumberLiteral,
    Paren,
    Span,
    StringLiteral,
    Unary,
    VectorMatching,
)
from promql.builder.durations import DurationBuilder, end_of, error_at, signed, span_of, start_of
from promql.builder.selectors import SelectorBuilder
from promql.functions.signatures import SIGNATURES
from promql.literals import unquote
from promql.located import LocatedError
from promql.options import ParserOptions

WITH_PARAMETER: Final = frozenset({"topk", "bottomk", "count_values", "quantile", "limitk", "limit_ratio"})
EXPERIMENTAL_AGGREGATORS: Final = frozenset({"limitk", "limit_ratio"})
SET_OPERATORS: Final = frozenset({"and", "or", "unless"})

_SIDES: Final = {"group_left": Cardinality.MANY_TO_ONE, "group_right": Cardinality.ONE_TO_MANY}


@dataclass(frozen=True, slots=True)
class Located:
    """Values that a pair of parentheses holds, and where it opens and closes."""

    values: tuple[Any, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Modifiers:
    """What stands between a binary operator and its right side."""

    return_bool: bool
    matching: VectorMatching


PLAIN: Final = Modifiers(
    return_bool=False,
    matching=VectorMatching(
        Cardinality.ONE_TO_ONE, labels=(), on=False, include=(), fill_left=None, fill_right=None
    ),
)


class Builder(DurationBuilder, SelectorBuilder):
    """All callbacks of the grammar. It holds no state, so one builder serves every thread."""

    def __init__(self, options: ParserOptions) -> None:
        self.options = options

    def string(self, children: list[Token]) -> StringLiteral:
        """`"text"`."""
        (token,) = children
        return StringLiteral(unquote(token), span_of(token))

    def paren(self, children: list[Any]) -> Paren:
        """`(expr)`."""
        opening, expr, close = children
        return Paren(expr, Span(start_of(opening), end_of(close)))

    def unary(self, children: list[Any]) -> Unary | NumberLiteral:
        """A sign before a number belongs to the number."""
        sign, expr = children
        if isinstance(expr, NumberLiteral):
            return signed(sign, expr)
        return Unary(str(sign), expr, Span(start_of(sign), expr.span.end))

    def binary(self, children: list[Any]) -> Binary:
        """`left op modifiers right`."""
        left, operator, modifiers, right = children
        op, matching = operator.lower(), modifiers.matching
        if op in SET_OPERATORS and matching.cardinality is Cardinality.ONE_TO_ONE:
            matching = _with_cardinality(matching, Cardinality.MANY_TO_MANY)
        span = Span(left.span.start, right.span.end)
        return Binary(op, left, right, return_bool=modifiers.return_bool, matching=matching, span=span)

    def modifiers(self, children: list[Any]) -> Modifiers:
        """`[bool] [on|ignoring (labels) [group_left|group_right [(labels)]]] [fill]`."""
        if not children:
            return PLAIN
        return_bool, labels, on, include = False, (), False, ()
        cardinality, fills = Cardinality.ONE_TO_ONE, {"fill_left": None, "fill_right": None}
        for child in children:
            match child:
                case Token():
                    return_bool = True
                case dict():
                    fills |= child
                case ("on" | "ignoring") as word, labels:
                    on = word == "on"
                case word, include:
                    cardinality = _SIDES[word]
        matching = VectorMatching(
            cardinality,
            labels,
            on=on,
            include=include,
            fill_left=fills["fill_left"],
            fill_right=fills["fill_right"],
        )
        return Modifiers(return_bool, matching)

    def matching(self, children: list[Any]) -> tuple[str, tuple[str, ...]]:
        """`on (labels)` or `ignoring (labels)`."""
        word, labels = children
        return word.lower(), labels.values

    def side(self, children: list[Any]) -> tuple[str, tuple[str, ...]]:
        """`group_left`, `group_right (labels)`."""
        word, *labels = children
        return word.lower(), labels[0].values if labels else ()

    def fill(self, children: list[Any]) -> dict[str, float]:
        """Words and values in turn."""
        if not self.options.binop_fill_modifiers:
            raise error_at(children[0], "binop fill modifiers are experimental and not enabled")
        values = {word.lower(): value for word, value in zip(children[::2], children[1::2], strict=True)}
        if "fill" in values:
            return {"fill_left": values["fill"], "fill_right": values["fill"]}
        return values

    def fill_value(self, children: list[Any]) -> float:
        """`(5)`."""
        _, number, _ = children
        value: float = number.value
        return value

    def labels(self, children: list[Any]) -> Located:
        """`(a, "b")`."""
        return _located(children)

    def arguments(self, children: list[Any]) -> Located:
        """`(expr, expr)`."""
        return _located(children)

    def first(self, children: list[Any]) -> list[Any]:
        """A list of one."""
        return children

    def more(self, children: list[Any]) -> list[Any]:
        """The list grows in place, which keeps long lists linear."""
        values: list[Any] = children[0]
        values.append(children[2])
        return values

    def trailing_comma(self, children: list[Any]) -> list[Any]:
        """`(expr,)` is no list of arguments."""
        raise error_at(children[1], "trailing commas not allowed in function call args")

    def label(self, children: list[Token]) -> str:
        """A name in a clause; any keyword may be one."""
        (token,) = children
        name = unquote(token) if token.type == "STRING" else str(token)
        if not is_label_name(name):
            raise error_at(token, f"invalid label name for grouping: {quote(name)}")
        return name

    def call(self, children: list[Any]) -> Call:
        """`name(arguments)`."""
        name, arguments = children
        function = str(name) if name.type == "IDENTIFIER" else name.lower()
        signature = SIGNATURES.get(function)
        if signature is None:
            raise error_at(name, f"unknown function with name {quote(function)}")
        if signature.experimental and not self.options.experimental_functions:
            raise error_at(name, f"function {quote(function)} is not enabled")
        inside = Span(arguments.start, arguments.end)
        return Call(function, arguments.values, Span(start_of(name), arguments.end), inside)

    def aggregator(self, children: list[Token]) -> Token:
        """`sum`, where arguments or a clause follow."""
        return children[0]

    def grouping(self, children: list[Any]) -> tuple[bool, Located]:
        """`by (labels)` or `without (labels)`."""
        word, labels = children
        return word.lower() == "without", labels

    def grouped_before(self, children: list[Any]) -> Aggregation:
        """`sum by (labels) (expr)`."""
        op, (without, labels), arguments = children
        return self._aggregation(op, arguments, labels.values, without=without, end=arguments.end)

    def grouped_after(self, children: list[Any]) -> Aggregation:
        """`sum(expr) by (labels)`."""
        op, arguments, (without, labels) = children
        return self._aggregation(op, arguments, labels.values, without=without, end=labels.end)

    def ungrouped(self, children: list[Any]) -> Aggregation:
        """`sum(expr)`."""
        op, arguments = children
        return self._aggregation(op, arguments, (), without=False, end=arguments.end)

    def _aggregation(
        self, token: Token, arguments: Located, grouping: tuple[str, ...], *, without: bool, end: int
    ) -> Aggregation:
        op, span, values = token.lower(), Span(start_of(token), end), arguments.values
        if not values:
            raise _error(span, "no arguments for aggregate expression provided")
        if op in EXPERIMENTAL_AGGREGATORS and not self.options.experimental_functions:
            flag = "--enable-feature=promql-experimental-functions"
            raise _error(span, f"{op}() is experimental and must be enabled with {flag}")
        wanted = 2 if op in WITH_PARAMETER else 1
        if len(values) != wanted:
            counts = f"expected {wanted}, got {len(values)}"
            raise _error(span, f"wrong number of arguments for aggregate expression provided, {counts}")
        parameter: Expr | None = values[0] if wanted > 1 else None
        return Aggregation(op, values[-1], parameter, grouping, without=without, span=span)


def _located(children: list[Any]) -> Located:
    """`()` has no list between its parentheses; labels may have a comma after the list."""
    values = tuple(children[1]) if isinstance(children[1], list) else ()
    return Located(values, start_of(children[0]), end_of(children[-1]))


def _with_cardinality(matching: VectorMatching, cardinality: Cardinality) -> VectorMatching:
    return VectorMatching(
        cardinality, matching.labels, matching.on, matching.include, matching.fill_left, matching.fill_right
    )


def _error(span: Span, message: str) -> LocatedError:
    return LocatedError(message, span.start, span.end)
