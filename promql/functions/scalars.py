"""Functions that give or take scalars, and those that read the clock of the evaluation."""

from dataclasses import replace

import numpy as np

from promql.operators.evaluator import Evaluator
from promql.operators.selectors import select_timestamps
from promql.plan.nodes import Call, Node, Select
from promql.values import Grid, ScalarSteps, StepMatrix


def pi(_evaluator: Evaluator, _call: Call, grid: Grid) -> ScalarSteps:
    """The ratio of a circle's circumference to its diameter."""
    return ScalarSteps(np.full(grid.steps, np.pi))


def time(_evaluator: Evaluator, _call: Call, grid: Grid) -> ScalarSteps:
    """The time of the step in seconds."""
    return ScalarSteps(grid.times_ms() / 1000)


def vector(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """A scalar as the only sample of a vector."""
    return evaluator.one(grid, evaluator.scalar(call.operands[0], grid))


def scalar(evaluator: Evaluator, call: Call, grid: Grid) -> ScalarSteps:
    """The value of the only sample, NaN where there is not exactly one."""
    matrix = evaluator.vector(call.operands[0], grid)
    if len(matrix) == 0:
        return ScalarSteps(np.full(grid.steps, np.nan))
    alone = np.count_nonzero(matrix.present, axis=0) == 1
    values = matrix.values[matrix.present.argmax(axis=0), np.arange(grid.steps)]
    return ScalarSteps(np.where(alone, values, np.nan))


def max_of(evaluator: Evaluator, call: Call, grid: Grid) -> ScalarSteps:
    """The larger of two scalars; NaN if either is."""
    left, right = (evaluator.scalar(operand, grid) for operand in call.operands)
    return ScalarSteps(np.maximum(left, right))


def min_of(evaluator: Evaluator, call: Call, grid: Grid) -> ScalarSteps:
    """The smaller of two scalars; NaN if either is."""
    left, right = (evaluator.scalar(operand, grid) for operand in call.operands)
    return ScalarSteps(np.minimum(left, right))


def timestamp(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """When a selector's samples were taken; of any other vector, the time of the step."""
    operand: Node = call.operands[0]
    if isinstance(operand, Select):
        return evaluator.drop_names(select_timestamps(evaluator, operand, grid))
    matrix = evaluator.vector(operand, grid)
    values = np.broadcast_to(grid.times_ms() / 1000, matrix.values.shape).copy()
    return evaluator.drop_names(replace(matrix, values=values))


def start_timestamp(evaluator: Evaluator, _call: Call, grid: Grid) -> StepMatrix:
    """Nothing: start timestamps are not stored."""
    return evaluator.nothing(grid)
