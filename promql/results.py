"""From the value of a plan to the answer that is shown."""

import numpy as np
from numpy.typing import NDArray

from kernels import LabelFrame
from model.samples import STALE_BITS, SeriesBatch
from promql.ast import ValueType
from promql.operators.evaluator import Evaluator
from promql.operators.labelsets import drop_marked_names
from promql.operators.ranges import RangeVector, range_vector
from promql.plan.nodes import Node
from promql.values import Grid, RawMatrix, ResultKind, ScalarSteps, StepMatrix, StringValue


def instant_data(
    evaluator: Evaluator, plan: Node, grid: Grid
) -> tuple[ResultKind, StepMatrix | ScalarSteps | StringValue | RawMatrix]:
    """The answer at one instant, in the order that evaluation gave it."""
    if plan.kind is ValueType.MATRIX:
        return "matrix", _raw(evaluator, range_vector(evaluator, plan, grid, ""))
    value = evaluator.evaluate(plan, grid)
    if isinstance(value, ScalarSteps):
        return "scalar", value
    if isinstance(value, StringValue):
        return "string", value
    return "vector", drop_marked_names(value).compact()


def range_data(evaluator: Evaluator, plan: Node, grid: Grid) -> tuple[ResultKind, StepMatrix]:
    """The answers at all steps, sorted by labels."""
    if grid.steps == 0:
        return "matrix", evaluator.nothing(grid)
    value = evaluator.evaluate(plan, grid)
    if isinstance(value, ScalarSteps):
        return "matrix", evaluator.one(grid, value.values)
    assert isinstance(value, StepMatrix), "the engine admits only scalars and vectors to range queries"
    matrix = drop_marked_names(value).compact()
    order = matrix.labels.order()
    in_order = bool((order[1:] > order[:-1]).all())
    return "matrix", matrix if in_order else matrix.take(order)


def _raw(evaluator: Evaluator, source: RangeVector) -> RawMatrix:
    """The samples in the window, as they are: no staleness markers, no empty series, sorted by labels."""
    counts, times, values = [], [], []
    end_ms = source.seen.start_ms
    for _rows, batch in source.batches:
        kept = (batch.timestamps_ms > end_ms - source.range_ms) & (batch.timestamps_ms <= end_ms)
        kept &= batch.values.view(np.uint64) != STALE_BITS
        times.append(batch.timestamps_ms[kept])
        values.append(batch.values[kept])
        evaluator.budget.hold(int(np.count_nonzero(kept)))
        before = np.concatenate([[0], np.cumsum(kept)])
        counts.append(np.diff(before[batch.offsets]))
    if not counts:
        empty = SeriesBatch(np.empty(0, np.int64), np.empty(0), np.zeros(1, np.int64))
        return RawMatrix(source.labels.take(np.empty(0, np.int64)), empty)
    batch = _flattened(np.concatenate(times), np.concatenate(values), np.concatenate(counts))
    return _sorted(_nameless(source), batch)


def _nameless(source: RangeVector) -> LabelFrame:
    if source.nameless is None:
        return source.labels
    nothing = np.zeros((len(source.labels), 0))
    matrix = StepMatrix(source.labels, nothing, nothing.astype(np.bool_), nameless=source.nameless)
    return drop_marked_names(matrix).labels


def _flattened(
    times: NDArray[np.int64], values: NDArray[np.float64], counts: NDArray[np.int64]
) -> SeriesBatch:
    return SeriesBatch(times, values, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))


def _sorted(labels: LabelFrame, batch: SeriesBatch) -> RawMatrix:
    counts = np.diff(batch.offsets)
    order = labels.order()
    order = order[counts[order] > 0]
    kept = counts[order]
    begins = np.cumsum(kept) - kept
    samples = np.arange(kept.sum()) + np.repeat(batch.offsets[order] - begins, kept)
    return RawMatrix(
        labels.take(order), _flattened(batch.timestamps_ms[samples], batch.values[samples], kept)
    )
