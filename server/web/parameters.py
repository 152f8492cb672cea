"""Request parameters as the Prometheus API reads them, and its words for those it cannot read.

Source: HTTP API reference, section 1.2.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from model.durations import parse_duration
from model.errors import ConfigError
from server.web.envelope import ApiError, ErrorType

MIN_TIME_MS: Final = -(2**63) // 1_000_000  # The defaults of `start` and `end`: as far as nanoseconds reach.
MAX_TIME_MS: Final = 2**63 // 1_000_000
NAMED_TIMES_MS: Final = {
    "-292273086-05-16T16:47:06Z": MIN_TIME_MS,
    "292277025-08-18T07:12:54.999999999Z": MAX_TIME_MS,
}
RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")
FLOAT: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?[iI]nf|[nN]a[nN]")


def bad_data(text: str) -> ApiError:
    """The caller's mistake, in the API's words."""
    return ApiError(ErrorType.BAD_DATA, text)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one request: every value of every name, a form's before the URL's."""

    values: Mapping[str, Sequence[str]]

    def text(self, name: str) -> str:
        """The first value, "" where there is none."""
        return next(iter(self.values.get(name, ())), "")

    def all(self, name: str) -> Sequence[str]:
        """Every value."""
        return self.values.get(name, ())

    def time_ms(self, name: str, default_ms: int | None = None) -> int:
        """A time; the default where the parameter is empty.

        Raises:
            ApiError: it is no time, or there is none and no default.
        """
        text = self.text(name)
        if not text and default_ms is not None:
            return default_ms
        try:
            return parse_time(text)
        except ValueError as error:
            if default_ms is None:
                raise bad_data(f'invalid parameter "{name}": {error}') from error
            message = f"invalid parameter \"{name}\": invalid time value for '{name}': {error}"
            raise bad_data(message) from error

    def limit(self) -> int:
        """`limit`, 0 where there is none."""
        text = self.text("limit")
        if not text:
            return 0
        if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
            raise bad_data(f'invalid parameter "limit": strconv.Atoi: parsing "{text}": invalid syntax')
        if int(text) < 0:
            raise bad_data('invalid parameter "limit": limit must be non-negative')
        return int(text)


async def read_parameters(request: Request) -> Parameters:
    """The URL's query, and a form's body before it."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    if request.method in ("POST", "PUT"):
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            body = (await request.body()).decode("utf-8", "replace")
            pairs = parse_qsl(body, keep_blank_values=True) + pairs
        elif kind == "multipart/form-data":
            form = await request.form()
            pairs = [(name, value) for name, value in form.multi_items() if isinstance(value, str)] + pairs
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Parameters(values)


def parse_time(text: str) -> int:
    """Unix milliseconds of float seconds or an RFC 3339 time.

    Raises:
        ValueError: in the API's words.
    """
    if text in NAMED_TIMES_MS:
        return NAMED_TIMES_MS[text]
    if FLOAT.fullmatch(text) and math.isfinite(seconds := float(text)):
        whole = math.floor(seconds)
        return whole * 1000 + math.floor((seconds - whole) * 1000 + 0.5)
    if (match := RFC3339.fullmatch(text)) is not None:
        date, fraction, zone = match.groups()
        try:
            moment = datetime.fromisoformat(date + zone).astimezone(UTC)
        except ValueError:
            pass
        else:
            return int(moment.timestamp()) * 1000 + int(float(fraction or 0) * 1000)
    raise ValueError(f'cannot parse "{text}" to a valid timestamp')


def parse_duration_ms(text: str) -> float:
    """Milliseconds of float seconds or a Prometheus duration.

    Raises:
        ValueError: in the API's words.
    """
    if FLOAT.fullmatch(text):
        milliseconds = float(text) * 1000
        if not abs(milliseconds) <= 2**63 / 1_000_000:
            raise ValueError(f'cannot parse "{text}" to a valid duration. It overflows int64')
        return milliseconds
    try:
        return parse_duration(text)
    except (ValueError, ConfigError) as error:
        raise ValueError(f'cannot parse "{text}" to a valid duration') from error
