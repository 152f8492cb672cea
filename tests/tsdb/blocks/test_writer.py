"""Writing blocks: Prometheus' bytes, whole or not at all."""

import numpy as np
import pytest

from kernels import LabelFrame, Symbols
from model.errors import StorageError
from tests.properties import reference_block
from tests.simulation.crash_disk import CrashDisk
from tests.tsdb.blocks.helpers import ULID, batch_of, batches_of, flat, write, written
from tests.tsdb.helpers import read
from tsdb.blocks.batch import chunked
from tsdb.blocks.meta import BlockMeta, BlockStats, read_meta
from tsdb.blocks.reader import Block
from tsdb.blocks.writer import write_block
from tsdb.disk import LocalDisk

UP_A, UP_B = (("__name__", "up"), ("job", "a")), (("__name__", "up"), ("job", "b"))
VECTOR = {UP_A: [(1000, 1.0), (2000, 1.0)], UP_B: [(1000, 1.0), (2000, 0.0)]}
SEGMENT = """85bd40dd01000000
    0f010002d00f3ff0000000000000e807008c409360
    11010002d00f3ff0000000000000e807c457fec730ac65"""

MANY = {
    (("__name__", "m"), ("n", f"{n:03d}")): [(t * 15_000, n + t / 7) for t in range(1 + 30 * n)]
    for n in range(20)
}


def everything(block):
    with block.querier(block.meta.min_ms, block.meta.max_ms) as querier:
        return read(querier)


def test_a_block_is_written_as_prometheus_writes_it():
    disk = CrashDisk()
    meta = write(disk, VECTOR)
    assert meta.stats == BlockStats(samples=4, float_samples=4, series=2, chunks=2)
    assert read_meta(disk, ULID) == meta
    assert bytes(disk.map(f"{ULID}/chunks/000001")) == bytes.fromhex(SEGMENT)
    assert bytes(disk.map(f"{ULID}/tombstones")).hex() == "0130ba300100000000"
    chunks = [[(1000, 2000, 8)], [(1000, 2000, 29)]]
    index = reference_block.write_index(list(zip(VECTOR, chunks, strict=True)))
    assert bytes(disk.map(f"{ULID}/index")) == index
    assert len(index) == 251
    assert disk.list(ULID) == ["chunks", "index", "meta.json", "tombstones"]


@pytest.mark.parametrize("segment_bytes", [1, 100, 1000, 3000, 1 << 20])
def test_chunks_are_spread_over_files_none_of_which_is_empty_or_too_long(segment_bytes):
    disk = CrashDisk()
    block = written(disk, MANY, segment_bytes=segment_bytes)
    assert everything(block) == MANY
    sizes = [len(data) for data in block.segments]
    assert min(sizes) > 8
    if segment_bytes >= 3000:
        assert max(sizes) <= segment_bytes
        assert sum(sizes) - 8 * len(sizes) > (len(sizes) - 1) * (segment_bytes - 1500)
    else:
        assert len(sizes) > block.meta.stats.samples // 200


@pytest.mark.parametrize("samples_per_chunk", [1, 7, 120, 1000])
def test_series_are_cut_into_chunks_of_at_most_so_many_samples(samples_per_chunk):
    batch = chunked(
        LabelFrame.empty(Symbols(), 20), flat(list(MANY.values())), samples_per_chunk=samples_per_chunk
    )
    counts = [len(samples) for samples in MANY.values()]
    assert np.diff(batch.offsets).tolist() == [-(-count // samples_per_chunk) for count in counts]
    samples = batch.samples().tolist()
    for number, count in enumerate(counts):
        own = samples[batch.offsets[number] : batch.offsets[number + 1]]
        assert sum(own) == count
        assert set(own[:-1]) <= {samples_per_chunk}


def test_a_series_without_samples_is_left_out():
    symbols = Symbols()
    frame = LabelFrame.from_labels(symbols, [[("a", "x")], [("a", "y")], [("a", "z")]])
    batch = chunked(frame, flat([[], [(5, 1.0)], []]))
    assert batch.labels.rows() == [(("a", "y"),)]
    assert (batch.offsets.tolist(), batch.min_ms.tolist(), batch.max_ms.tolist()) == ([0, 1], [5], [5])


def test_there_is_no_block_without_series():
    disk = CrashDisk()
    assert write(disk, {}) is None
    assert write(disk, {UP_A: []}) is None
    assert disk.files == {}


def test_a_block_survives_a_power_cut_once_it_is_written():
    disk = CrashDisk()
    write(disk, MANY, segment_bytes=3000)
    assert everything(Block.open(disk.cut_power(), Symbols(), ULID)) == MANY


def test_a_disk_that_fills_up_at_any_byte_keeps_nothing_of_the_block():
    disk = CrashDisk(room=1 << 20)
    write(disk, VECTOR)
    whole = (1 << 20) - disk.room
    for room in range(whole):
        full = CrashDisk(room=room)
        with pytest.raises(StorageError, match="no space left"):
            write(full, VECTOR)
        assert full.files == {}
    write(CrashDisk(room=whole), VECTOR)


class NotingDisk(CrashDisk):
    """Notes what is synced, and what is moved."""

    def __init__(self):
        super().__init__()
        self.notes = []

    def check_sync(self, name):
        self.notes.append(name)

    def sync_directory(self, directory):
        self.notes.append(f"{directory}/")

    def rename(self, old, new):
        super().rename(old, new)
        self.notes.append(f"{old} to {new}")


def test_everything_is_synced_before_the_block_appears_and_its_name_after():
    disk = NotingDisk()
    write(disk, MANY, segment_bytes=3000)
    made = f"{ULID}.tmp-for-creation"
    chunks = [f"{made}/chunks/{name}" for name in disk.list(f"{ULID}/chunks")]
    replaced = [
        step
        for name in ("meta.json", "tombstones")
        for step in (f"{made}/{name}.tmp", f"{made}/{name}.tmp to {made}/{name}", f"{made}/")
    ]
    assert disk.notes == [*chunks, f"{made}/chunks/", f"{made}/index", *replaced, f"{made} to {ULID}", "/"]


def test_a_failed_sync_means_no_block():
    disk = CrashDisk()
    disk.sync_fails = True
    with pytest.raises(StorageError, match="sync"):
        write(disk, VECTOR)
    assert disk.files == {}


def test_batches_that_do_not_rise_leave_nothing_behind():
    disk = CrashDisk()
    batches = list(batches_of(Symbols(), VECTOR, per_batch=1))
    symbols = batches[0].labels.symbols
    again = chunked(LabelFrame.from_labels(symbols, [UP_A]), flat([[(1, 1.0)]]))
    with pytest.raises(ValueError, match="want label sets that strictly rise"):
        write_block(disk, BlockMeta(ULID, 0, 1), [batches[0], again])
    assert disk.files == {}


def test_histograms_are_counted_apart_and_newer_encodings_refused():
    meta = write_block(CrashDisk(), BlockMeta(ULID, 0, 10), [batch_of(2)])
    assert meta.stats == BlockStats(samples=10, histogram_samples=10, series=1, chunks=1)
    disk = CrashDisk()
    with pytest.raises(ValueError, match=r"want only \[.*\], got \[4\]"):
        write_block(disk, BlockMeta(ULID, 0, 10), [batch_of(4)])
    assert disk.files == {}


def test_the_disk_of_this_machine_takes_a_block(tmp_path):
    disk = LocalDisk(tmp_path)
    block = written(disk, MANY, segment_bytes=3000)
    assert everything(block) == MANY
    assert block.size_bytes == sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    disk.remove(ULID)
    assert everything(block) == MANY  # What is mapped stays.
