"""Operators between two vectors: samples pair up by equal labels, step by step.

The side that `group_left` or `group_right` calls many (the left one where neither stands) is walked; the
other is the one side, on which labels must be unique under the matching. Rows of both sides with equal
signatures form a group, and every (many row, one row) of a group is a pair. A pair has a result at the steps
where both rows have a sample, so that series that come and go need no further care: their pairs are rows that
merge at the end.

Whether a signature is unique matters at each step by itself and only among the samples there.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import LabelFrame
from model.errors import QueryExecutionError
from model.labels import METRIC_NAME
from promql.ast import Cardinality, VectorMatching
from promql.operators.arithmetic import ARITHMETIC, vector_operation
from promql.operators.evaluator import Evaluator
from promql.operators.labelsets import METADATA_LABELS, merge_equal
from promql.operators.sets import match_rows
from promql.plan.nodes import Binary
from promql.quoting import print_labels
from promql.values import Flags, Floats, StepMatrix

Rows = NDArray[np.intp]

MANY_TO_ONE = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
GROUPING = "multiple matches for labels: grouping labels must ensure unique matches"


@dataclass(frozen=True, slots=True)
class Sides:
    """Both operands as the matching sees them."""

    many: StepMatrix
    one: StepMatrix
    many_groups: NDArray[np.uint32]  # [many rows]
    one_groups: NDArray[np.uint32]  # [one rows]
    groups: int
    matching: VectorMatching
    swapped: bool  # The many side is the right operand.


@dataclass(frozen=True, slots=True)
class Part:
    """Result rows of one origin: pairs, or rows that fill what has no partner."""

    labels: LabelFrame
    left: Floats  # [rows, steps]
    right: Floats
    present: Flags
    groups: NDArray[np.uint32]  # [rows]


def match_vectors(evaluator: Evaluator, node: Binary, left: StepMatrix, right: StepMatrix) -> StepMatrix:
    """Arithmetic or a comparison between two vectors."""
    assert node.matching is not None, "the check gives every operator between vectors its matching"
    sides = _sides(node.matching, left, right)
    _check_one_side(sides)
    parts = [_pairs(sides), *_fills(sides)]
    part = parts[0] if len(parts) == 1 else _joined(parts)
    part = replace(part, labels=part.labels.drop(METADATA_LABELS)) if node.op in ARITHMETIC else part
    _check_result(sides, part, drops_name=node.return_bool)
    values, holds = vector_operation(
        node.op, part.left, part.right, kept=part.left, return_bool=node.return_bool
    )
    present = part.present if holds is None else part.present & holds
    result = merge_equal(StepMatrix(part.labels, values, present).compact())
    return evaluator.drop_names(result) if node.return_bool else result


def _sides(matching: VectorMatching, left: StepMatrix, right: StepMatrix) -> Sides:
    left_groups, right_groups, groups = match_rows(left.labels, right.labels, matching)
    if matching.cardinality is Cardinality.ONE_TO_MANY:
        return Sides(right, left, right_groups, left_groups, groups, matching, swapped=True)
    return Sides(left, right, left_groups, right_groups, groups, matching, swapped=False)


def _check_one_side(sides: Sides) -> None:
    """
    Raises:
        QueryExecutionError: two samples of the one side share a signature at a step where both sides have
        samples.
    """
    one, groups = sides.one, sides.one_groups
    if len(one) < 2 or np.bincount(groups, minlength=sides.groups).max() < 2:
        return
    present = one.present
    if not _fill_values(sides.matching):
        present = present & sides.many.present.any(axis=0)
    _values, _present, collision = kernels.group_merge(one.values, present, groups, sides.groups)
    if not len(collision):
        return
    rows = sorted(print_labels(one.labels.labels(int(row))) for row in collision[1:])
    side = "left" if sides.swapped else "right"
    signature = _matched(one.labels.take(collision[1:2]), sides.matching).labels(0)
    raise QueryExecutionError(
        f"found duplicate series for the match group {print_labels(signature)} "
        f"on the {side} hand-side of the operation: [{', '.join(rows)}];"
        "many-to-many matching not allowed: matching labels must be unique on one side"
    )


def _pairs(sides: Sides) -> Part:
    many_rows, one_rows = _join(sides.many_groups, sides.one_groups, sides.groups)
    many, one = sides.many.take(many_rows), sides.one.take(one_rows)
    labels = _result_labels(sides.matching, many.labels, one.labels)
    left, right = (one.values, many.values) if sides.swapped else (many.values, one.values)
    return Part(labels, left, right, many.present & one.present, sides.many_groups[many_rows])


def _join(many: NDArray[np.uint32], one: NDArray[np.uint32], groups: int) -> tuple[Rows, Rows]:
    """Row numbers of all pairs with equal groups, in order of the many side."""
    sizes = np.bincount(one, minlength=groups)
    begins = np.cumsum(sizes) - sizes
    partners = sizes[many]
    many_rows = np.repeat(np.arange(len(many)), partners)
    within = np.arange(len(many_rows)) - np.repeat(np.cumsum(partners) - partners, partners)
    one_rows = np.argsort(one, kind="stable")[begins[many[many_rows]] + within]
    return many_rows, one_rows


def _result_labels(matching: VectorMatching, many: LabelFrame, one: LabelFrame) -> LabelFrame:
    """Labels of pairs: of the many side, cut to the matching or with what the one side gives."""
    if matching.cardinality is Cardinality.ONE_TO_ONE:
        return many.keep(matching.labels) if matching.on else many.drop(matching.labels)
    for name in matching.include:
        many = many.with_column(name, one.column(name))
    return many


def _fills(sides: Sides) -> list[Part]:
    """Rows for the samples without a partner, where the query gives a value for the missing side.

    The value of the right fills the one side and the value of the left the many side, also under
    `group_right`.
    """
    matching, parts = sides.matching, []
    if matching.fill_right is not None:
        has = kernels.group_any(sides.one.present, sides.one_groups, sides.groups)[sides.many_groups]
        partner = _matched(sides.many.labels, matching)
        labels = _result_labels(matching, sides.many.labels, partner)
        alone = replace(sides.many, present=sides.many.present & ~has)
        parts.append(_filled(sides, labels, alone, sides.many_groups, matching.fill_right, many_is_real=True))
    if matching.fill_left is not None:
        has = kernels.group_any(sides.many.present, sides.many_groups, sides.groups)[sides.one_groups]
        partner = _matched(sides.one.labels, matching)
        labels = _result_labels(matching, partner, sides.one.labels)
        alone = replace(sides.one, present=sides.one.present & ~has)
        parts.append(_filled(sides, labels, alone, sides.one_groups, matching.fill_left, many_is_real=False))
    return parts


def _filled(
    sides: Sides,
    labels: LabelFrame,
    alone: StepMatrix,
    groups: NDArray[np.uint32],
    value: float,
    *,
    many_is_real: bool,
) -> Part:
    filling = np.full_like(alone.values, value)
    real_is_left = many_is_real != sides.swapped
    left, right = (alone.values, filling) if real_is_left else (filling, alone.values)
    return Part(labels, left, right, alone.present, groups)


def _fill_values(matching: VectorMatching) -> bool:
    return matching.fill_left is not None or matching.fill_right is not None


def _joined(parts: list[Part]) -> Part:
    return Part(
        LabelFrame.concat(parts[0].labels.symbols, [part.labels for part in parts]),
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.present for part in parts]),
        np.concatenate([part.groups for part in parts]),
    )


def _check_result(sides: Sides, part: Part, *, drops_name: bool) -> None:
    """
    Raises:
        QueryExecutionError: a sample of the one side was used twice at a step for what must be one result.
    """
    groups, message = part.groups, MANY_TO_ONE
    if sides.matching.cardinality is not Cardinality.ONE_TO_ONE:
        labels = part.labels.drop(METADATA_LABELS) if drops_name else part.labels
        same_labels, _frame = labels.group([], without=True)
        both = groups.astype(np.int64) * (len(part.labels) + 1) + same_labels
        groups = np.unique(both, return_inverse=True)[1].astype(np.uint32)
        message = GROUPING
    count = int(groups.max()) + 1 if len(groups) else 0
    if count == 0 or np.bincount(groups).max() < 2:
        return
    if len(kernels.group_merge(part.left, part.present, groups, count)[2]):
        raise QueryExecutionError(message)


def _matched(labels: LabelFrame, matching: VectorMatching) -> LabelFrame:
    """The labels that the matching looks at."""
    return labels.keep(matching.labels) if matching.on else labels.drop([*matching.labels, METRIC_NAME])
