"""Random well-typed queries, as text, for whoever wants to ask the same thing in two ways.

`queries(vocabulary)` draws expressions of every type over given metric and label names. Text is drawn rather
than trees, with the spellings that people use: keywords in capitals, spaces, redundant parentheses, clauses
before or after the arguments. Every query drawn parses with `EVERYTHING` allowed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hypothesis import strategies as st

from promql.ast import ValueType
from promql.functions.signatures import SIGNATURES

T = TypeVar("T")

ARITHMETIC = ("+", "-", "*", "/", "%", "^", "atan2")
COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
SETS = ("and", "or", "unless")
TRIMS = ("</", ">/")
AGGREGATORS = ("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar")
PARAMETER_AGGREGATORS = ("topk", "bottomk", "quantile", "limitk", "limit_ratio")


@dataclass(frozen=True)
class Vocabulary:
    """What queries may speak of."""

    metrics: tuple[str, ...] = ("up", "a:b", "http_requests_total", "sum", "start", "offset")
    labels: tuple[str, ...] = ("job", "instance", "le", "größe", "by", "a b")
    values: tuple[str, ...] = ("", "api", 'quo"te', "line\nbreak", "ä", ".*")
    patterns: tuple[str, ...] = (".*", "a|b", "[0-9]+", "x.+")
    functions: tuple[str, ...] = tuple(SIGNATURES)
    operators: tuple[str, ...] = ARITHMETIC + COMPARISONS + SETS + TRIMS
    aggregators: tuple[str, ...] = (*AGGREGATORS, *PARAMETER_AGGREGATORS, "count_values")
    durations: tuple[str, ...] = ("1m", "5m", "1h30m", "90", "500ms", "2w", "0.5")
    numbers: tuple[str, ...] = (
        "0",
        "1",
        "2.5",
        "1e3",
        "0x1f",
        "017",
        "Inf",
        "NaN",
        "5m",
        "1_000",
        ".5",
        "1e-7",
    )
    timestamps: tuple[str, ...] = ("12.345", "-5", "1e3", "start()", "END ()", "1h")
    modifiers: bool = True  # `offset` and `@`.
    subqueries: bool = True
    duration_expressions: bool = True
    extensions: bool = True  # `anchored` and `smoothed`.
    fills: bool = True
    quoted_names: bool = True  # Metric and label names in quotes, new in 3.0.
    depth: int = 3  # Levels of operators, calls and aggregations.


DEFAULT = Vocabulary()


@st.composite
def queries(draw: st.DrawFn, vocabulary: Vocabulary = DEFAULT) -> str:
    """Queries of any type; most are vectors."""
    speaker = Speaker(draw, vocabulary)
    kinds = [ValueType.VECTOR] * 6 + [ValueType.SCALAR, ValueType.MATRIX, ValueType.STRING]
    return speaker.of_type(speaker.one(kinds), vocabulary.depth)


@st.composite
def vector_queries(draw: st.DrawFn, vocabulary: Vocabulary = DEFAULT) -> str:
    """Queries that give an instant vector."""
    return Speaker(draw, vocabulary).vector(vocabulary.depth)


class Speaker:
    """Says one query; each choice is one draw, so that a failing query shrinks."""

    def __init__(self, draw: st.DrawFn, vocabulary: Vocabulary) -> None:
        self.draw = draw
        self.words = vocabulary

    def one(self, choices: Sequence[T]) -> T:
        return self.draw(st.sampled_from(choices))

    def some(self, choices: Sequence[T], most: int) -> list[T]:
        return self.draw(st.lists(st.sampled_from(choices), unique=True, max_size=most))

    def between(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def of_type(self, kind: ValueType, depth: int) -> str:
        says: dict[ValueType, Callable[[int], str]] = {
            ValueType.SCALAR: self.scalar,
            ValueType.VECTOR: self.vector,
            ValueType.MATRIX: self.range,
            ValueType.STRING: lambda _: self.string(),
        }
        return says[kind](depth)

    # ---- Leaves

    def number(self) -> str:
        return self.one(["", "", "-", "+", "- "]) + self.one(self.words.numbers)

    def string(self) -> str:
        return quoted(self.one(self.words.values))

    def selector(self) -> str:
        return f"{self.naked_selector()}{self.extension()}{self.modifiers()}"

    def naked_selector(self) -> str:
        forms = ["name", "name", "braces", *(["quoted"] if self.words.quoted_names else [])]
        metric, form = self.one(self.words.metrics), self.one(forms)
        if form == "name":
            return metric
        matchers = [self.matcher() for _ in range(self.one([0, 1, 2]))]
        if form == "braces":
            return f"{metric}{{{', '.join(matchers)}}}"
        return f"{{{', '.join([quoted(metric), *matchers])}}}"

    def matcher(self) -> str:
        label, op = label_text(self.one(self.words.labels)), self.one(["=", "!=", "=~", "!~", " = "])
        value = quoted(self.one(self.words.patterns)) if "~" in op else self.string()
        return f"{label}{op}{value}"

    def extension(self) -> str:
        extensions = ["", "", "", " anchored", " smoothed", " SMOOTHED"]
        return self.one(extensions) if self.words.extensions else ""

    def modifiers(self) -> str:
        if not self.words.modifiers:
            return ""
        kinds = self.one([(), (), (), ("offset",), ("@",), ("offset", "@"), ("@", "offset")])
        return "".join(
            f" {k} {self.offset() if k == 'offset' else self.one(self.words.timestamps)}" for k in kinds
        )

    # ---- Durations

    def offset(self) -> str:
        sign = self.one(["", "", "-"])
        if self.words.duration_expressions and self.one([False, False, True]):
            return sign + self.one([f"({self.duration_arithmetic(2)})", "step()", "range ()"])
        return sign + self.one(self.words.durations)

    def duration(self) -> str:
        if self.words.duration_expressions and self.one([False, False, True]):
            return self.duration_arithmetic(2)
        return self.one(self.words.durations)

    def duration_arithmetic(self, depth: int) -> str:
        """Some of these are negative, which is known only when they are evaluated."""
        if depth == 0:
            return self.one([*self.words.durations, "step()", "-1", "(1m)"])
        left, right = (self.duration_arithmetic(depth - 1) for _ in range(2))
        op = self.one(["+", "-", "*", "/", "%", "^", "max_of", "min_of", "()", "-()"])
        if op in {"()", "-()"}:
            return f"{op[:-2]}({left})"
        return f"{op}({left}, {right})" if "of" in op else f"{left} {op} {right}"

    # ---- Expressions

    def scalar(self, depth: int) -> str:
        """Operands stand in parentheses, for whether a comparison needs `bool` depends on its sides."""
        if depth <= 0:
            return self.number()
        form = self.one(["number", "call", "operator", "paren", "minus"])
        if form == "call":
            return self.call(ValueType.SCALAR, depth)
        if form == "paren":
            return f"({self.scalar(depth - 1)})"
        if form == "minus":
            return f"-({self.scalar(depth - 1)})"
        operators = [op for op in self.words.operators if op in ARITHMETIC]
        operators += [f"{op} bool" for op in self.words.operators if op in COMPARISONS]
        if form == "number" or not operators:
            return self.number()
        return f"({self.scalar(depth - 1)}) {self.one(operators)} ({self.scalar(depth - 1)})"

    def vector(self, depth: int) -> str:
        """A chain of operators may stand at the outside only; `term` is what may be an operand."""
        if depth <= 0 or self.one([False, True]):
            return self.term(depth)
        if self.one([False, True]):
            return self.with_scalar(depth)
        text = self.term(depth - 1)
        for _ in range(self.one([1, 1, 2, 3])):
            text += f" {self.matched_operator()} {self.term(depth - 1)}"
        return text

    def term(self, depth: int) -> str:
        if depth <= 0:
            return self.selector()
        form = self.one(["selector", "call", "call", "aggregation", "aggregation", "paren", "minus"])
        if form == "call":
            return self.call(ValueType.VECTOR, depth)
        if form == "aggregation":
            return self.aggregation(depth)
        if form == "paren":
            return f"({self.vector(depth - 1)})"
        return f"-{self.term(depth - 1)}" if form == "minus" else self.selector()

    def with_scalar(self, depth: int) -> str:
        operators = [op for op in self.words.operators if op not in SETS]
        if not operators:
            return self.term(depth)
        op = self.one(operators)
        flag = self.one(["", " bool"]) if op in COMPARISONS else ""
        sides = [f"({self.scalar(depth - 1)})", self.term(depth - 1)]
        left, right = sides if self.one([False, True]) else reversed(sides)
        return f"{left} {op}{flag} {right}"

    def matched_operator(self) -> str:
        """Labels of `on` and of `group_left` must not overlap."""
        op = self.one(self.words.operators)
        flag = self.one(["", " bool"]) if op in COMPARISONS else ""
        matching = self.clause(["", "", "on", "ignoring", "ON"])
        if op in SETS:
            return f"{op} {matching}"
        other = '"other"' if self.words.quoted_names else "other"
        side = self.one(["", "", "group_left", "group_right ()", f"group_left ({other})"]) if matching else ""
        fills = ["", "", "fill(0)", "fill_left(-1) fill_right (NaN)", "FILL_RIGHT (5m)"]
        fill = self.one(fills) if self.words.fills else ""
        return f"{op}{flag} {matching} {side} {fill}"

    def clause(self, keywords: list[str]) -> str:
        keyword = self.one(keywords)
        labels = ", ".join(map(label_text, self.some(self.words.labels, 3)))
        return f"{keyword} ({labels})" if keyword else ""

    def aggregation(self, depth: int) -> str:
        op, clause = self.one(self.words.aggregators), self.clause(["", "by", "without", "BY"])
        inner = self.vector(depth - 1)
        if op in PARAMETER_AGGREGATORS:
            inner = f"{self.scalar(depth - 2)}, {inner}"
        elif op == "count_values":
            inner = f'"value", {inner}'
        return self.one([f"{op} {clause} ({inner})", f"{op}({inner}) {clause}"])

    def call(self, returns: ValueType, depth: int) -> str:
        """One call with any number of arguments that the function takes."""
        known = [SIGNATURES[name] for name in self.words.functions if SIGNATURES[name].returns is returns]
        if not known:
            return self.of_type(returns, 0)
        signature = self.one(known)
        if signature.name == "info":
            matchers = [self.matcher() for _ in range(self.one([0, 1, 2]))]
            return f"info({self.vector(depth - 1)}, {{{', '.join(matchers)}}})"
        least, most = signature.arguments_min, signature.arguments_max
        count = self.between(least, least + 2 if most is None else min(most, least + 2))
        kinds = [signature.argument_type(position) for position in range(count)]
        return f"{signature.name}({', '.join(self.of_type(kind, depth - 1) for kind in kinds)})"

    def range(self, depth: int) -> str:
        if depth <= 0 or not self.words.subqueries or self.one([False, False, True]):
            return f"{self.naked_selector()}[{self.duration()}]{self.modifiers()}{self.extension()}"
        inner = self.one([self.naked_selector(), f"({self.vector(depth - 1)})"])
        step = self.one(["", self.duration()])
        return f"{inner}[{self.duration()}:{step}]{self.modifiers()}"


def quoted(text: str) -> str:
    """As one may write it in a query."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def label_text(name: str) -> str:
    """Bare where the old alphabet allows it."""
    return name if name.isascii() and name.isidentifier() else quoted(name)
