import pytest

from model.errors import StorageError
from tests.simulation.crash_disk import CrashDisk
from tsdb.counters import Counters
from tsdb.wal.format import HEADER_BYTES, PAGE_BYTES
from tsdb.wal.reader import read_log
from tsdb.wal.segments import list_segments
from tsdb.wal.writer import LogWriter


def open_writer(disk, first=0, pages=4, compression="none"):
    return LogWriter(
        disk, "wal", first, segment_bytes=pages * PAGE_BYTES, compression=compression, counters=Counters()
    )


def record(length, fill=b"x"):
    """A record of a kind that the reader hands out and nobody decodes here."""
    return b"\x03" + fill * (length - 1)


def records_in(disk):
    return [found for run in read_log(disk, "wal") for found in run.records]


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_what_was_logged_is_read_back_in_order(compression):
    disk = CrashDisk(1)
    writer = open_writer(disk, compression=compression)
    logged = [record(disk.random.randrange(1, 90_000), bytes([fill])) for fill in range(40)]
    for start in range(0, 40, 4):
        writer.log(logged[start : start + 4])
    assert records_in(disk) == logged
    writer.close()
    assert records_in(disk) == logged


def test_incompressible_records_are_stored_as_they_are():
    disk = CrashDisk(1)
    writer = open_writer(disk, compression="snappy")
    noise = b"\x03" + disk.random.randbytes(1000)
    writer.log([noise])
    assert noise in bytes(disk.map("wal/00000000"))


def test_a_record_never_crosses_a_segment():
    disk = CrashDisk()
    writer = open_writer(disk, pages=3)
    largest = 3 * (PAGE_BYTES - HEADER_BYTES)
    for _ in range(3):
        writer.log([record(largest)])
    assert list_segments(disk, "wal") == [0, 1, 2]
    assert [disk.size(f"wal/0000000{n}") for n in range(3)] == [3 * PAGE_BYTES] * 3
    assert records_in(disk) == [record(largest)] * 3


def test_a_record_larger_than_a_segment_is_written_all_the_same():
    disk = CrashDisk()
    writer = open_writer(disk, pages=1)
    writer.log([record(10), record(5 * PAGE_BYTES), record(20)])
    assert records_in(disk) == [record(10), record(5 * PAGE_BYTES), record(20)]
    assert list_segments(disk, "wal") == [0, 1, 2]


def test_every_segment_but_the_last_is_a_whole_number_of_pages():
    disk = CrashDisk(3)
    writer = open_writer(disk, pages=2)
    for _ in range(50):
        writer.log([record(disk.random.randrange(1, 20_000))])
    *finished, _ = list_segments(disk, "wal")
    assert len(finished) > 3
    assert all(disk.size(f"wal/{number:08d}") % PAGE_BYTES == 0 for number in finished)


def test_segments_are_synced_when_they_end_and_at_close_and_not_before():
    disk = CrashDisk()
    writer = open_writer(disk)
    writer.log([record(100)])
    assert disk.files["wal/00000000"].writes
    writer.next_segment()
    writer.settle()
    assert not disk.files["wal/00000000"].writes
    writer.log([record(100)])
    assert disk.files["wal/00000001"].writes
    writer.close()
    assert not disk.files["wal/00000001"].writes


@pytest.mark.parametrize("room", [0, 1, 6, 7, 50, PAGE_BYTES, PAGE_BYTES + 3])
def test_a_write_that_fails_leaves_nothing_that_reads_as_data(room):
    """A torn fragment in the middle would end the segment for every reader, and lose all that follows."""
    disk = CrashDisk()
    writer = open_writer(disk)
    writer.log([record(1000, b"a")])
    disk.room = room
    with pytest.raises(StorageError, match="no space"):
        writer.log([record(40_000, b"b")])
    disk.room = None
    writer.log([record(1000, b"c")])
    assert records_in(disk) == [record(1000, b"a"), record(1000, b"c")]


def test_the_log_refuses_until_the_torn_write_could_be_cut_off():
    disk = CrashDisk()
    writer = open_writer(disk)
    writer.log([record(1000)])
    disk.room = 10
    for _ in range(3):
        with pytest.raises(StorageError):
            writer.log([record(1000)])
    assert disk.kill().size("wal/00000000") <= 1007 + 10
    disk.room = 5000
    writer.log([record(2000)])
    assert records_in(disk) == [record(1000), record(2000)]


def test_a_sync_that_fails_is_tried_again():
    disk = CrashDisk()
    writer = open_writer(disk)
    writer.log([record(100)])
    writer.next_segment()
    disk.sync_fails = True
    with pytest.raises(StorageError):
        writer.settle()
    disk.sync_fails = False
    writer.settle()
    assert not disk.files["wal/00000000"].writes


def test_a_directory_that_cannot_be_synced_costs_no_commit_and_is_tried_again(monkeypatch):
    disk = CrashDisk()
    writer = open_writer(disk, pages=1)
    writer.log([record(20_000, b"a")])
    with monkeypatch.context() as broken:
        broken.setattr(disk, "sync_directory", refuse)
        writer.log([record(20_000, b"b")])  # A new segment: whoever commits waits for no disk.
        with pytest.raises(StorageError):
            writer.settle()
    writer.settle()
    assert records_in(disk) == [record(20_000, b"a"), record(20_000, b"b")]
    assert list_segments(disk, "wal") == [0, 1]
    assert not disk.files["wal/00000000"].writes


def refuse(_):
    raise StorageError("sync wal: input/output error")
