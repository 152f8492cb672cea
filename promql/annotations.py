"""Warnings and infos that an answer carries: things the asker should know although the answer stands.

They are told apart by their text without the position; the last one gives the position.
"""

import math

from promql.ast import Span
from promql.located import place_of

NOWHERE = Span(0, 0)
"""The place of what has no text of its own, such as the points of a subquery."""


class Annotations:
    """The annotations of one question, as they come up."""

    def __init__(self, query: str) -> None:
        """`query` is the text that spans point into."""
        self._query = query
        self._warnings: dict[str, Span] = {}
        self._infos: dict[str, Span] = {}

    def warn(self, text: str, span: Span) -> None:
        """Something is wrong with the question or the data."""
        self._warnings[text] = span

    def inform(self, text: str, span: Span) -> None:
        """Something may not be what the asker meant."""
        self._infos[text] = span

    def warnings(self) -> tuple[str, ...]:
        """As the API shows them."""
        return tuple(
            f"PromQL warning: {text} ({place_of(self._query, span.start)})"
            for text, span in self._warnings.items()
        )

    def infos(self) -> tuple[str, ...]:
        """As the API shows them."""
        return tuple(
            f"PromQL info: {text} ({place_of(self._query, span.start)})" for text, span in self._infos.items()
        )


def format_g(value: float) -> str:
    """As Go's %g: the shortest digits, with an exponent of two or more digits below 1e-4 and from 1e6 on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    sign = "-" if value < 0 else ""
    digits, point = _digits(repr(float(abs(value))))
    if -4 <= point - 1 < 6:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        whole = digits[:point].ljust(point, "0")
        return f"{sign}{whole}.{digits[point:]}" if digits[point:] else sign + whole
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+03d}"


def _digits(text: str) -> tuple[str, int]:
    """The significant digits of a positive number in Python's repr, and where its decimal point stands."""
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    return stripped.rstrip("0"), point
