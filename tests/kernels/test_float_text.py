import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from tests.properties import reference_float_text as reference

VALUES = st.one_of(
    st.floats(),
    st.integers(-(2**63), 2**63).map(float),
    st.decimals(-(10**9), 10**9, places=3).map(float),
    st.builds(lambda whole, quarter: whole + quarter / 4, st.integers(2**49, 2**51), st.integers(0, 3)),
    st.integers(-1074, 1023).map(lambda power: 2.0**power),
    st.builds(lambda digits, power: float(f"{digits}e{power}"), st.integers(1, 999), st.integers(-30, 30)),
)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


@pytest.mark.parametrize("exponent", [False, True])
@given(st.lists(VALUES, min_size=1, max_size=20))
@settings(max_examples=150)
def test_a_number_is_written_as_its_twin_writes_it(exponent, values):
    texts = kernels.format_floats(np.array(values), exponent=exponent)
    assert texts == [reference.format_float(value, exponent=exponent) for value in values]


@given(VALUES.filter(lambda value: not math.isnan(value)))
def test_what_was_written_reads_back_to_the_last_bit(value):
    for exponent in (False, True):
        (text,) = kernels.format_floats(np.array([value]), exponent=exponent)
        assert bits(kernels.parse_float(text)) == bits(value)


def test_an_exact_tie_takes_the_even_digit_as_go_does():
    ties = [1137639940500085.25, 2.0**-44, 9007199254740991.5 / 4]
    want = ["1137639940500085.2", "0.00000000000005684341886080802", "2251799813685248"]
    assert kernels.format_floats(np.array(ties), exponent=False) == want


@given(
    st.one_of(
        st.text("0123456789.eE+-", max_size=24), st.text("infatyINFATY+-", max_size=9), st.text(max_size=6)
    )
)
@settings(max_examples=400)
def test_a_text_is_read_as_its_twin_reads_it(text):
    try:
        want = reference.parse_float(text)
    except ValueError as error:
        with pytest.raises(ValueError, match=f"{error}$"):
            kernels.parse_float(text)
    else:
        assert bits(kernels.parse_float(text)) == bits(want)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", 'strconv.ParseFloat: parsing "abc": invalid syntax'),
        ('a"b', 'strconv.ParseFloat: parsing "a\\"b": invalid syntax'),
        ("", 'strconv.ParseFloat: parsing "": invalid syntax'),
        ("1e999", 'strconv.ParseFloat: parsing "1e999": value out of range'),
        ("-1e309", 'strconv.ParseFloat: parsing "-1e309": value out of range'),
        ("0x1p3", "unsupported character in float"),
        ("1_000", "unsupported character in float"),
    ],
)
def test_what_is_no_number_is_refused_in_gos_words(text, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared below.
        kernels.parse_float(text)
    assert str(caught.value) == message


def test_every_nan_that_was_read_has_the_normal_bits_and_none_is_a_staleness_marker():
    for text in ("NaN", "nan", "nAn"):
        assert bits(kernels.parse_float(text)) == (0x7FF8_0000_0000_0001).to_bytes(8, "little")
