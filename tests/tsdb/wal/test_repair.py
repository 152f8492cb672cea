"""The repair cases of the reference: nine page-sized records over three segments of three pages."""

import pytest

from tests.simulation.crash_disk import CrashDisk
from tsdb.counters import Counters
from tsdb.wal.format import HEADER_BYTES, PAGE_BYTES
from tsdb.wal.reader import DamagedLogError, read_log
from tsdb.wal.repair import repair
from tsdb.wal.segments import list_segments
from tsdb.wal.writer import LogWriter

RECORD_BYTES = PAGE_BYTES - HEADER_BYTES


def write_on(disk, first, records):
    writer = LogWriter(
        disk, "wal", first, segment_bytes=3 * PAGE_BYTES, compression="none", counters=Counters()
    )
    writer.log(records)
    writer.close()


def nine_records():
    disk = CrashDisk(9)
    records = [b"\x03" + disk.random.randbytes(RECORD_BYTES - 1) for _ in range(9)]
    write_on(disk, 0, records)
    return disk, records


def read_until_damage(disk):
    records = []
    try:
        for run in read_log(disk, "wal"):
            records += run.records
    except DamagedLogError as damage:
        return records, damage
    return records, None


def overwrite(content, at, data):
    content[at : at + len(data)] = data


DAMAGES = {
    "cut tail": lambda content, at: content.__delitem__(slice(at + 100, None)),
    "zero kind in mid page": lambda content, at: overwrite(content, at, b"\0"),
    "reserved kind": lambda content, at: overwrite(content, at, b"\7"),
    "last first": lambda content, at: overwrite(content, at, b"\4"),
    "unfinished": lambda content, at: overwrite(content, at, b"\2"),
    "bad compression flag": lambda content, at: overwrite(content, at, b"\x09"),
    "flipped crc": lambda content, at: overwrite(content, at + 4, bytes([content[at + 4] ^ 1])),
    "wrong length": lambda content, at: overwrite(content, at + 1, b"\xff\xff"),
    "flipped payload": lambda content, at: overwrite(content, at + 500, bytes([content[at + 500] ^ 1])),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("segment", [0, 1, 2])
@pytest.mark.parametrize("page", [0, 1, 2])
def test_exactly_what_precedes_the_damage_survives(damage, segment, page):
    disk, records = nine_records()
    untouched = [bytes(disk.map(f"wal/0000000{n}")) for n in range(segment)]
    damage(disk.files[f"wal/0000000{segment}"].content, page * PAGE_BYTES)
    good, found = read_until_damage(disk)
    assert good == records[: 3 * segment + page]
    repair(disk, found)
    assert list_segments(disk, "wal") == list(range(segment + 1))
    assert [bytes(disk.map(f"wal/0000000{n}")) for n in range(segment)] == untouched
    assert disk.size(f"wal/0000000{segment}") == page * PAGE_BYTES
    assert read_until_damage(disk) == (good, None)
    write_on(disk, segment + 1, [records[8]])
    assert read_until_damage(disk) == ([*good, records[8]], None)


def test_a_segment_cut_in_mid_page_is_padded():
    disk = CrashDisk()
    write_on(disk, 0, [b"\x03one", b"\x03two"])
    disk.files["wal/00000000"].content[12] ^= 1
    good, damage = read_until_damage(disk)
    repair(disk, damage)
    assert good == [b"\x03one"]
    assert disk.size("wal/00000000") == PAGE_BYTES
    assert read_until_damage(disk) == (good, None)
