import numpy as np
import pytest

import kernels
from model.errors import CorruptStoreError, StorageError
from tests.simulation.crash_disk import CrashDisk, StoredFile
from tsdb.chunk_files import ALLOCATED_BYTES, HEADER, ChunkFiles
from tsdb.counters import Counters


def open_files(disk, file_bytes=128 << 20):
    return ChunkFiles(disk, file_bytes, Counters())


def chunk(min_ms, samples=3):
    times = np.arange(min_ms, min_ms + samples, dtype=np.int64)
    values = np.full(samples, 0.5)
    return kernels.encode_xor(times, values, np.array([0, samples], dtype=np.int64))[0]


def append(files, *chunks):
    """Chunks given as (ref, min_ms), three samples each; where they went as (file, offset)."""
    data = [chunk(min_ms) for _, min_ms in chunks]
    offsets = np.cumsum([0, *map(len, data)], dtype=np.int64)
    min_ms = np.array([start for _, start in chunks], dtype=np.int64)
    refs = np.array([ref for ref, _ in chunks], dtype=np.uint64)
    locations = files.append(refs, min_ms, min_ms + 2, b"".join(data), offsets).tolist()
    return [(location >> 32, location & 0xFFFFFFFF) for location in locations]


def scanned(disk, **options):
    stored = open_files(disk, **options).scan()
    return list(zip(stored.refs.tolist(), stored.min_ms.tolist(), strict=True))


def test_chunks_are_found_again_by_ref_and_time_where_they_were_put():
    disk = CrashDisk()
    files = open_files(disk)
    assert len(files.scan().refs) == 0
    places = append(files, (7, 1000), (3, 1000)) + append(files, (7, 2000))
    assert places[0] == (1, len(HEADER))
    stored = open_files(disk.kill()).scan()
    assert stored.refs.tolist() == [3, 7, 7]
    assert stored.min_ms.tolist() == [1000, 1000, 2000]
    assert stored.max_ms.tolist() == [1002, 1002, 2002]
    assert [(at >> 32, at & 0xFFFFFFFF) for at in stored.locations.tolist()] == [
        places[1],
        places[0],
        places[2],
    ]


def test_the_buffers_hold_each_record_where_its_location_says():
    files = open_files(CrashDisk(), file_bytes=300)
    places = [place for n in range(20) for place in append(files, (n + 1, 1000))]
    assert places[-1][0] > 2
    for ref, (file, offset) in enumerate(places, start=1):
        assert int.from_bytes(files.buffers()[file][offset : offset + 8], "big") == ref


def test_a_record_that_would_pass_the_limit_begins_the_next_file():
    files = open_files(CrashDisk(), file_bytes=200)
    places = append(files, *((n + 1, 1000) for n in range(12)))
    record = places[1][1] - places[0][1]
    per_file = (200 - len(HEADER)) // record
    assert places == [(1 + n // per_file, len(HEADER) + n % per_file * record) for n in range(12)]


def test_a_young_file_has_spare_zeros_as_readers_want_them():
    disk = CrashDisk()
    append(open_files(disk), (1, 1000))
    assert disk.size("chunks_head/000001") == ALLOCATED_BYTES


def test_every_start_begins_a_new_file_with_its_first_chunk():
    disk = CrashDisk()
    append(open_files(disk), (1, 1000))
    second = open_files(disk)
    second.scan()
    assert disk.list("chunks_head") == ["000001"]
    assert append(second, (1, 2000))[0][0] == 2


@pytest.mark.parametrize("head", [b"", b"\0\0\0", bytes(ALLOCATED_BYTES), HEADER[:5]])
def test_a_last_file_without_a_header_is_removed(head):
    disk = CrashDisk()
    append(open_files(disk), (1, 1000))
    disk.files["chunks_head/000002"] = StoredFile(bytearray(head))
    assert scanned(disk) == [(1, 1000)]
    assert disk.list("chunks_head") == ["000001"]


def three_files():
    disk = CrashDisk()
    files = open_files(disk)
    for n in range(3):
        append(files, (1, 1000 * n), (2, 1000 * n))
        files.cut()
    return disk


def test_a_flipped_byte_removes_that_file_and_later_ones():
    disk = three_files()
    disk.files["chunks_head/000002"].content[len(HEADER) + 3] ^= 1
    files = open_files(disk)
    assert (files.scan().locations >> np.uint64(32)).tolist() == [1, 1]
    assert disk.list("chunks_head") == ["000001"]
    assert files._counters.mmap_chunk_corruptions_total == 1
    assert append(files, (9, 9000))[0][0] == 2


def test_a_chunk_out_of_sequence_removes_its_file_and_later_ones():
    disk = three_files()
    files = open_files(disk)
    files.scan()
    append(files, (2, 5000))
    files.cut()
    append(files, (3, 100), (1, 2002))
    assert scanned(disk) == [(1, 0), (1, 1000), (1, 2000), (2, 0), (2, 1000), (2, 2000), (2, 5000)]
    assert disk.list("chunks_head") == ["000001", "000002", "000003", "000004"]


def test_a_missing_file_and_a_foreign_file_stop_the_start():
    disk = three_files()
    hidden = disk.files.pop("chunks_head/000002")
    with pytest.raises(CorruptStoreError, match="want number 2 next, got 3"):
        open_files(disk).scan()
    hidden.content[:4] = b"ABCD"
    disk.files["chunks_head/000002"] = hidden
    with pytest.raises(CorruptStoreError, match="chunks_head/000002: want a header of 0130bc91"):
        open_files(disk).scan()


def test_only_files_below_the_lowest_wanted_one_are_removed_and_numbers_go_on():
    disk = three_files()
    files = open_files(disk)
    files.scan()
    append(files, (1, 8000))
    files.remove_below(3, 0)
    assert disk.list("chunks_head") == ["000003", "000004"]
    assert files.buffers()[1:3] == [None, None]
    assert append(files, (1, 9000))[0][0] == 5


def test_a_file_with_chunks_of_another_kind_stays_until_they_have_expired():
    disk = three_files()
    content = disk.files["chunks_head/000001"].content
    start = len(HEADER)
    content[start + 24] = 0x81  # An out-of-order chunk, as its neighbour in the same file ends at 2 ms.
    end = start + 24 + 1 + 1 + content[start + 25]
    content[end : end + 4] = kernels.crc32c(bytes(content[start:end])).to_bytes(4, "big")
    files = open_files(disk)
    assert files.scan().refs.tolist() == [1, 1, 2, 2, 2]
    files.remove_below(3, 2)
    assert disk.list("chunks_head") == ["000001", "000002", "000003"]
    files.remove_below(3, 3)
    assert disk.list("chunks_head") == ["000003"]


def test_a_full_disk_leaves_no_torn_chunk_and_the_next_try_succeeds():
    disk = CrashDisk()
    files = open_files(disk)
    append(files, (1, 1000))
    disk.room = 20
    with pytest.raises(StorageError):
        append(files, (1, 2000))
    disk.room = None
    append(files, (1, 2000), (2, 2000))
    assert scanned(disk.kill()) == [(1, 1000), (1, 2000), (2, 2000)]


def test_a_disk_too_full_for_a_header_is_tried_again():
    disk = CrashDisk(room=3)
    files = open_files(disk)
    with pytest.raises(StorageError):
        append(files, (1, 1000))
    disk.room = None
    append(files, (1, 1000))
    assert scanned(disk.kill()) == [(1, 1000)]
