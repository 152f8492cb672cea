import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from kernels import LabelFrame, Symbols
from model.errors import CorruptStoreError
from tests.simulation.crash_disk import CrashDisk
from tests.tsdb.helpers import by_name, frame, metric, open_store, samples_of, scrape, selected
from tsdb.counters import Counters
from tsdb.wal.format import PAGE_BYTES
from tsdb.wal.segments import list_segments
from tsdb.wal.writer import LogWriter

SYMBOLS = Symbols()


def refs_of(*refs):
    return np.array(refs, dtype=np.uint64)


def series(ref, name):
    return kernels.encode_series(refs_of(ref), LabelFrame.from_labels(SYMBOLS, [[("__name__", name)]]))


def samples(*triples):
    refs, times, values = zip(*triples, strict=True)
    return kernels.encode_samples(
        refs_of(*refs), np.array(times, dtype=np.int64), np.array(values, dtype=np.float64)
    )


def log_of(*records):
    disk = CrashDisk()
    write_segment(disk, 0, *records)
    return disk


def write_segment(disk, number, *records):
    writer = LogWriter(
        disk, "wal", number, segment_bytes=64 * PAGE_BYTES, compression="none", counters=Counters()
    )
    for record in records:
        writer.log([record])
    writer.close()


def written_store(scrapes=12, **options):
    """A disk whose log holds growing commits, two series each."""
    disk = CrashDisk()
    store = open_store(disk, **options)
    for step in range(scrapes):
        scrape(store, step * 15_000, {"a": float(step), "b": float(-step)})
    return disk


def cut(disk, name, size):
    after = disk.kill()
    del after.files[name].content[size:]
    return after


LOG = written_store()
LOG_BYTES = LOG.size("wal/00000000")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, LOG_BYTES))
def test_a_log_cut_at_any_byte_opens_with_a_prefix_of_the_commits(size):
    store = open_store(cut(LOG, "wal/00000000", size))
    found = by_name(selected(store))
    count = len(found.get("a", []))
    assert found.get("a", []) == [(step * 15_000, float(step)) for step in range(count)]
    assert found.get("b", []) == [(step * 15_000, float(-step)) for step in range(count)]
    scrape(store, 10**6, {"a": 1.0})
    assert samples_of(store, "a")[-1] == (10**6, 1.0)


def test_a_longer_prefix_never_holds_less():
    counts = [
        len(samples_of(open_store(cut(LOG, "wal/00000000", size)), "a"))
        for size in range(0, LOG_BYTES + 1, 37)
    ]
    assert counts == sorted(counts)
    assert len(samples_of(open_store(cut(LOG, "wal/00000000", LOG_BYTES)), "a")) == 12


@settings(max_examples=60, deadline=None)
@given(st.integers(0, LOG_BYTES - 1), st.integers(1, 255))
def test_a_log_with_any_byte_changed_opens_with_a_prefix_of_the_commits(at, change):
    damaged = LOG.kill()
    damaged.files["wal/00000000"].content[at] ^= change
    found = by_name(selected(open_store(damaged)))
    count = len(found.get("a", []))
    assert found.get("a", []) == [(step * 15_000, float(step)) for step in range(count)]
    assert count == len(found.get("b", []))


def test_a_torn_tail_is_repaired_once_and_later_commits_survive():
    disk = cut(LOG, "wal/00000000", LOG_BYTES - 5)
    store = open_store(disk)
    assert store.counters.wal_corruptions_total == 1
    assert list_segments(disk, "wal") == [0, 1]
    scrape(store, 10**6, {"a": 1.0})
    again = open_store(disk.kill())
    assert again.counters.wal_corruptions_total == 0
    assert len(samples_of(again, "a")) == 12


def test_a_record_that_does_not_decode_ends_the_log_there():
    disk = log_of(series(1, "a"), samples((1, 10, 1.0)), samples((1, 20, 2.0))[:-1], samples((1, 30, 3.0)))
    write_segment(disk, 1, samples((1, 40, 4.0)))
    store = open_store(disk)
    assert samples_of(store, "a") == [(10, 1.0)]
    assert store.counters.wal_corruptions_total == 1
    assert list_segments(disk, "wal") == [0, 1]
    assert samples_of(open_store(disk.kill()), "a") == [(10, 1.0)]


def test_a_label_set_that_returns_under_another_ref_keeps_its_first():
    disk = log_of(
        series(3, "a"),
        samples((3, 10, 1.0)),
        series(8, "a"),
        series(5, "b"),
        samples((8, 20, 2.0), (5, 20, 5.0)),
    )
    store = open_store(disk)
    assert by_name(selected(store)) == {"a": [(10, 1.0), (20, 2.0)], "b": [(20, 5.0)]}
    assert store.appender().series(frame(store, metric("a"), metric("b"), metric("c"))).tolist() == [3, 5, 9]


def test_refs_go_on_after_the_largest_one_found_even_of_an_unknown_series():
    disk = log_of(series(1, "a"), samples((1, 10, 1.0), (77, 10, 1.0)))
    store = open_store(disk)
    assert store.counters.wal_replay_unknown_refs_total["samples"] == 1
    assert by_name(selected(store)) == {"a": [(10, 1.0)]}
    assert store.appender().series(frame(store, metric("b"))).tolist() == [78]


def test_records_of_kinds_not_stored_yet_are_counted_and_left_in_the_log(caplog):
    disk = log_of(
        series(1, "a"), b"\x03" + bytes(10), b"\x07", b"\x07", b"\x63what", b"", samples((1, 10, 1.0))
    )
    before = bytes(disk.map("wal/00000000"))
    store = open_store(disk)
    assert samples_of(store, "a") == [(10, 1.0)]
    assert dict(store.counters.wal_records_skipped) == {"TOMBSTONES": 1, "HISTOGRAMS": 2}
    assert sum("not stored yet" in entry.message for entry in caplog.records) == 2
    assert bytes(disk.map("wal/00000000")) == before


def test_a_first_segment_that_is_not_the_first_is_refused():
    disk = CrashDisk()
    write_segment(disk, 4, series(1, "a"))
    with pytest.raises(CorruptStoreError, match="want number 0 next, got 4"):
        open_store(disk)


def test_a_damaged_checkpoint_stops_the_start_and_nothing_is_touched():
    """Prometheus repairs the log by the checkpoint's own segment number instead, and so loses the log."""
    disk = CrashDisk()
    write_segment(disk, 4, series(1, "a"))
    content = disk.files.pop("wal/00000004")
    content.content[10] ^= 1
    disk.files["wal/checkpoint.00000003/00000000"] = content
    write_segment(disk, 4, samples((1, 10, 1.0)))
    before = {name: bytes(stored.content) for name, stored in disk.files.items()}
    with pytest.raises(CorruptStoreError, match=r"checkpoint.00000003/00000000 after 0 bytes.*move .* away"):
        open_store(disk)
    assert {name: bytes(stored.content) for name, stored in disk.files.items()} == before


def test_segments_that_a_checkpoint_covers_are_not_replayed():
    disk = log_of(series(1, "a"), samples((1, 10, 1.0)))
    write_segment(disk, 1, samples((1, 20, 2.0)))
    write_segment(disk, 2, samples((1, 30, 3.0)))
    write_segment(disk, 9, series(1, "a"), samples((1, 20, 2.0)))
    disk.files["wal/checkpoint.00000001/00000000"] = disk.files.pop("wal/00000009")
    store = open_store(disk)
    assert samples_of(store, "a") == [(20, 2.0), (30, 3.0)]
    assert list_segments(disk, "wal") == [2, 3]


def test_an_empty_segment_left_by_a_restart_is_normal():
    disk = LOG.kill()
    for _ in range(4):
        disk = disk.kill()
        store = open_store(disk)
    assert list_segments(disk, "wal") == [0, 1, 2, 3, 4]
    assert len(samples_of(store, "a")) == 12


def test_replay_reports_its_progress():
    disk = LOG.kill()
    open_store(disk)
    seen = []
    type(open_store(disk.kill())).open("unused", disk=disk.kill(), progress=seen.append)
    assert [(step.first, step.last, step.current) for step in seen] == [(0, 1, 0), (0, 1, 1)]


def mapped_store():
    """A disk with chunks in files, and everything in the log too."""
    disk = CrashDisk()
    store = open_store(disk)
    for step in range(400):
        scrape(store, step * 15_000, {"a": float(step), "b": float(-step)})
    store.maintain(1e6)
    for step in range(400, 420):
        scrape(store, step * 15_000, {"a": float(step), "b": float(-step)})
    return disk


MAPPED = mapped_store()
EVERYTHING_MAPPED = {
    "a": [(step * 15_000, float(step)) for step in range(420)],
    "b": [(step * 15_000, float(-step)) for step in range(420)],
}


def test_mapped_chunks_and_the_log_together_give_each_sample_once():
    store = open_store(MAPPED.kill())
    assert by_name(selected(store)) == EVERYTHING_MAPPED
    assert store.counters.mmap_chunks_total == 0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 4000), st.integers(1, 255))
def test_damaged_chunk_files_lose_nothing_that_the_log_has(at, change):
    damaged = MAPPED.kill()
    content = damaged.files["chunks_head/000001"].content
    content[8 + at] ^= change
    assert by_name(selected(open_store(damaged))) == EVERYTHING_MAPPED


def test_without_chunk_files_replay_writes_them_again():
    disk = MAPPED.kill()
    del disk.files["chunks_head/000001"]
    store = open_store(disk)
    assert by_name(selected(store)) == EVERYTHING_MAPPED
    assert store.counters.mmap_chunks_total == 6
    assert by_name(selected(open_store(disk.kill()))) == EVERYTHING_MAPPED
