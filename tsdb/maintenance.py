"""What the store does on its own, in one thread: move chunks to files, sync the log, forget what has expired.

Each function is one job and may be called by itself; `Maintenance` only decides when. A job that fails is
logged and tried again at its next turn: until then chunks stay in the heap and old samples on disk, and
nothing is lost.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, final

from model.errors import CardinalError, StorageError
from tsdb.disk import Disk
from tsdb.head import EARLIEST_MS, Head
from tsdb.wal.checkpoint import choose_last, remove_covered, write_checkpoint
from tsdb.wal.format import DIRECTORY
from tsdb.wal.segments import list_segments

_LOG = logging.getLogger(__name__)

TICK_S: Final = 1.0
MAP_INTERVAL_S: Final = 60.0
FULL_BYTES_MAX: Final = 8 << 20
"""Series that were born together fill their chunks together: that much does not wait for its minute."""


def truncate_head(disk: Disk, head: Head, min_ms: int) -> None:
    """Forget everything before `min_ms`: series, chunks, chunk files and the part of the log that held them.

    Raises:
        StorageError: the disk refused; what is in memory is truncated all the same.
    """
    head.forget_before(min_ms)
    head.chunk_files.remove_below(head.chunks.lowest_file(), min_ms)
    try:
        truncate_log(disk, head, min_ms)
    except CardinalError:
        head.counters.head_truncations_failed_total += 1
        raise
    head.counters.head_truncations_total += 1


def truncate_log(disk: Disk, head: Head, min_ms: int) -> None:
    """Replace the older two thirds of the log by a checkpoint without samples before `min_ms`.

    Raises:
        StorageError: the disk refused; the log is whole, perhaps with segments that a checkpoint covers.
    """
    started = time.perf_counter()
    segments = list_segments(disk, DIRECTORY)
    with head.commit_lock:
        head.log.next_segment()
    head.log.settle()
    last = choose_last(segments)
    if last is None:
        return
    counters, options = head.counters, head.options
    counters.wal_truncations_total += 1
    counters.checkpoint_creations_total += 1
    try:
        write_checkpoint(
            disk,
            DIRECTORY,
            last,
            keep=head.kept_in_log(min_ms),
            horizon_ms=min_ms,
            segment_bytes=options.wal_segment_bytes,
            compression=options.wal_compression,
        )
    except CardinalError:
        counters.checkpoint_creations_failed_total += 1
        counters.wal_truncations_failed_total += 1
        raise
    try:
        counters.checkpoint_deletions_total += remove_covered(disk, DIRECTORY, last)
    except StorageError:
        counters.checkpoint_deletions_failed_total += 1
        raise
    counters.wal_truncate_duration_seconds.add(time.perf_counter() - started)


def expired_before(head: Head) -> int | None:
    """Where retention ends, once enough lies behind it to be worth the work.

    Enough is a chunk range, or half the retention where that is shorter.
    """
    retention_ms = head.options.retention_ms
    oldest, newest = head.chunks.bounds()
    if not retention_ms or newest == EARLIEST_MS:
        return None
    end = newest - retention_ms
    worth_ms = min(head.options.chunk_range_ms, retention_ms // 2)
    return end if oldest < end - worth_ms else None


@final
class Maintenance:
    """When each job is due. `tick` is called about once a second, with a clock that only moves forward."""

    def __init__(self, disk: Disk, head: Head) -> None:
        self._disk = disk
        self._head = head
        self._mapped_at_s = 0.0
        self._synced_at_s = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def tick(self, now_s: float) -> None:
        """Do what is due."""
        self._attempt("settling the log", self._head.log.settle)
        many = self._head.chunks.full_bytes() >= FULL_BYTES_MAX
        if many or now_s - self._mapped_at_s >= MAP_INTERVAL_S:
            self._mapped_at_s = now_s
            self._attempt("writing full chunks", self._head.map_full_chunks)
            self._attempt("truncating the head", self._truncate)
        interval_s = self._head.options.wal_sync_interval_ms / 1000
        if interval_s and now_s - self._synced_at_s >= interval_s:
            self._synced_at_s = now_s
            self._attempt("syncing the log", self._head.log.sync)

    def _truncate(self) -> None:
        if (min_ms := expired_before(self._head)) is not None:
            truncate_head(self._disk, self._head, min_ms)

    def _attempt(self, what: str, job: Callable[[], object]) -> None:
        try:
            job()
        except CardinalError as error:
            _LOG.error("%s: %s", what, error)

    def start(self) -> None:
        """Tick in a thread of its own until `stop`."""
        self._thread = threading.Thread(target=self._run, name="maintenance", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            try:
                self.tick(time.monotonic())
            except Exception:  # noqa: BLE001 - without this thread the heap and the log would grow for ever.
                _LOG.exception("maintenance: a bug; it goes on at the next turn")

    def stop(self) -> None:
        """Wait for the job at hand and do no other."""
        self._stop.set()
        if self._thread:
            self._thread.join()
