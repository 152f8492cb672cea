"""Samples from several sources: what a dictionary filled in order of the sources holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import merge_samples
from tests.tsdb.blocks.helpers import flat

ROWS = 4
samples = st.dictionaries(st.integers(0, 30), st.floats(allow_nan=False), max_size=8).map(
    lambda own: sorted(own.items())
)
source = st.dictionaries(st.integers(0, ROWS - 1), samples, max_size=ROWS)


def part(rows):
    batch = flat([rows[row] for row in sorted(rows)])
    return np.array(sorted(rows), np.int64), batch.timestamps_ms, batch.values, batch.offsets


@settings(max_examples=150)
@given(st.lists(source, max_size=4))
def test_each_row_has_the_samples_of_all_sources_and_the_last_word_is_the_last_source_s(sources):
    times, values, offsets = merge_samples([part(rows) for rows in sources], ROWS)
    for row in range(ROWS):
        want: dict[int, float] = {}
        for rows in sources:
            want |= dict(rows.get(row, []))
        own = slice(int(offsets[row]), int(offsets[row + 1]))
        assert list(zip(times[own].tolist(), values[own].tolist(), strict=True)) == sorted(want.items())
    assert len(times) == len(values) == offsets[-1]


@pytest.mark.parametrize("rows", [[1, 0], [0, 0], [-1, 0], [3, 4]])
def test_rows_that_do_not_rise_within_the_frame_are_refused(rows):
    batch = flat([[(1, 1.0)], [(2, 2.0)]])
    with pytest.raises(ValueError, match="want a rise from 0 to below 4"):
        merge_samples([(np.array(rows), batch.timestamps_ms, batch.values, batch.offsets)], 4)
