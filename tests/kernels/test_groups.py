"""Quantiles, top lists, presence and merging of groups: worked values, ties, and the plain twin."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from tests.properties import reference_aggregate as reference

NAN = math.nan


def matrix(rows, steps):
    values = np.array([[NAN if cell is None else cell for cell in row] for row in rows], dtype=np.float64)
    present = np.array([[cell is not None for cell in row] for row in rows], dtype=np.bool_)
    return values.reshape(len(rows), steps), present.reshape(len(rows), steps)


def cells(values, present):
    both = zip(values.tolist(), present.tolist(), strict=True)
    return [[v if is_there else None for v, is_there in zip(*row, strict=True)] for row in both]


def group_numbers(numbers):
    return np.array(numbers, dtype=np.uint32)


def column(values):
    return matrix([[v] for v in values], 1)


def top(values, k, *, largest=True):
    """Rows of one group at one step that stay."""
    own = group_numbers([0] * len(values))
    chosen = kernels.group_top(*column(values), own, 1, np.array([k]), largest=largest)
    return np.flatnonzero(chosen[:, 0]).tolist()


@pytest.mark.parametrize(
    ("q", "want"),
    [(0.9, 6.800000000000001), (0.0, 1.0), (1.0, 8.0), (-0.1, -math.inf), (1.1, math.inf), (NAN, NAN)],
)
def test_a_quantile_lies_between_its_neighbours(q, want):
    values, present = kernels.group_quantile(*column([8, 1, 4, 2]), group_numbers([0] * 4), 1, np.array([q]))
    assert present.all()
    np.testing.assert_equal(values[0, 0], want)


def test_nan_is_the_smallest_value_of_a_quantile():
    values, _ = kernels.group_quantile(*column([3, NAN, 5]), group_numbers([0] * 3), 1, np.array([0.5]))
    assert values[0, 0] == 3.0


def test_nan_ranks_last_in_both_directions():
    assert top([100, 200, NAN], 2) == [0, 1]
    assert top([NAN, 100, 200], 2, largest=False) == [1, 2]
    assert top([NAN, 100, NAN], 3) == [0, 1, 2]


def test_a_tie_does_not_displace_what_was_chosen_before():
    assert top([1, 1, 1, 1], 2) == [0, 1]
    assert top([2, 1, 2, 2], 2) == [0, 2]
    assert top([5, 5, 5], 1, largest=False) == [0]


def test_a_better_value_displaces_the_root_of_the_heap_even_among_equals():
    assert top([1, 1, 2], 2) == [1, 2]


def test_k_below_one_keeps_nothing_and_a_huge_k_all():
    assert top([1, 2], 0) == top([1, 2], -5) == []
    assert top([1, 2], 2**62) == [0, 1]


def test_absent_cells_are_never_chosen():
    assert top([None, 1, None, 0], 3) == [1, 3]


def test_any_tells_where_a_group_has_a_row():
    present = np.array([[True, False, False], [False, False, True], [False, True, False]])
    any_present = kernels.group_any(present, group_numbers([0, 0, 2]), 3)
    assert any_present.tolist() == [[True, False, True], [False] * 3, [False, True, False]]


def test_rows_that_never_meet_merge_into_one():
    rows = [[1.0, None, None], [7.0, 8.0, None], [None, 2.0, None]]
    values, present, collision = kernels.group_merge(*matrix(rows, 3), group_numbers([0, 1, 0]), 2)
    assert cells(values, present) == [[1.0, 2.0, None], [7.0, 8.0, None]]
    assert collision.tolist() == []


def test_the_earliest_step_at_which_two_rows_meet_is_named():
    rows = [[None, 1.0, 1.0], [None, None, 2.0], [5.0, 5.0, 5.0], [None, 3.0, None]]
    *_, collision = kernels.group_merge(*matrix(rows, 3), group_numbers([0, 0, 1, 0]), 2)
    assert collision.tolist() == [1, 0, 3]


def test_misuse_is_named():
    values, present = column([1, 2])
    two = group_numbers([0, 1])
    with pytest.raises(ValueError, match="group_of: want groups below 1, got 1"):
        kernels.group_quantile(values, present, two, 1, np.zeros(1))
    with pytest.raises(ValueError, match="q: want length 1, got 2"):
        kernels.group_quantile(values, present, two, 2, np.zeros(2))
    with pytest.raises(ValueError, match="k: want length 1, got 0"):
        kernels.group_top(values, present, two, 2, np.zeros(0, dtype=np.int64), largest=True)
    with pytest.raises(ValueError, match="group_of: want length 2, got 1"):
        kernels.group_any(present, two[:1], 2)
    with pytest.raises(ValueError, match=r"present: want shape \[2, 1\] as of values, got \[1, 1\]"):
        kernels.group_merge(values, present[:1], two, 2)


VALUES = st.one_of(
    st.none(), st.integers(-3, 3).map(float), st.floats(-9, 9), st.sampled_from([NAN, math.inf, -math.inf])
)


@st.composite
def grouped_rows(draw):
    steps = draw(st.integers(1, 4))
    groups = draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(VALUES, min_size=steps, max_size=steps), max_size=12))
    return rows, [draw(st.integers(0, groups - 1)) for _ in rows], groups, steps


@settings(max_examples=200, deadline=None)
@given(case=grouped_rows(), k=st.lists(st.integers(-1, 9), min_size=4, max_size=4), largest=st.booleans())
def test_top_agrees_with_the_plain_heap(case, k, largest):
    rows, group_of, groups, steps = case
    k = k[:steps]
    chosen = kernels.group_top(
        *matrix(rows, steps), group_numbers(group_of), groups, np.array(k), largest=largest
    )
    assert chosen.tolist() == reference.group_top(rows, group_of, groups, k, largest=largest)


@settings(max_examples=200, deadline=None)
@given(case=grouped_rows(), q=st.lists(st.floats(-0.1, 1.1), min_size=4, max_size=4))
def test_quantile_agrees_with_the_plain_twin(case, q):
    rows, group_of, groups, steps = case
    q = q[:steps]
    got = kernels.group_quantile(*matrix(rows, steps), group_numbers(group_of), groups, np.array(q))
    assert str(cells(*got)) == str(reference.group_quantile(rows, group_of, groups, q))
