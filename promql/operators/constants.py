"""Nodes that hold or repeat a value rather than compute one."""

import numpy as np

from promql.operators.evaluator import Evaluator
from promql.plan.nodes import Invariant, Number, Shared, Text
from promql.values import Grid, ScalarSteps, StepMatrix, StringValue, Value


def number(_evaluator: Evaluator, node: Number, grid: Grid) -> ScalarSteps:
    """The number at every step."""
    return ScalarSteps(np.full(grid.steps, node.value))


def text(_evaluator: Evaluator, node: Text, _grid: Grid) -> StringValue:
    """The string."""
    return StringValue(node.text)


def invariant(evaluator: Evaluator, node: Invariant, grid: Grid) -> Value:
    """The operand at the first step, repeated."""
    value = evaluator.evaluate(node.operands[0], grid.first())
    if isinstance(value, StepMatrix):
        return value.widen(grid.steps)
    if isinstance(value, ScalarSteps):
        return ScalarSteps(np.full(grid.steps, value.values[0]))
    return value


def shared(evaluator: Evaluator, node: Shared, grid: Grid) -> Value:
    """The operand, evaluated where it stood first."""
    return evaluator.shared(node.number, node.operands[0], grid)
