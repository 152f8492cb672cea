"""`and`, `or`, `unless`: which samples stand, by the labels of the other side; values are untouched."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import LabelFrame
from model.labels import METRIC_NAME
from promql.ast import VectorMatching
from promql.operators.labelsets import merge_equal
from promql.plan.nodes import Binary
from promql.values import StepMatrix

U32 = NDArray[np.uint32]
SETS = frozenset({"and", "or", "unless"})


def combine_sets(node: Binary, left: StepMatrix, right: StepMatrix) -> StepMatrix:
    """A set operator between two vectors."""
    assert node.matching is not None, "set operators stand between vectors"
    left_groups, right_groups, groups = match_rows(left.labels, right.labels, node.matching)
    if node.op == "or":
        taken = kernels.group_any(left.present, left_groups, groups)[right_groups]
        return merge_equal(_union(left, replace(right, present=right.present & ~taken).compact()))
    matched = kernels.group_any(right.present, right_groups, groups)[left_groups]
    kept = left.present & (matched if node.op == "and" else ~matched)
    return replace(left, present=kept).compact()


def match_rows(left: LabelFrame, right: LabelFrame, matching: VectorMatching) -> tuple[U32, U32, int]:
    """Rows of both sides with equal labels under `on` or `ignoring` share a group."""
    names = list(matching.labels) if matching.on else [*matching.labels, METRIC_NAME]
    return left.match(right, names, ignoring=not matching.on)


def _union(left: StepMatrix, right: StepMatrix) -> StepMatrix:
    """All rows of the left, then all rows of the right."""
    if len(right) == 0:
        return left
    labels = LabelFrame.concat(left.labels.symbols, [left.labels, right.labels])
    marked = left.nameless is not None or right.nameless is not None
    return StepMatrix(
        labels,
        np.concatenate([left.values, right.values]),
        np.concatenate([left.present, right.present]),
        nameless=np.concatenate([left.marks(), right.marks()]) if marked else None,
    )
