"""Blocks and the head as one: what a dictionary of all their samples would answer."""

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import LabelFrame, Matcher
from model.samples import STALE
from model.storage import SelectHints
from tests.properties.reference_block import label_order
from tests.simulation.crash_disk import CrashDisk
from tests.tsdb.blocks.helpers import batches_of
from tests.tsdb.helpers import open_store, read
from tsdb.blocks.meta import BlockMeta
from tsdb.blocks.reader import Block
from tsdb.blocks.ulid import make_ulid
from tsdb.blocks.writer import write_block
from tsdb.merged import MergedQuerier

ROWS = [(("__name__", "m"), ("n", str(n)), *((("odd", "yes"),) if n % 2 else ())) for n in range(6)]
values = st.sampled_from([1.0, 2.5, STALE]) | st.integers(3, 99).map(float)
samples = st.dictionaries(st.integers(0, 40), values, max_size=6).map(lambda own: sorted(own.items()))
contents = st.dictionaries(st.sampled_from(ROWS), samples.filter(bool), max_size=6)


def stored(content, block_contents):
    """A store whose head has `content`, and a block for each of the others, all over its symbols."""
    disk = CrashDisk()
    store = open_store(disk)
    for row, own in content.items():
        for t, value in own:
            appender = store.appender()
            refs = appender.series(LabelFrame.from_labels(store.symbols, [row]))
            appender.append(refs, np.array([t], np.int64), np.array([value]))
            appender.commit()
    blocks = []
    for number, part in enumerate(block_contents):
        meta = BlockMeta(make_ulid(number, bytes(10)), 0, 100)
        if write_block(disk, meta, batches_of(store.symbols, part, samples_per_chunk=2)):
            blocks.append(Block.open(disk, store.symbols, meta.ulid))
    return store, blocks


def merged(store, blocks, head):
    with_range = []
    for block in blocks:
        with block.querier(0, 100) as querier:
            with_range.append(querier)
    return MergedQuerier(store.symbols, (*with_range, head))


def union(parts):
    whole = defaultdict(dict)
    for part in parts:
        for row, own in part.items():
            whole[row] |= dict(own)
    return {row: sorted(own.items()) for row, own in whole.items()}


def bits(found):
    return {row: [(t, np.float64(v).tobytes()) for t, v in own] for row, own in found.items()}


@settings(max_examples=60, deadline=None)
@given(contents, st.lists(contents, max_size=2), st.integers(1, 30), st.integers(0, 45), st.integers(1, 20))
def test_a_merged_answer_is_that_of_all_samples_together(head, parts, samples_max, at_ms, lookback_ms):
    store, blocks = stored(head, parts)
    want = union([*parts, head])
    with store.querier(0, 100) as querier:
        whole = merged(store, blocks, querier)
        got = read(whole, min_ms=0, max_ms=100, samples_max=samples_max)
        assert bits(got) == bits(want)
        series = whole.select([Matcher("n", "!=", "")], SelectHints(0, 100))
        column = series.latest(at_ms, lookback_ms)
        for row, labels in enumerate(series.labels.rows()):
            newest = [own for own in want[labels] if at_ms - lookback_ms < own[0] <= at_ms][-1:]
            fresh = [own for own in newest if own[1] == own[1]]
            assert bool(column.present[row]) == bool(fresh)
            if fresh:
                assert (column.timestamps_ms[row], column.values[row]) == fresh[0]
        assert whole.label_values("n", []) == sorted({dict(row)["n"] for row in want})
        assert whole.label_names([]) == sorted({name for row in want for name, _ in row})
    store.close()


def test_series_stand_in_label_order_and_a_limit_cuts_the_merged_list():
    head = {row: [(50, 1.0)] for row in ROWS[3:0:-1]}
    block = {row: [(10, 2.0)] for row in ROWS[:3]}
    store, blocks = stored(head, [block])
    with store.querier(0, 100) as querier:
        whole = merged(store, blocks, querier)
        series = whole.select([], SelectHints(0, 100))
        assert series.labels.rows() == sorted(ROWS[:4], key=label_order)
        limited = whole.select([], SelectHints(0, 100, limit=2))
        assert limited.labels.rows() == ROWS[:2]
        (_, batch), *more = limited.batches(1000)
        assert not more
        assert batch.timestamps_ms.tolist() == [10, 10, 50]
    store.close()


def test_a_series_that_went_stale_in_the_head_does_not_come_back_from_a_block():
    row = ROWS[0]
    store, blocks = stored({row: [(50, STALE)]}, [{row: [(49, 7.0)]}])
    with store.querier(0, 100) as querier:
        series = merged(store, blocks, querier).select([], SelectHints(0, 100))
        assert series.latest(60, 30).present.tolist() == [False]
        assert series.latest(49, 30).present.tolist() == [True]
    store.close()


def test_a_single_source_is_asked_as_if_it_stood_alone():
    store, blocks = stored({}, [{ROWS[0]: [(1, 1.0)]}])
    with blocks[0].querier(0, 100) as querier:
        alone = MergedQuerier(store.symbols, (querier,)).select([], SelectHints(0, 100))
        assert type(alone) is type(querier.select([], SelectHints(0, 100)))
    store.close()
