"""The head: every series that is alive, and its samples since the last block.

    labels --index--> ref --chunks--> open chunk, full chunks in the heap, mapped chunks in chunks_head/
                       |
                       `-> log: series before their samples, samples before anybody sees them

Three locks, always taken in this order:

`commit_lock`  one transaction is logged and applied at a time: the log tells the same story as the memory;
`_series_lock` series are born (by appenders, outside of commits) and die (by truncation) one crowd at a time;
`view`         readers share it while they go from refs to labels or from files to samples; whoever moves
               chunks into files or forgets series has it alone.

A series is born at once but logged by the next commit, whoever's that is: so no sample can stand in the log
before the series it belongs to, even when two scrapes bring the same new series and the second one commits
first.
"""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import LabelFrame, OpenChunks, SeriesIndex, Symbols
from model.errors import AppendError, StorageError
from model.labels import METRIC_NAME
from model.storage import Metadata, Verdict
from tsdb.chunk_files import ChunkFiles
from tsdb.counters import Counters
from tsdb.options import DatabaseOptions
from tsdb.ref_set import RefSet
from tsdb.shared_lock import SharedLock
from tsdb.wal.checkpoint import KeepSeries
from tsdb.wal.writer import LogWriter

EARLIEST_MS: Final = -(1 << 63)
LATEST_MS: Final = (1 << 63) - 1
_FULL_BYTES: Final = 2 << 20  # Full chunks go to their file in pieces of this size, each copied a few times.


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Series that left the head while the log may still hold samples of theirs."""

    refs: NDArray[np.uint64]  # Rising.
    until_ms: int  # Checkpoints with a later horizon need not name them.


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples of any series in any order, as a transaction brings them."""

    refs: NDArray[np.uint64]
    timestamps_ms: NDArray[np.int64]
    values: NDArray[np.float64]

    def take(self, rows: NDArray[np.bool_]) -> "Samples":
        """Those marked in `rows`."""
        return Samples(self.refs[rows], self.timestamps_ms[rows], self.values[rows])


NO_SAMPLES: Final = Samples(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.float64))


@final
class Head:
    """Series, samples and metadata in memory, and the way they are changed."""

    def __init__(
        self, symbols: Symbols, options: DatabaseOptions, chunk_files: ChunkFiles, counters: Counters
    ) -> None:
        self.symbols = symbols
        self.options = options
        self.index = SeriesIndex(symbols)
        self.chunks = OpenChunks(options.chunk_range_ms, options.samples_per_chunk)
        self.chunk_files = chunk_files
        self.counters = counters
        self.refs = RefSet()
        self.metadata: dict[str, Metadata] = {}
        self.min_valid_ms = EARLIEST_MS
        self.commit_lock = threading.Lock()
        self.view = SharedLock()
        self._series_lock = threading.Lock()
        self._appenders_lock = threading.Lock()
        self._log: LogWriter | None = None
        self._unlogged: list[tuple[NDArray[np.uint64], LabelFrame]] = []
        self._next_ref = 1
        self._old_below_ref = 1  # Series from here on were born since the last truncation.
        self._forgotten: list[Forgotten] = []
        self.forgettings = 0  # How often series may have been forgotten; changes under `commit_lock`.

    # ---- life

    @property
    def is_open(self) -> bool:
        """From the end of replay until the log is closed."""
        return self._log is not None

    @property
    def log(self) -> LogWriter:
        """
        Raises:
            StorageError: the database is closed, or not open yet.
        """
        if self._log is None:
            raise StorageError("write-ahead log: want an open database, got a closed one")
        return self._log

    def open_log(self, log: LogWriter, highest_ref: int) -> None:
        """Replay is over: take transactions. No ref up to `highest_ref` is ever given to a new series."""
        self._log = log
        self._next_ref = self._old_below_ref = max(self.refs.highest, highest_ref) + 1

    def close_log(self) -> None:
        """Log what waits, and take nothing more."""
        with self.commit_lock:
            log = self.log
            try:
                self._log_records(NO_SAMPLES, {})
            finally:
                self._log = None
                log.close()

    # ---- series

    def series(self, labels: LabelFrame) -> NDArray[np.uint64]:
        """The ref of each row; unknown rows become series at once.

        Raises:
            AppendError: a row without labels.
        """
        counts = labels.counts()
        if not counts.all():
            raise AppendError(f"row {int(np.argmin(counts))}: want a label set, got an empty one")
        with self._series_lock:
            refs, new = self.index.add(labels, self._next_ref)
            rows = np.flatnonzero(new)
            if len(rows):
                born = refs[rows]
                self._next_ref += len(rows)
                self.refs.add(born)
                self._unlogged.append((born, labels if len(rows) == len(labels) else labels.take(rows)))
                self.counters.head_series_created_total += len(rows)
        return refs

    def restore(self, refs: NDArray[np.uint64], labels: LabelFrame) -> NDArray[np.uint64]:
        """Series as a log names them; the ref under which the head knows each from now on."""
        before = len(self.index)
        known = self.index.restore(refs, labels)
        self.refs.add(known)
        self.counters.head_series_created_total += len(self.index) - before
        return known

    # ---- transactions

    def count_appender(self, *, opened: bool) -> None:
        """A transaction began or ended."""
        with self._appenders_lock:  # A lock of its own, so that nobody waits for a commit to begin one.
            self.counters.head_appenders_created_total += opened
            self.counters.head_active_appenders += 1 if opened else -1

    def oldest_valid_ms(self, first_ms: int) -> int:
        """Where in-order time begins for a transaction that starts now with a sample at `first_ms`."""
        newest = self.chunks.bounds()[1]
        newest = first_ms if newest == EARLIEST_MS else newest
        return max(newest - self.options.chunk_range_ms // 2, self.min_valid_ms)

    def commit(
        self,
        samples: Samples,
        metadata: Mapping[int, Metadata],
        refused: NDArray[np.uint8] | None,
        forgettings: int,
    ) -> NDArray[np.uint8]:
        """Log, then apply; a `Verdict` for each sample.

        What `append` said is in `refused`, to be counted, if it refused anything; when it was asked first the
        head had forgotten series `forgettings` times.

        Raises:
            StorageError: the log could not be written; nothing was applied.
        """
        with self.commit_lock:
            known = None
            if forgettings != self.forgettings:  # Truncation came between `append` and now.
                known = self.refs.contains(samples.refs)
                samples = samples.take(known)
            self._log_records(samples, metadata)
            verdicts = self.chunks.append(samples.refs, samples.timestamps_ms, samples.values)
            stored = len(verdicts) - int(np.count_nonzero(verdicts))
            if known is not None:
                applied, verdicts = verdicts, np.full(len(known), Verdict.UNKNOWN_SERIES, dtype=np.uint8)
                verdicts[known] = applied
            if metadata:
                self.learn(np.fromiter(metadata, dtype=np.uint64, count=len(metadata)), metadata.values())
            if stored < len(verdicts):
                self._count_refused(verdicts)
            if refused is not None:
                self._count_refused(refused)
            self.counters.head_samples_appended_total["float"] += stored
        return verdicts

    def log_births(self) -> None:
        """Log series that no commit has logged yet, as a transaction rolled back does."""
        with self.commit_lock:
            self._log_records(NO_SAMPLES, {})

    def _log_records(self, samples: Samples, metadata: Mapping[int, Metadata]) -> None:
        log = self.log
        with self._series_lock:
            born, self._unlogged = self._unlogged, []
        records = []
        if born:
            refs = np.concatenate([refs for refs, _ in born])
            frames = [labels for _, labels in born]
            records.append(kernels.encode_series(refs, LabelFrame.concat(self.symbols, frames)))
        if metadata:
            records.append(_metadata_record(metadata))
        if len(samples.refs):
            records.append(kernels.encode_samples(samples.refs, samples.timestamps_ms, samples.values))
        try:
            if records:
                log.log(records)
        except StorageError:
            with self._series_lock:
                self._unlogged = born + self._unlogged
            raise

    def metadata_of(self, refs: NDArray[np.uint64]) -> list[Metadata | None]:
        """What is known of the metric of each series."""
        with self.view.shared():
            known = self.refs.contains(refs)
            names = np.zeros(len(refs), dtype=np.uint32)
            names[known] = self.index.labels(refs[known]).column(METRIC_NAME)
        return [self.metadata.get(name) for name in self.symbols.texts(names)]

    def learn(self, refs: NDArray[np.uint64], entries: Iterable[Metadata]) -> None:
        """Remember what was said of the metrics of these series."""
        known = self.refs.contains(refs)
        names = self.index.labels(refs[known]).column(METRIC_NAME)
        told = [entry for entry, here in zip(entries, known.tolist(), strict=True) if here]
        self.metadata.update(zip(self.symbols.texts(names), told, strict=True))

    def _count_refused(self, verdicts: NDArray[np.uint8]) -> None:
        counts = np.bincount(verdicts, minlength=len(Verdict)).tolist()
        self.counters.out_of_order_samples_total["float"] += counts[Verdict.OUT_OF_ORDER]
        self.counters.out_of_bound_samples_total["float"] += counts[Verdict.OUT_OF_BOUNDS]
        self.counters.too_old_samples_total["float"] += counts[Verdict.TOO_OLD]
        self.counters.duplicate_samples_total += counts[Verdict.DUPLICATE]
        self.counters.head_series_not_found_total += counts[Verdict.UNKNOWN_SERIES]

    # ---- moving chunks out, and forgetting

    def map_full_chunks(self) -> int:
        """Write the completed chunks of the heap to their file; how many there were.

        Raises:
            StorageError: the disk refused; they stay in the heap, and the log has their samples.
        """
        mapped = 0
        while len((full := self.chunks.full(_FULL_BYTES)).refs):
            locations = self.chunk_files.append(full.refs, full.min_ms, full.max_ms, full.data, full.offsets)
            with self.view.alone():
                self.chunks.map_chunks(full.refs, full.min_ms, full.max_ms, locations)
            mapped += len(locations)
        self.counters.mmap_chunks_total += mapped
        return mapped

    def forget_before(self, min_ms: int) -> None:
        """Drop series whose newest sample is older, and completed chunks that end before.

        A series born since the last time stays, samples or not: its first transaction may still be under way.
        """
        started = time.perf_counter()
        with self.commit_lock, self._series_lock, self.view.alone():
            self.forgettings += 1
            refs = self.index.select([])
            stays = (self.chunks.newest(refs) >= min_ms) | (refs >= np.uint64(self._old_below_ref))
            kept, gone = refs[stays], refs[~stays]
            chunks_before = self.chunks.chunks()
            self.chunks.retain(kept, min_ms)
            if len(gone):
                self.index.retain(kept)
                self.refs.retain(kept)
            self.min_valid_ms = max(self.min_valid_ms, min_ms)
            self._old_below_ref = self._next_ref
            oldest = self.chunks.bounds()[0]
            self.still_in_log(gone, min_ms if oldest == LATEST_MS else max(oldest, min_ms))
        self.counters.head_series_removed_total += len(gone)
        self.counters.head_chunks_removed_total += chunks_before - self.chunks.chunks()
        self.counters.head_gc_duration_seconds.add(time.perf_counter() - started)

    def still_in_log(self, refs: NDArray[np.uint64], until_ms: int) -> None:
        """Let checkpoints name these series, unknown to the head, up to a horizon of `until_ms`."""
        recent = [entry for entry in self._forgotten if entry.until_ms >= self.min_valid_ms]
        self._forgotten = [*recent, Forgotten(np.sort(refs), until_ms)] if len(refs) else recent

    def kept_in_log(self, horizon_ms: int) -> KeepSeries:
        """Which series a checkpoint with this horizon names."""
        wanted = [entry.refs for entry in self._forgotten if entry.until_ms >= horizon_ms]

        def keep(refs: NDArray[np.uint64]) -> NDArray[np.bool_]:
            kept = self.refs.contains(refs)
            for gone in wanted:
                kept |= np.isin(refs, gone)
            return kept

        return keep


def _metadata_record(metadata: Mapping[int, Metadata]) -> bytes:
    entries = list(metadata.values())
    return kernels.encode_metadata(
        np.fromiter(metadata, dtype=np.uint64, count=len(entries)),
        np.array([entry.kind for entry in entries], dtype=np.uint8),
        [entry.unit for entry in entries],
        [entry.help for entry in entries],
    )
