"""Aggregations that consume a selection batch after batch: the matrix of all series never exists.

Dropping names before grouping can make two series equal. Whether it does is known from the labels alone, and
then the plain way is taken, which finds out whether they really meet.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kernels import GroupedAggregate, LabelFrame
from model.labels import METRIC_NAME
from model.samples import SeriesBatch
from promql.operators.aggregations import aggregate, group_rows
from promql.operators.evaluator import Evaluator
from promql.operators.labelsets import METADATA_LABELS, may_meet
from promql.operators.ranges import (
    COUNTER_FUNCTIONS,
    NAME_KEEPING,
    RangeVector,
    non_counters,
    range_vector,
    report_non_counters,
    window_batch,
)
from promql.operators.selectors import aligned_batches, open_selector
from promql.plan.nodes import Aggregate, Call, Select, StreamedAggregate
from promql.values import Grid, StepMatrix


def streamed_aggregate(evaluator: Evaluator, node: StreamedAggregate, grid: Grid) -> StepMatrix:
    """An aggregation directly over a selector or over a range function of one."""
    operand = node.selection
    if isinstance(operand, Select):
        if grid.seen_from(operand.offset_ms, operand.at_ms).steps == 1:
            return _whole(evaluator, node, grid)  # One column per series is no matrix to be afraid of.
        return _over_selector(evaluator, node, operand, grid)
    assert isinstance(operand, Call), "the rule admits only selections"
    return _over_windows(evaluator, node, operand, grid)


def _whole(evaluator: Evaluator, node: StreamedAggregate, grid: Grid) -> StepMatrix:
    return aggregate(
        evaluator, Aggregate(node.span, (node.selection,), node.op, node.grouping, node.without), grid
    )


def _over_selector(evaluator: Evaluator, node: StreamedAggregate, operand: Select, grid: Grid) -> StepMatrix:
    series, seen = open_selector(evaluator, operand, grid, node.op)
    group_of, labels = group_rows(series.labels, node.grouping, without=node.without)
    running = GroupedAggregate(node.op, len(labels), seen.steps)
    for rows, _times, values, present in aligned_batches(evaluator, series, seen):
        running.add(values, present, group_of[rows])
    return _finish(running, labels, grid)


def _over_windows(evaluator: Evaluator, node: StreamedAggregate, operand: Call, grid: Grid) -> StepMatrix:
    source = range_vector(evaluator, operand.operands[0], grid, operand.function)
    keeps_name = operand.function in NAME_KEEPING
    delayed = evaluator.question.delayed_name_removal
    grouping = node.grouping
    if not keeps_name and not delayed:
        if may_meet(source.labels):
            return _whole(evaluator, node, grid)
        # The names are gone before the groups are made: `by` finds none, `without` removes all of them.
        shown = tuple(name for name in grouping if name not in METADATA_LABELS)
        grouping = (*grouping, *METADATA_LABELS) if node.without else shown
    group_of, labels = group_rows(source.labels, grouping, without=node.without)
    running = GroupedAggregate(node.op, len(labels), source.seen.steps)
    suspects = _suspects(evaluator, source, operand.function)
    seen = source.seen
    for rows, batch in source.batches:
        if len(suspects):
            suspects = _report_suspects(evaluator, source, operand.function, suspects, rows=rows, batch=batch)
        running.add_windows(
            operand.function,
            batch.timestamps_ms,
            batch.values,
            batch.offsets,
            seen.start_ms,
            seen.step_ms,
            source.range_ms,
            group_of[rows],
        )
    matrix = _finish(running, labels, grid)
    if delayed and not keeps_name:
        return replace(matrix, nameless=np.ones(len(matrix), dtype=np.bool_))
    return matrix


def _suspects(evaluator: Evaluator, source: RangeVector, function: str) -> NDArray[np.uint32]:
    """Metric names that a rate should not be taken of."""
    if function not in COUNTER_FUNCTIONS:
        return np.empty(0, dtype=np.uint32)
    return non_counters(evaluator, source.labels.column(METRIC_NAME))


def _report_suspects(
    evaluator: Evaluator,
    source: RangeVector,
    function: str,
    suspects: NDArray[np.uint32],
    *,
    rows: slice,
    batch: SeriesBatch,
) -> NDArray[np.uint32]:
    """Report the suspects that have a rate in this batch; the others stay suspects.

    Most often the first batch clears all of them, so that only it is computed twice.
    """
    _values, present = window_batch(source, batch, function)
    names = source.labels.column(METRIC_NAME)[rows]
    seen = np.intersect1d(names[present.any(axis=1)], suspects)
    report_non_counters(evaluator, source.span, seen)
    return np.setdiff1d(suspects, seen)


def _finish(running: GroupedAggregate, labels: LabelFrame, grid: Grid) -> StepMatrix:
    values, present = running.finish()
    return StepMatrix(labels, values, present).compact().widen(grid.steps)
