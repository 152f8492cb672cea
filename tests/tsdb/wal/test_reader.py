import struct

import pytest
import zstandard

import kernels
from tests.simulation.crash_disk import CrashDisk, StoredFile
from tsdb.wal.format import PAGE_BYTES, RecordKind
from tsdb.wal.reader import DamagedLogError, read_log, read_segment


def fragment(kind, payload, flags=0):
    return struct.pack(">BHI", kind | flags, len(payload), kernels.crc32c(payload)) + payload


FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
STONE = b"\x03stone"


def disk_with(*segments):
    disk = CrashDisk()
    for number, content in enumerate(segments):
        disk.files[f"wal/{number:08d}"] = StoredFile(bytearray(content))
    return disk


def read(disk):
    """Records before the damage, and the damage."""
    records = []
    try:
        for run in read_log(disk, "wal"):
            records += run.records
    except DamagedLogError as damage:
        return records, damage
    return records, None


@pytest.mark.parametrize(
    "content",
    [
        fragment(FULL, STONE),
        fragment(FIRST, STONE[:2]) + fragment(LAST, STONE[2:]),
        fragment(FIRST, STONE[:2]) + fragment(MIDDLE, STONE[2:4]) + fragment(LAST, STONE[4:]),
        fragment(FIRST, b"") + fragment(LAST, STONE),
        fragment(FULL, b"") + fragment(FULL, STONE),
        fragment(FULL, STONE) + bytes(100),
        fragment(FULL, kernels.snappy_compress(STONE), 0x08),
    ],
    ids=["full", "two", "three", "empty first", "empty record", "zeros after", "snappy"],
)
def test_a_record_is_read_from_any_legal_row_of_fragments(content):
    assert read(disk_with(content)) == ([STONE], None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (fragment(MIDDLE, STONE), "want a full or first"),
        (fragment(LAST, STONE), "want a full or first"),
        (fragment(FIRST, STONE) + fragment(FULL, STONE), "want a middle or last"),
        (fragment(FIRST, STONE), "torn"),
        (fragment(FULL, STONE)[:-1], "torn"),
        (fragment(5, STONE), "want fragment kinds"),
        (bytes(10) + b"\1" + bytes(100), "want zeros"),
        (fragment(FULL, STONE)[:-1] + b"\0", "crc32c"),
        (struct.pack(">BHI", FULL, PAGE_BYTES, 0), "want a fragment of at most"),
        (fragment(FULL, b"\xff\xff\xff\xff\xff\xff", 0x08), "snappy"),
        (fragment(FULL, b"no zstd", 0x10), "zstd"),
    ],
)
def test_what_cannot_have_been_written_ends_the_log_after_the_last_good_record(content, reason):
    good = fragment(FULL, STONE)
    records, damage = read(disk_with(good + content))
    assert records == [STONE]
    assert (damage.segment, damage.good_bytes) == (0, len(good))
    assert reason in str(damage)


def test_a_torn_record_at_the_end_of_one_segment_is_not_continued_in_the_next():
    records, damage = read(disk_with(fragment(FIRST, STONE), fragment(LAST, STONE)))
    assert (records, damage.segment) == ([], 0)


def test_runs_hold_neighbours_of_one_kind_and_know_where_each_record_begins():
    parts = [b"\x02a", b"\x02b", b"\x63unknown kind", b"\x02c", b"\x06d"]
    content = b"".join(fragment(FULL, part) for part in parts)
    runs = list(read_segment(disk_with(content), "wal", 0))
    assert [(run.kind, run.records) for run in runs] == [
        (RecordKind.SAMPLES, [b"\x02a", b"\x02b"]),
        (RecordKind.SAMPLES, [b"\x02c"]),
        (RecordKind.METADATA, [b"\x06d"]),
    ]
    assert [start for run in runs for start in run.starts] == [0, 9, 18 + 20, 18 + 20 + 9]


def test_a_zstd_record_cut_short_is_damage():
    whole = zstd(b"\x03" + b"stone" * 1000)
    assert read(disk_with(fragment(FULL, whole, 0x10)))[0] == [b"\x03" + b"stone" * 1000]
    records, damage = read(disk_with(fragment(FULL, whole[:-2], 0x10)))
    assert records == []
    assert "zstd" in str(damage)


def zstd(record):
    return zstandard.ZstdCompressor(write_content_size=False).compress(record)
