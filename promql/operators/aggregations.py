"""Aggregations of a whole vector: groups first, then a kernel or a numpy column over all steps."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import GroupedAggregate, LabelFrame
from model.errors import QueryExecutionError
from model.labels import METRIC_NAME
from promql.annotations import format_g
from promql.operators.evaluator import Evaluator
from promql.plan.nodes import Aggregate, Node
from promql.values import Flags, Floats, Grid, StepMatrix

INT64_LOW, INT64_HIGH = -9223372036854775808.0, 9223372036854774784.0


def aggregate(evaluator: Evaluator, node: Aggregate, grid: Grid) -> StepMatrix:
    """Any aggregation of a vector that is held whole."""
    matrix = evaluator.vector(node.operands[0], grid)
    special = _SPECIAL.get(node.op)
    return special(evaluator, node, matrix, grid) if special else _running(node, matrix)


def group_rows(
    labels: LabelFrame, grouping: tuple[str, ...], *, without: bool
) -> tuple[NDArray[np.uint32], LabelFrame]:
    """The group of each row under `by` or `without`, and the labels of each group."""
    names = [*grouping, METRIC_NAME] if without else list(grouping)
    return labels.group(names, without=without)


def _running(node: Aggregate, matrix: StepMatrix) -> StepMatrix:
    group_of, labels = group_rows(matrix.labels, node.grouping, without=node.without)
    running = GroupedAggregate(node.op, len(labels), matrix.steps)
    running.add(matrix.values, matrix.present, group_of)
    values, present = running.finish()
    return StepMatrix(labels, values, present, nameless=_marks(matrix, group_of, len(labels))).compact()


def _marks(matrix: StepMatrix, group_of: NDArray[np.uint32], groups: int) -> Flags | None:
    """A group loses its name at the end if any member does."""
    if matrix.nameless is None:
        return None
    marks = np.zeros(groups, dtype=np.bool_)
    marks[group_of[matrix.nameless]] = True
    return marks


def _quantile(evaluator: Evaluator, node: Aggregate, matrix: StepMatrix, grid: Grid) -> StepMatrix:
    q = evaluator.scalar(node.operands[1], grid)
    numbers = q[~np.isnan(q)]
    extremes = [numbers.min(), numbers.max()] if len(numbers) else []
    if len(numbers) < len(q):
        extremes.append(np.nan)
    warn_of_quantiles(evaluator, node.operands[1], np.array(extremes))
    group_of, labels = group_rows(matrix.labels, node.grouping, without=node.without)
    values, present = kernels.group_quantile(matrix.values, matrix.present, group_of, len(labels), q)
    return StepMatrix(labels, values, present, nameless=_marks(matrix, group_of, len(labels))).compact()


def _count_values(evaluator: Evaluator, node: Aggregate, matrix: StepMatrix, _grid: Grid) -> StepMatrix:
    """Cells become (series, distinct value) pairs, pairs become groups, and cells are counted by group."""
    label = evaluator.text(node.operands[1])
    if not label:
        raise QueryExecutionError('invalid label name ""')
    rows, steps = np.nonzero(matrix.present)
    cells = matrix.values[rows, steps]
    cells[np.isnan(cells)] = np.nan
    bits, value_of = np.unique(cells.view(np.uint64), return_inverse=True)
    texts = kernels.format_floats(bits.view(np.float64), exponent=False)
    symbols = evaluator.question.symbols.intern(texts)
    pairs, pair_of = np.unique(rows * len(bits) + value_of, return_inverse=True)
    members = matrix.labels.take(pairs // max(len(bits), 1))
    members = members.with_column(label, symbols[pairs % max(len(bits), 1)])
    grouping = node.grouping if node.without else (*node.grouping, label)
    group_of, labels = group_rows(members, grouping, without=node.without)
    cells_of = group_of[pair_of].astype(np.int64) * matrix.steps + steps
    counts = np.bincount(cells_of, minlength=len(labels) * matrix.steps).reshape(len(labels), matrix.steps)
    marks = matrix.marks()[pairs // max(len(bits), 1)]
    nameless = None if matrix.nameless is None else np.bincount(group_of[marks], minlength=len(labels)) > 0
    return StepMatrix(labels, counts.astype(np.float64), counts > 0, nameless=nameless)


def _top(evaluator: Evaluator, node: Aggregate, matrix: StepMatrix, grid: Grid) -> StepMatrix:
    """`topk` and `bottomk`: the original series; an instant vector comes best first within each group."""
    k = _limits(evaluator, node, matrix, grid)
    if k is None:
        return evaluator.nothing(grid)
    group_of, labels = group_rows(matrix.labels, node.grouping, without=node.without)
    largest = node.op == "topk"
    kept = kernels.group_top(matrix.values, matrix.present, group_of, len(labels), k, largest=largest)
    chosen = replace(matrix, present=kept)
    if matrix.steps > 1:
        return chosen.compact()
    rows = np.flatnonzero(kept[:, 0])
    ranked = matrix.values[rows, 0]
    order = np.lexsort((-ranked if largest else ranked, np.isnan(ranked), group_of[rows]))
    return chosen.take(rows[order])


def _limit(evaluator: Evaluator, node: Aggregate, matrix: StepMatrix, grid: Grid) -> StepMatrix:
    """`limitk`: the first k series of each group at each step."""
    k = _limits(evaluator, node, matrix, grid)
    if k is None:
        return evaluator.nothing(grid)
    group_of, _labels = group_rows(matrix.labels, node.grouping, without=node.without)
    order = np.argsort(group_of, kind="stable")
    present = matrix.present[order]
    seen = np.cumsum(present, axis=0)
    begins = np.searchsorted(group_of[order], group_of[order])  # Where each row's group begins.
    rank: NDArray[np.int64] = seen - (seen[begins] - present[begins])
    kept = np.empty_like(matrix.present)
    kept[order] = present & (rank <= k)
    return replace(matrix, present=kept).compact()


def _limit_ratio(evaluator: Evaluator, node: Aggregate, matrix: StepMatrix, grid: Grid) -> StepMatrix:
    """A share of the series, chosen by the hash of their labels; r and r - 1 are complements."""
    ratio = evaluator.scalar(node.operands[1], grid)
    if np.isnan(ratio).any():
        raise QueryExecutionError("Ratio value is NaN")
    capped = np.clip(ratio, -1.0, 1.0)
    for value in np.unique(ratio[ratio != capped]):
        text = (
            f"ratio value should be between -1 and 1, got {format_g(value)}, capping to {np.sign(value):.0f}"
        )
        evaluator.annotations.warn(text, node.operands[1].span)
    places = (matrix.labels.hashes().astype(np.float64) / 2.0**64).reshape(-1, 1)
    kept = np.where(capped >= 0, places < capped, places >= 1.0 + capped)
    return replace(matrix, present=matrix.present & kept).compact()


def _limits(
    evaluator: Evaluator, node: Aggregate, matrix: StepMatrix, grid: Grid
) -> NDArray[np.int64] | None:
    """The parameter of `topk` and its kin at each step; None where it asks for nothing at all."""
    k = evaluator.scalar(node.operands[1], grid)
    if np.isnan(k).any():
        raise QueryExecutionError("Parameter value is NaN")
    if k.min() <= INT64_LOW:
        raise QueryExecutionError(f"Scalar value {format_g(k.min())} underflows int64")
    if k.max() >= INT64_HIGH:
        raise QueryExecutionError(f"Scalar value {format_g(k.max())} overflows int64")
    if k.max() < 1:
        return None
    return np.clip(k, 0, len(matrix)).astype(np.int64)


def warn_of_quantiles(evaluator: Evaluator, parameter: Node, q: Floats) -> None:
    """Tell the asker of quantiles that no distribution has."""
    for value in np.unique(q[~((q >= 0) & (q <= 1))]):
        text = f"quantile value should be between 0 and 1, got {format_g(value)}"
        evaluator.annotations.warn(text, parameter.span)


Special = Callable[[Evaluator, Aggregate, StepMatrix, Grid], StepMatrix]

_SPECIAL: dict[str, Special] = {
    "quantile": _quantile,
    "count_values": _count_values,
    "topk": _top,
    "bottomk": _top,
    "limitk": _limit,
    "limit_ratio": _limit_ratio,
}
