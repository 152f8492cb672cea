"""A disk in memory that can lose power, fill up, and be looked at byte by byte.

`kill` is what `kill -9` does to a process: all that was written stays. `cut_power` keeps what was synced,
and of each file's later writes a random number of them from the front, the last of which may be torn. Names
created, renamed or removed since the last `sync_directory` stay: the store never relies on losing them.
"""

import random
from dataclasses import dataclass, field

from model.errors import DirectoryLockedError, StorageError


@dataclass(slots=True)
class StoredFile:
    content: bytearray = field(default_factory=bytearray)  # As every reader sees it.
    durable: bytearray = field(default_factory=bytearray)
    writes: list[tuple[int, bytes]] = field(default_factory=list)  # Since the last sync.

    def sync(self):
        self.durable = bytearray(self.content)
        self.writes.clear()

    def put(self, at, data):
        put(self.content, at, data)
        self.writes.append((at, bytes(data)))


def put(content, at, data):
    content.extend(bytes(max(0, at + len(data) - len(content))))
    content[at : at + len(data)] = data


class CrashFile:
    def __init__(self, disk, name, stored):
        self._disk, self._name, self._stored = disk, name, stored
        self.size = 0

    def write(self, data):
        room = self._disk.take_room(len(data))
        self._stored.put(self.size, data[:room])
        self.size += room
        if room < len(data):
            raise StorageError(f"write {self._name}: no space left on device")

    def truncate(self, size):
        self._disk.give_room(len(self._stored.content) - size)
        del self._stored.content[size:]
        self._stored.sync()
        self.size = size

    def sync(self):
        self._disk.check_sync(self._name)
        self._stored.sync()

    def close(self):
        pass


class CrashLock:
    def __init__(self, disk, left_behind):
        self._disk, self.left_behind = disk, left_behind

    def release(self):
        self._disk.locked = False
        self._disk.files.pop("lock", None)


class CrashDisk:
    """A `tsdb.disk.Disk` with `room` bytes free; None is as much as there is memory."""

    def __init__(self, seed=0, room=None):
        self.random = random.Random(seed)
        self.room = room
        self.files: dict[str, StoredFile] = {}
        self.locked = False
        self.sync_fails = False

    def take_room(self, wanted):
        if self.room is None:
            return wanted
        taken = min(wanted, self.room)
        self.room -= taken
        return taken

    def give_room(self, freed):
        if self.room is not None:
            self.room += freed

    def check_sync(self, name):
        if self.sync_fails:
            raise StorageError(f"sync {name}: input/output error")

    def kill(self):
        """A disk as the next process finds it after `kill -9`."""
        return self._after(lambda stored: bytearray(stored.content))

    def cut_power(self):
        """A disk as the next start of the machine finds it."""
        return self._after(self._survivors)

    def _after(self, content_of):
        after = CrashDisk(self.random.randrange(1 << 32), self.room)
        for name, stored in self.files.items():
            content = content_of(stored)
            after.files[name] = StoredFile(content, bytearray(content))
        return after

    def _survivors(self, stored):
        content = bytearray(stored.durable)
        kept = self.random.randint(0, len(stored.writes))
        for at, data in stored.writes[:kept]:
            put(content, at, data)
        if kept < len(stored.writes) and self.random.random() < 0.5:
            at, data = stored.writes[kept]
            put(content, at, data[: self.random.randrange(len(data) + 1)])
        return content

    def list(self, directory):
        prefix = f"{directory}/"
        return sorted(
            {name.removeprefix(prefix).split("/")[0] for name in self.files if name.startswith(prefix)}
        )

    def make_directory(self, directory):
        pass

    def create(self, name, allocate=0):
        if name in self.files:
            raise StorageError(f"create {name}: file exists")
        stored = self.files[name] = StoredFile(bytearray(allocate), bytearray(allocate))
        return CrashFile(self, name, stored)

    def _stored(self, name):
        try:
            return self.files[name]
        except KeyError as error:
            raise StorageError(f"open {name}: no such file or directory") from error

    def map(self, name):
        return memoryview(bytes(self._stored(name).content))

    def size(self, name):
        return len(self._stored(name).content)

    def truncate(self, name, size):
        stored = self._stored(name)
        self.give_room(len(stored.content) - size)
        stored.content = stored.content[:size] + bytes(max(0, size - len(stored.content)))
        stored.sync()

    def rename(self, old, new):
        moved = {
            name: stored for name, stored in self.files.items() if name == old or name.startswith(f"{old}/")
        }
        assert moved, old
        for name, stored in moved.items():
            del self.files[name]
            self.files[new + name.removeprefix(old)] = stored

    def remove(self, name):
        gone = [other for other in self.files if other == name or other.startswith(f"{name}/")]
        assert gone, name
        for other in gone:
            self.give_room(len(self.files.pop(other).content))

    def sync_directory(self, directory):
        pass

    def lock(self, name):
        if self.locked:
            raise DirectoryLockedError(f"lock {name}: taken")
        left_behind = name in self.files
        self.files.setdefault(name, StoredFile())
        self.locked = True
        return CrashLock(self, left_behind)
