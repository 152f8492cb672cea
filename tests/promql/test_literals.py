"""What numbers and strings of a query mean."""

import math

import pytest

from promql.literals import LiteralError, number_value, unquote


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("017", 15),
        ("0_7", 7),
        ("08", 8),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0x_1_f", 31),
        (".5", 0.5),
        ("5.", 5),
        ("1_0.5_0", 10.5),
        ("1e-3", 0.001),
        ("9223372036854775807", 2.0**63),
        ("9223372036854775808", 2.0**63),
        ("9" * 100, 1e100),
        ("Inf", math.inf),
        ("inF", math.inf),
    ],
)
def test_a_number_means_what_go_reads(text, value):
    assert number_value(text) == value


def test_nan_is_a_number_that_is_none():
    assert math.isnan(number_value("nAn"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1e400", "value out of range"),
        ("9" * 400, "value out of range"),
        ("0x", "invalid syntax"),
        ("0x10000000000000000", "invalid syntax"),
        ("1_", "invalid syntax"),
    ],
)
def test_a_number_too_large_or_malformed_is_refused(text, reason):
    with pytest.raises(LiteralError) as caught:
        number_value(text)
    assert str(caught.value) == f'error parsing number: strconv.ParseFloat: parsing "{text}": {reason}'


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('""', ""),
        ("'a\"b'", 'a"b'),
        (r"'it\'s'", "it's"),
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'"\101\x42\u0043\U0001F600"', "ABC😀"),
        (r'"\xc3\xa9\303\251"', "éé"),
        (r'"\xff"', "\udcff"),
        (r"`\n`", r"\n"),
        ("`a\nb`", "a\nb"),
        (r'"\\n"', r"\n"),
    ],
)
def test_a_string_means_its_text_without_escapes(text, value):
    assert unquote(text) == value
