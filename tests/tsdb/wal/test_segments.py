import pytest

from model.errors import CorruptStoreError
from tests.simulation.crash_disk import CrashDisk, StoredFile
from tsdb.wal.segments import list_checkpoints, list_segments, remove_leftovers


def disk_with(*names):
    disk = CrashDisk()
    disk.files = {f"wal/{name}": StoredFile() for name in names}
    return disk


def test_any_decimal_name_is_a_segment_and_others_are_not():
    disk = disk_with("00000009", "00000010", "11", "series_state.json", "x12", "00000012.repair")
    assert list_segments(disk, "wal") == [9, 10, 11]


def test_a_missing_segment_is_named():
    with pytest.raises(CorruptStoreError, match="want number 2 next, got 3"):
        list_segments(disk_with("00000001", "00000003"), "wal")


def test_half_made_checkpoints_are_removed_and_whole_ones_are_not():
    disk = disk_with("checkpoint.00000004/00000000", "checkpoint.00000007.tmp/00000000", "00000005")
    assert list_checkpoints(disk, "wal") == [4]
    remove_leftovers(disk, "wal")
    assert sorted(disk.files) == ["wal/00000005", "wal/checkpoint.00000004/00000000"]
