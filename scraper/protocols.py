"""Scrape protocols: what a target is offered, and which format its answer is in."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum
from functools import lru_cache
from typing import Final

from scraper.errors import ContentTypeError


class Format(StrEnum):
    """Formats of a page, by their media type."""

    TEXT = "text/plain"
    OPENMETRICS = "application/openmetrics-text"
    PROTOBUF = "application/vnd.google.protobuf"


@dataclass(frozen=True, slots=True)
class Protocol:
    """One scrape protocol."""

    accept: str  # What stands for it in the `Accept` header.
    format: Format
    escapes: bool = False  # Whether an escaping scheme is named with it.


PROTOCOLS: Final = {
    "PrometheusProto": Protocol(
        f"{Format.PROTOBUF};proto=io.prometheus.client.MetricFamily;encoding=delimited", Format.PROTOBUF
    ),
    "PrometheusText0.0.4": Protocol(f"{Format.TEXT};version=0.0.4", Format.TEXT),
    "PrometheusText1.0.0": Protocol(f"{Format.TEXT};version=1.0.0", Format.TEXT, escapes=True),
    "OpenMetricsText0.0.1": Protocol(f"{Format.OPENMETRICS};version=0.0.1", Format.OPENMETRICS),
    "OpenMetricsText1.0.0": Protocol(f"{Format.OPENMETRICS};version=1.0.0", Format.OPENMETRICS, escapes=True),
}
_FORMATS: Final = {each.value: each for each in Format}
READABLE: Final = frozenset({Format.TEXT})
"""The formats that have a parser here; only these are offered to a target."""

DEFAULT_PROTOCOLS: Final = (
    "OpenMetricsText1.0.0",
    "OpenMetricsText0.0.1",
    "PrometheusText1.0.0",
    "PrometheusText0.0.4",
)
PROTO_FIRST: Final = ("PrometheusProto", *DEFAULT_PROTOCOLS)


def accept_header(protocols: Sequence[str], escaping: str) -> str:
    """The `Accept` header that offers `protocols` in order of preference, and anything else last."""
    weight = len(PROTOCOLS) + 1
    parts = []
    for name in protocols:
        protocol = PROTOCOLS[name]
        scheme = f";escaping={escaping}" if protocol.escapes else ""
        parts.append(f"{protocol.accept}{scheme};q=0.{weight}")
        weight -= 1
    return ",".join([*parts, f"*/*;q=0.{weight}"])


def readable(protocols: Sequence[str]) -> tuple[str, ...]:
    """Those of `protocols` whose answer has a parser."""
    return tuple(name for name in protocols if PROTOCOLS[name].format in READABLE)


def choose_format(content_type: str, fallback: str) -> Format:
    """The format of a page, from its header or, where that says nothing, from the job's fallback protocol.

    Raises:
        ContentTypeError: neither names a format.
    """
    media_type = _media_type(content_type)
    if media_type in _FORMATS:
        return _FORMATS[media_type]
    if fallback:
        return PROTOCOLS[fallback].format
    if not content_type:
        raise ContentTypeError(
            "non-compliant scrape target sending blank Content-Type "
            "and no fallback_scrape_protocol specified for target"
        )
    if not media_type:
        raise ContentTypeError(
            f'cannot parse Content-Type "{content_type}" and no fallback_scrape_protocol for target\n'
            "mime: want type/subtype with optional parameters"
        )
    raise ContentTypeError(
        f'received unsupported Content-Type "{content_type}" '
        "and no fallback_scrape_protocol specified for target"
    )


@lru_cache(maxsize=64)  # Targets say the same every time, and the parser of mail is slow.
def _media_type(content_type: str) -> str:
    """`text/plain` of `Text/Plain; version=0.0.4`; empty where the header is no media type."""
    message = Message()
    message["Content-Type"] = content_type
    bare = content_type.partition(";")[0].strip().lower()
    parsed = message.get_content_type()
    return bare if bare == parsed else ""
