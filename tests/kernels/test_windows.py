"""Range functions over windows: worked values, edges, and agreement with the plain twin."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from model.samples import STALE
from tests.properties import reference_windows as reference

MINUTE = 60_000
NAN = math.nan
C_TOTAL = [0, 10, 20, 5, 15, 25]
G = [5, 1, 4, NAN, 2, 8]


def each_minute(values):
    """Samples a minute apart from time zero; None is no sample."""
    return [reference.Sample(i * MINUTE, float(v)) for i, v in enumerate(values) if v is not None]


def flattened(*series):
    timestamps = np.array([s.t for samples in series for s in samples], dtype=np.int64)
    values = np.array([s.v for samples in series for s in samples], dtype=np.float64)
    offsets = np.cumsum([0, *map(len, series)], dtype=np.int64)
    return timestamps, values, offsets


def at_once(function, samples, at_ms, range_ms, parameter=None):
    """The value of one window, None where absent."""
    given_parameter = None if parameter is None else np.array(parameter, dtype=np.float64)
    values, present = kernels.over_windows(
        function, *flattened(samples), at_ms, MINUTE, 1, range_ms, given_parameter
    )
    return values[0, 0] if present[0, 0] else None


LATE = [None, None, None, 100, 110, 120]
GAP = [0, 1, None, None, None, 10, 11]
WORKED = [
    ("increase", C_TOTAL, 5, 5, 43.75),
    ("rate", C_TOTAL, 5, 5, 0.14583333333333334),
    ("delta", C_TOTAL, 5, 5, 18.75),
    ("increase", C_TOTAL, 5, 2.5, 25.0),
    ("increase", LATE, 5, 5, 25.0),
    ("increase", [0, 0, 0, 0, 0, 0, 1, 2], 6, 5, 1.0),
    ("increase", GAP, 6, 6, 11.0),
    ("rate", GAP, 6, 10, 0.018333333333333333),
    ("increase", [3], 1, 5, None),
    ("irate", C_TOTAL, 5, 5, 0.16666666666666666),
    ("idelta", C_TOTAL, 5, 5, 10.0),
    ("irate", C_TOTAL, 3, 5, 0.08333333333333333),
    ("resets", C_TOTAL, 5, 10, 1.0),
    ("changes", G, 5, 10, 5.0),
    ("deriv", C_TOTAL, 5, 5, 0.041666666666666664),
    ("avg_over_time", G, 5, 10, NAN),
    ("max_over_time", G, 5, 10, 8.0),
    ("stddev_over_time", C_TOTAL, 5, 10, 8.539125638299666),
    ("mad_over_time", C_TOTAL, 5, 10, 7.5),
    ("count_over_time", [1, 2, STALE, 4, 5], 2, 5, 2.0),
    ("count_over_time", C_TOTAL, 5, 2, 2.0),
    ("mad_over_time", [4, 6, 2, 1, 999, 1, 2], 7, 7, 1.0),
]
"""Function, samples a minute apart, evaluation minute, range in minutes, result."""


@pytest.mark.parametrize(("function", "values", "minute", "range_minutes", "want"), WORKED)
def test_a_worked_value_of_the_reference_comes_out_to_the_last_bit(
    function, values, minute, range_minutes, want
):
    samples = [s for s in each_minute(values) if s.t <= minute * MINUTE]
    got = at_once(function, samples, minute * MINUTE, int(range_minutes * MINUTE))
    assert got == want or (want is not None and math.isnan(want) and math.isnan(got))


def test_rate_over_ten_minutes_of_a_gap_stops_half_an_interval_before_the_first_sample():
    assert at_once("rate", each_minute(GAP), 6 * MINUTE, 10 * MINUTE) == 0.018333333333333333


def test_functions_with_parameters_match_the_worked_values():
    samples = each_minute(C_TOTAL)
    assert at_once("predict_linear", samples, 5 * MINUTE, 5 * MINUTE, [60]) == 22.5
    assert at_once("double_exponential_smoothing", samples, 5 * MINUTE, 5 * MINUTE, [0.5, 0.5]) == 22.65625
    assert at_once("quantile_over_time", each_minute(G), 5 * MINUTE, 10 * MINUTE, [0.5]) == 3.0


def test_predict_linear_reckons_from_the_evaluation_time_and_not_from_a_shifted_window():
    later = [60, 5.5 * MINUTE]
    assert at_once("predict_linear", each_minute(C_TOTAL), 5 * MINUTE, 5 * MINUTE, later) == 23.75


def test_a_window_is_open_on_the_left_and_closed_on_the_right():
    samples = each_minute([1, 2, 3])
    assert at_once("sum_over_time", samples, 2 * MINUTE, 2 * MINUTE) == 5.0
    assert at_once("sum_over_time", samples, 2 * MINUTE - 1, 2 * MINUTE) == 3.0
    assert at_once("count_over_time", samples, 3 * MINUTE, MINUTE) is None


def test_all_nan_is_nan_and_the_newest_time_counts():
    samples = each_minute([NAN, NAN])
    assert math.isnan(at_once("max_over_time", samples, MINUTE, 5 * MINUTE))
    assert at_once("ts_of_max_over_time", samples, MINUTE, 5 * MINUTE) == 60.0


def test_among_equal_extremes_the_newest_time_counts():
    samples = each_minute([7, 1, 7, 1, 3])
    assert at_once("ts_of_max_over_time", samples, 5 * MINUTE, 10 * MINUTE) == 120.0
    assert at_once("ts_of_min_over_time", samples, 5 * MINUTE, 10 * MINUTE) == 180.0


def test_the_mean_of_huge_values_does_not_overflow():
    huge = 1.7e308
    assert at_once("avg_over_time", each_minute([huge] * 5), 5 * MINUTE, 10 * MINUTE) == pytest.approx(huge)
    assert at_once("sum_over_time", each_minute([huge] * 5), 5 * MINUTE, 10 * MINUTE) == math.inf


def test_series_that_share_timestamps_do_not_share_values():
    first, second = each_minute([0, 10, 20]), each_minute([0, 20, 10])
    apart = each_minute([0, None, 20])
    together = [at_once("rate", s, 2 * MINUTE, 3 * MINUTE) for s in (first, second, apart, first)]
    values, present = kernels.over_windows(
        "rate", *flattened(first, second, apart, first), 2 * MINUTE, MINUTE, 1, 3 * MINUTE
    )
    assert present.all()
    assert values[:, 0].tolist() == together


def test_misuse_is_named():
    flat = flattened(each_minute([1, 2]))
    one_step = (0, MINUTE, 1, MINUTE)
    with pytest.raises(ValueError, match='function "rat": want a range function of PromQL'):
        kernels.over_windows("rat", *flat, *one_step)
    with pytest.raises(ValueError, match="parameter: want length 1, got 0"):
        kernels.over_windows("quantile_over_time", *flat, *one_step)
    with pytest.raises(ValueError, match="parameter: this range function takes none"):
        kernels.over_windows("rate", *flat, *one_step, np.zeros(1))
    with pytest.raises(ValueError, match="values: want length 2, got 1"):
        kernels.over_windows("rate", flat[0], flat[1][:1], flat[2], *one_step)
    with pytest.raises(ValueError, match="offsets: want a rise from 0 to 2"):
        kernels.over_windows("rate", flat[0], flat[1], np.array([0, 3, 2]), *one_step)
    with pytest.raises(ValueError, match="offsets: want a rise from 0 to 2"):
        kernels.over_windows("rate", flat[0], flat[1], np.array([], dtype=np.int64), *one_step)
    with pytest.raises(ValueError, match="step_ms: want 0 or more"):
        kernels.over_windows("rate", *flat, 0, -1, 2, MINUTE)


def test_no_series_and_no_steps_make_empty_matrices():
    values, present = kernels.over_windows("rate", *flattened(), 0, MINUTE, 3, MINUTE)
    assert values.shape == present.shape == (0, 3)
    values, present = kernels.over_windows("rate", *flattened(each_minute([1, 2])), 0, MINUTE, 0, MINUTE)
    assert values.shape == present.shape == (1, 0)


def rate_by_the_twin(samples, at_ms, range_ms):
    (value,) = reference.over_windows("rate", samples, [at_ms], range_ms)
    return value


@pytest.mark.parametrize("share", [0.5, 0.995, 0.999999999999, 1.0, 1.000000000001, 1.005, 2.0])
def test_a_counter_is_not_stretched_to_before_its_zero(share):
    """`share` is the time since the counter was zero, as a share of the time since the window began."""
    first = share * 10 * 1_000 / 285
    samples = [
        reference.Sample(t, first + 1_000 * (t - 10_000) / 285_000) for t in range(10_000, 300_000, 15_000)
    ]
    assert at_once("rate", samples, 300_000, 300_000) == rate_by_the_twin(samples, 300_000, 300_000)


def test_a_zero_so_near_that_only_subnormal_digits_tell_is_still_honoured():
    samples = [reference.Sample(9_000, 5e-324), reference.Sample(25_000, 1.5e-323)]
    assert at_once("increase", samples, 28_000, 28_000) == 1.5e-323


def test_windows_alike_but_for_a_missing_sample_are_stretched_each_by_its_own_interval():
    times = [17, 32, 47, 62, 77, 92, 117, 132, 162, 177, 192]
    samples = [reference.Sample(t * 1_000, float(t)) for t in times]
    values, _ = kernels.over_windows("delta", *flattened(samples), 100_000, 100_000, 2, 100_000)
    assert values[0].tolist() == reference.over_windows("delta", samples, [100_000, 200_000], 100_000)
    assert values[0, 0] < values[0, 1]


PLAIN = st.floats(-1e6, 1e6, width=32)
ODD = st.sampled_from([NAN, math.inf, -math.inf, STALE, 0.0, -0.0, 1e308, -1e308, 5e-324])
GAPS_MS = st.sampled_from([1, 7, 15_000, 15_000, 15_000, 15_001, 29_999, 300_000])


@st.composite
def irregular_series(draw, values):
    gaps = draw(st.lists(GAPS_MS, max_size=30))
    start_ms = draw(st.integers(-200_000, 100_000))
    times = itertools.accumulate(gaps, initial=start_ms)
    return [reference.Sample(t, draw(values)) for t in itertools.islice(times, len(gaps))]


COUNTER = st.integers(0, 50).map(float)
BATCHES = st.lists(
    st.one_of(irregular_series(COUNTER), irregular_series(PLAIN), irregular_series(st.one_of(PLAIN, ODD))),
    max_size=4,
)


def parameters_for(function, steps):
    if function in {"quantile_over_time", "predict_linear"}:
        return [((step % 5) / 4,) for step in range(steps)]
    if function == "double_exponential_smoothing":
        return [(0.3 + step % 3 / 10, 0.6) for step in range(steps)]
    return None


@pytest.mark.parametrize("function", sorted(reference.FUNCTIONS))
@settings(max_examples=40, deadline=None)
@given(
    batch=BATCHES,
    start_ms=st.integers(-200_000, 300_000),
    step_ms=st.sampled_from([0, 1_000, 15_000, 60_000]),
    range_ms=st.sampled_from([1, 15_000, 60_000, 300_000]),
    steps=st.integers(0, 12),
)
def test_every_window_agrees_with_the_plain_twin(function, batch, start_ms, step_ms, range_ms, steps):
    parameters = parameters_for(function, steps)
    flat_parameters = None if parameters is None else np.array(parameters, dtype=np.float64).T.ravel()
    values, present = kernels.over_windows(
        function, *flattened(*batch), start_ms, step_ms, steps, range_ms, flat_parameters
    )
    times = [start_ms + step * step_ms for step in range(steps)]
    want = [reference.over_windows(function, samples, times, range_ms, parameters) for samples in batch]
    got = [
        [value if is_there else None for value, is_there in zip(row, there, strict=True)]
        for row, there in zip(values.tolist(), present.tolist(), strict=True)
    ]
    assert str(got) == str(want)  # Text tells -0.0 from 0.0 and takes all NaNs as one.


def long_series(seed):
    """An hour of a counter that restarts, every 15 seconds: with gaps, NaN, staleness and late scrapes."""
    random = np.random.default_rng(seed)
    times = np.arange(240) * 15_000 + np.where(random.random(240) < 0.2, random.integers(0, 900, 240), 0)
    values = np.cumsum(random.random(240) * 9) % 97
    values[random.random(240) < 0.02] = NAN
    values[random.random(240) < 0.02] = STALE
    kept = random.random(240) > 0.05
    pairs = zip(times[kept].tolist(), values[kept].tolist(), strict=True)
    return [reference.Sample(t, v) for t, v in pairs]


@pytest.mark.parametrize("step_ms", [15_000, 60_000, 100_000])
@pytest.mark.parametrize("function", sorted(reference.FUNCTIONS))
def test_long_series_agree_with_the_plain_twin(function, step_ms):
    batch = [long_series(1), long_series(1), long_series(2)]
    start_ms, steps, range_ms = 100_000, 40, 600_000
    times = [start_ms + step * step_ms for step in range(steps)]
    parameters = parameters_for(function, steps)
    flat_parameters = None if parameters is None else np.array(parameters, dtype=np.float64).T.ravel()
    values, present = kernels.over_windows(
        function, *flattened(*batch), start_ms, step_ms, steps, range_ms, flat_parameters
    )
    for row, samples in enumerate(batch):
        want = reference.over_windows(function, samples, times, range_ms, parameters)
        cells = zip(values[row].tolist(), present[row].tolist(), strict=True)
        assert str([v if is_there else None for v, is_there in cells]) == str(want)
