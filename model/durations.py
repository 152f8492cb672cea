"""Durations as Prometheus writes them: `1h30m`, `100ms`, `2w`. Milliseconds inside Cardinal.

A day has 24 hours, a week 7 days and a year 365 days, whatever the calendar says.
"""

import re
from typing import Final

from model.names import quote

MILLISECOND_NS: Final = 1_000_000
SECOND_MS: Final = 1000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
WEEK_MS: Final = 7 * DAY_MS
YEAR_MS: Final = 365 * DAY_MS

DURATION_NS_MAX: Final = 2**63 - 1
"""Prometheus counts nanoseconds in 64 bits, so no duration reaches 293 years."""

UNITS_MS: Final = {
    "y": YEAR_MS,
    "w": WEEK_MS,
    "d": DAY_MS,
    "h": HOUR_MS,
    "m": MINUTE_MS,
    "s": SECOND_MS,
    "ms": 1,
}
"""Largest first, the order in which a duration must name them."""

_RANK: Final = {unit: rank for rank, unit in enumerate(UNITS_MS)}
_PART: Final = re.compile(r"([0-9]+)([^0-9]+)")
_EXACT_ONLY: Final = ("y", "w")  # 90d reads better than 12w6d.


def parse_duration(text: str) -> int:
    """The milliseconds that `text` names.

    Raises:
        ValueError: in the words of Prometheus, for example `unknown unit "x" in duration "1x"`.
    """
    if text == "0":
        return 0
    if not text:
        raise ValueError("empty duration string")
    duration_ms, rank, position = 0, -1, 0
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            raise ValueError(f"not a valid duration string: {quote(text)}")
        count, unit = part.groups()
        if unit not in UNITS_MS:
            raise ValueError(f"unknown unit {quote(unit)} in duration {quote(text)}")
        if _RANK[unit] <= rank:
            raise ValueError(f"not a valid duration string: {quote(text)}")
        rank, position = _RANK[unit], part.end()
        duration_ms += _count(count, text) * UNITS_MS[unit]
        if duration_ms * MILLISECOND_NS > DURATION_NS_MAX:
            raise ValueError("duration out of range")
    return duration_ms


def _count(digits: str, text: str) -> int:
    """A count that 64 bits can hold. The length is looked at first: Python reads no number of 5000 digits."""
    significant = digits.lstrip("0") or "0"
    if len(significant) > 20 or int(significant) >= 2**64:
        raise ValueError(f"not a valid duration string: {quote(text)}")
    return int(significant)


def format_duration(duration_ms: int) -> str:
    """Largest units first, years and weeks only where nothing remains; negative ones with a minus sign."""
    if duration_ms < 0:
        return "-" + format_duration(-duration_ms)
    if duration_ms == 0:
        return "0s"
    parts = []
    for unit, unit_ms in UNITS_MS.items():
        if unit in _EXACT_ONLY and duration_ms % unit_ms:
            continue
        count, duration_ms = divmod(duration_ms, unit_ms)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
