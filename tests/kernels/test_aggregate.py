"""Running aggregation into groups: worked values, batches, and agreement with the plain twin."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from tests.properties import reference_aggregate as reference

NAN = math.nan


def matrix(rows, steps):
    """Values and presence of rows in which None is absent; absent cells hold rubbish on purpose."""
    values = np.array([[NAN if cell is None else cell for cell in row] for row in rows], dtype=np.float64)
    present = np.array([[cell is not None for cell in row] for row in rows], dtype=np.bool_)
    return values.reshape(len(rows), steps), present.reshape(len(rows), steps)


def cells(values, present):
    both = zip(values.tolist(), present.tolist(), strict=True)
    return [[v if is_there else None for v, is_there in zip(*row, strict=True)] for row in both]


def aggregate(op, rows, group_of, groups, steps):
    running = kernels.GroupedAggregate(op, groups, steps)
    running.add(*matrix(rows, steps), np.array(group_of, dtype=np.uint32))
    return cells(*running.finish())


@pytest.mark.parametrize(
    ("op", "want"),
    [
        ("sum", 15.0),
        ("avg", 3.75),
        ("count", 4.0),
        ("group", 1.0),
        ("min", 1.0),
        ("max", 8.0),
        ("stddev", 2.680951323690902),
        ("stdvar", 7.1875),
    ],
)
def test_a_worked_value_of_the_reference_comes_out_to_the_last_bit(op, want):
    assert aggregate(op, [[1.0], [2.0], [4.0], [8.0]], [0, 0, 0, 0], 1, 1) == [[want]]


def test_a_sum_keeps_the_small_beside_the_huge():
    assert aggregate("sum", [[1.0], [1e100], [1.0], [-1e100]], [0] * 4, 1, 1) == [[2.0]]


def test_nan_loses_against_any_number_in_min_and_max():
    rows = [[NAN, NAN], [3.0, NAN], [-math.inf, NAN], [NAN, NAN]]
    assert aggregate("max", rows, [0] * 4, 1, 2)[0][0] == 3.0
    assert aggregate("min", rows, [0] * 4, 1, 2)[0][0] == -math.inf
    assert math.isnan(aggregate("max", rows, [0] * 4, 1, 2)[0][1])


def test_the_mean_of_huge_values_does_not_overflow():
    assert aggregate("avg", [[1.7e308]] * 4, [0] * 4, 1, 1) == [[pytest.approx(1.7e308)]]


def test_a_mean_that_once_overflowed_goes_on_as_a_mean():
    column = [1.7e308, 1.7e308, 1.0, -1.7e308, 3.0]
    want = reference.aggregate("avg", [[v] for v in column], [0] * 5, 1, 1)
    assert aggregate("avg", [[v] for v in column], [0] * 5, 1, 1) == want
    assert 3e307 < want[0][0] < 4e307


def test_a_group_without_a_present_cell_is_absent():
    assert aggregate("sum", [[1.0, None]], [2], 3, 2) == [[None, None], [None, None], [1.0, None]]


def test_misuse_is_named():
    with pytest.raises(ValueError, match=r'op: want sum, avg, .* got "median"'):
        kernels.GroupedAggregate("median", 1, 1)
    running = kernels.GroupedAggregate("sum", 2, 3)
    values, present = np.zeros((1, 3)), np.ones((1, 3), dtype=np.bool_)
    with pytest.raises(ValueError, match="group_of: want groups below 2, got 2"):
        running.add(values, present, np.array([2], dtype=np.uint32))
    with pytest.raises(ValueError, match="group_of: want length 1, got 2"):
        running.add(values, present, np.array([0, 1], dtype=np.uint32))
    with pytest.raises(ValueError, match="want length 3, got 2"):
        running.add(values[:, :2].copy(), present[:, :2].copy(), np.array([0], dtype=np.uint32))
    assert cells(*running.finish()) == [[None] * 3] * 2


VALUES = st.one_of(
    st.none(),
    st.floats(-1e6, 1e6),
    st.sampled_from([NAN, math.inf, -math.inf, 1e308, -1e308, 0.0, -0.0, 1e-300]),
)


@st.composite
def grouped_rows(draw):
    steps = draw(st.integers(1, 4))
    groups = draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(VALUES, min_size=steps, max_size=steps), max_size=12))
    group_of = [draw(st.integers(0, groups - 1)) for _ in rows]
    return rows, group_of, groups, steps


@pytest.mark.parametrize("op", sorted(reference.AGGREGATIONS))
@settings(max_examples=100, deadline=None)
@given(case=grouped_rows(), cut=st.integers(0, 12))
def test_every_cell_agrees_with_the_plain_twin_however_rows_are_cut(op, case, cut):
    rows, group_of, groups, steps = case
    running = kernels.GroupedAggregate(op, groups, steps)
    for part in (slice(None, cut), slice(cut, None)):
        running.add(*matrix(rows[part], steps), np.array(group_of[part], dtype=np.uint32))
    want = reference.aggregate(op, rows, group_of, groups, steps)
    assert str(cells(*running.finish())) == str(want)


@pytest.mark.parametrize("op", ["sum", "avg", "max", "stddev", "count"])
@pytest.mark.parametrize("function", ["rate", "max_over_time", "last_over_time"])
def test_windows_added_directly_equal_the_matrix_added(op, function):
    random = np.random.default_rng(5)
    lengths = random.integers(0, 40, 30)
    offsets = np.cumsum([0, *lengths], dtype=np.int64)
    timestamps = np.concatenate([np.cumsum(random.integers(1, 30_000, n)) for n in lengths]).astype(np.int64)
    values = random.integers(0, 100, len(timestamps)).astype(np.float64)
    group_of = random.integers(0, 4, len(lengths)).astype(np.uint32)
    direct = kernels.GroupedAggregate(op, 4, 20)
    direct.add_windows(function, timestamps, values, offsets, 5_000, 20_000, 60_000, group_of)
    through = kernels.GroupedAggregate(op, 4, 20)
    rows = kernels.over_windows(function, timestamps, values, offsets, 5_000, 20_000, 20, 60_000)
    through.add(*rows, group_of)
    assert cells(*direct.finish()) == cells(*through.finish())
    assert through.finish()[1].any()


def test_functions_with_a_parameter_are_refused_where_none_can_be_given():
    running = kernels.GroupedAggregate("sum", 1, 1)
    nothing = np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(1, dtype=np.int64)
    with pytest.raises(ValueError, match="parameter: want length 1, got 0"):
        running.add_windows("quantile_over_time", *nothing, 0, 1, 1, np.zeros(0, dtype=np.uint32))
