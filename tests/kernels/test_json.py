import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from tests.properties import reference_json as reference

TEXTS = st.one_of(
    st.text(max_size=20), st.sampled_from(['say "x"', "a\\b", "\x00\x1f\x7f", "<&>\u2028", "ünï"])
)
TEXTS = TEXTS.map(lambda text: text.encode(errors="replace").decode())
ROWS = st.lists(st.dictionaries(TEXTS.filter(bool), TEXTS.filter(bool), max_size=8), max_size=8)
TIMES = st.one_of(
    st.integers(-(10**15), 10**15), st.integers(-1000, 1000), st.integers(0, 10**9).map(lambda s: s * 1000)
)
VALUES = st.one_of(st.floats(), st.integers(-100, 10**9).map(float))
POINTS = st.tuples(TIMES, VALUES)


def frame_of(rows):
    frame = kernels.LabelFrame.from_labels(kernels.Symbols(), [list(row.items()) for row in rows])
    return frame, frame.rows()


def arrays_of(points):
    times, values = zip(*points, strict=True) if points else ((), ())
    return np.array(times, dtype=np.int64), np.array(values, dtype=np.float64)


@given(st.data(), ROWS)
def test_a_vector_is_rendered_as_its_twin_renders_it(data, rows):
    points = data.draw(st.lists(POINTS, min_size=len(rows), max_size=len(rows)))
    frame, labels = frame_of(rows)
    text = kernels.render_vector(frame, *arrays_of(points)).decode()
    assert text == reference.render_vector(labels, points)
    assert len(json.loads(text)) == len(rows)


@given(st.data(), ROWS, st.integers(0, 6))
@settings(max_examples=150)
def test_a_matrix_is_rendered_as_its_twin_renders_it(data, rows, steps):
    cells = st.lists(st.tuples(st.booleans(), VALUES), min_size=steps, max_size=steps)
    table = data.draw(st.lists(cells, min_size=len(rows), max_size=len(rows)))
    start_ms, step_ms = data.draw(TIMES), data.draw(st.integers(1, 10**7))
    present = np.array([[cell[0] for cell in row] for row in table], dtype=np.bool_).reshape(len(rows), steps)
    values = np.array([[cell[1] for cell in row] for row in table]).reshape(len(rows), steps)
    frame, labels = frame_of(rows)
    points = [
        [(start_ms + step * step_ms, value) for step, (there, value) in enumerate(row) if there]
        for row in table
    ]
    text = kernels.render_matrix(frame, start_ms, step_ms, values, present).decode()
    assert text == reference.render_series(labels, points)


@given(st.data(), ROWS)
@settings(max_examples=150)
def test_raw_samples_are_rendered_as_their_twin_renders_them(data, rows):
    points = data.draw(st.lists(st.lists(POINTS, max_size=5), min_size=len(rows), max_size=len(rows)))
    offsets = np.cumsum([0, *map(len, points)], dtype=np.int64)
    frame, labels = frame_of(rows)
    flat = [point for series in points for point in series]
    text = kernels.render_samples(frame, *arrays_of(flat), offsets).decode()
    assert text == reference.render_series(labels, points)


@given(ROWS)
def test_label_sets_are_rendered_as_their_twin_renders_them(rows):
    frame, labels = frame_of(rows)
    text = kernels.render_labels(frame).decode()
    assert text == reference.render_labels(labels)
    assert [tuple(row.items()) for row in json.loads(text)] == labels


def test_whole_seconds_have_no_fraction_and_others_three_decimals():
    frame = kernels.LabelFrame.empty(kernels.Symbols(), 4)
    times = np.array([1_700_000_000_000, 1_700_000_000_123, 1_500, -1_005], dtype=np.int64)
    text = kernels.render_vector(frame, times, np.ones(4)).decode()
    assert [point["value"][0] for point in json.loads(text, parse_float=str)] == [
        1_700_000_000, "1700000000.123", "1.500", "-1.005",
    ]  # fmt: skip


def test_arrays_of_another_length_are_refused():
    frame = kernels.LabelFrame.empty(kernels.Symbols(), 2)
    two, three = np.zeros(2, dtype=np.int64), np.zeros(3)
    with pytest.raises(ValueError, match="values: want length 2, got 3"):
        kernels.render_vector(frame, two, three)
    with pytest.raises(ValueError, match="values: want 2 rows, got 3"):
        kernels.render_matrix(frame, 0, 1, np.zeros((3, 2)), np.zeros((3, 2), dtype=np.bool_))
    with pytest.raises(ValueError, match="offsets"):
        kernels.render_samples(frame, two, np.zeros(2), np.array([0, 2, 1], dtype=np.int64))
