"""The plain twin of `kernels/src/float_text.rs`: Go's number text by way of Python's own shortest digits."""

import math
import re
import struct

NORMAL_NAN = struct.unpack("<d", (0x7FF8_0000_0000_0001).to_bytes(8, "little"))[0]
DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
NAMES = {
    "inf": math.inf, "+inf": math.inf, "-inf": -math.inf,
    "infinity": math.inf, "+infinity": math.inf, "-infinity": -math.inf,
    "nan": NORMAL_NAN,
}  # fmt: skip


def digits_and_point(magnitude: float) -> tuple[str, int]:
    """Shortest digits of a positive number, and how many of them stand before the decimal point."""
    mantissa, _, exponent = repr(magnitude).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    point = len(whole) - leading + int(exponent or 0)
    return digits.rstrip("0"), point


def text_of(value: float, lowest: int, highest: int) -> str:
    """Positional where `lowest` <= digits before the point <= `highest`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    sign = "-" if math.copysign(1, value) < 0 else ""
    if value == 0:
        return sign + "0"
    digits, point = digits_and_point(abs(value))
    if not lowest <= point <= highest:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{fraction}e{point - 1:+03d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def format_float(value: float, *, exponent: bool) -> str:
    return text_of(value, -5, 21) if exponent else text_of(value, -1000, 1000)


def normal_bound(text: str) -> str:
    """The value of `le` or `quantile` as series carry it."""
    try:
        value = parse_float(text)
    except ValueError:
        return text
    normal = text_of(value + 0.0 if value else 0.0, -3, 6)
    return normal if not math.isfinite(value) or "." in normal or "e" in normal else normal + ".0"


def parse_float(text: str) -> float:
    if re.search("[pP_]", text):
        raise ValueError("unsupported character in float")
    if text.isascii() and text.lower() in NAMES:
        return NAMES[text.lower()]
    if not DECIMAL.fullmatch(text):
        raise ValueError("invalid syntax")
    value = float(text)
    if math.isinf(value):
        raise ValueError("value out of range")
    return value
