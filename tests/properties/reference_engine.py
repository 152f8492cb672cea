"""PromQL one step and one series at a time, with dictionaries: the plain twin of the columnar engine.

An instant vector is a dictionary from label pairs to a value. Every subexpression is evaluated anew at each
step; only a subquery looks at the whole question, for the points it evaluates depend on all steps.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

import kernels
from promql import ast
from tests.properties import reference_aggregate, reference_windows
from tests.properties.reference_windows import Sample

Labels = tuple[tuple[str, str], ...]
Vector = dict[Labels, float]
NAMES = {"__name__", "__type__", "__unit__"}


class RefusedError(Exception):
    """The question has no answer."""


@dataclass(frozen=True)
class Frame:
    """The steps that a question, or the inside of a subquery, is evaluated at."""

    start_ms: int
    end_ms: int
    step_ms: int

    def times(self) -> range:
        return range(self.start_ms, self.end_ms + 1, self.step_ms)


def fmod(a: float, b: float) -> float:
    return math.nan if b == 0 or math.isinf(a) or math.isnan(a) or math.isnan(b) else math.fmod(a, b)


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": reference_windows.divide,
    "%": fmod,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
ELEMENTWISE: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": lambda v: float(math.ceil(v)) if math.isfinite(v) else v,
    "floor": lambda v: float(math.floor(v)) if math.isfinite(v) else v,
    "sgn": lambda v: -1.0 if v < 0 else 1.0 if v > 0 else v,
    "sqrt": lambda v: math.nan if v < 0 else math.sqrt(v),
}


class ReferenceEngine:
    """Answers over series given as label pairs with samples in order of time."""

    def __init__(self, series: dict[Labels, list[Sample]], lookback_ms: int, default_step_ms: int) -> None:
        self.series = series
        self.lookback_ms = lookback_ms
        self.default_step_ms = default_step_ms
        self.points: dict[tuple[int, Frame], dict[int, Vector]] = {}

    def range(self, expr: ast.Expr, frame: Frame) -> dict[Labels, dict[int, float]]:
        """Every series with its points."""
        answer: dict[Labels, dict[int, float]] = {}
        for time in frame.times():
            value = self.evaluate(expr, time, frame)
            for labels, number in (value if isinstance(value, dict) else {(): value}).items():
                answer.setdefault(labels, {})[time] = number
        return answer

    def evaluate(self, expr: ast.Expr, time: int, frame: Frame) -> Vector | float:
        match expr:
            case ast.NumberLiteral():
                return expr.value
            case ast.Paren():
                return self.evaluate(expr.expr, time, frame)
            case ast.VectorSelector():
                return self.select(expr, time)
            case ast.Unary():
                return self.unary(expr, time, frame)
            case ast.Call():
                return self.call(expr, time, frame)
            case ast.Aggregation():
                return self.aggregate(expr, time, frame)
            case ast.Binary():
                return self.binary(expr, time, frame)
        raise AssertionError(f"the twin does not know {expr}")

    def vector(self, expr: ast.Expr, time: int, frame: Frame) -> Vector:
        value = self.evaluate(expr, time, frame)
        assert isinstance(value, dict)
        return value

    def scalar(self, expr: ast.Expr, time: int, frame: Frame) -> float:
        value = self.evaluate(expr, time, frame)
        assert isinstance(value, float | int)
        return float(value)

    # ---- Selection

    def chosen(self, selector: ast.VectorSelector) -> Iterable[tuple[Labels, list[Sample]]]:
        for labels, samples in self.series.items():
            values = dict(labels)
            if all(matcher.matches(values.get(matcher.name, "")) for matcher in selector.matchers):
                yield labels, samples

    def select(self, selector: ast.VectorSelector, time: int) -> Vector:
        return {labels: sample.v for labels, sample in self.newest(selector, time).items()}

    def newest(self, selector: ast.VectorSelector, time: int) -> dict[Labels, Sample]:
        seen = looked_at(selector, time)
        found = {}
        for labels, samples in self.chosen(selector):
            (sample,) = reference_windows.align(samples, [seen], self.lookback_ms)
            if sample is not None:
                found[labels] = sample
        return found

    def windows(self, expr: ast.Expr, time: int, frame: Frame) -> tuple[dict[Labels, list[Sample]], int, int]:
        """Samples of each series, the end of the window, and its length."""
        while isinstance(expr, ast.Paren):
            expr = expr.expr
        if isinstance(expr, ast.MatrixSelector):
            return dict(self.chosen(expr.selector)), looked_at(expr.selector, time), expr.range
        assert isinstance(expr, ast.Subquery)
        flat: dict[Labels, list[Sample]] = {}
        for point, vector in self.subquery(expr, frame).items():
            for labels, value in vector.items():
                flat.setdefault(labels, []).append(Sample(point, value))
        return flat, looked_at(expr, time), expr.range

    def subquery(self, expr: ast.Subquery, frame: Frame) -> dict[int, Vector]:
        """The points of all steps at once: a question asks each of them whether a window needs it or not."""
        key = (id(expr), frame)
        if key not in self.points:
            step = expr.step or self.default_step_ms
            last_step = frame.start_ms + (frame.end_ms - frame.start_ms) // frame.step_ms * frame.step_ms
            low, high = looked_at(expr, frame.start_ms) - expr.range, looked_at(expr, last_step)
            first = next(point for point in range(low + 1, low + step + 1) if point % step == 0)
            inner = Frame(first, high, step)
            self.points[key] = {point: self.vector(expr.expr, point, inner) for point in inner.times()}
        return self.points[key]

    # ---- Functions

    def unary(self, expr: ast.Unary, time: int, frame: Frame) -> Vector | float:
        value = self.evaluate(expr.expr, time, frame)
        if expr.op == "+":
            return value
        return nameless((k, -v) for k, v in value.items()) if isinstance(value, dict) else -value

    def call(self, expr: ast.Call, time: int, frame: Frame) -> Vector | float:
        name, arguments = expr.function, expr.arguments
        if name == "time":
            return time / 1000
        if name == "vector":
            return {(): self.scalar(arguments[0], time, frame)}
        if name in ELEMENTWISE:
            vector = self.vector(arguments[0], time, frame)
            return nameless((labels, ELEMENTWISE[name](value)) for labels, value in vector.items())
        if name == "scalar":
            values = list(self.vector(arguments[0], time, frame).values())
            return values[0] if len(values) == 1 else math.nan
        if name == "timestamp":
            return self.timestamp(arguments[0], time, frame)
        if name == "quantile_over_time":
            q = self.scalar(arguments[0], time, frame)
            return self.over_windows(name, arguments[1], time, frame, [(q,)])
        return self.over_windows(name, arguments[0], time, frame, None)

    def timestamp(self, operand: ast.Expr, time: int, frame: Frame) -> Vector:
        while isinstance(operand, ast.Paren):
            operand = operand.expr
        if isinstance(operand, ast.VectorSelector):
            return nameless(
                (labels, sample.t / 1000) for labels, sample in self.newest(operand, time).items()
            )
        return nameless((labels, time / 1000) for labels in self.vector(operand, time, frame))

    def over_windows(
        self, name: str, operand: ast.Expr, time: int, frame: Frame, parameters: list[tuple[float]] | None
    ) -> Vector:
        series, seen, range_ms = self.windows(operand, time, frame)
        results = []
        for labels, samples in series.items():
            (value,) = reference_windows.over_windows(name, samples, [seen], range_ms, parameters)
            if value is not None:
                results.append((labels, value))
        keeps_name = name in {"last_over_time", "first_over_time"}
        return unique(results) if keeps_name else nameless(results)

    # ---- Aggregations

    def aggregate(self, expr: ast.Aggregation, time: int, frame: Frame) -> Vector:
        vector = self.vector(expr.expr, time, frame)
        parameter = None
        if expr.parameter is not None and expr.op != "count_values":
            parameter = self.scalar(expr.parameter, time, frame)
        groups: dict[Labels, list[float]] = {}
        for labels, value in vector.items():
            if expr.op == "count_values":
                key = self.counted(expr, labels, value)
            else:
                key = grouped(labels, expr.grouping, without=expr.without)
            groups.setdefault(key, []).append(value)
        if expr.op == "count_values":
            return {key: float(len(values)) for key, values in groups.items()}
        if expr.op == "quantile":
            return {key: reference_windows.quantile(parameter, values) for key, values in groups.items()}
        return {key: reference_aggregate.AGGREGATIONS[expr.op](values) for key, values in groups.items()}

    def counted(self, expr: ast.Aggregation, labels: Labels, value: float) -> Labels:
        assert isinstance(expr.parameter, ast.StringLiteral)
        (text,) = kernels.format_floats(np.array([value]), exponent=False)
        label = expr.parameter.value
        named = tuple(sorted({**dict(labels), label: text}.items()))
        grouping = expr.grouping if expr.without else (*expr.grouping, label)
        return grouped(named, grouping, without=expr.without)

    # ---- Operators

    def binary(self, expr: ast.Binary, time: int, frame: Frame) -> Vector | float:
        left, right = self.evaluate(expr.left, time, frame), self.evaluate(expr.right, time, frame)
        if isinstance(left, dict) and isinstance(right, dict):
            return (
                sets(expr, left, right) if expr.op in {"and", "or", "unless"} else matched(expr, left, right)
            )
        if isinstance(left, dict):
            return elementwise(expr, ((labels, value, right, value) for labels, value in left.items()))
        if isinstance(right, dict):
            return elementwise(expr, ((labels, left, value, value) for labels, value in right.items()))
        return (
            float(COMPARISONS[expr.op](left, right))
            if expr.op in COMPARISONS
            else ARITHMETIC[expr.op](left, right)
        )


def looked_at(expr: ast.VectorSelector | ast.Subquery, time: int) -> int:
    """The instant that is looked at under `@` and `offset`."""
    return (time if expr.at is None else expr.at) - expr.offset


def grouped(labels: Labels, names: Iterable[str], *, without: bool) -> Labels:
    dropped = {*names, "__name__"}
    return tuple(pair for pair in labels if (pair[0] not in dropped if without else pair[0] in names))


def unique(pairs: Iterable[tuple[Labels, float]]) -> Vector:
    vector: Vector = {}
    for labels, value in pairs:
        if labels in vector:
            raise RefusedError("vector cannot contain metrics with the same labelset")
        vector[labels] = value
    return vector


def nameless(pairs: Iterable[tuple[Labels, float]]) -> Vector:
    return unique((tuple(pair for pair in labels if pair[0] not in NAMES), value) for labels, value in pairs)


def elementwise(expr: ast.Binary, operands: Iterable[tuple[Labels, float, float, float]]) -> Vector:
    """Labels, left, right, and what a filter keeps."""
    if expr.op in ARITHMETIC:
        return nameless((labels, ARITHMETIC[expr.op](left, right)) for labels, left, right, _ in operands)
    verdicts = [(labels, COMPARISONS[expr.op](left, right), kept) for labels, left, right, kept in operands]
    if expr.return_bool:
        return nameless((labels, float(holds)) for labels, holds, _ in verdicts)
    return unique((labels, kept) for labels, holds, kept in verdicts if holds)


def signature(labels: Labels, matching: ast.VectorMatching) -> Labels:
    return grouped(labels, matching.labels, without=not matching.on)


def sets(expr: ast.Binary, left: Vector, right: Vector) -> Vector:
    assert expr.matching is not None
    lefts = {signature(labels, expr.matching) for labels in left}
    rights = {signature(labels, expr.matching) for labels in right}
    if expr.op == "or":
        rest = {k: v for k, v in right.items() if signature(k, expr.matching) not in lefts}
        return unique([*left.items(), *rest.items()])
    return {k: v for k, v in left.items() if (signature(k, expr.matching) in rights) == (expr.op == "and")}


def matched(expr: ast.Binary, left: Vector, right: Vector) -> Vector:
    matching = expr.matching
    assert matching is not None
    swapped = matching.cardinality is ast.Cardinality.ONE_TO_MANY
    many, one = (right, left) if swapped else (left, right)
    has_fill = matching.fill_left is not None or matching.fill_right is not None
    if not has_fill and not (many and one):
        return {}
    partners: dict[Labels, Labels] = {}
    for labels in one:
        key = signature(labels, matching)
        if key in partners:
            raise RefusedError("found duplicate series for the match group")
        partners[key] = labels
    rows = []  # Signature, labels of the many side and of the one side, their values.
    for labels, value in many.items():
        key = signature(labels, matching)
        if key in partners:
            rows.append((key, labels, partners[key], value, one[partners[key]]))
        elif matching.fill_right is not None:
            rows.append((key, labels, key, value, matching.fill_right))
    if matching.fill_left is not None:
        taken = {signature(labels, matching) for labels in many}
        for key, labels in partners.items():
            if key not in taken:
                rows.append((key, key, labels, matching.fill_left, one[labels]))
    return combined(expr, rows, swapped=swapped)


def combined(
    expr: ast.Binary, rows: list[tuple[Labels, Labels, Labels, float, float]], *, swapped: bool
) -> Vector:
    matching = expr.matching
    assert matching is not None
    seen: set[tuple[Labels, ...]] = set()
    operands = []
    for key, many, one, many_value, one_value in rows:
        labels = result_labels(expr, many, one)
        is_pair = matching.cardinality is ast.Cardinality.ONE_TO_ONE
        identity = (key,) if is_pair else (key, labels)
        if identity in seen:
            raise RefusedError("multiple matches for labels")
        seen.add(identity)
        left, right = (one_value, many_value) if swapped else (many_value, one_value)
        operands.append((labels, left, right, left))
    return elementwise(expr, operands)


def result_labels(expr: ast.Binary, many: Labels, one: Labels) -> Labels:
    matching = expr.matching
    assert matching is not None
    dropped = NAMES if expr.op in ARITHMETIC or expr.return_bool else set()
    values = {name: value for name, value in many if name not in dropped}
    if matching.cardinality is ast.Cardinality.ONE_TO_ONE:
        return tuple((k, v) for k, v in sorted(values.items()) if (k in matching.labels) == matching.on)
    for name in matching.include:
        values[name] = dict(one).get(name, "")
    return tuple((k, v) for k, v in sorted(values.items()) if v)
