"""Instant selectors: the newest sample of each series at each step, by the lookback rule."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import LabelFrame
from model.samples import SeriesBatch
from model.storage import SelectHints, SeriesSet
from promql.operators.evaluator import Evaluator
from promql.plan.nodes import Select
from promql.values import Flags, Floats, Grid, StepMatrix

Times = NDArray[np.int64]


def select(evaluator: Evaluator, node: Select, grid: Grid) -> StepMatrix:
    """A selector as an instant vector."""
    labels, _times, values, present = _look_up(evaluator, node, grid, "")
    return StepMatrix(labels, values, present).compact().widen(grid.steps)


def select_timestamps(evaluator: Evaluator, node: Select, grid: Grid) -> StepMatrix:
    """When the samples that the selector gives were taken, in seconds."""
    labels, times, _values, present = _look_up(evaluator, node, grid, "timestamp")
    return StepMatrix(labels, times / 1000, present).compact().widen(grid.steps)


def open_selector(evaluator: Evaluator, node: Select, grid: Grid, function: str) -> tuple[SeriesSet, Grid]:
    """The series of a selector, and the instants at which they are looked up."""
    lookback_ms = evaluator.question.lookback_ms
    seen = grid.seen_from(node.offset_ms, node.at_ms)
    hints = SelectHints(seen.start_ms - lookback_ms + 1, seen.end_ms, function, seen.step_ms)
    return evaluator.select(node.matchers, hints), seen


def counted_batches(evaluator: Evaluator, series: SeriesSet) -> Iterator[tuple[slice, SeriesBatch]]:
    """A series set's batches; each is held while the caller looks at it, and limits count between two."""
    budget = evaluator.budget
    for rows, batch in series.batches(budget.batch_samples()):
        budget.check()
        with budget.holding(len(batch.values)):
            yield rows, batch


def aligned_batches(
    evaluator: Evaluator, series: SeriesSet, seen: Grid
) -> Iterator[tuple[slice, Times, Floats, Flags]]:
    """The newest samples at each step, batch after batch: rows, times, values, presence."""
    lookback_ms = evaluator.question.lookback_ms
    for rows, batch in counted_batches(evaluator, series):
        yield (
            rows,
            *kernels.align(
                batch.timestamps_ms,
                batch.values,
                batch.offsets,
                seen.start_ms,
                seen.step_ms,
                seen.steps,
                lookback_ms,
            ),
        )


def _look_up(
    evaluator: Evaluator, node: Select, grid: Grid, function: str
) -> tuple[LabelFrame, Times, Floats, Flags]:
    series, seen = open_selector(evaluator, node, grid, function)
    labels = series.labels
    if seen.steps == 1:
        column = series.latest(seen.start_ms, evaluator.question.lookback_ms)
        evaluator.budget.read += len(labels)
        return (
            labels,
            column.timestamps_ms.reshape(-1, 1),
            column.values.reshape(-1, 1),
            column.present.reshape(-1, 1),
        )
    evaluator.budget.allow_cells(len(labels), seen.steps)
    shape = (len(labels), seen.steps)
    times, values, present = np.empty(shape, np.int64), np.empty(shape), np.empty(shape, np.bool_)
    held = evaluator.budget.held
    for rows, *columns in aligned_batches(evaluator, series, seen):
        times[rows], values[rows], present[rows] = columns
        evaluator.budget.hold(int(np.count_nonzero(columns[2])))
    evaluator.budget.held = held
    return labels, times, values, present
