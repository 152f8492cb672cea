"""Range vectors: the samples in a window behind each step, and functions of such windows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import LabelFrame
from model.labels import METRIC_NAME
from model.names import quote
from model.samples import SeriesBatch
from model.storage import SelectHints
from promql.annotations import NOWHERE
from promql.ast import Span
from promql.operators.evaluator import Evaluator
from promql.operators.selectors import counted_batches
from promql.plan.nodes import Node, SelectRange, Subquery
from promql.values import Flags, Floats, Grid, StepMatrix

NAME_KEEPING = frozenset({"last_over_time", "first_over_time"})
COUNTER_FUNCTIONS = frozenset({"rate", "increase"})
COUNTER_SUFFIXES = ("_total", "_sum", "_count", "_bucket")
EMPTY_BATCH = SeriesBatch(np.empty(0, np.int64), np.empty(0), np.zeros(1, np.int64))


@dataclass(frozen=True, slots=True)
class RangeVector:
    """Series, their samples batch after batch, and the windows to look at them through."""

    labels: LabelFrame
    batches: Iterator[tuple[slice, SeriesBatch]]
    seen: Grid  # The window of step i ends at its i-th instant.
    range_ms: int
    span: Span  # What annotations about the range point at.
    nameless: Flags | None


def range_vector(evaluator: Evaluator, node: Node, grid: Grid, function: str) -> RangeVector:
    """The operand of a range function, ready to be read once."""
    if isinstance(node, Subquery):
        return _subquery(evaluator, node, grid)
    assert isinstance(node, SelectRange), "the type check admits only range vectors here"
    seen = grid.seen_from(node.offset_ms, node.at_ms)
    hints = SelectHints(seen.start_ms - node.range_ms + 1, seen.end_ms, function, seen.step_ms, node.range_ms)
    series = evaluator.select(node.matchers, hints)
    batches = counted_batches(evaluator, series)
    return RangeVector(series.labels, batches, seen, node.range_ms, node.span, None)


def _subquery(evaluator: Evaluator, node: Subquery, grid: Grid) -> RangeVector:
    """The operand evaluated at absolute multiples of the step, its points taken as samples."""
    seen = grid.seen_from(node.offset_ms, node.at_ms)
    step_ms = node.step_ms
    first_ms = ((seen.start_ms - node.range_ms) // step_ms + 1) * step_ms
    inner = Grid(first_ms, step_ms, max(0, (seen.end_ms - first_ms) // step_ms + 1))
    if inner.steps == 0:
        nothing = LabelFrame.empty(evaluator.question.symbols, 0)
        return RangeVector(nothing, iter(()), seen, node.range_ms, NOWHERE, None)
    evaluator.budget.allow_cells(1, inner.steps)
    points = evaluator.vector(node.operands[0], inner)
    batch = SeriesBatch(*kernels.flatten(first_ms, step_ms, points.values, points.present))
    batches = iter([(slice(0, len(points)), batch)])
    return RangeVector(points.labels, batches, seen, node.range_ms, NOWHERE, points.nameless)


def over_windows(
    evaluator: Evaluator, source: RangeVector, function: str, parameter: Floats | None = None
) -> StepMatrix:
    """A window kernel over all series at all instants that the range was seen from; names are still there."""
    seen = source.seen
    evaluator.budget.allow_cells(len(source.labels), seen.steps)
    shape = (len(source.labels), seen.steps)
    values, present = np.empty(shape), np.empty(shape, dtype=np.bool_)
    held = evaluator.budget.held
    for rows, batch in source.batches:
        values[rows], present[rows] = window_batch(source, batch, function, parameter)
        evaluator.budget.hold(int(np.count_nonzero(present[rows])))
    evaluator.budget.held = held
    return StepMatrix(source.labels, values, present, nameless=source.nameless)


def window_batch(
    source: RangeVector, batch: SeriesBatch, function: str, parameter: Floats | None = None
) -> tuple[Floats, Flags]:
    """The window kernel over one batch."""
    seen = source.seen
    return kernels.over_windows(
        function,
        batch.timestamps_ms,
        batch.values,
        batch.offsets,
        seen.start_ms,
        seen.step_ms,
        seen.steps,
        source.range_ms,
        parameter,
    )


def range_function(
    evaluator: Evaluator, node: Node, grid: Grid, function: str, parameter: Floats | None = None
) -> StepMatrix:
    """A range function as PromQL sees it: empty series gone, names dropped unless it keeps them."""
    source = range_vector(evaluator, node, grid, function)
    if parameter is not None and source.seen.steps != grid.steps:
        # Pinned by `@`: the window stands still while the parameter may change.
        source = replace(source, seen=Grid(source.seen.start_ms, 0, grid.steps))
    matrix = over_windows(evaluator, source, function, parameter).compact()
    if function in COUNTER_FUNCTIONS:
        names = matrix.labels.column(METRIC_NAME)
        report_non_counters(evaluator, source.span, names)
    matrix = matrix.widen(grid.steps)
    return matrix if function in NAME_KEEPING else evaluator.drop_names(matrix)


def report_non_counters(evaluator: Evaluator, span: Span, names: NDArray[np.uint32]) -> None:
    """Tell the asker that a rate was taken of metrics that do not look like counters; `names` are symbols."""
    for name in evaluator.question.symbols.texts(non_counters(evaluator, names)):
        text = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket"
        evaluator.annotations.inform(f"{text}: {quote(name)}", span)


def non_counters(evaluator: Evaluator, names: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The distinct metric names among `names` that do not look like counters."""
    distinct = np.unique(names[names != 0])
    texts = evaluator.question.symbols.texts(distinct)
    return distinct[[not text.endswith(COUNTER_SUFFIXES) for text in texts]]
