"""Request parameters as the Prometheus API reads them, and its words for those it cannot read.

Source: HTTP API reference, section 1.2.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from model.durations import DURATION_NS_MAX, MILLISECOND_NS, parse_duration
from model.names import quote
from server.web.envelope import ApiError, ErrorType

MIN_TIME_MS: Final = -9_223_309_901_257_974_000  # The default of `start`, and
MAX_TIME_MS: Final = 9_223_309_901_257_974_999  # of `end`: as far as Prometheus' clock reaches.
NAMED_TIMES_MS: Final = {
    "-292273086-05-16T16:47:06Z": MIN_TIME_MS,
    "292277025-08-18T07:12:54.999999999Z": MAX_TIME_MS,
}
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FORM_BYTES_MAX: Final = 10 << 20
RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
INTEGER: Final = re.compile(r"[+-]?[0-9]+")
BAD_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)
FLOAT: Final = re.compile(
    r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(?i:inf|infinity)|(?i:nan)"
)


def bad_data(text: str) -> ApiError:
    """The caller's mistake, in the API's words."""
    return ApiError(ErrorType.BAD_DATA, text)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of one request: every value of every name, a form's before the URL's."""

    values: Mapping[str, Sequence[str]]
    error: str = ""  # What is wrong with the first pair that could not be read and is missing here.

    def require_form(self) -> None:
        """
        Raises:
            ApiError: part of the form could not be read.
        """
        if self.error:
            raise bad_data(f"error parsing form values: {self.error}")

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
        number = parse_integer(text)
        if number is None:
            fault = "value out of range" if INTEGER.fullmatch(text) else "invalid syntax"
            raise bad_data(f'invalid parameter "limit": strconv.Atoi: parsing {quote(text)}: {fault}')
        if number < 0:
            raise bad_data('invalid parameter "limit": limit must be non-negative')
        return number


def parse_integer(text: str) -> int | None:
    """A decimal number of 64 bits, None where `text` is none. The length is looked at before the value."""
    if not INTEGER.fullmatch(text) or len(text) > 40:
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


async def read_parameters(request: Request) -> Parameters:
    """The URL's query, and a form's body before it."""
    pairs, error = parse_form(request.scope["query_string"].decode("latin-1"))
    if request.method in ("POST", "PUT"):
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            body = await _read_body(request)
            own, own_error = parse_form(body.decode("latin-1"))
            pairs, error = own + pairs, own_error or error
        elif kind == "multipart/form-data":
            pairs = _parse_multipart(request.headers["content-type"], await _read_body(request)) + pairs
    return Parameters(_by_name(pairs), error)


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES_MAX:
            raise bad_data(f"error parsing form values: want at most {FORM_BYTES_MAX} bytes")
    return bytes(body)


def _parse_multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """The fields of a multipart form, which has the shape of a mail; files are none."""
    mail = BytesParser(policy=HTTP).parsebytes(b"Content-Type: %b\r\n\r\n" % content_type.encode() + body)
    fields = []
    for part in mail.walk():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields.append((name, content.decode("utf-8", "replace")))
    return fields


def _by_name(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def parse_form(text: str) -> tuple[list[tuple[str, str]], str]:
    """The pairs of a form, without those that cannot be read, and what is wrong with the first of these."""
    error = ""
    if ";" in text or BAD_ESCAPE.search(text):
        kept = []
        for part in text.split("&"):
            bad = BAD_ESCAPE.search(part)
            if ";" not in part and bad is None:
                kept.append(part)
            elif not error:
                error = "invalid semicolon separator in query"
                if bad is not None:
                    error = f"invalid URL escape {quote(bad[0])}"
        text = "&".join(kept)
    return parse_qsl(text, keep_blank_values=True), error


def parse_time(text: str) -> int:
    """Unix milliseconds of float seconds or an RFC 3339 time.

    Raises:
        ValueError: in the API's words.
    """
    if text in NAMED_TIMES_MS:
        return NAMED_TIMES_MS[text]
    time_ms = _time_of_float(text) if FLOAT.fullmatch(text) else _time_of_date(text)
    if time_ms is None or not MIN_TIME_MS <= time_ms <= MAX_TIME_MS:
        raise ValueError(f"cannot parse {quote(text)} to a valid timestamp")
    return time_ms


def _time_of_float(text: str) -> int | None:
    fraction, whole = math.modf(float(text))
    if not math.isfinite(whole) or not math.isfinite(fraction):
        return None
    rounded_ms = math.floor(abs(fraction) * 1000 + 0.5)
    return int(whole) * 1000 + (rounded_ms if fraction > 0 else -rounded_ms)


def _time_of_date(text: str) -> int | None:
    match = RFC3339.fullmatch(text)
    if match is None:
        return None
    date, fraction, zone = match.groups()
    try:
        since = datetime.fromisoformat(date + zone) - EPOCH
    except (ValueError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * 1000 + int((fraction or "")[:3].ljust(3, "0"))


def parse_duration_ms(text: str) -> float:
    """Milliseconds of float seconds or a Prometheus duration.

    Raises:
        ValueError: in the API's words.
    """
    if FLOAT.fullmatch(text):
        milliseconds = float(text) * 1000
        if not abs(milliseconds) <= DURATION_NS_MAX / MILLISECOND_NS:
            raise ValueError(f"cannot parse {quote(text)} to a valid duration. It overflows int64")
        return milliseconds
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ValueError(f"cannot parse {quote(text)} to a valid duration") from error
