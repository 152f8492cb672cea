"""Range functions: what the window kernels need beside the samples."""

import numpy as np

from model.errors import QueryExecutionError
from promql.operators.aggregations import warn_of_quantiles
from promql.operators.evaluator import Evaluator
from promql.operators.ranges import range_function
from promql.plan.nodes import Call, SelectRange, Subquery
from promql.values import Floats, Grid, StepMatrix


def over_time(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """A range function of the window alone."""
    return range_function(evaluator, call.operands[0], grid, call.function)


def quantile_over_time(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`quantile_over_time(q, M)`."""
    parameter, operand = call.operands
    q = evaluator.scalar(parameter, grid)
    warn_of_quantiles(evaluator, parameter, q)
    return range_function(evaluator, operand, grid, call.function, q)


def predict_linear(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`predict_linear(M, seconds)`: ahead of the step, wherever offset and `@` let it look from."""
    operand, parameter = call.operands
    ahead = evaluator.scalar(parameter, grid)
    assert isinstance(operand, SelectRange | Subquery), "the type check admits only range vectors here"
    if grid.seen_from(operand.offset_ms, operand.at_ms) != grid:
        ahead = np.concatenate([ahead, grid.times_ms().astype(np.float64)])
    return range_function(evaluator, operand, grid, call.function, ahead)


def double_exponential_smoothing(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
    """`double_exponential_smoothing(M, smoothing, trend)`."""
    operand, *parameters = call.operands
    smoothing, trend = (evaluator.scalar(parameter, grid) for parameter in parameters)
    _want_factor("smoothing", "sf", smoothing)
    _want_factor("trend", "tf", trend)
    return range_function(evaluator, operand, grid, call.function, np.concatenate([smoothing, trend]))


def _want_factor(name: str, short: str, factors: Floats) -> None:
    wrong = factors[~((factors > 0) & (factors < 1))]
    if len(wrong):
        raise QueryExecutionError(
            f"invalid {name} factor. Expected: 0 < {short} < 1, got: {format_f(float(wrong[0]))}"
        )


def format_f(value: float) -> str:
    """As Go's %f: six decimals."""
    if np.isnan(value):
        return "NaN"
    return f"{value:.6f}" if np.isfinite(value) else f"{'+' if value > 0 else '-'}Inf"
