"""Keeping label sets apart: dropping names, and what happens when two series become one.

Rows whose labels become equal are one series as long as they never share a step; two samples at one step are
an error. Under delayed name removal a row is only marked, and its name falls when the whole question is
answered.
"""

from dataclasses import replace
from typing import Final

import numpy as np

import kernels
from kernels import LabelFrame
from model.errors import QueryExecutionError
from model.labels import METRIC_NAME
from promql.values import StepMatrix

METADATA_LABELS: Final = (METRIC_NAME, "__type__", "__unit__")
SAME_LABELSET: Final = "vector cannot contain metrics with the same labelset"


def drop_names(matrix: StepMatrix, *, delayed: bool) -> StepMatrix:
    """The series without the labels that name the metric."""
    if delayed:
        return replace(matrix, nameless=np.ones(len(matrix), dtype=np.bool_))
    dropped = replace(matrix, labels=matrix.labels.drop(METADATA_LABELS))
    return dropped if len(matrix) < 2 or _has_one_name(matrix.labels) else merge_equal(dropped)


def drop_marked_names(matrix: StepMatrix) -> StepMatrix:
    """The end of a question under delayed name removal."""
    if matrix.nameless is None or not matrix.nameless.any():
        return matrix
    labels = matrix.labels
    for name in METADATA_LABELS:
        labels = labels.with_column(name, np.where(matrix.nameless, np.uint32(0), labels.column(name)))
    return merge_equal(replace(matrix, labels=labels, nameless=None))


def merge_equal(matrix: StepMatrix) -> StepMatrix:
    """
    Rows with equal labels as one row.

    Raises:
        QueryExecutionError: two of them have a sample at the same step.
    """
    if len(matrix) < 2:
        return matrix
    group_of, labels = matrix.labels.group([], without=True)
    if len(labels) == len(matrix):
        return matrix
    values, present, collision = kernels.group_merge(matrix.values, matrix.present, group_of, len(labels))
    if len(collision):
        raise QueryExecutionError(SAME_LABELSET)
    nameless = None
    if matrix.nameless is not None:
        nameless = np.zeros(len(labels), dtype=np.bool_)
        np.logical_or.at(nameless, group_of, matrix.nameless)
    return StepMatrix(labels, values, present, nameless=nameless)


def may_meet(labels: LabelFrame) -> bool:
    """Whether dropping the names makes two label sets equal."""
    if len(labels) < 2 or _has_one_name(labels):
        return False
    return len(labels.group(METADATA_LABELS, without=True)[1]) < len(labels)


def _has_one_name(labels: LabelFrame) -> bool:
    """Whether all series share one metric name, so that dropping it makes no two of them equal."""
    names = labels.column(METRIC_NAME)
    if names.min() != names.max():
        return False
    return not any(labels.column(name).any() for name in METADATA_LABELS[1:])
