"""The disk of this machine and the crashing one of the tests keep the same promises."""

import pytest

from model.errors import DirectoryLockedError, StorageError
from tests.simulation.crash_disk import CrashDisk
from tsdb.disk import LocalDisk, WholeWrites


@pytest.fixture(params=["local", "crash"])
def any_disk(request, tmp_path):
    return LocalDisk(tmp_path) if request.param == "local" else CrashDisk()


def written(disk, name, *parts):
    file = disk.create(name)
    for part in parts:
        file.write(part)
    file.sync()
    file.close()


def test_files_grow_are_mapped_listed_and_removed(any_disk):
    any_disk.make_directory("wal")
    written(any_disk, "wal/2", b"ab", b"cd")
    written(any_disk, "wal/1")
    assert any_disk.list("wal") == ["1", "2"]
    assert (bytes(any_disk.map("wal/2")), bytes(any_disk.map("wal/1"))) == (b"abcd", b"")
    any_disk.rename("wal/2", "wal/3")
    any_disk.truncate("wal/3", 3)
    any_disk.truncate("wal/3", 6)
    assert bytes(any_disk.map("wal/3")) == b"abc\0\0\0"
    any_disk.remove("wal/1")
    any_disk.sync_directory("wal")
    assert any_disk.list("wal") == ["3"]
    any_disk.remove("wal")
    assert any_disk.list("wal") == []


def test_an_allocated_file_is_zeros_until_written_over(any_disk):
    any_disk.make_directory("d")
    file = any_disk.create("d/1", 8)
    file.write(b"ab")
    assert (file.size, bytes(any_disk.map("d/1"))) == (2, b"ab\0\0\0\0\0\0")


def test_truncating_a_growing_file_moves_its_end_back(any_disk):
    any_disk.make_directory("d")
    file = any_disk.create("d/1")
    file.write(b"abcdef")
    file.truncate(2)
    file.write(b"X")
    assert bytes(any_disk.map("d/1")) == b"abX"


def test_errors_name_the_file(any_disk):
    any_disk.make_directory("d")
    written(any_disk, "d/1")
    with pytest.raises(StorageError, match=r"create .*d/1: file exists"):
        any_disk.create("d/1")
    with pytest.raises(StorageError, match="d/2: no such file"):
        any_disk.map("d/2")


def test_one_owner_has_the_lock_and_a_clean_release_leaves_no_file(any_disk):
    any_disk.make_directory("")
    lock = any_disk.lock("lock")
    assert not lock.left_behind
    with pytest.raises(DirectoryLockedError):
        any_disk.lock("lock")
    lock.release()
    assert "lock" not in any_disk.list("")
    any_disk.lock("lock").release()


def test_a_map_keeps_its_bytes_when_the_file_is_removed(tmp_path):
    disk = LocalDisk(tmp_path)
    written(disk, "1", b"abc")
    held = disk.map("1")
    disk.remove("1")
    assert bytes(held) == b"abc"


class FullOnce:
    """A growing file on a disk that is full for one write, and for the mending after it if asked."""

    def __init__(self, truncate_fails):
        self.content, self.size, self.fails, self.truncate_fails = b"", 0, True, truncate_fails

    def write(self, data):
        if self.fails:
            self.fails = False
            self.content += data[:2]
            raise StorageError("full")
        self.content += data

    def truncate(self, size):
        if self.truncate_fails:
            self.truncate_fails = False
            raise StorageError("still full")
        self.content = self.content[:size]

    def sync(self): ...

    def close(self): ...


@pytest.mark.parametrize("truncate_fails", [False, True])
def test_whole_writes_cut_off_what_a_failed_write_left_before_anything_else(truncate_fails):
    file = FullOnce(truncate_fails)
    whole = WholeWrites(file)
    for _ in range(1 + truncate_fails):
        with pytest.raises(StorageError):
            whole.write(b"first")
    whole.write(b"second")
    assert (file.content, whole.size) == (b"second", 6)
