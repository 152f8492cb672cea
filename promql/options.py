"""Which parts of the language are switched on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParserOptions:
    """Parts of PromQL that are refused unless a flag allows them."""

    experimental_functions: bool = False  # `Signature.experimental`, `limitk` and `limit_ratio`.
    extended_range_selectors: bool = False  # `anchored` and `smoothed`.
    binop_fill_modifiers: bool = False  # `fill`, `fill_left` and `fill_right`.


STABLE = ParserOptions()
"""What Prometheus allows without any flag."""

EVERYTHING = ParserOptions(
    experimental_functions=True, extended_range_selectors=True, binop_fill_modifiers=True
)
