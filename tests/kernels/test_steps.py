"""Step alignment, and step matrices as samples."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from model.samples import STALE
from tests.properties import reference_windows as reference

MINUTE = 60_000
FIVE_MINUTES = 5 * MINUTE


def flattened(*series):
    timestamps = np.array([s.t for samples in series for s in samples], dtype=np.int64)
    values = np.array([s.v for samples in series for s in samples], dtype=np.float64)
    return timestamps, values, np.cumsum([0, *map(len, series)], dtype=np.int64)


@pytest.mark.parametrize(
    ("at_ms", "want"),
    [(2 * MINUTE, None), (3 * MINUTE, 4.0), (9 * MINUTE - 1, 5.0), (9 * MINUTE, None), (-1, None)],
)
def test_a_stale_or_too_old_sample_is_absent(at_ms, want):
    values = [1, 2, STALE, 4, 5]
    samples = [reference.Sample(i * MINUTE, v) for i, v in enumerate(values)]
    _, aligned, present = kernels.align(*flattened(samples), at_ms, MINUTE, 1, FIVE_MINUTES)
    assert (aligned[0, 0] if present[0, 0] else None) == want


def test_align_tells_the_time_of_the_sample_it_chose():
    samples = [reference.Sample(1_234, 7.0)]
    times, values, present = kernels.align(*flattened(samples), 0, 1_000, 4, FIVE_MINUTES)
    assert present.tolist() == [[False, False, True, True]]
    assert times[0, 2:].tolist() == [1_234, 1_234]
    assert values[0, 2:].tolist() == [7.0, 7.0]


def test_align_refuses_arrays_that_do_not_fit_together():
    timestamps, values, offsets = flattened([reference.Sample(0, 1.0)])
    with pytest.raises(ValueError, match="values: want length 1, got 0"):
        kernels.align(timestamps, values[:0], offsets, 0, 1, 1, 1)
    with pytest.raises(ValueError, match="offsets: want a rise from 0 to 1"):
        kernels.align(timestamps, values, offsets[:1], 0, 1, 0, 1)


SAMPLES = st.lists(
    st.tuples(st.sampled_from([1, 7_000, 15_000, 15_000, 400_000]), st.sampled_from([1.5, -2.0, STALE])),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(
    gaps=SAMPLES,
    first_ms=st.integers(-300_000, 300_000),
    start_ms=st.integers(-400_000, 400_000),
    step_ms=st.sampled_from([0, 500, 15_000, 90_000]),
    steps=st.integers(0, 20),
    lookback_ms=st.sampled_from([1, 15_000, FIVE_MINUTES]),
)
def test_align_agrees_with_the_plain_twin(gaps, first_ms, start_ms, step_ms, steps, lookback_ms):
    times = itertools.accumulate((gap for gap, _ in gaps), initial=first_ms)
    samples = [reference.Sample(t, v) for t, (_, v) in zip(times, gaps, strict=False)]
    aligned = kernels.align(*flattened(samples, samples[::2]), start_ms, step_ms, steps, lookback_ms)
    grid = [start_ms + step * step_ms for step in range(steps)]
    for row, series in enumerate([samples, samples[::2]]):
        want = reference.align(series, grid, lookback_ms)
        cells = zip(*(array[row].tolist() for array in aligned), strict=True)
        assert [(t, v) if is_there else None for t, v, is_there in cells] == want


def test_flatten_keeps_the_cells_that_are_present():
    values = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    present = np.array([[True, False, True], [False, False, False], [False, True, True]])
    timestamps, flat, offsets = kernels.flatten(-10, 10, values, present)
    assert timestamps.tolist() == [-10, 10, 0, 10]
    assert flat.tolist() == [1.0, 3.0, 8.0, 9.0]
    assert offsets.tolist() == [0, 2, 2, 4]


def test_flatten_refuses_a_mask_of_another_shape():
    with pytest.raises(ValueError, match=r"present: want shape \[2, 3\] as of values, got \[2, 2\]"):
        kernels.flatten(0, 1, np.zeros((2, 3)), np.zeros((2, 2), dtype=np.bool_))
