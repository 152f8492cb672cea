"""The syntax tree of PromQL: frozen nodes that know where they came from.

Spans are byte offsets into the query's UTF-8 text. Durations are milliseconds when the text gave a number, or a
`DurationExpr` until `preprocess` has put the query's own range and step in.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from kernels import Matcher


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


Duration = int | DurationExpr


@dataclass(frozen=True, slots=True)
class NumberLiteral:
    """`5`, `0x1f`, `Inf`, `5m` (seconds)."""

    value: float
    is_duration: bool
    span: Span


@dataclass(frozen=True, slots=True)
class StringLiteral:
    """`"text"`, unescaped."""

    value: str
    span: Span


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


@dataclass(frozen=True, slots=True)
class MatrixSelector:
    """`selector[range]`; offset, `@` and extension live on the selector."""

    selector: VectorSelector
    range: Duration
    span: Span


@dataclass(frozen=True, slots=True)
class Subquery:
    """`expr[range:step]`: an instant expression evaluated at every step of a sliding range."""

    expr: "Expr"
    range: Duration
    step: Duration | None  # None means the engine's default interval.
    offset: Duration
    at: AtModifier
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """`function(arguments)`."""

    function: str
    arguments: tuple["Expr", ...]
    span: Span
    arguments_span: Span  # From `(` to `)`.


@dataclass(frozen=True, slots=True)
class Aggregation:
    """`op by (labels) (parameter, expr)`."""

    op: str
    expr: "Expr"
    parameter: "Expr | None"
    grouping: tuple[str, ...]
    without: bool
    span: Span


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


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right`; `matching` is None unless both sides are vectors."""

    op: str  # As written in lower case: "+", "==", "and", "atan2", "</", ...
    left: "Expr"
    right: "Expr"
    return_bool: bool
    matching: VectorMatching | None
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`-expr` or `+expr`."""

    op: str
    expr: "Expr"
    span: Span


@dataclass(frozen=True, slots=True)
class Paren:
    """`(expr)`."""

    expr: "Expr"
    span: Span


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
