"""The store as the rest of Cardinal sees it: one data directory, open from `open` to `close`."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from kernels import Symbols
from model.errors import StorageError
from model.storage import Metadata, Querier
from tsdb.appender import HeadAppender
from tsdb.chunk_files import ChunkFiles
from tsdb.counters import Counters
from tsdb.disk import Disk, FileLock, LocalDisk
from tsdb.head import Head
from tsdb.maintenance import Maintenance
from tsdb.options import DatabaseOptions
from tsdb.querier import HeadQuerier
from tsdb.replay import ReplayProgress, replay
from tsdb.wal.format import DIRECTORY
from tsdb.wal.segments import log_size_bytes
from tsdb.wal.writer import LogWriter

_LOG = logging.getLogger(__name__)
LOCK_NAME: Final = "lock"


@dataclass(frozen=True, slots=True)
class Statistics:
    """The state of the head as `status/tsdb` shows it; lists are largest first."""

    series: int
    label_pairs: int
    chunks: int
    min_ms: int  # 2**63 - 1 when empty.
    max_ms: int  # -2**63 when empty.
    series_by_metric: list[tuple[str, int]]
    values_by_label: list[tuple[str, int]]
    bytes_by_label: list[tuple[str, int]]
    series_by_pair: list[tuple[str, int]]


@final
class Database:
    """A data directory: `Queryable` and `Appendable` at once. Any thread may use it."""

    def __init__(self, disk: Disk, head: Head, lock: FileLock | None) -> None:
        self._disk = disk
        self._head = head
        self._lock = lock
        self._maintenance = Maintenance(disk, head)

    @classmethod
    def open(
        cls,
        path: str | Path,
        options: DatabaseOptions | None = None,
        *,
        disk: Disk | None = None,
        progress: Callable[[ReplayProgress], None] = lambda _: None,
    ) -> "Database":
        """Lock the directory, bring back what it holds, and take transactions.

        Raises:
            DirectoryLockedError: another process has it.
            CorruptStoreError: it is damaged where repair would lose more than the end of the log.
            StorageError: the disk refuses.
        """
        options = options or DatabaseOptions()
        disk = disk or LocalDisk(Path(path))
        disk.make_directory(DIRECTORY)
        lock = disk.lock(LOCK_NAME) if options.lockfile else None
        try:
            head = _open_head(disk, options, progress)
        except BaseException:
            if lock:
                lock.release()
            raise
        if lock:
            head.counters.clean_start = 0 if lock.left_behind else 1
        return cls(disk, head, lock)

    @property
    def symbols(self) -> Symbols:
        """The table that every label frame of this database uses."""
        return self._head.symbols

    @property
    def counters(self) -> Counters:
        """What was done since `open`."""
        return self._head.counters

    @property
    def is_open(self) -> bool:
        """Until `close`."""
        return self._head.is_open

    def metadata(self) -> dict[str, Metadata]:
        """What targets said of each metric, by name."""
        return dict(self._head.metadata)

    def appender(self) -> HeadAppender:
        """
        Raises:
            StorageError: the database is closed.
        """
        self._want_open()
        return HeadAppender(self._head)

    @contextmanager
    def querier(self, min_ms: int, max_ms: int) -> Iterator[Querier]:
        """
        Raises:
            StorageError: the database is closed.
        """
        self._want_open()
        snapshot = self._head.chunks.snapshot()
        try:
            yield HeadQuerier(self._head, snapshot, min_ms, max_ms)
        finally:
            self._head.chunks.release(snapshot)

    def statistics(self, limit: int = 10) -> Statistics:
        """The head in numbers, with lists of `limit` entries; with 0, no label is looked at."""
        head = self._head
        min_ms, max_ms = head.chunks.bounds()
        lists = head.index.statistics(limit) if limit else ([], [], [], [])
        return Statistics(len(head.index), head.index.pairs(), head.chunks.chunks(), min_ms, max_ms, *lists)

    def bounds(self) -> tuple[int, int]:
        """Oldest and newest sample time; (2**63 - 1, -2**63) when empty."""
        return self._head.chunks.bounds()

    def log_bytes(self) -> int:
        """Bytes of the log on disk, checkpoints included."""
        return log_size_bytes(self._disk, DIRECTORY)

    def chunk_file_bytes(self) -> int:
        """Bytes of `chunks_head/` on disk."""
        return self._head.chunk_files.size_bytes()

    def start(self) -> None:
        """Start the maintenance thread."""
        self._maintenance.start()

    def maintain(self, now_s: float) -> None:
        """One turn of maintenance in the caller's thread, for those who did not call `start`."""
        self._maintenance.tick(now_s)

    def close(self) -> None:
        """Stop maintenance, write full chunks, end the log and release the directory.

        Raises:
            StorageError: the disk refused; the directory is released all the same. The log has every sample.
        """
        self._want_open()
        self._maintenance.stop()
        try:
            self._head.map_full_chunks()
        except StorageError as error:
            _LOG.warning("closing: %s; the log has the samples of the chunks not written", error)
        try:
            self._head.chunk_files.close()
        finally:
            try:
                self._head.close_log()
            finally:
                if self._lock:
                    self._lock.release()

    def _want_open(self) -> None:
        if not self._head.is_open:
            raise StorageError("database: want an open one, got one that is closed")


def _open_head(disk: Disk, options: DatabaseOptions, progress: Callable[[ReplayProgress], None]) -> Head:
    counters = Counters()
    head = Head(Symbols(), options, ChunkFiles(disk, options.chunk_file_bytes, counters), counters)
    segment, highest_ref = replay(disk, head, progress)
    log = LogWriter(
        disk,
        DIRECTORY,
        segment,
        segment_bytes=options.wal_segment_bytes,
        compression=options.wal_compression,
        counters=counters,
    )
    head.open_log(log, highest_ref)
    return head
