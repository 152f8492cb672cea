"""Functions of each sample by itself: the numpy function and nothing else.

Go's `round` in PromQL rounds ties up, `sgn` keeps zeros and NaN, and `clamp` is empty where its limits cross.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from promql.operators.evaluator import Evaluator
from promql.plan.nodes import Call
from promql.values import Flags, Floats, Grid, StepMatrix

FULL_TURN_HALF: Final = 180.0


def of_values(change: Callable[[Floats], Floats]) -> Callable[[Evaluator, Call, Grid], StepMatrix]:
    """The PromQL function that changes every value and drops the name."""

    def function(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
        matrix = evaluator.vector(call.operands[0], grid)
        with np.errstate(all="ignore"):
            return evaluator.drop_names(replace(matrix, values=change(matrix.values)))

    return function


def sign(values: Floats) -> Floats:
    """-1, 1, or the value itself where it is neither below nor above zero."""
    return np.where(values < 0, -1.0, np.where(values > 0, 1.0, values))


def degrees(values: Floats) -> Floats:
    """Of radians."""
    return values * FULL_TURN_HALF / np.pi


def radians(values: Floats) -> Floats:
    """Of degrees."""
    return values * np.pi / FULL_TURN_HALF


def round_to(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`round(V, to)`."""
    matrix = evaluator.vector(call.operands[0], grid)
    to = evaluator.scalar(call.operands[1], grid) if len(call.operands) > 1 else np.ones(grid.steps)
    with np.errstate(all="ignore"):
        inverse = 1.0 / to
        values = np.floor(matrix.values * inverse + 0.5) / inverse
    return evaluator.drop_names(replace(matrix, values=values))


def clamp(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`clamp(V, min, max)`."""
    matrix = evaluator.vector(call.operands[0], grid)
    low, high = (evaluator.scalar(operand, grid) for operand in call.operands[1:])
    return _clamped(evaluator, matrix, low, high, ~(high < low))


def clamp_min(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`clamp_min(V, min)`."""
    matrix = evaluator.vector(call.operands[0], grid)
    low = evaluator.scalar(call.operands[1], grid)
    return _clamped(evaluator, matrix, low, np.full(grid.steps, np.inf), np.ones(grid.steps, dtype=np.bool_))


def clamp_max(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`clamp_max(V, max)`."""
    matrix = evaluator.vector(call.operands[0], grid)
    high = evaluator.scalar(call.operands[1], grid)
    return _clamped(
        evaluator, matrix, np.full(grid.steps, -np.inf), high, np.ones(grid.steps, dtype=np.bool_)
    )


def _clamped(
    evaluator: Evaluator, matrix: StepMatrix, low: Floats, high: Floats, possible: Flags
) -> StepMatrix:
    """A NaN on either side spreads; yet the lower of it and -Inf is -Inf, the higher of it and +Inf +Inf."""
    values = np.minimum(high, matrix.values)
    values[np.isneginf(matrix.values) | np.isneginf(high)] = -np.inf
    highest = np.isposinf(values) | np.isposinf(low)
    values = np.maximum(low, values)
    values[highest] = np.inf
    present = matrix.present & possible
    return evaluator.drop_names(replace(matrix, values=values, present=present).compact())
