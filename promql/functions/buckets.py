"""`histogram_quantile` and its kin over classic buckets: series that differ in `le` and count cumulatively.

Bounds are parsed once per distinct value of `le`. Series without a readable bound are left out with a
warning.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import LabelFrame
from model.errors import QueryExecutionError
from model.labels import BUCKET_BOUND, METRIC_NAME
from model.names import is_label_name, quote
from promql.annotations import format_g
from promql.ast import Span
from promql.functions.monotonicity import Forced, report_forced
from promql.operators.aggregations import warn_of_quantiles
from promql.operators.evaluator import Evaluator
from promql.operators.labelsets import merge_equal
from promql.plan.nodes import Call, Node
from promql.values import Flags, Floats, Grid, StepMatrix


@dataclass(frozen=True, slots=True)
class Buckets:
    """The rows of a vector that are buckets, and the histogram that each belongs to."""

    matrix: StepMatrix
    bounds: Floats  # [rows]
    group_of: NDArray[np.uint32]  # [rows]
    labels: LabelFrame  # One row per histogram, without `le`; the name is still there.

    def answer(self, values: Floats, present: Flags) -> StepMatrix:
        """One value per histogram; its name is dropped with the usual care."""
        nameless = None
        if self.matrix.nameless is not None:
            nameless = np.zeros(len(self.labels), dtype=np.bool_)
            nameless[self.group_of[self.matrix.nameless]] = True
        return StepMatrix(self.labels, values, present, nameless=nameless).compact()


def histogram_quantile(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`histogram_quantile(q, V)`."""
    parameter, operand = call.operands
    q = evaluator.scalar(parameter, grid)
    warn_of_quantiles(evaluator, parameter, q)
    buckets = _read_buckets(evaluator, operand, grid)
    return evaluator.drop_names(_quantile(evaluator, buckets, q, grid, operand.span))


def histogram_quantiles(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`histogram_quantiles(V, label, q...)`: one series per quantile, told apart by the label."""
    operand, label_node, *parameters = call.operands
    label = evaluator.text(label_node)
    if not is_label_name(label):
        raise QueryExecutionError(f"invalid label name {quote(label)}")
    buckets = _read_buckets(evaluator, operand, grid)
    parts = []
    for parameter in parameters:
        q = evaluator.scalar(parameter, grid)
        warn_of_quantiles(evaluator, parameter, q)
        answer = _quantile(evaluator, buckets, q, grid, operand.span)
        parts.append(_labelled(evaluator, answer, label, q))
    matrix = StepMatrix(
        LabelFrame.concat(evaluator.question.symbols, [part.labels for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.present for part in parts]),
        nameless=np.concatenate([part.marks() for part in parts]),
    )
    return evaluator.drop_names(replace(merge_equal(matrix), nameless=None))


def _labelled(evaluator: Evaluator, answer: StepMatrix, label: str, q: Floats) -> StepMatrix:
    """The answer with the quantile in a label; a quantile that changes makes a series per distinct value."""
    distinct, quantile_of = np.unique(q, return_inverse=True)
    symbols = evaluator.question.symbols.intern([format_quantile(value) for value in distinct])
    rows = np.repeat(np.arange(len(answer)), len(distinct))
    which = np.tile(np.arange(len(distinct)), len(answer))
    spread = answer.take(rows)
    labels = spread.labels.with_column(label, symbols[which])
    present = spread.present & (quantile_of[np.newaxis, :] == which[:, np.newaxis])
    return replace(spread, labels=labels, present=present).compact()


def histogram_fraction(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`histogram_fraction(lower, upper, V)`."""
    lower, upper = (evaluator.scalar(operand, grid) for operand in call.operands[:2])
    buckets = _read_buckets(evaluator, call.operands[2], grid)
    values, present = kernels.bucket_fraction(
        buckets.matrix.values,
        buckets.matrix.present,
        buckets.group_of,
        len(buckets.labels),
        buckets.bounds,
        lower,
        upper,
    )
    return evaluator.drop_names(buckets.answer(values, present))


def native_only(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """Functions that read nothing but native histograms: floats are left out, and others are not stored."""
    matrix = evaluator.vector(call.operands[0], grid)
    return replace(matrix, present=np.zeros_like(matrix.present)).compact()


def _quantile(evaluator: Evaluator, buckets: Buckets, q: Floats, grid: Grid, span: Span) -> StepMatrix:
    values, present, forced = kernels.bucket_quantile(
        buckets.matrix.values,
        buckets.matrix.present,
        buckets.group_of,
        len(buckets.labels),
        buckets.bounds,
        q,
    )
    if forced.any():
        # Without delayed name removal the name is gone by the time that Prometheus looks.
        names = buckets.labels.column(METRIC_NAME)
        known = names if evaluator.question.delayed_name_removal else np.zeros_like(names)
        report_forced(
            evaluator,
            Forced(buckets.matrix, buckets.bounds, buckets.group_of, forced, known),
            grid,
            span,
        )
    return buckets.answer(values, present)


def _read_buckets(evaluator: Evaluator, node: Node, grid: Grid) -> Buckets:
    matrix = evaluator.vector(node, grid)
    texts_of = matrix.labels.column(BUCKET_BOUND)
    distinct, text_of = np.unique(texts_of, return_inverse=True)
    texts = evaluator.question.symbols.texts(distinct)
    parsed = [parse_bound(text) for text in texts]
    known = np.array([bound is not None for bound in parsed], dtype=np.bool_)
    if not known.all():
        _warn_of_bounds(evaluator, matrix, texts, known, text_of, span=node.span)
        matrix = matrix.take(np.flatnonzero(known[text_of]))
        text_of = text_of[known[text_of]]
    bounds = np.array([np.nan if bound is None else bound for bound in parsed], dtype=np.float64)[text_of]
    group_of, labels = matrix.labels.group([BUCKET_BOUND], without=True)
    return Buckets(matrix, bounds, group_of, labels)


def _warn_of_bounds(
    evaluator: Evaluator,
    matrix: StepMatrix,
    texts: list[str],
    known: Flags,
    text_of: NDArray[np.intp],
    *,
    span: Span,
) -> None:
    names = matrix.labels.column(METRIC_NAME)
    bad = ~known[text_of]
    pairs = np.unique(np.stack([text_of[bad].astype(np.int64), names[bad].astype(np.int64)], axis=1), axis=0)
    metrics = evaluator.question.symbols.texts(pairs[:, 1].astype(np.uint32))
    for (text, _name), metric in zip(pairs, metrics, strict=True):
        suffix = f" for metric name {quote(metric)}" if metric else ""
        value = quote(texts[int(text)])
        message = f'bucket label "le" is missing or has a malformed value of {value}{suffix}'
        evaluator.annotations.warn(message, span)


def parse_bound(text: str) -> float | None:
    """An upper bound as numbers are written, `+Inf` included; None if it is none."""
    try:
        return kernels.parse_float(text)
    except ValueError:
        return None


def format_quantile(value: float) -> str:
    """As OpenMetrics writes a float: always with a point or an exponent."""
    text = format_g(value)
    return text if not np.isfinite(value) or "." in text or "e" in text else f"{text}.0"
