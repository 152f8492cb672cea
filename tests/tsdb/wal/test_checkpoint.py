import numpy as np
import pytest

import kernels
from kernels import LabelFrame, Symbols
from model.errors import StorageError
from tests.simulation.crash_disk import CrashDisk
from tsdb.counters import Counters
from tsdb.wal.checkpoint import choose_last, remove_covered, write_checkpoint
from tsdb.wal.format import PAGE_BYTES, RecordKind
from tsdb.wal.reader import DamagedLogError, read_log
from tsdb.wal.segments import list_checkpoints, list_segments
from tsdb.wal.writer import LogWriter

SYMBOLS = Symbols()
TOMBSTONE = b"\x03" + bytes(8) + b"\x00\x02"


def refs_of(*refs):
    return np.array(refs, dtype=np.uint64)


def series(*refs):
    rows = [[("__name__", f"m{ref}")] for ref in refs]
    return kernels.encode_series(refs_of(*refs), LabelFrame.from_labels(SYMBOLS, rows))


def samples(time_ms, *refs):
    times = np.full(len(refs), time_ms, dtype=np.int64)
    return kernels.encode_samples(refs_of(*refs), times, np.array(refs, dtype=np.float64))


def metadata(help_text, *refs):
    kinds = np.ones(len(refs), dtype=np.uint8)
    return kernels.encode_metadata(refs_of(*refs), kinds, [""] * len(refs), [help_text] * len(refs))


def log_of(*segments):
    disk = CrashDisk()
    writer = LogWriter(
        disk, "wal", 0, segment_bytes=4 * PAGE_BYTES, compression="snappy", counters=Counters()
    )
    for number, records in enumerate(segments):
        if number:
            writer.next_segment()
        writer.log(records)
    writer.close()
    return disk


def make(disk, last, alive, horizon_ms):
    write_checkpoint(
        disk,
        "wal",
        last,
        keep=lambda refs: np.isin(refs, refs_of(*alive)),
        horizon_ms=horizon_ms,
        segment_bytes=4 * PAGE_BYTES,
        compression="snappy",
    )


def contents(disk, directory):
    """Series refs, (ref, time) of samples, (ref, help) of metadata, and other records."""
    named, stored, told, others = [], [], [], []
    for run in read_log(disk, directory):
        if run.kind == RecordKind.SERIES:
            refs, labels = kernels.decode_series(SYMBOLS, run.records)
            named += refs.tolist()
            assert labels.rows() == [(("__name__", f"m{ref}"),) for ref in refs.tolist()]
        elif run.kind == RecordKind.SAMPLES:
            refs, times, _ = kernels.decode_samples(run.records)
            stored += zip(refs.tolist(), times.tolist(), strict=True)
        elif run.kind == RecordKind.METADATA:
            refs, _, _, helps = kernels.decode_metadata(run.records)
            told += zip(refs.tolist(), helps, strict=True)
        else:
            others += run.records
    return named, stored, told, others


def churned():
    return log_of(
        [series(1, 2), metadata("old", 1, 2), samples(10, 1, 2), TOMBSTONE, b"\x63nobody knows"],
        [series(3), samples(20, 1, 2, 3), metadata("new", 1)],
        [samples(30, 1, 3)],
        [series(4), samples(40, 4)],
    )


def test_only_what_lives_or_is_young_enough_is_kept():
    disk = churned()
    make(disk, 2, alive=[1, 3], horizon_ms=20)
    named, stored, told, others = contents(disk, "wal/checkpoint.00000002")
    assert named == [1, 3]
    assert stored == [(1, 20), (2, 20), (3, 20), (1, 30), (3, 30)]
    assert told == [(1, "new")]
    assert others == [TOMBSTONE]


def test_the_next_checkpoint_is_built_on_the_last_one():
    disk = churned()
    make(disk, 1, alive=[1, 2, 3], horizon_ms=0)
    assert remove_covered(disk, "wal", 1) == 0
    assert list_segments(disk, "wal") == [2, 3]
    make(disk, 3, alive=[1, 4], horizon_ms=30)
    assert remove_covered(disk, "wal", 3) == 1
    assert (list_segments(disk, "wal"), list_checkpoints(disk, "wal")) == ([], [3])
    assert contents(disk, "wal/checkpoint.00000003")[:2] == ([1, 4], [(1, 30), (3, 30), (4, 40)])


def test_a_checkpoint_that_fails_leaves_the_log_as_it_was_and_the_next_try_clean():
    disk = churned()
    before = contents(disk, "wal")
    disk.room = 40
    with pytest.raises(StorageError):
        make(disk, 2, alive=[1], horizon_ms=0)
    assert list_checkpoints(disk, "wal") == []
    assert contents(disk, "wal") == before
    disk.room = None
    make(disk, 2, alive=[1], horizon_ms=0)
    assert not [name for name in disk.files if ".tmp" in name]


def test_damage_in_what_it_is_built_from_aborts_a_checkpoint():
    disk = churned()
    disk.files["wal/00000001"].content[12] ^= 1
    with pytest.raises(DamagedLogError):
        make(disk, 2, alive=[1], horizon_ms=0)
    assert list_checkpoints(disk, "wal") == []


@pytest.mark.parametrize(
    ("segments", "last"),
    [
        ([], None),
        ([0], None),
        ([0, 1], None),
        ([0, 1, 2], None),
        ([0, 1, 2, 3], 1),
        ([5, 6, 7, 8, 9], 7),
        ([3, 4, 5, 6], 4),
    ],
)
def test_the_newest_third_is_never_covered(segments, last):
    assert choose_last(segments) == last
