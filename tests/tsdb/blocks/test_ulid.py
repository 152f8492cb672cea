"""Names of blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsdb.blocks.ulid import ZERO, is_ulid, make_ulid, written_ms

times = st.integers(0, 2**48 - 1)
randoms = st.binary(min_size=10, max_size=10)


def test_a_name_is_the_one_of_the_specification():
    assert make_ulid(1469918176385, bytes(10)) == "01ARYZ6S41" + "0" * 16
    assert make_ulid(2**48 - 1, b"\xff" * 10) == "7" + "Z" * 25
    assert make_ulid(0, bytes(10)) == ZERO


@given(times, randoms, times, randoms)
def test_names_tell_their_time_and_sort_as_their_bytes_do(first_ms, first, second_ms, second):
    names = make_ulid(first_ms, first), make_ulid(second_ms, second)
    assert all(map(is_ulid, names))
    assert written_ms(names[0]) == first_ms
    assert (names[0] < names[1]) == ((first_ms, first) < (second_ms, second))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "01HV2Q3W4X5Y6Z7A8B9CADBEC",  # A letter too few,
        "01HV2Q3W4X5Y6Z7A8B9CADBECF0",  # one too many,
        "81HV2Q3W4X5Y6Z7A8B9CADBECF",  # more than 128 bits,
        "01HV2Q3W4X5Y6Z7A8B9CADBECI",  # letters that look like digits,
        "01hv2q3w4x5y6z7a8b9cadbecf",
        "01HV2Q3W4X5Y6Z7A8B9CADBECF.tmp-for-creation",
        "01HV2Q3W4X5Y6Z7A8B9CADBECF\n",
        "wal",
    ],
)
def test_other_directories_are_no_blocks(name):
    assert not is_ulid(name)


def test_a_time_or_randomness_that_does_not_fit_is_refused():
    for time_ms in (-1, 2**48):
        with pytest.raises(ValueError, match=f"got {time_ms}"):
            make_ulid(time_ms, bytes(10))
    with pytest.raises(ValueError, match="want 10 random bytes, got 9"):
        make_ulid(0, bytes(9))
