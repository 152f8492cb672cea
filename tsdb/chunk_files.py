"""`chunks_head/`: completed chunks of the head, out of the heap. `docs/formats/chunks_head.md` draws it.

Nothing here is the only copy: the log holds every sample until its time has passed for good, so a damaged
file and all later ones are simply removed at start. A file is never continued by another process; each start
begins a new one with its first chunk. Chunks of kinds that the head does not take (histograms, out-of-order
ones) hold their file back from removal until their samples have expired.
"""

import logging
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import kernels
from model.errors import CorruptStoreError
from tsdb.counters import Counters
from tsdb.disk import Disk, WholeWrites
from tsdb.wal.segments import want_contiguous

_LOG = logging.getLogger(__name__)

DIRECTORY: Final = "chunks_head"
MAGIC: Final = bytes.fromhex("0130bc91")
HEADER: Final = MAGIC + bytes([1, 0, 0, 0])
ALLOCATED_BYTES: Final = (
    128 << 10
)  # Prometheus' readers want spare zeros after the last record of a young file.
XOR: Final = 1


@dataclass(frozen=True, slots=True)
class StoredChunks:
    """Float chunks that lie in the files, sorted by ref and then by time."""

    refs: NDArray[np.uint64]
    min_ms: NDArray[np.int64]
    max_ms: NDArray[np.int64]
    locations: NDArray[np.uint64]  # file << 32 | offset of the record

    def take(self, rows: NDArray[np.int64]) -> "StoredChunks":
        """The chunks at `rows`."""
        return StoredChunks(self.refs[rows], self.min_ms[rows], self.max_ms[rows], self.locations[rows])


@final
class ChunkFiles:
    """The directory. One thread writes and removes; any thread may ask for `buffers`."""

    def __init__(self, disk: Disk, file_bytes: int, counters: Counters) -> None:
        self._disk = disk
        self._file_bytes = file_bytes
        self._counters = counters
        self._file: WholeWrites | None = None
        self._number = 0  # Of the newest file.
        self._buffers: list[memoryview | None] = []
        self._foreign_ms: dict[int, int] = {}  # File to the newest time of what the head does not take.
        disk.make_directory(DIRECTORY)

    def buffers(self) -> list[memoryview | None]:
        """File n at index n, with every chunk mapped so far. The list is never changed, only replaced."""
        return self._buffers

    def scan(self) -> StoredChunks:
        """Map what is there, after removing what is damaged.

        Raises:
            CorruptStoreError: a file is missing in between, or is no file of chunks.
        """
        numbers = self._numbers()
        if numbers and self._unfinished(numbers[-1]):
            self._remove(numbers.pop())
        found: list[StoredChunks] = []
        for number in numbers:
            chunks, wrong = self._scan_file(number)
            if wrong:
                self._give_up(number, wrong)
                break
            found.append(chunks)
        chunks = self._in_sequence(_sorted(found))
        self._number = max([0, *self._numbers()])
        return chunks

    def _in_sequence(self, chunks: StoredChunks) -> StoredChunks:
        """Give up the first file in which a series' chunk begins before its last one ended."""
        same = chunks.refs[1:] == chunks.refs[:-1]
        late = 1 + np.flatnonzero(same & (chunks.min_ms[1:] <= chunks.max_ms[:-1]))
        if not len(late):
            return chunks
        first = int(late[np.argmin(chunks.locations[late])])
        self._give_up(
            int(chunks.locations[first]) >> 32,
            f"series {chunks.refs[first]}: want a chunk that begins after {chunks.max_ms[first - 1]} ms, "
            f"got one from {chunks.min_ms[first]} ms",
        )
        return chunks.take(
            np.flatnonzero(chunks.locations >> np.uint64(32) < chunks.locations[first] >> np.uint64(32))
        )

    def _numbers(self) -> list[int]:
        names = self._disk.list(DIRECTORY)
        numbers = sorted(int(name) for name in names if name.isascii() and name.isdigit())
        want_contiguous(DIRECTORY, numbers)
        return numbers

    def _unfinished(self, number: int) -> bool:
        """A crash between creating a file and having its header on disk."""
        head = bytes(self._disk.map(_path(number))[: len(HEADER)])
        return head != HEADER and HEADER.startswith(head.rstrip(b"\0"))

    def _scan_file(self, number: int) -> tuple[StoredChunks, str]:
        data = self._disk.map(_path(number))
        if bytes(data[: len(MAGIC) + 1]) != HEADER[: len(MAGIC) + 1]:
            raise CorruptStoreError(
                f"{_path(number)}: want a header of {HEADER.hex()}, got {bytes(data[: len(HEADER)]).hex()}; "
                "move it away"
            )
        refs, min_ms, max_ms, encodings, offsets, _, wrong = kernels.scan_head_chunks(data)
        self._set_buffer(number, data)
        ours = encodings == XOR
        if not ours.all():
            self._foreign_ms[number] = int(max_ms[~ours].max())
        locations = offsets.astype(np.uint64) | np.uint64(number << 32)
        return StoredChunks(refs[ours], min_ms[ours], max_ms[ours], locations[ours]), wrong

    def _give_up(self, number: int, wrong: str) -> None:
        _LOG.warning(
            "%s: %s; it and all later files are removed, the log has their samples", _path(number), wrong
        )
        self._counters.mmap_chunk_corruptions_total += 1
        for later in reversed([n for n in self._numbers() if n >= number]):
            self._remove(later)
        self._disk.sync_directory(DIRECTORY)

    def _remove(self, number: int) -> None:
        self._disk.remove(_path(number))
        self._set_buffer(number, None)
        self._foreign_ms.pop(number, None)

    def _set_buffer(self, number: int, buffer: memoryview | None) -> None:
        buffers = self._buffers + [None] * (number + 1 - len(self._buffers))
        buffers[number] = buffer
        self._buffers = buffers

    def append(
        self,
        refs: NDArray[np.uint64],
        min_ms: NDArray[np.int64],
        max_ms: NDArray[np.int64],
        data: bytes,
        offsets: NDArray[np.int64],
    ) -> NDArray[np.uint64]:
        """Write chunks and map them; where each one lies.

        Raises:
            StorageError: the disk refused. Some of them may be written; nobody knows of those.
        """
        records, starts = kernels.encode_head_chunks(refs, min_ms, max_ms, data, offsets)
        ends = np.append(starts[1:], len(records))
        locations = np.empty(len(refs), dtype=np.uint64)
        first = 0
        while first < len(refs):
            file = self._open_file(int(ends[first] - starts[first]))
            room = self._file_bytes - file.size
            stop = max(first + 1, int(np.searchsorted(ends, starts[first] + room, side="right")))
            base = (self._number << 32) + file.size - int(starts[first])
            file.write(memoryview(records)[int(starts[first]) : int(ends[stop - 1])])
            locations[first:stop] = (starts[first:stop] + base).astype(np.uint64)
            self._set_buffer(self._number, self._disk.map(_path(self._number)))
            first = stop
        return locations

    def _open_file(self, record_bytes: int) -> WholeWrites:
        """A file with room for one more record."""
        if self._file and self._file.size + record_bytes > self._file_bytes:
            self.cut()
        if self._file is None:
            file = WholeWrites(
                self._disk.create(_path(self._number + 1), min(ALLOCATED_BYTES, self._file_bytes))
            )
            self._number += 1
            self._file = file
            self._disk.sync_directory(DIRECTORY)
        if self._file.size == 0:  # Also where the disk was too full for a header a minute ago.
            self._file.write(HEADER)
        return self._file

    def cut(self) -> None:
        """Finish the current file; the next chunk begins a new one.

        A file that has not even a header, because the disk was full, stays the current one: only the last
        file may be without.
        """
        if self._file and self._file.size:
            self._file.close()
            self._file = None

    def remove_below(self, number: int, min_ms: int) -> None:
        """Remove files before `number`, oldest first, up to one with foreign chunks from `min_ms` on."""
        self.cut()
        for oldest in self._numbers():
            if oldest >= number or self._foreign_ms.get(oldest, min_ms - 1) >= min_ms:
                break
            self._remove(oldest)
        self._disk.sync_directory(DIRECTORY)

    def size_bytes(self) -> int:
        """Bytes of every file, allocated zeros included."""
        return sum(self._disk.size(_path(number)) for number in self._numbers())

    def close(self) -> None:
        """Sync what is written."""
        if self._file:
            self._file.close()
            self._file = None


def _path(number: int) -> str:
    return f"{DIRECTORY}/{number:06d}"


def _sorted(found: list[StoredChunks]) -> StoredChunks:
    """All chunks by ref; within a ref they stand in time order already."""
    whole = StoredChunks(
        np.concatenate([np.empty(0, np.uint64), *(chunks.refs for chunks in found)]),
        np.concatenate([np.empty(0, np.int64), *(chunks.min_ms for chunks in found)]),
        np.concatenate([np.empty(0, np.int64), *(chunks.max_ms for chunks in found)]),
        np.concatenate([np.empty(0, np.uint64), *(chunks.locations for chunks in found)]),
    )
    return whole.take(np.argsort(whole.refs, kind="stable"))
