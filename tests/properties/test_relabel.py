"""The columnar engine agrees with relabelling one dictionary at a time."""

import hypothesis.strategies as st
from hypothesis import given, settings

from kernels import LabelFrame, Symbols
from model.relabel import Action, RelabelRule, relabel
from tests.properties import reference_relabel

NAMES = ["a", "b", "c", "job", "__name__"]
VALUES = ["", "x", "y1", "X;y", "é", "ß", "9"]
label_sets = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES), max_size=5)
sources = st.lists(st.sampled_from(NAMES), max_size=3).map(tuple)
regexes = st.sampled_from(["(.*)", "", "x", "(x|y)(.*)", "[a-c]", "(.)(?P<rest>.*);?(.*)", "_?_?(n.*|j.*)"])
templates = st.sampled_from(["$1", "", "fixed", "${1}_$rest", "a", "p_$2", "$$1"])
targets = st.sampled_from(["a", "new", "job"])


def rules_of(action: Action) -> st.SearchStrategy[RelabelRule]:
    fields: dict[str, st.SearchStrategy[object]] = {"action": st.just(action)}
    if action in (Action.LABELDROP, Action.LABELKEEP):
        return st.builds(RelabelRule, **fields, regex=regexes)
    if action is Action.LABELMAP:
        return st.builds(
            RelabelRule, **fields, regex=regexes, replacement=st.sampled_from(["$1", "m_$1", "a"])
        )
    fields["source_labels"] = sources
    if action in (Action.KEEPEQUAL, Action.DROPEQUAL):
        return st.builds(RelabelRule, **fields, target_label=targets)
    fields["separator"] = st.sampled_from([";", "", "-"])
    if action in (Action.LOWERCASE, Action.UPPERCASE):
        return st.builds(RelabelRule, **fields, target_label=targets)
    fields["regex"] = regexes
    if action in (Action.KEEP, Action.DROP):
        return st.builds(RelabelRule, **fields)
    if action is Action.HASHMOD:
        return st.builds(RelabelRule, **fields, target_label=targets, modulus=st.integers(1, 2**64 - 1))
    dynamic = st.sampled_from(["a", "new", "p_$1", "${1}", "$rest"])
    return st.builds(RelabelRule, **fields, target_label=dynamic, replacement=templates)


rules = st.lists(st.sampled_from(list(Action)).flatmap(rules_of), max_size=4)


@settings(max_examples=150)
@given(rules, st.lists(label_sets, max_size=12))
def test_a_frame_is_relabelled_as_its_rows_one_by_one(rules, rows):
    frame = LabelFrame.from_labels(Symbols(), [list(row.items()) for row in rows])
    result = relabel(rules, frame)
    got = [(int(row), dict(labels)) for row, labels in zip(result.rows, result.labels.rows(), strict=True)]
    wanted = [
        (number, labels)
        for number, row in enumerate(rows)
        if (labels := reference_relabel.relabel(rules, {n: v for n, v in row.items() if v})) is not None
    ]
    assert got == wanted
