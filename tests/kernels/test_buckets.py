"""Quantiles and fractions of classic histograms: worked values, repairs, and the plain twin."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from tests.properties import reference_buckets as reference

INF = math.inf
NAN = math.nan
LATENCY = {0.1: 2, 0.5: 6, 1: 9, INF: 10}
NEGATIVE = {-1: 2, 0: 4, INF: 4}
CROSSING = {-2: 5, -1: 10, 0: 15, 1: 20, INF: 100}


def arrays(buckets):
    """One group, one step: values, presence, groups, number of groups, bounds."""
    counts = np.array([[count] for _, count in buckets], dtype=np.float64).reshape(-1, 1)
    bounds = np.array([bound for bound, _ in buckets], dtype=np.float64)
    return counts, np.ones(counts.shape, dtype=np.bool_), np.zeros(len(buckets), dtype=np.uint32), 1, bounds


def quantile(q, buckets):
    values, _, forced = kernels.bucket_quantile(*arrays(buckets), np.array([q], dtype=np.float64))
    return values[0, 0], bool(forced[0, 0])


def fraction(lower, upper, buckets):
    bounds = np.array([lower], dtype=np.float64), np.array([upper], dtype=np.float64)
    values, present = kernels.bucket_fraction(*arrays(buckets), *bounds)
    assert present.all()
    return values[0, 0]


@pytest.mark.parametrize(
    ("q", "buckets", "want"),
    [
        (0.5, LATENCY, 0.4),
        (0.95, LATENCY, 1.0),
        (0.1, LATENCY, 0.05),
        (0.1, NEGATIVE, -1.0),
        (0.75, NEGATIVE, -0.5),
        (-0.5, LATENCY, -INF),
        (1.5, LATENCY, INF),
        (NAN, LATENCY, NAN),
        (0.5, {0.1: 1, 1: 2}, NAN),
        (0.5, {INF: 2}, NAN),
        (0.5, {0.1: 0, INF: 0}, NAN),
    ],
)
def test_a_quantile_matches_the_worked_value(q, buckets, want):
    value, forced = quantile(q, list(buckets.items()))
    np.testing.assert_equal(value, want)
    assert not forced


@pytest.mark.parametrize(
    ("lower", "upper", "buckets", "want"),
    [
        (0, 0.5, LATENCY, 0.6),
        (0.3, 0.75, LATENCY, 0.35),
        (0, 1.5, {1: 1, 2: 3, 3: 6, INF: 100}, 0.02),
        (-4, -2, {-3: 10, -2: 12, -1: 15, INF: 100}, 0.02),
        (-1, 1, CROSSING, 0.1),
        (-INF, INF, CROSSING, 1.0),
        (-10, -5, {1: 1, 2: 3, INF: 10}, 0.0),
        (5, 10, {1: 1, 2: 3, INF: 10}, 0.0),
        (400, INF, {1: 1, 2: 3, INF: 10}, 0.7),
        (0, 1, {INF: 100}, 0.0),
        (2, 2, LATENCY, 0.0),
        (NAN, 1, LATENCY, NAN),
        (0, NAN, LATENCY, NAN),
        (0, 5, {1: 0, INF: 0}, NAN),
        (0, 5, {1: 1, 2: 3}, NAN),
    ],
)
def test_a_fraction_matches_the_worked_value(lower, upper, buckets, want):
    np.testing.assert_allclose(fraction(lower, upper, list(buckets.items())), want, rtol=1e-15)


def test_buckets_may_come_in_any_order_and_equal_bounds_add_up():
    shuffled = [(1, 4), (INF, 10), (0.1, 2), (1, 5), (0.5, 6)]
    assert quantile(0.5, shuffled) == (0.4, False)
    assert fraction(0, 0.5, shuffled) == 0.6


def test_counts_that_fall_are_forced_level_and_reported():
    falling = [(0.1, 2.0), (1, 1.0), (10, 5.0), (100, 4.0), (1000, 9.0), (INF, 8.0)]
    assert quantile(0.5, falling)[1]
    lowest, highest, fall = kernels.bucket_repairs(*arrays(falling))
    assert (lowest[0, 0], highest[0, 0], fall[0, 0]) == (1.0, INF, 1.0)


def test_a_fall_by_rounding_is_levelled_silently():
    level = [(0.1, 2.0), (1, 2.0 - 1e-13), (INF, 4.0)]
    assert quantile(0.5, level) == (0.1, False)
    assert np.isnan(kernels.bucket_repairs(*arrays(level))).all()


def test_a_bucket_absent_at_a_step_is_no_bucket_there():
    values = np.array([[2.0, 2.0], [6.0, 6.0], [10.0, 10.0]])
    present = np.array([[True, True], [True, False], [True, False]])
    bounds = np.array([1.0, 2.0, INF])
    groups = np.zeros(3, dtype=np.uint32)
    quantiles, there, _ = kernels.bucket_quantile(values, present, groups, 2, bounds, np.array([0.5, 0.5]))
    assert there.tolist() == [[True, True], [False, False]]
    assert quantiles[0, 0] == 1.75
    assert math.isnan(quantiles[0, 1])


def test_misuse_is_named():
    values, present, group_of, groups, bounds = arrays(list(LATENCY.items()))
    one = np.zeros(1)
    with pytest.raises(ValueError, match="bounds: want length 4, got 3"):
        kernels.bucket_quantile(values, present, group_of, groups, bounds[:3], one)
    with pytest.raises(ValueError, match="q: want length 1, got 0"):
        kernels.bucket_quantile(values, present, group_of, groups, bounds, one[:0])
    with pytest.raises(ValueError, match="upper: want length 1, got 0"):
        kernels.bucket_fraction(values, present, group_of, groups, bounds, one, one[:0])
    with pytest.raises(ValueError, match="group_of: want groups below 0, got 0"):
        kernels.bucket_repairs(values, present, group_of, 0, bounds)


BOUNDS = st.sampled_from([-2.0, -0.5, 0.0, 0.1, 0.5, 1.0, 1.0, 2.5, 10.0, INF, INF, INF])
COUNTS = st.one_of(st.integers(0, 20).map(float), st.floats(0, 1e6), st.sampled_from([5.0, 5.0 + 1e-13]))
HISTOGRAMS = st.lists(st.tuples(BOUNDS, COUNTS), min_size=1, max_size=9)


@settings(max_examples=400, deadline=None)
@given(buckets=HISTOGRAMS, q=st.one_of(st.floats(-0.2, 1.2), st.sampled_from([0.0, 0.5, 1.0, NAN])))
def test_a_quantile_agrees_with_the_plain_twin(buckets, q):
    want, repair = reference.quantile(q, [reference.Bucket(*bucket) for bucket in buckets])
    got, forced = quantile(q, buckets)
    np.testing.assert_equal(got, want)
    assert forced == (repair is not None)


@settings(max_examples=200, deadline=None)
@given(buckets=HISTOGRAMS)
def test_repairs_agree_with_the_plain_twin(buckets):
    _, repair = reference.quantile(0.5, [reference.Bucket(*bucket) for bucket in buckets])
    got = [array[0, 0] for array in kernels.bucket_repairs(*arrays(buckets))]
    np.testing.assert_equal(got, repair or [NAN, NAN, NAN])


EDGES = st.one_of(st.floats(-5, 20), BOUNDS, st.sampled_from([-INF, NAN]))


@settings(max_examples=400, deadline=None)
@given(buckets=HISTOGRAMS, lower=EDGES, upper=EDGES)
def test_a_fraction_agrees_with_the_plain_twin(buckets, lower, upper):
    want = reference.fraction(lower, upper, [reference.Bucket(*bucket) for bucket in buckets])
    np.testing.assert_equal(fraction(lower, upper, buckets), want)
