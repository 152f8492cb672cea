"""Operators between numbers, element by element.

`%` is C's fmod (the sign of the dividend), `^` is C's pow (x ^ 0 is 1 also for NaN), division by zero gives
an infinity or NaN, and a comparison with NaN is false except for `!=`: all as IEEE 754 and C say.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.errors import QueryExecutionError
from promql.errors import NotYetSupportedError
from promql.values import Flags, Floats

Operation = Callable[[Any, Any], NDArray[Any]]

ARITHMETIC: Final[dict[str, Operation]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISONS: Final[dict[str, Operation]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
TRIMS: Final = frozenset({"</", ">/"})


def scalar_operation(op: str, left: Floats | float, right: Floats | float) -> Floats:
    """An operator between scalars; a comparison gives 1 or 0."""
    if op in TRIMS:
        raise QueryExecutionError(f'operator "{op}" not allowed for Scalar operations')
    with np.errstate(all="ignore"):
        if op in COMPARISONS:
            return COMPARISONS[op](left, right).astype(np.float64)
        return ARITHMETIC[op](np.asarray(left, dtype=np.float64), right)


def vector_operation(
    op: str, left: Floats, right: Floats, *, kept: Floats, return_bool: bool
) -> tuple[Floats, Flags | None]:
    """An operator between vector elements.

    Args:
        kept: what a comparison without `bool` leaves of the pairs for which it holds.

    Returns:
        The values, and where they stand; None is everywhere.
    """
    if op in TRIMS:
        raise NotYetSupportedError(f'operator "{op}" trims native histograms, which are not stored yet')
    with np.errstate(all="ignore"):
        if op in ARITHMETIC:
            return ARITHMETIC[op](left, right), None
        holds = COMPARISONS[op](left, right)
    return (holds.astype(np.float64), None) if return_bool else (kept, holds)
