"""Durations as Prometheus writes them: `1h30m`, `15s`, `100ms`, `1w`; a year is 365 days and a week 7."""

import re
from typing import Final

UNITS_MS: Final = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
"""Milliseconds of each unit, in the only order in which a duration may name them."""

_WHOLE_ONLY: Final = ("y", "w")  # Printed only where nothing is left over: 8d stays 8d.
_DURATION: Final = re.compile("".join(rf"(?:([0-9]+){unit})?" for unit in UNITS_MS))
_PAIRS: Final = re.compile(r"([0-9]+)([^0-9.]+)")
_MAX_NS: Final = 2**63 - 1


def parse_duration(text: str) -> int:
    """Milliseconds.

    Raises:
        ValueError: the text is no duration, in Prometheus' words.
    """
    if text == "0":
        return 0
    if not text:
        raise ValueError("empty duration string")
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(_complaint(text))
    total_ms = sum(
        int(count or 0) * unit_ms for count, unit_ms in zip(match.groups(), UNITS_MS.values(), strict=True)
    )
    if total_ms * 1_000_000 > _MAX_NS:
        raise ValueError("duration out of range")
    return total_ms


def _complaint(text: str) -> str:
    if re.fullmatch(r"(?:[0-9]+[^0-9.]+)+", text):
        unknown = next((unit for _, unit in _PAIRS.findall(text) if unit not in UNITS_MS), None)
        if unknown is not None:
            return f'unknown unit "{unknown}" in duration "{text}"'
    return f'not a valid duration string: "{text}"'


def format_duration(duration_ms: int) -> str:
    """The largest units first; years and weeks only if nothing is left over."""
    if duration_ms == 0:
        return "0s"
    parts = ["-"] if duration_ms < 0 else []
    left_ms = abs(duration_ms)
    for unit, unit_ms in UNITS_MS.items():
        if left_ms % unit_ms and unit in _WHOLE_ONLY:
            continue
        count, left_ms = divmod(left_ms, unit_ms)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
