"""The series index: what it finds is what a scan over dictionaries finds, whatever came and went before."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kernels import CorruptionError, LabelFrame, Matcher, SeriesIndex, Symbols
from tests.properties.reference_frames import Pairs, pairs_of
from tests.properties.reference_index import Condition, ReferenceIndex

NAMES = ["__name__", "a", "b", "job"]
VALUES = ["x", "y", "xy", "z1", "z2", "z3", "é"]
PATTERNS = [
    "",
    "x",
    ".*",
    ".+",
    "x|y",
    "x|",
    "|z1|z2",
    "z[12]",
    "z.",
    "z.*",
    ".*y",
    "(x|z).*",
    "x.?",
    "[^x]+",
    "nothing",
]

names = st.sampled_from(NAMES)
row = st.dictionaries(names, st.sampled_from(VALUES), max_size=4).map(pairs_of)
rows = st.lists(row, max_size=12)
equal = st.tuples(
    names | st.just("absent"), st.sampled_from(["=", "!="]), st.sampled_from(["", "x", "z1", "no"])
)
matched = st.tuples(names | st.just("absent"), st.sampled_from(["=~", "!~"]), st.sampled_from(PATTERNS))
conditions = st.lists(equal | matched, max_size=4)


def matchers(conditions: list[Condition]) -> list[Matcher]:
    return [Matcher(*condition) for condition in conditions]


def refs(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint64)


def made(*labels: dict[str, str]) -> tuple[Symbols, SeriesIndex]:
    symbols = Symbols()
    index = SeriesIndex(symbols)
    index.add(LabelFrame.from_labels(symbols, [pairs_of(row) for row in labels]), 1)
    return symbols, index


class IndexMachine(RuleBasedStateMachine):
    """Series are born, read back from a log, and forgotten; the twin says what has to be there."""

    def __init__(self) -> None:
        super().__init__()
        self.symbols = Symbols()
        self.index = SeriesIndex(self.symbols)
        self.twin = ReferenceIndex()
        self.next_ref = 1

    def frame(self, rows: list[Pairs]) -> LabelFrame:
        return LabelFrame.from_labels(self.symbols, rows)

    @rule(rows=rows)
    def add(self, rows):
        got, new = self.index.add(self.frame(rows), self.next_ref)
        assert (got.tolist(), new.tolist()) == self.twin.add(rows, self.next_ref)
        self.next_ref += int(new.sum())

    @rule(rows=rows, data=st.data())
    def restore(self, rows, data):
        unused = st.integers(1, self.next_ref + 40).filter(lambda ref: ref not in self.twin.labels_of)
        numbers = data.draw(st.lists(unused, min_size=len(rows), max_size=len(rows), unique=True))
        got = self.index.restore(refs(*numbers), self.frame(rows))
        assert got.tolist() == self.twin.restore(numbers, rows)
        self.next_ref = max([self.next_ref, *(number + 1 for number in numbers)])

    @rule(data=st.data(), share=st.integers(0, 4))
    def retain(self, data, share):
        kept = [ref for ref in sorted(self.twin.labels_of) if data.draw(st.integers(0, 4)) < share]
        strangers = [self.next_ref + 7]  # A ref that the index does not know is no harm.
        self.index.retain(refs(*kept, *strangers))
        self.twin.retain(kept)

    @rule(conditions=conditions)
    def select(self, conditions):
        assert self.index.select(matchers(conditions)).tolist() == self.twin.select(conditions)

    @rule(conditions=conditions, name=names)
    def names_and_values(self, conditions, name):
        assert self.index.label_names(matchers(conditions)) == self.twin.label_names(conditions)
        assert self.index.label_values(name, matchers(conditions)) == self.twin.label_values(name, conditions)

    @rule(limit=st.integers(0, 6))
    def statistics(self, limit):
        assert self.index.statistics(limit) == self.twin.statistics(limit)

    @rule(rows=rows)
    def find(self, rows):
        want = [self.twin.ref_of.get(labels, 0) for labels in rows]
        assert self.index.find(self.frame(rows)).tolist() == want

    @rule(data=st.data())
    def labels(self, data):
        known = sorted(self.twin.labels_of)
        asked = data.draw(st.lists(st.sampled_from(known), max_size=8)) if known else []
        assert self.index.labels(refs(*asked)).rows() == [self.twin.labels_of[ref] for ref in asked]

    @invariant()
    def the_counts_agree(self):
        assert len(self.index) == len(self.twin.labels_of)
        assert self.index.pairs() == len({pair for labels in self.twin.labels_of.values() for pair in labels})


TestIndexMachine = IndexMachine.TestCase
TestIndexMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

# Enough series for bitmaps, galloping and own values to be chosen, each label with another number of values.
LARGE = [
    pairs_of(
        {
            "__name__": f"m{number % 3}",
            "job": "x" if number % 10 else "",
            "a": f"z{number % 7}",
            "b": f"z{number}" if number % 4 else "",
            "half": "y" if number < 1500 else "",
        }
    )
    for number in range(3000)
]
large_symbols = Symbols()
large_index = SeriesIndex(large_symbols)
large_index.add(LabelFrame.from_labels(large_symbols, LARGE), 1)
large_twin = ReferenceIndex()
large_twin.add(LARGE, 1)
large_patterns = ["z.*", "z1.*", ".*7", "z(1|2|700)", "z[1-3]|", ".+", "|z5", "z2[0-9]+1", "y|x", "m[12]", ""]
large_conditions = st.lists(
    st.tuples(
        st.sampled_from(["__name__", "job", "a", "b", "half"]),
        st.sampled_from(["=~", "!~", "=", "!="]),
        st.sampled_from(large_patterns),
    )
    | st.tuples(
        st.sampled_from(["__name__", "a", "b", "half"]),
        st.sampled_from(["=", "!="]),
        st.sampled_from(["m1", "z3", "z7", "z701", "y"]),
    ),
    min_size=1,
    max_size=4,
)


@given(large_conditions)
@settings(max_examples=150, deadline=None)
def test_selection_equals_a_scan_whatever_set_operation_it_takes(conditions):
    asked = matchers(conditions)
    want = large_twin.select(conditions)
    assert large_index.select(asked).tolist() == want
    for name in ("a", "b"):
        found = {dict(large_twin.labels_of[ref]).get(name, "") for ref in want} - {""}
        assert large_index.label_values(name, asked) == sorted(found)


def test_no_matcher_selects_all_and_so_does_the_one_with_nothing_in_it():
    _, index = made({"a": "x"}, {"b": "y"})
    assert index.select([]).tolist() == [1, 2]
    assert index.select([Matcher("", "=", "")]).tolist() == [1, 2]


def test_new_rows_take_the_refs_in_row_order_and_known_ones_keep_theirs():
    symbols, index = made({"a": "x"})
    frame = LabelFrame.from_labels(symbols, [[("a", "y")], [("a", "x")], [("a", "y")], [("a", "z")]])
    got, new = index.add(frame, 10)
    assert got.tolist() == [10, 1, 10, 11]
    assert new.tolist() == [True, False, False, True]


def test_a_ref_that_would_not_rise_is_refused():
    symbols, index = made({"a": "x"}, {"a": "y"})
    with pytest.raises(ValueError, match="want more than the newest, 2, got 2"):
        index.add(LabelFrame.from_labels(symbols, [[("a", "z")]]), 2)
    with pytest.raises(ValueError, match="row 0 has ref 0"):
        index.restore(refs(0), LabelFrame.from_labels(symbols, [[("a", "z")]]))


def test_a_ref_that_the_log_gives_to_two_label_sets_is_corruption():
    symbols = Symbols()
    frame = LabelFrame.from_labels(symbols, [[("a", "x")], [("a", "y")], [("a", "z")]])
    for numbers in ([5, 5, 6], [5, 3, 3], [5, 3, 5]):
        with pytest.raises(CorruptionError, match=re.escape("want one label set, got two")):
            SeriesIndex(symbols).restore(refs(*numbers), frame)


def test_labels_of_an_unknown_ref_are_refused():
    _, index = made({"a": "x"})
    for unknown in (0, 2, 2**64 - 1):
        with pytest.raises(ValueError, match=f"ref {unknown}: no such series"):
            index.labels(refs(unknown))


def test_refs_to_retain_must_rise():
    _, index = made({"a": "x"}, {"a": "y"})
    with pytest.raises(ValueError, match="want them rising"):
        index.retain(refs(2, 1))


def test_frames_of_another_symbol_table_are_refused():
    _, index = made({"a": "x"})
    stranger = LabelFrame.from_labels(Symbols(), [[("a", "x")]])
    for call in (
        lambda: index.add(stranger, 9),
        lambda: index.find(stranger),
        lambda: index.restore(refs(9), stranger),
    ):
        with pytest.raises(ValueError, match="one symbol table"):
            call()


def test_what_is_forgotten_gives_its_memory_back():
    symbols = Symbols()
    index = SeriesIndex(symbols)
    empty = index.size_bytes()
    labels = [
        [("__name__", "m"), ("id", str(number)), (f"name_{number % 50}", "v")] for number in range(20_000)
    ]
    index.add(LabelFrame.from_labels(symbols, labels), 1)
    full = index.size_bytes()
    index.retain(refs(7))
    assert index.select([]).tolist() == [7]
    assert index.label_names([]) == ["__name__", "id", "name_6"]
    assert full > 20_000 * 20
    assert index.size_bytes() - empty < full / 20


def test_ten_labels_weigh_no_more_than_130_bytes_a_series():
    symbols = Symbols()
    index = SeriesIndex(symbols)
    texts = [
        [
            ("__name__", f"m{n % 50}"),
            ("pod", f"p{n // 50}"),
            ("code", str(n % 5)),
            *((f"l{i}", "v") for i in range(7)),
        ]
        for n in range(50_000)
    ]
    index.add(LabelFrame.from_labels(symbols, texts), 1)
    assert len(index) == 50_000
    assert index.size_bytes() / len(index) <= 130
