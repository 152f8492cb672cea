"""The order of an instant vector. A range query is always ordered by labels, so there sorting only warns."""

import re
from functools import cmp_to_key
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from promql.operators.evaluator import Evaluator
from promql.plan.nodes import Call
from promql.values import Grid, StepMatrix

INEFFECTIVE = "sort is ineffective for range queries since results are always ordered by labels"
_CHUNK = re.compile(r"[0-9]+|[^0-9]+")


def by_value(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`sort` and `sort_desc`; NaN comes last in both."""
    matrix = evaluator.vector(call.operands[0], grid)
    if _is_range(evaluator, call):
        return matrix
    values = matrix.values[:, 0]
    ranked = -values if call.function == "sort_desc" else values
    return matrix.take(np.lexsort((ranked, np.isnan(values))))


def by_label(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`sort_by_label` and `sort_by_label_desc`: label after label in natural order, then all labels."""
    matrix = evaluator.vector(call.operands[0], grid)
    if _is_range(evaluator, call):
        return matrix
    rank = np.empty(len(matrix), dtype=np.int64)
    rank[matrix.labels.order()] = np.arange(len(matrix))
    keys = [
        rank,
        *(_ranks(evaluator, matrix, evaluator.text(label)) for label in reversed(call.operands[1:])),
    ]
    order = np.lexsort(keys)
    return matrix.take(order[::-1] if call.function == "sort_by_label_desc" else order)


def _is_range(evaluator: Evaluator, call: Call) -> bool:
    if evaluator.question.grid.steps == 1:
        return False
    evaluator.annotations.warn(INEFFECTIVE, call.span)
    return True


def _ranks(evaluator: Evaluator, matrix: StepMatrix, label: str) -> NDArray[np.int64]:
    """The natural rank of each row's value, found among the distinct values."""
    distinct, value_of = np.unique(matrix.labels.column(label), return_inverse=True)
    texts = evaluator.question.symbols.texts(distinct)
    places = {text: place for place, text in enumerate(sorted(texts, key=cmp_to_key(compare_naturally)))}
    return np.array([places[text] for text in texts], dtype=np.int64)[value_of]


def compare_naturally(left: str, right: str) -> int:
    """Below, at or above zero; runs of digits compare as numbers, everything else as bytes."""
    for a, b in zip_longest(_CHUNK.findall(left), _CHUNK.findall(right)):
        if a is None or b is None:
            return -1 if a is None else 1
        if a.isdigit() and b.isdigit() and int(a) != int(b):
            return -1 if int(a) < int(b) else 1
        if a != b and not (a.isdigit() and b.isdigit()):
            return -1 if a.encode() < b.encode() else 1
    return 0
