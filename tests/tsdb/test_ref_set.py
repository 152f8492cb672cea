import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import CorruptStoreError
from tsdb.ref_set import REF_MAX, RefSet

REFS = st.one_of(st.integers(0, 300), st.integers(65_000, 200_000), st.integers(0, 1 << 24))


def refs_of(numbers):
    return np.array(sorted(numbers), dtype=np.uint64)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(REFS), max_size=5), st.sets(REFS), st.lists(REFS | st.integers(0, REF_MAX)))
def test_a_ref_set_agrees_with_a_set(added, kept, asked):
    ours, plain = RefSet(), set()
    for some in added:
        ours.add(np.array(some, dtype=np.uint64))  # In any order, and some of them twice.
        plain |= {*some}
    probe = np.array([*asked, *plain], dtype=np.uint64)
    assert ours.contains(probe).tolist() == [ref in plain for ref in probe.tolist()]
    ours.retain(refs_of(kept & plain))
    assert ours.contains(probe).tolist() == [ref in kept & plain for ref in probe.tolist()]
    assert ours.highest == max(plain, default=0)


def test_a_ref_no_store_gives_is_refused_before_memory_is_taken_for_it():
    with pytest.raises(CorruptStoreError, match="series ref 1099511627776"):
        RefSet().add(refs_of([1, REF_MAX + 1]))
