"""Parts of the date in UTC, of Unix seconds in the values or of the time of the step."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from promql.operators.evaluator import Evaluator
from promql.plan.nodes import Call
from promql.values import Floats, Grid, StepMatrix

Seconds = NDArray[np.int64]
SECONDS_MAX = 2.0**53  # numpy's calendar ends far beyond; no instant of such precision exists in a float.
EPOCH_WEEKDAY = 4  # 1970-01-01 was a Thursday.


def of_time(part: Callable[[Seconds], Seconds]) -> Callable[[Evaluator, Call, Grid], StepMatrix]:
    """The PromQL function that takes one part of the date."""

    def function(evaluator: Evaluator, call: Call, grid: Grid) -> StepMatrix:
        if call.operands:
            matrix = evaluator.vector(call.operands[0], grid)
        else:
            matrix = evaluator.one(grid, grid.times_ms() / 1000)
        values = part(_whole_seconds(matrix.values)).astype(np.float64)
        return evaluator.drop_names(replace(matrix, values=values))

    return function


def minute(seconds: Seconds) -> Seconds:
    """0 to 59."""
    return seconds // 60 % 60


def hour(seconds: Seconds) -> Seconds:
    """0 to 23."""
    return seconds // 3600 % 24


def day_of_week(seconds: Seconds) -> Seconds:
    """0 to 6, Sunday is 0."""
    return (seconds // 86400 + EPOCH_WEEKDAY) % 7


def day_of_month(seconds: Seconds) -> Seconds:
    """1 to 31."""
    days = _days(seconds)
    return _count(days - days.astype("datetime64[M]").astype("datetime64[D]")) + 1


def day_of_year(seconds: Seconds) -> Seconds:
    """1 to 366."""
    days = _days(seconds)
    return _count(days - days.astype("datetime64[Y]").astype("datetime64[D]")) + 1


def days_in_month(seconds: Seconds) -> Seconds:
    """28 to 31."""
    months = _days(seconds).astype("datetime64[M]")
    return _count((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]"))


def month(seconds: Seconds) -> Seconds:
    """1 to 12."""
    return _days(seconds).astype("datetime64[M]").astype(np.int64) % 12 + 1


def year(seconds: Seconds) -> Seconds:
    """Of the common era."""
    return _days(seconds).astype("datetime64[Y]").astype(np.int64) + 1970


def _whole_seconds(values: Floats) -> Seconds:
    """Truncated toward zero; what is no time at all counts as the epoch: Go leaves that case undefined."""
    known = np.abs(values) < SECONDS_MAX
    return np.where(known, values, 0.0).astype(np.int64)


def _days(seconds: Seconds) -> NDArray[np.datetime64]:
    return seconds.astype("datetime64[s]").astype("datetime64[D]")


def _count(days: NDArray[np.timedelta64]) -> Seconds:
    return days.astype(np.int64)
