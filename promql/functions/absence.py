"""`absent` and `absent_over_time`: a sample where there is none."""

from dataclasses import replace

import numpy as np

from kernels import LabelFrame
from model.labels import METRIC_NAME
from promql.operators.evaluator import Evaluator
from promql.operators.ranges import over_windows, range_vector
from promql.plan.nodes import Call, Invariant, Node, Select, SelectRange, Shared
from promql.values import Flags, Grid, StepMatrix


def absent(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """1 at the steps where the vector has no sample."""
    matrix = evaluator.vector(call.operands[0], grid)
    return _where(evaluator, call, grid, ~np.logical_or.reduce(matrix.present, axis=0))


def absent_over_time(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """1 at the steps where no series has a sample in the range."""
    source = range_vector(evaluator, call.operands[0], grid, call.function)
    matrix = over_windows(evaluator, source, "present_over_time").widen(grid.steps)
    return _where(evaluator, call, grid, ~np.logical_or.reduce(matrix.present, axis=0))


def _where(evaluator: Evaluator, call: Call, grid: Grid, absent_at: Flags) -> StepMatrix:
    matrix = evaluator.one(grid, np.ones(grid.steps))
    pairs = certain_labels(call.operands[0])
    labels = LabelFrame.from_labels(evaluator.question.symbols, [pairs])
    return replace(matrix, labels=labels, present=absent_at.reshape(1, -1)).compact()


def certain_labels(node: Node) -> list[tuple[str, str]]:
    """What is certain of the series that a selector does not find: labels with one equality and no more."""
    while isinstance(node, Invariant | Shared):
        (node,) = node.operands
    if not isinstance(node, Select | SelectRange):
        return []
    names = [matcher.name for matcher in node.matchers]
    return [
        (matcher.name, matcher.value)
        for matcher in node.matchers
        if matcher.op == "=" and matcher.name != METRIC_NAME and names.count(matcher.name) == 1
    ]
