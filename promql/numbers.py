"""Numbers as queries print them."""

import numpy as np

from kernels import format_floats


def format_number(value: float) -> str:
    """The shortest decimal that reads back, never with an exponent: `0.0000001`, `+Inf`, `-Inf`, `NaN`."""
    return format_floats(np.array([value]), exponent=False)[0]
