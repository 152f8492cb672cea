"""Durations read and print as Prometheus does."""

import pytest

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
        ("1.5h", 'not a valid duration string: "1.5h"'),
        ("-5m", 'not a valid duration string: "-5m"'),
        ("1m1h", 'not a valid duration string: "1m1h"'),
        ("1s1s", 'not a valid duration string: "1s1s"'),
        ("1x", 'unknown unit "x" in duration "1x"'),
        ("300y", "duration out of range"),
    ],
)
def test_a_text_that_is_no_duration_is_refused(text, message):
    with pytest.raises(ValueError) as caught:
        parse_duration(text)
    assert str(caught.value) == message
