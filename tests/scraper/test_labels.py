"""Target labels on whole frames agree with doing it one series at a time."""

import hypothesis.strategies as st
from hypothesis import given, settings

from kernels import LabelFrame, Symbols
from model.labels import labels_of
from scraper.labels import with_target_labels

NAMES = ["a", "job", "instance", "exported_job", "exported_exported_job", "exported_a"]
series = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["", "1", "2"]), max_size=6)
target_labels = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["t", "u"]), max_size=4)


def overridden(row: dict[str, str], target: dict[str, str]) -> dict[str, str]:
    """One series at a time: the target wins, the series' own values move away, shortest name first."""
    own = {name: value for name, value in row.items() if value}
    result = own | target
    for name in sorted((name for name in sorted(target) if name in own), key=len):
        free = "exported_" + name
        while free in result:
            free = "exported_" + free
        result[free] = own[name]
    return result


def filled_in(row: dict[str, str], target: dict[str, str]) -> dict[str, str]:
    """One series at a time: the target gives only what the series does not name at all."""
    return {name: value for name, value in (target | row).items() if value}


def both(rows, target, *, honor_labels):
    frame = LabelFrame.from_labels(Symbols(), [list(row.items()) for row in rows])
    suppressed = [
        (number, names)
        for number, row in enumerate(rows)
        if (names := tuple(n for n, v in row.items() if not v))
    ]
    return with_target_labels(
        frame, labels_of(target), honor_labels=honor_labels, suppressed=suppressed
    ).rows()


@settings(max_examples=100)
@given(st.lists(series, max_size=6), target_labels)
def test_frames_and_single_series_agree(rows, target):
    assert both(rows, target, honor_labels=False) == [labels_of(overridden(row, target)) for row in rows]
    assert both(rows, target, honor_labels=True) == [labels_of(filled_in(row, target)) for row in rows]
