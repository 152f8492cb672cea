"""Durations read and print as Prometheus does."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.durations import format_duration, parse_duration

ROUND_TRIPS = {
    "0s": 0, "1s500ms": 1500, "1h30m": 5_400_000, "1w": 604_800_000, "8d": 691_200_000, "1d12h": 129_600_000,
    "1y": 31_536_000_000, "366d": 31_622_400_000, "100ms": 100, "2m": 120_000,
}  # fmt: skip


@pytest.mark.parametrize("text", ROUND_TRIPS)
def test_a_duration_prints_as_it_reads(text):
    assert parse_duration(text) == ROUND_TRIPS[text]
    assert format_duration(ROUND_TRIPS[text]) == text


def test_other_spellings_are_normalised():
    assert [format_duration(parse_duration(text)) for text in ("90m", "7d", "36h", "0", "1000ms")] == [
        "1h30m", "1w", "1d12h", "0s", "1s",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty duration string"),
        ("15", 'not a valid duration string: "15"'),
        ("1.5h", 'unknown unit "." in duration "1.5h"'),
        ("5y1hs", 'unknown unit "hs" in duration "5y1hs"'),
        ("1h ", 'unknown unit "h " in duration "1h "'),
        ("٣s", 'not a valid duration string: "٣s"'),
        ('"', r'not a valid duration string: "\""'),
        ("18446744073709551616s", 'not a valid duration string: "18446744073709551616s"'),
        ("9" * 5000 + "s", f'not a valid duration string: "{"9" * 5000}s"'),
        ("106752d", "duration out of range"),
        ("-5m", 'not a valid duration string: "-5m"'),
        ("1m1h", 'not a valid duration string: "1m1h"'),
        ("1s1s", 'not a valid duration string: "1s1s"'),
        ("1x", 'unknown unit "x" in duration "1x"'),
        ("300y", "duration out of range"),
    ],
)
def test_a_text_that_is_no_duration_is_refused(text, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse_duration(text)


def test_a_negative_duration_prints_with_a_minus_sign():
    assert format_duration(-90_000) == "-1m30s"


def test_the_longest_duration_is_what_64_bits_of_nanoseconds_hold():
    assert parse_duration("9223372036854ms") == 9_223_372_036_854
    with pytest.raises(ValueError, match="duration out of range"):
        parse_duration("9223372036855ms")


@given(st.integers(0, 9_223_372_036_854))
def test_what_is_printed_reads_back(duration_ms):
    assert parse_duration(format_duration(duration_ms)) == duration_ms
