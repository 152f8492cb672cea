"""Questions to a block: what a dictionary would answer, deletions included; and damage, by name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from kernels import Matcher, Symbols
from model.errors import CorruptStoreError, StorageError, UnsupportedStoreError
from model.samples import STALE
from model.storage import SelectHints
from tests.properties.reference_index import accepts
from tests.simulation.crash_disk import CrashDisk
from tests.tsdb.blocks.helpers import ULID, batch_of, write, written
from tests.tsdb.helpers import read
from tsdb.blocks.meta import BlockMeta
from tsdb.blocks.reader import Block
from tsdb.blocks.tombstones import NONE, Tombstones, read_tombstones, write_tombstones
from tsdb.blocks.writer import write_block

CONTENT = {
    (("__name__", f"m{n % 3}"), ("job", "x" if n % 2 else "y"), ("n", str(n))): [
        (t, n + t / 8) for t in range(n % 5, 200, 1 + n % 4)
    ]
    for n in range(40)
}
whole = written(CrashDisk(), CONTENT, samples_per_chunk=17)
ids_of = dict(zip(sorted(CONTENT), whole.index.select([]).tolist(), strict=True))

bounds = st.tuples(st.integers(-10, 210), st.integers(-10, 210))
conditions = st.lists(
    st.tuples(
        st.sampled_from(["__name__", "job", "n"]),
        st.sampled_from(["=", "!=", "=~", "!~"]),
        st.sampled_from(["m1", "x", "7", ".*1", "", "m[02]", "y|z", ".+"]),
    ),
    max_size=3,
)
deletions = st.lists(st.tuples(st.sampled_from(sorted(CONTENT)), bounds), max_size=6)


def deleted(block, stones):
    """The block after intervals of some series were deleted."""
    low, high = [low for _, (low, _) in stones], [high for _, (_, high) in stones]
    ids = np.array([ids_of[labels] for labels, _ in stones], np.uint32)
    more = NONE.with_more(ids, np.array(low, np.int64), np.array(high, np.int64))
    return block.with_tombstones(block.meta, more)


def left(labels, low, high, stones):
    gone = {t for other, (a, b) in stones if other == labels for t in range(a, b + 1)}
    return [(t, v) for t, v in CONTENT[labels] if low <= t <= high and t not in gone]


@settings(max_examples=100, deadline=None)
@given(conditions, bounds, deletions, st.integers(1, 900))
def test_a_block_answers_as_a_dictionary_would(asked, span, stones, samples_max):
    block = deleted(whole, stones)
    matchers = [Matcher(*condition) for condition in asked] or [Matcher("n", "!=", "")]
    with block.querier(*span) as querier:
        got = read(querier, *matchers, min_ms=span[0], max_ms=span[1], samples_max=samples_max)
    matching = [labels for labels in sorted(CONTENT) if all(accepts(c, labels) for c in asked)]
    want = {labels: samples for labels in matching if (samples := left(labels, *span, stones))}
    assert {labels: samples for labels, samples in got.items() if samples} == want
    assert list(got) == sorted(got)


@settings(max_examples=60, deadline=None)
@given(st.integers(-5, 220), st.integers(1, 60), deletions)
def test_the_newest_sample_is_the_last_that_is_left_in_the_lookback(at_ms, lookback_ms, stones):
    block = deleted(whole, stones)
    with block.querier(0, 300) as querier:
        series = querier.select([], SelectHints(-100, 300))
        column = series.latest(at_ms, lookback_ms)
    for row, labels in enumerate(series.labels.rows()):
        samples = left(labels, at_ms - lookback_ms + 1, at_ms, stones)
        assert column.present[row] == bool(samples)
        if samples:
            assert (column.timestamps_ms[row], column.values[row]) == samples[-1]


def test_a_stale_sample_is_no_newest_one():
    block = written(CrashDisk(), {(("a", "x"),): [(10, 1.0), (20, STALE)], (("a", "y"),): [(20, 2.0)]})
    with block.querier(0, 100) as querier:
        series = querier.select([], SelectHints(0, 100))
    assert series.latest(20, 50).present.tolist() == [False, True]
    assert series.latest(19, 50).present.tolist() == [True, False]


def test_batches_are_about_as_long_as_asked_for_and_never_empty():
    with whole.querier(0, 300) as querier:
        series = querier.select([], SelectHints(0, 300))
    slices = [where for where, _ in series.batches(2000)]
    assert [where.start for where in slices] == [0, *(where.stop for where in slices[:-1])]
    assert slices[-1].stop == len(series.labels)
    assert len(slices) > 5
    assert next(series.batches(int(series.samples[:3].sum())))[0] == slice(0, 3)
    assert [where for where, _ in series.batches(1)] == [slice(n, n + 1) for n in range(40)]


def test_rows_are_read_in_any_order_without_what_was_deleted():
    stones = [(sorted(CONTENT)[3], (60, 80)), (sorted(CONTENT)[30], (0, 90))]
    with deleted(whole, stones).querier(0, 300) as querier:
        series = querier.select([], SelectHints(50, 99))
    rows = series.labels.rows()
    batch = series.read(np.array([7, 3, 3, 30]))
    for place, row in enumerate([7, 3, 3, 30]):
        own = slice(int(batch.offsets[place]), int(batch.offsets[place + 1]))
        assert batch.timestamps_ms[own].tolist() == [t for t, _ in left(rows[row], 50, 99, stones)]


def test_a_series_deleted_whole_is_not_selected_but_its_labels_are_still_known():
    stones = [(labels, (0, 300)) for labels in CONTENT if ("__name__", "m2") in labels]
    block = deleted(whole, stones)
    with block.querier(0, 300) as querier:
        assert len(querier.select([Matcher("__name__", "=", "m2")], SelectHints(0, 300)).labels) == 0
        assert querier.label_values("__name__", []) == ["m0", "m1", "m2"]


def test_a_limit_takes_the_first_in_label_order():
    with whole.querier(0, 300) as querier:
        series = querier.select([], SelectHints(0, 300, limit=3))
        assert series.labels.rows() == sorted(CONTENT)[:3]
        assert len(read(querier)) == 40
    assert sum(len(batch) for _, batch in series.batches(10_000)) == 3
    assert len(series.latest(199, 5).present) == 3


def test_names_and_values_are_those_of_the_block_where_the_range_touches_it():
    with whole.querier(199, 300) as querier:
        assert querier.label_names([Matcher("n", "=", "1")]) == ["__name__", "job", "n"]
        assert querier.label_values("job", [Matcher("n", "=", "1")]) == ["x"]
    with whole.querier(200, 300) as querier:
        assert querier.label_names([]) == querier.label_values("job", []) == []
        assert len(querier.select([], SelectHints(200, 300)).labels) == 0


def test_later_deletions_join_earlier_ones():
    first = NONE.with_more(np.array([7, 9], np.uint32), np.array([0, 50]), np.array([10, 60]))
    both = first.with_more(np.array([9, 7], np.uint32), np.array([55, 30]), np.array([70, 40]))
    assert [column.tolist() for column in both.columns] == [[7, 7, 9], [0, 30, 50], [10, 40, 70]]


def test_tombstones_come_back_from_disk_and_a_block_without_the_file_has_none():
    disk = CrashDisk()
    write(disk, CONTENT)
    stones = Tombstones(
        *kernels.merge_tombstones(np.array([9, 9], np.uint32), np.array([0, 5]), np.array([4, 9]))
    )
    assert len(stones) == 1
    write_tombstones(disk, ULID, stones)
    after = disk.cut_power()
    assert [column.tolist() for column in read_tombstones(after, ULID).columns] == [[9], [0], [9]]
    after.remove(f"{ULID}/tombstones")
    assert len(Block.open(after, Symbols(), ULID).tombstones) == 0


@pytest.mark.parametrize(
    ("name", "at", "message"),
    [
        ("index", 30, rf"block {ULID}: index: symbols: want crc32c"),
        ("index", -3, rf"block {ULID}: index: contents: want crc32c"),
        ("tombstones", 6, rf"{ULID}/tombstones: want crc32c"),
        ("chunks/000001", 1, rf"{ULID}/chunks/000001: want a header of 85bd40dd01000000, got 85bc"),
        ("chunks/000001", 4, rf"{ULID}/chunks/000001: want a header"),
        ("meta.json", 1, rf"{ULID}/meta\.json: want JSON"),
    ],
)
def test_a_damaged_part_is_named_when_the_block_is_opened(name, at, message):
    disk = CrashDisk()
    write(disk, CONTENT)
    disk.files[f"{ULID}/{name}"].content[at] ^= 1
    with pytest.raises(CorruptStoreError, match=message):
        Block.open(disk, Symbols(), ULID)


@pytest.mark.parametrize("name", ["index", "meta.json"])
def test_a_missing_part_is_named(name):
    disk = CrashDisk()
    write(disk, CONTENT)
    disk.remove(f"{ULID}/{name}")
    with pytest.raises(StorageError, match=f"{ULID}/{name}"):
        Block.open(disk, Symbols(), ULID)


def test_a_damaged_chunk_is_named_when_it_is_read_and_the_others_can_still_be():
    disk = CrashDisk()
    write(disk, CONTENT)
    disk.files[f"{ULID}/chunks/000001"].content[20] ^= 1
    block = Block.open(disk, Symbols(), ULID)
    with block.querier(0, 300) as querier:
        with pytest.raises(CorruptStoreError, match=rf"block {ULID}: chunks/000001 at 8: want crc32c"):
            read(querier)
        assert len(read(querier, Matcher("__name__", "=", "m1"))) == 13


def test_a_missing_segment_is_named_when_it_is_read():
    disk = CrashDisk()
    write(disk, CONTENT, segment_bytes=2000)
    last = disk.list(f"{ULID}/chunks")[-1]
    disk.remove(f"{ULID}/chunks/{last}")
    block = Block.open(disk, Symbols(), ULID)
    with (
        block.querier(0, 300) as querier,
        pytest.raises(CorruptStoreError, match=f"chunks/{last} at 8: the block has"),
    ):
        read(querier)


def test_a_damaged_series_is_named_when_it_is_selected():
    disk = CrashDisk()
    write(disk, CONTENT)
    first = int(whole.index.select([])[0])
    disk.files[f"{ULID}/index"].content[first * 16 + 3] ^= 1
    block = Block.open(disk, Symbols(), ULID)
    with (
        block.querier(0, 300) as querier,
        pytest.raises(CorruptStoreError, match=rf"index: series {first} at"),
    ):
        read(querier)


def test_histograms_are_refused_by_name_until_they_can_be_read():
    disk = CrashDisk()
    write_block(disk, BlockMeta(ULID, 0, 10), [batch_of(2)])
    block = Block.open(disk, Symbols(), ULID)
    with (
        block.querier(0, 300) as querier,
        pytest.raises(UnsupportedStoreError, match=r"encoding 2 \(histogram\)"),
    ):
        read(querier)
