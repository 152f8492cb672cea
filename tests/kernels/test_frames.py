"""Label frames: every operation on columns gives what a loop over dictionaries gives."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import LabelFrame, Symbols
from tests.properties import reference_frames as reference

NAMES = ["__name__", "a", "b", "bb", "job", "é", "λabel"]
names = st.sampled_from(NAMES)
values = st.sampled_from(
    ["", "x", "y", "xy", "host-01:9100", "host-02:9100", "é", "\U0001f600", "z" * 300]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=3)
rows = st.lists(st.dictionaries(names, values, max_size=5), max_size=12)
choices = st.lists(names | st.just("never seen"), max_size=4)
alike = settings(max_examples=60, deadline=None)


def frame_of(symbols: Symbols, rows: list[dict[str, str]]) -> LabelFrame:
    return LabelFrame.from_labels(symbols, [list(row.items()) for row in rows])


def pairs(rows: list[dict[str, str]]) -> list[reference.Pairs]:
    return [reference.pairs_of(row) for row in rows]


def assert_rows(frame: LabelFrame, want: list[reference.Pairs]) -> None:
    """The rows are these, and the frame keeps its invariants."""
    assert frame.rows() == want
    assert frame.counts().tolist() == [len(row) for row in want]
    shape_of, shapes = frame.shapes()
    assert [shapes[shape] for shape in shape_of] == [tuple(name for name, _ in row) for row in want]
    assert len(set(shapes)) == len(shapes)


@given(rows)
@alike
def test_a_frame_holds_the_pairs_it_was_made_of_in_name_order_without_empty_values(rows):
    frame = frame_of(Symbols(), rows)
    assert len(frame) == len(rows)
    assert_rows(frame, pairs(rows))
    assert [frame.labels(row) for row in range(len(rows))] == pairs(rows)
    assert frame.names() == reference.names_of(rows)


def test_a_name_that_stands_twice_in_a_row_is_refused_in_prometheus_words():
    with pytest.raises(ValueError, match=re.escape('label name "a\\n" is not unique')):
        LabelFrame.from_labels(Symbols(), [[("a\n", "1"), ("b", "2"), ("a\n", "3")]])


def test_an_empty_frame_has_rows_without_labels():
    assert LabelFrame.empty(Symbols(), 3).rows() == [(), (), ()]


@given(rows, choices)
@alike
def test_keep_and_drop_leave_what_a_loop_over_labels_leaves(rows, choice):
    frame = frame_of(Symbols(), rows)
    assert_rows(frame.keep(choice), pairs(reference.project(rows, choice, keep=True)))
    assert_rows(frame.drop(choice), pairs(reference.project(rows, choice, keep=False)))


@given(rows, names | st.just("new"), st.data())
@alike
def test_a_column_is_read_set_and_removed_row_by_row(rows, name, data):
    symbols = Symbols()
    frame = frame_of(symbols, rows)
    assert symbols.texts(frame.column(name)) == [row.get(name, "") for row in rows]
    column = data.draw(st.lists(values, min_size=len(rows), max_size=len(rows)))
    changed = frame.with_column(name, symbols.intern(column))
    assert_rows(changed, pairs(reference.with_column(rows, name, column)))


def test_a_column_of_the_wrong_length_or_of_unknown_symbols_is_refused():
    frame = LabelFrame.empty(Symbols(), 2)
    with pytest.raises(ValueError, match="want length 2, got 1"):
        frame.with_column("a", np.zeros(1, np.uint32))
    with pytest.raises(ValueError, match="symbol 77"):
        frame.with_column("a", np.full(2, 77, np.uint32))


@given(rows, st.data())
@alike
def test_take_picks_rows_in_the_order_asked_for(rows, data):
    frame = frame_of(Symbols(), rows)
    picks = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=9)) if rows else []
    assert_rows(frame.take(np.array(picks, np.int64)), [pairs(rows)[row] for row in picks])


@pytest.mark.parametrize("row", [-1, 2])
def test_take_refuses_a_row_outside_the_frame(row):
    with pytest.raises(ValueError, match=f"row {row}: the frame has 2 rows"):
        LabelFrame.empty(Symbols(), 2).take(np.array([row]))


@given(st.lists(rows, max_size=4))
@alike
def test_concat_puts_frames_one_after_the_other(parts):
    symbols = Symbols()
    whole = LabelFrame.concat(symbols, [frame_of(symbols, part) for part in parts])
    assert_rows(whole, [row for part in parts for row in pairs(part)])


@given(rows, choices, st.booleans())
@alike
def test_groups_are_those_of_a_dictionary_of_label_sets(rows, choice, without):
    group_of, groups = frame_of(Symbols(), rows).group(choice, without=without)
    want_of, want = reference.group(rows, choice, keep=not without)
    assert group_of.tolist() == want_of
    assert_rows(groups, want)


@given(rows, rows, choices, st.booleans())
@alike
def test_matching_numbers_both_sides_as_one_dictionary_would(left, right, choice, ignoring):
    symbols = Symbols()
    ours, theirs, count = frame_of(symbols, left).match(frame_of(symbols, right), choice, ignoring=ignoring)
    want, groups = reference.group(left + right, choice, keep=not ignoring)
    assert [*ours.tolist(), *theirs.tolist()] == want
    assert count == len(groups)


@given(rows)
@alike
def test_order_is_that_of_pairs_compared_as_bytes_with_equal_rows_as_they_stood(rows):
    assert frame_of(Symbols(), rows).order().tolist() == reference.order(rows)


def test_order_is_the_same_in_a_table_far_larger_than_the_frame():
    symbols = Symbols()
    symbols.intern([str(number) for number in range(10_000)])
    rows = [{"b": "9"}, {"a": "10", "b": "1"}, {"a": "10"}, {}, {"a": "9"}]
    assert frame_of(symbols, rows).order().tolist() == [3, 2, 1, 4, 0]


@given(rows)
@alike
def test_hashes_are_xxh64_over_length_prefixed_texts(rows):
    assert frame_of(Symbols(), rows).hashes().tolist() == [reference.hash_of(row) for row in rows]


def test_the_twin_of_xxh64_knows_the_published_answers():
    assert reference.xxh64(b"") == 0xEF46DB3751D8E999
    assert reference.xxh64(b"a") == 0xD24EC4F1A98C6E5B
    assert reference.xxh64(b"abc") == 0x44BC2CF5AD770999


@given(rows, rows)
@alike
def test_frames_are_equal_when_their_rows_are(left, right):
    symbols = Symbols()
    ours, theirs = frame_of(symbols, left), frame_of(symbols, right)
    assert (ours == theirs) == (pairs(left) == pairs(right))
    # The same rows, arrived at by another way and so with other shape numbers.
    backwards = np.arange(len(left), dtype=np.int64)[::-1].copy()
    assert frame_of(symbols, left[::-1]).take(backwards) == ours


def test_frames_over_two_symbol_tables_never_meet():
    ours, theirs = frame_of(Symbols(), [{"a": "x"}]), frame_of(Symbols(), [{"a": "x"}])
    assert ours != theirs
    with pytest.raises(ValueError, match="one symbol table"):
        ours.match(theirs, [], ignoring=True)
    with pytest.raises(ValueError, match="one symbol table"):
        LabelFrame.concat(ours.symbols, [ours, theirs])


def test_a_frame_is_not_a_key():
    with pytest.raises(TypeError, match="unhashable"):
        hash(LabelFrame.empty(Symbols(), 0))


def test_a_row_outside_the_frame_has_no_labels():
    with pytest.raises(IndexError, match="row 1: the frame has 1 rows"):
        LabelFrame.empty(Symbols(), 1).labels(1)
