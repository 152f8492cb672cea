"""Writing the log.

A segment is a row of pages; a record is cut into fragments that never cross a page, and never crosses a
segment. All records of one `log` call go to the operating system in one write, so a killed process loses
nothing that was logged; a power cut loses what was not synced yet. A segment that is full is synced by
whoever calls `settle`, its successor's name with it, so that a slow disk does not hold up the scrape that
happened to fill it. A write that fails leaves nothing behind (see `WholeWrites`).
"""

import time
from collections.abc import Sequence
from typing import Literal, final

import kernels
from model.errors import StorageError
from tsdb.counters import Counters
from tsdb.disk import Disk, WholeWrites
from tsdb.wal.format import HEADER_BYTES, PAGE_BYTES, compress
from tsdb.wal.segments import segment_path


@final
class LogWriter:
    """The open end of a log. Calls to `log` and `next_segment` must not overlap."""

    def __init__(
        self,
        disk: Disk,
        directory: str,
        first: int,
        *,
        segment_bytes: int,
        compression: Literal["none", "snappy", "zstd"],
        counters: Counters,
    ) -> None:
        self._disk = disk
        self._directory = directory
        self._pages = segment_bytes // PAGE_BYTES
        self._compression: Literal["none", "snappy", "zstd"] = compression
        self._counters = counters
        self._finished: list[WholeWrites] = []
        self.current = first
        self._file = self._create(first)
        disk.sync_directory(directory)

    def log(self, records: Sequence[bytes]) -> None:
        """Write records in order, all of the last one or nothing of it.

        Raises:
            StorageError: the disk refused; only earlier records that ended a segment may stand in the log.
        """
        try:
            self._write(records)
        except StorageError:
            self._counters.wal_writes_failed_total += 1
            raise

    def _write(self, records: Sequence[bytes]) -> None:
        batch: list[bytes] = []
        at = self._file.size
        for record in records:
            stored, flag = compress(record, self._compression)
            self._counters.wal_record_bytes_saved_total[self._compression] += len(record) - len(stored)
            if at and not self._fits(len(stored), at):
                self._append(batch)
                self.next_segment()
                batch, at = [], 0
            fragments = kernels.frame_record(stored, flag, at % PAGE_BYTES)
            batch.append(fragments)
            at += len(fragments)
        self._append(batch)

    def _fits(self, length: int, at: int) -> bool:
        """Whether a stored record of this length ends before the segment does."""
        pages_after = self._pages - at // PAGE_BYTES - 1  # Negative where the segment is full.
        here = PAGE_BYTES - at % PAGE_BYTES - HEADER_BYTES
        return length <= here + pages_after * (PAGE_BYTES - HEADER_BYTES)

    def _append(self, batch: list[bytes]) -> None:
        if not batch:
            return
        data = b"".join(batch)
        pages_before = self._file.size // PAGE_BYTES
        self._file.write(data)
        completed = self._file.size // PAGE_BYTES - pages_before
        self._counters.wal_completed_pages_total += completed
        self._counters.wal_page_flushes_total += completed + (self._file.size % PAGE_BYTES != 0)
        self._counters.wal_record_parts_bytes_written_total += len(data)

    def next_segment(self) -> int:
        """Finish the current segment and start the next; its number."""
        self._pad()
        following = self._create(self.current + 1)
        self._finished.append(self._file)
        self._file = following
        self.current += 1
        return self.current

    def _pad(self) -> None:
        if spare := -self._file.size % PAGE_BYTES:
            self._file.write(bytes(spare))

    def _create(self, number: int) -> WholeWrites:
        file = WholeWrites(self._disk.create(segment_path(self._directory, number)))
        self._counters.wal_segment_current = number
        return file

    def settle(self) -> None:
        """Sync and close the segments that are full, and the names of the next; safe beside `log`."""
        while self._finished:
            self._disk.sync_directory(self._directory)
            self._timed_close(self._finished[0])
            del self._finished[0]

    def sync(self) -> None:
        """Make everything logged so far survive a power cut; safe beside `log`."""
        self.settle()
        started = time.perf_counter()
        self._file.sync()
        self._counters.wal_fsync_duration_seconds.add(time.perf_counter() - started)

    def close(self) -> None:
        """Pad the last page, sync and close."""
        self.settle()
        try:
            self._pad()
        finally:
            self._timed_close(self._file)

    def _timed_close(self, file: WholeWrites) -> None:
        started = time.perf_counter()
        file.close()
        self._counters.wal_fsync_duration_seconds.add(time.perf_counter() - started)
