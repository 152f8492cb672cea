"""The syntax tree of PromQL: frozen nodes that know where they came from and print themselves.

Spans are byte offsets into the query's UTF-8 text. Durations are milliseconds when the text gave a number, or
a `DurationExpr` until `preprocess` has put the query's own range and step in. `str(node)` is the canonical
form in one line; it parses to an equal node, matchers sorted.

A chain such as `a + b + c + ...` leans to the left and may be thousands of operators long, while all other
nesting is bounded (`check.NESTING_MAX`). Whoever walks the tree goes along `left_spine` in a loop.
"""

from dataclasses import dataclass
from enum import Enum
from math import isnan
from typing import Literal

from kernels import Matcher
from model.durations import format_duration
from model.labels import METRIC_NAME
from model.names import NameScheme, is_label_name, quote
from promql.numbers import format_number


class ValueType(Enum):
    """The four types; the values are the words that messages use."""

    SCALAR = "scalar"
    STRING = "string"
    VECTOR = "instant vector"
    MATRIX = "range vector"


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes start to end, end excluded."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DurationExpr:
    """Arithmetic inside `[...]` or after `offset`: a leaf is a number of seconds, `step()` or `range()`."""

    op: str  # "number", "step", "range", "min_of", "max_of", or an operator; unary when `right` is None.
    left: "DurationExpr | None"
    right: "DurationExpr | None"
    seconds: float
    wrapped: bool  # In parentheses.
    is_duration: bool  # A number that was written as a duration.
    span: Span

    def __str__(self) -> str:
        if self.op == "number":
            text = _number_text(self.seconds, is_duration=self.is_duration)
        elif self.left is None:
            text = f"{self.op}()"
        elif self.right is None:
            text = f"{self.op}{self.left}"
        elif self.op in {"min_of", "max_of"}:
            text = f"{self.op}({self.left}, {self.right})"
        else:
            text = f"{self.left} {self.op} {self.right}"
        return f"({text})" if self.wrapped else text


Duration = int | DurationExpr


@dataclass(frozen=True, slots=True)
class NumberLiteral:
    """`5`, `0x1f`, `Inf`, `5m` (seconds)."""

    value: float
    is_duration: bool
    span: Span

    def __str__(self) -> str:
        return _number_text(self.value, is_duration=self.is_duration)


@dataclass(frozen=True, slots=True)
class StringLiteral:
    """`"text"`, unescaped."""

    value: str  # A byte that is not UTF-8 (`"\\xff"`) is a lone surrogate: ask `model.names.is_utf8`.
    span: Span

    def __str__(self) -> str:
        return quote(self.value)


AtModifier = int | Literal["start", "end"] | None  # Milliseconds, `start()`, `end()` or no `@`.


@dataclass(frozen=True, slots=True)
class VectorSelector:
    """`name{matchers} offset d @ t`, with or without `anchored` or `smoothed`."""

    name: str  # The bare name before the braces, "" if none; its matcher is among `matchers` too.
    matchers: tuple[Matcher, ...]
    offset: Duration
    at: AtModifier
    extension: Literal["", "anchored", "smoothed"]
    span: Span

    def __str__(self) -> str:
        extension = f" {self.extension}" if self.extension else ""
        return f"{self.without_modifiers()}{_at_text(self.at)}{extension}{_offset_text(self.offset)}"

    def without_modifiers(self) -> str:
        """Name and matchers alone."""
        texts = sorted(str(matcher) for matcher in self.matchers if not self._is_bare_name(matcher))
        return f"{self.name}{{{','.join(texts)}}}" if texts or not self.name else self.name

    def _is_bare_name(self, matcher: Matcher) -> bool:
        return bool(self.name) and (matcher.name, matcher.op, matcher.value) == (METRIC_NAME, "=", self.name)


@dataclass(frozen=True, slots=True)
class MatrixSelector:
    """`selector[range]`; offset, `@` and extension live on the selector."""

    selector: VectorSelector
    range: Duration
    span: Span

    def __str__(self) -> str:
        selector = self.selector
        extension = f" {selector.extension}" if selector.extension else ""
        modifiers = f"{extension}{_at_text(selector.at)}{_offset_text(selector.offset)}"
        return f"{selector.without_modifiers()}[{_duration_text(self.range)}]{modifiers}"


@dataclass(frozen=True, slots=True)
class Subquery:
    """`expr[range:step]`: an instant expression evaluated at every step of a sliding range."""

    expr: "Expr"
    range: Duration
    step: Duration | None  # None means the engine's default interval.
    offset: Duration
    at: AtModifier
    span: Span

    def __str__(self) -> str:
        return f"{self.expr}{self.suffix()}"

    def suffix(self) -> str:
        """What stands after the expression."""
        step = "" if self.step is None else _duration_text(self.step)
        return f"[{_duration_text(self.range)}:{step}]{_at_text(self.at)}{_offset_text(self.offset)}"


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`."""

    function: str
    arguments: tuple["Expr", ...]
    span: Span
    arguments_span: Span  # From `(` to `)`.

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Aggregation:
    """`op by (labels) (parameter, expr)`."""

    op: str
    expr: "Expr"
    parameter: "Expr | None"
    grouping: tuple[str, ...]
    without: bool
    span: Span

    def __str__(self) -> str:
        parameter = "" if self.parameter is None else f"{self.parameter}, "
        return f"{self.head()}({parameter}{self.expr})"

    def head(self) -> str:
        """What stands before the arguments."""
        if self.without:
            return f"{self.op} without {_labels_text(self.grouping)} "
        return f"{self.op} by {_labels_text(self.grouping)} " if self.grouping else self.op


class Cardinality(Enum):
    """How the samples of two vectors pair up."""

    ONE_TO_ONE = "one-to-one"
    MANY_TO_ONE = "many-to-one"  # group_left
    ONE_TO_MANY = "one-to-many"  # group_right
    MANY_TO_MANY = "many-to-many"  # and, or, unless


@dataclass(frozen=True, slots=True)
class VectorMatching:
    """`on (labels)` or `ignoring (labels)`, `group_left (include)`, `fill (value)`."""

    cardinality: Cardinality
    labels: tuple[str, ...]
    on: bool
    include: tuple[str, ...]
    fill_left: float | None
    fill_right: float | None

    def __str__(self) -> str:
        """With a space before each part, so that it follows an operator."""
        parts = []
        grouped = self.cardinality in {Cardinality.MANY_TO_ONE, Cardinality.ONE_TO_MANY}
        if self.on or self.labels or grouped:
            parts.append(f"{'on' if self.on else 'ignoring'} {_labels_text(self.labels)}")
        if grouped:
            side = "group_left" if self.cardinality is Cardinality.MANY_TO_ONE else "group_right"
            parts.append(f"{side} {_labels_text(self.include)}")
        if self.fill_left is not None and _same(self.fill_left, self.fill_right):
            parts.append(f"fill ({format_number(self.fill_left)})")
        else:
            fills = (("fill_left", self.fill_left), ("fill_right", self.fill_right))
            parts += [f"{word} ({format_number(value)})" for word, value in fills if value is not None]
        return "".join(f" {part}" for part in parts)


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right`; `matching` is None unless both sides are vectors."""

    op: str  # As written in lower case: "+", "==", "and", "atan2", "</", ...
    left: "Expr"
    right: "Expr"
    return_bool: bool
    matching: VectorMatching | None
    span: Span

    def __str__(self) -> str:
        first, chain = left_spine(self)
        return str(first) + "".join(f" {binary.operator_text()} {binary.right}" for binary in chain)

    def operator_text(self) -> str:
        """The operator with `bool`, matching and fill."""
        matching = "" if self.matching is None else str(self.matching)
        return f"{self.op}{' bool' if self.return_bool else ''}{matching}"


@dataclass(frozen=True, slots=True)
class Unary:
    """`-expr` or `+expr`."""

    op: str
    expr: "Expr"
    span: Span

    def __str__(self) -> str:
        return f"{self.op}{self.expr}"


@dataclass(frozen=True, slots=True)
class Paren:
    """`(expr)`."""

    expr: "Expr"
    span: Span

    def __str__(self) -> str:
        return f"({self.expr})"


Expr = (
    NumberLiteral
    | StringLiteral
    | VectorSelector
    | MatrixSelector
    | Subquery
    | Call
    | Aggregation
    | Binary
    | Unary
    | Paren
)


def left_spine(expr: Expr) -> tuple[Expr, list[Binary]]:
    """The leftmost operand of a chain of operators, and the operators from the innermost to `expr` itself."""
    chain = []
    while isinstance(expr, Binary):
        chain.append(expr)
        expr = expr.left
    chain.reverse()
    return expr, chain


def _number_text(value: float, *, is_duration: bool) -> str:
    return format_duration(round(value * 1000)) if is_duration else format_number(value)


def _duration_text(duration: Duration) -> str:
    return format_duration(duration) if isinstance(duration, int) else str(duration)


def _offset_text(offset: Duration) -> str:
    return f" offset {_duration_text(offset)}" if offset != 0 else ""


def _at_text(at: AtModifier) -> str:
    if at is None:
        return ""
    if isinstance(at, str):
        return f" @ {at}()"
    seconds, milliseconds = divmod(abs(at), 1000)
    return f" @ {'-' if at < 0 else ''}{seconds}.{milliseconds:03d}"


def _labels_text(labels: tuple[str, ...]) -> str:
    plain = (name if is_label_name(name, NameScheme.LEGACY) else quote(name) for name in labels)
    return f"({', '.join(plain)})"


def _same(left: float, right: float | None) -> bool:
    return right is not None and (left == right or (isnan(left) and isnan(right)))
