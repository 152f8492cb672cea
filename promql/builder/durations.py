"""Numbers, and the arithmetic inside `[...]` and after `offset`."""

from dataclasses import replace
from typing import Any, Final

from lark import Token

from model.durations import SECOND_MS, parse_duration
from promql.ast import Duration, DurationExpr, NumberLiteral, Span
from promql.literals import LiteralError, number_value
from promql.located import LocatedError

SECONDS_MAX: Final = 2**63 / 1e9
"""Prometheus counts nanoseconds in 64 bits."""


class DurationBuilder:
    """Builds literals, and durations as `DurationExpr` until it is known whether one is a plain number."""

    def number(self, children: list[Token]) -> NumberLiteral:
        """`5`, `0x1f`, `Inf` or `5m`."""
        (token,) = children
        try:
            if token.type == "DURATION":
                return NumberLiteral(parse_duration(token) / SECOND_MS, is_duration=True, span=span_of(token))
            return NumberLiteral(number_value(token), is_duration=False, span=span_of(token))
        except (LiteralError, ValueError) as error:
            raise error_at(token, str(error)) from None

    def unsigned_number(self, children: list[NumberLiteral]) -> NumberLiteral:
        """`5`."""
        return children[0]

    def signed_number(self, children: list[Any]) -> NumberLiteral:
        """`-5`, `+5m`."""
        sign, number = children
        return signed(sign, number)

    def duration_number(self, children: list[NumberLiteral]) -> DurationExpr:
        """A leaf."""
        (number,) = children
        if not abs(number.value) <= SECONDS_MAX:  # NaN is out of range too.
            raise LocatedError("duration out of range", number.span.start, number.span.end)
        return DurationExpr(
            "number",
            None,
            None,
            number.value,
            wrapped=False,
            is_duration=number.is_duration,
            span=number.span,
        )

    def duration_step(self, children: list[Token]) -> DurationExpr:
        """`step()` or `range()`."""
        word, _, close = children
        return _expression(word.lower(), None, None, Span(start_of(word), end_of(close)))

    def duration_choice(self, children: list[Any]) -> DurationExpr:
        """`min_of(left, right)` or `max_of(left, right)`."""
        word, _, left, _, right, close = children
        return _expression(word.lower(), left, right, Span(start_of(word), end_of(close)))

    def duration_paren(self, children: list[Any]) -> DurationExpr:
        """A number needs its parentheses only for the sign."""
        duration: DurationExpr = children[1]
        if duration.op == "number" and duration.seconds >= 0:
            return duration
        return replace(duration, wrapped=True)

    def duration_sign(self, children: list[Any]) -> DurationExpr:
        """A sign before a number belongs to the number."""
        sign: Token = children[0]
        operand: DurationExpr = children[1]
        span = Span(start_of(sign), operand.span.end)
        if operand.op == "number":
            seconds = -operand.seconds if sign == "-" else operand.seconds
            return replace(operand, seconds=seconds, wrapped=False, span=span)
        if sign == "+":
            return operand
        return _expression("-", operand, None, span)

    def duration_binary(self, children: list[Any]) -> DurationExpr:
        """`left op right`."""
        left, op, right = children
        if op in {"/", "%"} and right.op == "number" and right.seconds == 0:
            raise error_at(op, "division by zero" if op == "/" else "modulo by zero")
        return _expression(str(op), left, right, Span(left.span.start, right.span.end))

    def offset(self, children: list[DurationExpr]) -> tuple[Duration, int]:
        """Milliseconds if it is a plain number; and where it ends."""
        (duration,) = children
        offset = milliseconds(duration.seconds) if duration.op == "number" else duration
        return offset, duration.span.end

    def positive(self, children: list[DurationExpr]) -> Duration:
        """The same for a range or a step, which must be at least a millisecond."""
        (duration,) = children
        if duration.op != "number":
            return duration
        duration_ms = milliseconds(duration.seconds)
        if duration_ms <= 0:
            raise LocatedError("duration must be greater than 0", duration.span.start, duration.span.end)
        return duration_ms


def milliseconds(seconds: float) -> int:
    """Nearest nanosecond, and of that the whole milliseconds."""
    nanoseconds = round(seconds * 1e9)
    return nanoseconds // 1_000_000 if nanoseconds >= 0 else -(-nanoseconds // 1_000_000)


def signed(sign: Token, number: NumberLiteral) -> NumberLiteral:
    """The literal with the sign before it."""
    value = -number.value if sign == "-" else number.value
    return NumberLiteral(value, is_duration=number.is_duration, span=Span(start_of(sign), number.span.end))


def start_of(token: Token) -> int:
    """Where a token starts, in bytes."""
    assert token.start_pos is not None, "the scanner sets it"
    return token.start_pos


def end_of(token: Token) -> int:
    """Where a token ends, in bytes."""
    assert token.end_pos is not None, "the scanner sets it"
    return token.end_pos


def span_of(token: Token) -> Span:
    """The bytes of one token."""
    return Span(start_of(token), end_of(token))


def error_at(token: Token, message: str) -> LocatedError:
    """A mistake at one token."""
    return LocatedError(message, start_of(token), end_of(token))


def _expression(op: str, left: DurationExpr | None, right: DurationExpr | None, span: Span) -> DurationExpr:
    return DurationExpr(op, left, right, 0.0, wrapped=False, is_duration=False, span=span)
