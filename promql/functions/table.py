"""How each function computes, by its PromQL name; `signatures` says what it takes and gives.

Missing here are only those that preprocessing replaces by numbers: `start`, `end`, `range`, `step`.
"""

from typing import Final

import numpy as np

from promql.functions import absence, buckets, dates, elementwise, labels, scalars, sorting, windows
from promql.functions.elementwise import of_values
from promql.operators.evaluator import Evaluator, Operator
from promql.plan.nodes import Call
from promql.plan.stream_aggregations import STREAMED_FUNCTIONS
from promql.values import Grid, Value

FUNCTIONS: Final[dict[str, Operator]] = {
    **dict.fromkeys(STREAMED_FUNCTIONS, windows.over_time),
    "abs": of_values(np.abs),
    "absent": absence.absent,
    "absent_over_time": absence.absent_over_time,
    "acos": of_values(np.arccos),
    "acosh": of_values(np.arccosh),
    "asin": of_values(np.arcsin),
    "asinh": of_values(np.arcsinh),
    "atan": of_values(np.arctan),
    "atanh": of_values(np.arctanh),
    "ceil": of_values(np.ceil),
    "clamp": elementwise.clamp,
    "clamp_max": elementwise.clamp_max,
    "clamp_min": elementwise.clamp_min,
    "cos": of_values(np.cos),
    "cosh": of_values(np.cosh),
    "day_of_month": dates.of_time(dates.day_of_month),
    "day_of_week": dates.of_time(dates.day_of_week),
    "day_of_year": dates.of_time(dates.day_of_year),
    "days_in_month": dates.of_time(dates.days_in_month),
    "deg": of_values(elementwise.degrees),
    "double_exponential_smoothing": windows.double_exponential_smoothing,
    "exp": of_values(np.exp),
    "floor": of_values(np.floor),
    "histogram_avg": buckets.native_only,
    "histogram_count": buckets.native_only,
    "histogram_fraction": buckets.histogram_fraction,
    "histogram_quantile": buckets.histogram_quantile,
    "histogram_quantiles": buckets.histogram_quantiles,
    "histogram_stddev": buckets.native_only,
    "histogram_stdvar": buckets.native_only,
    "histogram_sum": buckets.native_only,
    "hour": dates.of_time(dates.hour),
    "label_join": labels.label_join,
    "label_replace": labels.label_replace,
    "ln": of_values(np.log),
    "log10": of_values(np.log10),
    "log2": of_values(np.log2),
    "max_of": scalars.max_of,
    "min_of": scalars.min_of,
    "minute": dates.of_time(dates.minute),
    "month": dates.of_time(dates.month),
    "pi": scalars.pi,
    "predict_linear": windows.predict_linear,
    "quantile_over_time": windows.quantile_over_time,
    "rad": of_values(elementwise.radians),
    "round": elementwise.round_to,
    "scalar": scalars.scalar,
    "sgn": of_values(elementwise.sign),
    "sin": of_values(np.sin),
    "sinh": of_values(np.sinh),
    "sort": sorting.by_value,
    "sort_by_label": sorting.by_label,
    "sort_by_label_desc": sorting.by_label,
    "sort_desc": sorting.by_value,
    "sqrt": of_values(np.sqrt),
    "start_timestamp": scalars.start_timestamp,
    "tan": of_values(np.tan),
    "tanh": of_values(np.tanh),
    "time": scalars.time,
    "timestamp": scalars.timestamp,
    "vector": scalars.vector,
    "year": dates.of_time(dates.year),
}


def call(evaluator: Evaluator, node: Call, grid: Grid) -> Value:
    """A function of its operands."""
    return FUNCTIONS[node.function](evaluator, node, grid)
