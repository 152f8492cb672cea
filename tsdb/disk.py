"""All the store asks of a disk, and the disk of this machine.

Names are relative to the data directory and use "/". Files are written once, front to back, through the one
handle that `create` gives; a file that exists is only read, mapped, shortened, renamed or removed. Only
`sync` and `sync_directory` make a promise that survives a power cut. Everything that goes wrong is a
`StorageError` that names the file.
"""

import fcntl
import mmap
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, final

from model.errors import DirectoryLockedError, StorageError


class GrowingFile(Protocol):
    """A file being written, front to back."""

    @property
    def size(self) -> int:
        """Where the next write goes."""
        ...

    def write(self, data: bytes | memoryview) -> None:
        """Add all of `data`. After an error any part of it may stand in the file."""
        ...

    def truncate(self, size: int) -> None:
        """Cut off what was written after `size`; the next write goes there."""
        ...

    def sync(self) -> None:
        """Make what was written survive a power cut."""
        ...

    def close(self) -> None:
        """Give the file back to the system, synced or not."""
        ...


class FileLock(Protocol):
    """The right to use the data directory, until released."""

    @property
    def left_behind(self) -> bool:
        """The lock file was there already: the last owner did not close cleanly."""
        ...

    def release(self) -> None:
        """Let the next owner in; no lock file stays."""
        ...


class Disk(Protocol):
    """Files below one data directory."""

    def list(self, directory: str) -> list[str]:
        """Names in a directory, sorted; none where there is no such directory."""
        ...

    def make_directory(self, directory: str) -> None:
        """Make it and its parents where missing."""
        ...

    def create(self, name: str, allocate: int = 0) -> GrowingFile:
        """A new empty file, or one of `allocate` zeros that writes then cover. It must not exist."""
        ...

    def map(self, name: str) -> memoryview:
        """The bytes of a file as long as it is now; later appends need a new map."""
        ...

    def size(self, name: str) -> int:
        """Bytes of a file."""
        ...

    def truncate(self, name: str, size: int) -> None:
        """Cut or extend with zeros, and sync."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Move a file, over one that may be there, or a directory to a free name."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, or a directory and everything in it."""
        ...

    def sync_directory(self, directory: str) -> None:
        """Make creations, renames and removals in it durable."""
        ...

    def lock(self, name: str) -> FileLock:
        """Take the lock of the data directory.

        Raises:
            DirectoryLockedError: another process has it.
        """
        ...


@final
class WholeWrites:
    """A growing file in which a failed write leaves nothing behind.

    A torn record in the middle of a file would end it for every reader, and with it all that was written
    after the disk had room again. So the file is cut back before anything else is written to it.
    """

    def __init__(self, file: GrowingFile) -> None:
        self._file = file
        self._torn = False
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        """Add all of `data`, or nothing of it that a later write would keep."""
        self._mend()
        try:
            self._file.write(data)
        except StorageError:
            self._torn = True
            raise
        self.size += len(data)

    def sync(self) -> None:
        """Make what was written survive a power cut."""
        self._file.sync()

    def close(self) -> None:
        """Sync and close, whole. After an error the file is still open, and closing it may be tried again."""
        self._mend()
        self._file.sync()
        self._file.close()

    def _mend(self) -> None:
        if self._torn:
            self._file.truncate(self.size)
            self._torn = False


def replace_file(disk: Disk, name: str, content: bytes) -> None:
    """Make `content` the whole of a file, new or not, so that a crash leaves the old or the new."""
    directory, _, file_name = name.rpartition("/")
    temporary = f"{name}.tmp"
    if f"{file_name}.tmp" in disk.list(directory):
        disk.remove(temporary)  # A crash left it.
    write_file(disk, temporary, [content])
    disk.rename(temporary, name)
    disk.sync_directory(directory)


def write_file(disk: Disk, name: str, parts: Iterable[bytes]) -> None:
    """A new file of these parts, synced."""
    file = disk.create(name)
    try:
        for part in parts:
            file.write(part)
        file.sync()
    finally:
        file.close()


@contextmanager
def _doing(action: str, path: Path) -> Iterator[None]:
    """Turn the system's errors into ours, with the file named."""
    try:
        yield
    except OSError as error:
        raise _explained(action, path, error) from error


def _explained(action: str, path: Path, error: OSError) -> StorageError:
    return StorageError(f"{action} {path}: {(error.strerror or str(error)).lower()}")


@final
class LocalFile:
    """A `GrowingFile` of the operating system."""

    def __init__(self, path: Path, allocate: int) -> None:
        self._path = path
        self._size = 0
        with _doing("create", path):
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            if allocate:
                os.ftruncate(self._descriptor, allocate)

    @property
    def size(self) -> int:
        """Where the next write goes."""
        return self._size

    def write(self, data: bytes | memoryview) -> None:
        """Add all of `data`, in as many system calls as it takes."""
        rest = memoryview(data)
        at = self._size
        try:
            while rest:
                written = os.pwrite(self._descriptor, rest, at)
                rest, at = rest[written:], at + written
        except OSError as error:  # Every scrape comes by here: `_doing` costs more than the rest of the call.
            raise _explained("write", self._path, error) from error
        self._size = at

    def truncate(self, size: int) -> None:
        """Cut off what was written after `size`."""
        with _doing("truncate", self._path):
            os.ftruncate(self._descriptor, size)
        self._size = size

    def sync(self) -> None:
        """Sync the data, and of the rest what finding it needs."""
        with _doing("sync", self._path):
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Close without a sync."""
        with _doing("close", self._path):
            os.close(self._descriptor)


@final
class LocalLock:
    """An exclusive `flock` on a file that is removed when released."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.left_behind = path.exists()
        self._descriptor = self._acquire()

    def _acquire(self) -> int:
        while True:
            with _doing("open", self._path):
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(descriptor)
                raise DirectoryLockedError(
                    f"lock {self._path}: another process has this directory; stop it, or choose another"
                ) from error
            if self._still_there(descriptor):
                return descriptor
            os.close(
                descriptor
            )  # Its owner removed it between our open and our lock: that file locks nothing.

    def _still_there(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Remove the file, then unlock: nobody else can have locked this one."""
        with _doing("remove", self._path):
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)


@final
class LocalDisk:
    """A `Disk` over a directory of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, directory: str) -> list[str]:
        """Names in a directory, sorted."""
        with _doing("list", self._root / directory):
            try:
                return sorted(os.listdir(self._root / directory))  # noqa: PTH208 - names are all that is wanted.
            except FileNotFoundError:
                return []

    def make_directory(self, directory: str) -> None:
        """Make it and its parents where missing."""
        with _doing("make directory", self._root / directory):
            (self._root / directory).mkdir(parents=True, exist_ok=True)

    def create(self, name: str, allocate: int = 0) -> GrowingFile:
        """A new file for writing."""
        return LocalFile(self._root / name, allocate)

    def map(self, name: str) -> memoryview:
        """The whole file, read-only, for as long as somebody holds the view."""
        with _doing("map", self._root / name), (self._root / name).open("rb") as file:
            if os.fstat(file.fileno()).st_size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def size(self, name: str) -> int:
        """Bytes of a file."""
        with _doing("stat", self._root / name):
            return (self._root / name).stat().st_size

    def truncate(self, name: str, size: int) -> None:
        """Cut or extend with zeros, and sync."""
        with _doing("truncate", self._root / name), (self._root / name).open("r+b") as file:
            file.truncate(size)
            os.fdatasync(file.fileno())

    def rename(self, old: str, new: str) -> None:
        """Move a file or directory."""
        with _doing("rename", self._root / old):
            (self._root / old).rename(self._root / new)

    def remove(self, name: str) -> None:
        """Remove a file, or a directory and everything in it."""
        path = self._root / name
        with _doing("remove", path):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def sync_directory(self, directory: str) -> None:
        """Make the names in it durable."""
        path = self._root / directory
        with _doing("sync", path):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def lock(self, name: str) -> FileLock:
        """Lock the directory by a file in it."""
        return LocalLock(self._root / name)
