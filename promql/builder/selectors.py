"""Selectors, and what may follow one: `offset`, `@`, `anchored`, `smoothed`, ranges and subqueries."""

import math
from dataclasses import replace
from typing import Any, Literal, cast

from lark import Token

from kernels import Matcher, RegexError
from model.labels import METRIC_NAME
from promql.ast import (
    AtModifier,
    Duration,
    Expr,
    MatrixSelector,
    NumberLiteral,
    Span,
    Subquery,
    VectorSelector,
)
from promql.builder.durations import end_of, error_at, start_of
from promql.literals import unquote
from promql.located import LocatedError
from promql.numbers import format_number
from promql.options import ParserOptions

Selection = VectorSelector | MatrixSelector | Subquery


class SelectorBuilder:
    """Builds selectors and their modifiers."""

    options: ParserOptions

    def metric_name(self, children: list[Token]) -> Token:
        """The bare name, which may be a keyword."""
        return children[0]

    def selector(self, children: list[Any]) -> VectorSelector:
        """`name`, `name{...}` or `{...}`."""
        if not isinstance(children[0], Token):
            ((matchers, span),) = children
            return _selector("", matchers, span)
        name, *braces = children
        matchers, end = (braces[0][0], braces[0][1].end) if braces else ((), end_of(name))
        return _selector(
            str(name), (*matchers, Matcher(METRIC_NAME, "=", str(name))), Span(start_of(name), end)
        )

    def braces(self, children: list[Any]) -> tuple[tuple[Matcher, ...], Span]:
        """`{matchers}` and where it stands."""
        matchers = children[1] if isinstance(children[1], list) else ()
        return tuple(matchers), Span(start_of(children[0]), end_of(children[-1]))

    def label_matcher(self, children: list[Token]) -> Matcher:
        """`name="value"`, `"name"=~"value"`."""
        name, op, value = children
        label = encodable(unquote(name)) if name.type == "STRING" else str(name)
        try:
            return Matcher(label, str(op), encodable(unquote(value)))
        except RegexError as error:
            raise error_at(name, str(error)) from None

    def metric_name_matcher(self, children: list[Token]) -> Matcher:
        """A string alone in braces is a metric name."""
        return Matcher(METRIC_NAME, "=", encodable(unquote(children[0])))

    def with_offset(self, children: list[Any]) -> Selection:
        """`node offset 5m`."""
        node, _, (offset, end) = children
        if not isinstance(node, Selection):
            raise _misplaced(node, "offset")
        inner = node.selector if isinstance(node, MatrixSelector) else node
        if inner.offset != 0:
            raise _error(node, "offset may not be set multiple times")
        return _modified(node, end, offset=offset)

    def at_time(self, children: list[Any]) -> Selection:
        """`node @ 1700000000`."""
        node, _, number = children
        return _at(node, _timestamp_ms(node, number), number.span.end)

    def at_bound(self, children: list[Any]) -> Selection:
        """`@ start()` or `@ end()`."""
        node, _, word, _, close = children
        return _at(node, cast(Literal["start", "end"], word.lower()), end_of(close))

    def extended(self, children: list[Any]) -> Selection:
        """`node anchored`, `node smoothed`."""
        node, token = children
        word = cast(Literal["anchored", "smoothed"], token.lower())
        if not self.options.extended_range_selectors:
            raise _error(node, f"{word} modifier is experimental and not enabled")
        if isinstance(node, Subquery):
            raise _error(node, f"{word} modifier is not supported for subqueries")
        if not isinstance(node, VectorSelector | MatrixSelector):
            raise _error(node, f"{word} modifier not implemented")
        selector = node.selector if isinstance(node, MatrixSelector) else node
        if selector.extension not in {"", word}:
            raise _error(node, "anchored and smoothed modifiers cannot be used together")
        return _modified(node, end_of(token), extension=word)

    def range(self, children: list[Any]) -> MatrixSelector:
        """`selector[5m]`."""
        node, bracket, duration, close = children
        message = ""
        if not isinstance(node, VectorSelector):
            message = "ranges only allowed for vector selectors"
        elif node.offset != 0:
            message = "no offset modifiers allowed before range"
        elif node.at is not None:
            message = "no @ modifiers allowed before range"
        if message:
            raise LocatedError(message, start_of(bracket), end_of(close))
        return MatrixSelector(node, duration, Span(node.span.start, end_of(close)))

    def subquery(self, children: list[Any]) -> Subquery:
        """`node[5m:]`."""
        node, _, duration, _, close = children
        return _subquery(node, duration, None, close)

    def subquery_with_step(self, children: list[Any]) -> Subquery:
        """`node[5m:1m]`."""
        node, _, duration, _, step, close = children
        return _subquery(node, duration, step, close)


def encodable(text: str) -> str:
    """`text` with U+FFFD for bytes that are not UTF-8, which no stored label can hold."""
    if text.isascii():
        return text
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _selector(name: str, matchers: tuple[Matcher, ...], span: Span) -> VectorSelector:
    return VectorSelector(name, matchers, offset=0, at=None, extension="", span=span)


def _subquery(node: Expr, duration: Duration, step: Duration | None, close: Token) -> Subquery:
    return Subquery(node, duration, step, offset=0, at=None, span=Span(node.span.start, end_of(close)))


def _timestamp_ms(node: Expr, number: NumberLiteral) -> int:
    milliseconds = number.value * 1000
    if not abs(milliseconds) < 2**63:  # NaN is out of bounds too.
        finite = math.isfinite(number.value)
        shown = f"{number.value:f}" if finite else format_number(number.value)
        raise _error(node, f"timestamp out of bounds for @ modifier: {shown}")
    nearest = math.floor(abs(milliseconds) + 0.5)  # A half goes away from zero.
    return nearest if milliseconds >= 0 else -nearest


def _at(node: Expr, at: AtModifier, end: int) -> Selection:
    if not isinstance(node, Selection):
        raise _misplaced(node, "@")
    inner = node.selector if isinstance(node, MatrixSelector) else node
    if inner.at is not None:
        raise _error(node, "@ <timestamp> may not be set multiple times")
    return _modified(node, end, at=at)


def _modified(node: Selection, end: int, **changes: Any) -> Selection:  # noqa: ANN401
    """The node, now ending at `end`. A range selector has its modifiers on the selector inside."""
    span = Span(node.span.start, end)
    if isinstance(node, MatrixSelector):
        return replace(node, selector=replace(node.selector, **changes), span=span)
    return replace(node, span=span, **changes)


def _misplaced(node: Expr, modifier: str) -> LocatedError:
    wanted = "an instant vector selector or range vector selector or a subquery"
    return _error(node, f"{modifier} modifier must be preceded by {wanted}")


def _error(node: Expr, message: str) -> LocatedError:
    return LocatedError(message, node.span.start, node.span.end)
