"""Bringing the head back: chunk files, then the last checkpoint, then the segments after it.

While one run of records is applied, a second thread reads, decompresses and decodes the next one; the kernels
leave the interpreter alone, so both work. The rules that make it right:

*   A series takes the mapped chunks of its ref when the log first names it. Samples in the log that those
    chunks hold already come too late for it and are dropped, as any late sample is.
*   A label set that comes back under another ref keeps its first one, and samples under the other are stored
    there. Mapped chunks of the other ref are left alone: the log has all that is still wanted of them.
*   Chunks that fill up during replay go to their file at once, so a long log does not need a large heap.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar, final

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import CorruptionError, LabelFrame, Symbols
from model.errors import CorruptStoreError
from model.storage import Metadata, MetricKind
from tsdb.chunk_files import StoredChunks
from tsdb.disk import Disk
from tsdb.head import Head, Samples
from tsdb.wal.checkpoint import remove_covered
from tsdb.wal.format import DIRECTORY, RecordKind
from tsdb.wal.reader import DamagedLogError, RecordRun, read_log, read_segment
from tsdb.wal.repair import repair
from tsdb.wal.segments import (
    checkpoint_name,
    list_checkpoints,
    list_segments,
    remove_leftovers,
    segment_name,
    want_contiguous,
)

_LOG = logging.getLogger(__name__)
_Item = TypeVar("_Item")
_SAMPLES_BETWEEN_MAPPING: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """How far replay is, as `status/walreplay` shows it."""

    first: int  # Segment numbers.
    last: int
    current: int


@dataclass(frozen=True, slots=True)
class SeriesRecords:
    """Series that the log names."""

    refs: NDArray[np.uint64]
    labels: LabelFrame


@dataclass(frozen=True, slots=True)
class MetadataRecords:
    """What targets said of metrics, by any series of each."""

    refs: NDArray[np.uint64]
    entries: list[Metadata]


@dataclass(frozen=True, slots=True)
class SkippedRecords:
    """Records of a kind that the head does not take."""

    kind: RecordKind
    count: int


Decoded = SeriesRecords | Samples | MetadataRecords | SkippedRecords


def replay(disk: Disk, head: Head, progress: Callable[[ReplayProgress], None]) -> tuple[int, int]:
    """Fill an empty head from its directory, repairing the log where it is torn.

    Returns:
        The number of the segment to write next, and the highest ref seen anywhere.

    Raises:
        CorruptStoreError: a checkpoint is damaged, or a segment or chunk file is missing in between.
    """
    started = time.perf_counter()
    remove_leftovers(disk, DIRECTORY)
    run = Replay(head, head.chunk_files.scan())
    checkpoint = _replay_checkpoint(disk, head, run)
    if checkpoint >= 0:
        remove_covered(disk, DIRECTORY, checkpoint)  # What a crash right after making it left behind.
    segments = [number for number in list_segments(disk, DIRECTORY) if number > checkpoint]
    want_contiguous(DIRECTORY, [checkpoint, *segments])
    following = _replay_segments(disk, head, run, segments, progress) if segments else checkpoint + 1
    run.finish()
    head.counters.data_replay_duration_seconds = time.perf_counter() - started
    _LOG.info(
        "replayed %d samples of %d series in %.3f s",
        run.samples,
        len(head.index),
        head.counters.data_replay_duration_seconds,
    )
    return following, run.highest_ref


def _replay_checkpoint(disk: Disk, head: Head, run: "Replay") -> int:
    """The number of the last checkpoint, -1 without one."""
    checkpoints = list_checkpoints(disk, DIRECTORY)
    if not checkpoints:
        return -1
    name = f"{DIRECTORY}/{checkpoint_name(checkpoints[-1])}"
    try:
        for decoded in _read_ahead(_decoded(read_log(disk, name), head.symbols)):
            run.apply(decoded)
    except DamagedLogError as damage:
        raise CorruptStoreError(
            f"{damage}; a checkpoint cannot be repaired: "
            f"restore it, or move {name} away and lose what it covers"
        ) from damage
    return checkpoints[-1]


def _replay_segments(
    disk: Disk, head: Head, run: "Replay", segments: list[int], progress: Callable[[ReplayProgress], None]
) -> int:
    """The number of the segment to write next."""
    for segment in segments:
        progress(ReplayProgress(segments[0], segments[-1], segment))
        _LOG.info("replaying segment %s of %s", segment_name(segment), segment_name(segments[-1]))
        try:
            for decoded in _read_ahead(_decoded(read_segment(disk, DIRECTORY, segment), head.symbols)):
                run.apply(decoded)
        except DamagedLogError as damage:
            head.counters.wal_corruptions_total += 1
            repair(disk, damage)
            return segment + 1
    return segments[-1] + 1


@final
class Replay:
    """What replay knows besides the head while it lasts."""

    def __init__(self, head: Head, stored: StoredChunks) -> None:
        self._head = head
        self._stored = stored
        self._alias_refs = np.empty(0, dtype=np.uint64)  # Rising.
        self._alias_of = np.empty(0, dtype=np.uint64)
        self._unmapped = 0
        self.samples = 0
        self.highest_ref = int(stored.refs.max()) if len(stored.refs) else 0

    def apply(self, decoded: Decoded) -> None:
        """Bring decoded records into the head."""
        if isinstance(decoded, Samples):
            self._apply_samples(decoded)
        elif isinstance(decoded, SeriesRecords):
            self._apply_series(decoded)
        elif isinstance(decoded, MetadataRecords):
            self._head.learn(self._known_as(decoded.refs), decoded.entries)
        else:
            self._skip(decoded)

    def _apply_series(self, series: SeriesRecords) -> None:
        self._see(series.refs)
        before = self._head.refs.contains(series.refs)
        known = self._head.restore(series.refs, series.labels)
        self._attach(np.unique(series.refs[(known == series.refs) & ~before]))
        other = known != series.refs
        if other.any():
            refs, first = np.unique(np.append(self._alias_refs, series.refs[other]), return_index=True)
            self._alias_of = np.append(self._alias_of, known[other])[first]
            self._alias_refs = refs

    def _attach(self, refs: NDArray[np.uint64]) -> None:
        """Give series the chunks that lie in the files under their refs."""
        stored = self._stored
        first = np.searchsorted(stored.refs, refs, side="left")
        counts = np.searchsorted(stored.refs, refs, side="right") - first
        begins = np.cumsum(counts) - counts
        rows = np.arange(int(counts.sum())) + np.repeat(first - begins, counts)
        rows = rows[stored.max_ms[rows] >= self._head.min_valid_ms]
        if len(rows):
            chunks = stored.take(rows)
            self._head.chunks.map_chunks(chunks.refs, chunks.min_ms, chunks.max_ms, chunks.locations)

    def _apply_samples(self, samples: Samples) -> None:
        head = self._head
        if not len(samples.refs):
            return
        self._see(samples.refs)
        refs = self._known_as(samples.refs)
        samples = Samples(refs, samples.timestamps_ms, samples.values)
        known = head.refs.contains(refs)
        if not known.all():
            unknown = len(known) - int(np.count_nonzero(known))
            head.counters.wal_replay_unknown_refs_total["samples"] += unknown
        wanted = known & (samples.timestamps_ms >= head.min_valid_ms)
        if not wanted.all():
            samples = samples.take(wanted)
        head.chunks.append(samples.refs, samples.timestamps_ms, samples.values)
        self.samples += len(samples.refs)
        self._unmapped += len(samples.refs)
        if self._unmapped > _SAMPLES_BETWEEN_MAPPING:
            self._unmapped = 0
            head.map_full_chunks()

    def _known_as(self, refs: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Refs with those of returned series replaced by their first."""
        if not len(self._alias_refs):
            return refs
        places = np.minimum(np.searchsorted(self._alias_refs, refs), len(self._alias_refs) - 1)
        return np.where(self._alias_refs[places] == refs, self._alias_of[places], refs)

    def _see(self, refs: NDArray[np.uint64]) -> None:
        if len(refs):
            self.highest_ref = max(self.highest_ref, int(refs.max()))

    def _skip(self, records: SkippedRecords) -> None:
        skipped = self._head.counters.wal_records_skipped
        if records.kind.name not in skipped:
            _LOG.warning(
                "the log has %s records, which are not stored yet; they stay in the log", records.kind.name
            )
        skipped[records.kind.name] += records.count

    def finish(self) -> None:
        """Say what was strange, and write the chunks that filled up."""
        self._head.map_full_chunks()
        self._head.still_in_log(self._alias_refs, self._head.chunks.bounds()[1])
        if unknown := self._head.counters.wal_replay_unknown_refs_total["samples"]:
            _LOG.warning(
                "%d samples in the log belong to series that it does not name; they are dropped", unknown
            )


def _decoded(runs: Iterator[RecordRun], symbols: Symbols) -> Iterator[Decoded]:
    """Runs as arrays.

    Raises:
        DamagedLogError: after what precedes the first record that does not decode.
    """
    for run in runs:
        try:
            decoded = _decode(run.kind, run.records, symbols)
        except CorruptionError:
            for index, record in enumerate(run.records):  # One at a time, to find the bad one.
                try:
                    single = _decode(run.kind, [record], symbols)
                except CorruptionError as error:
                    raise run.damaged(index, str(error)) from error
                yield single
        else:
            yield decoded


def _decode(kind: RecordKind, records: list[bytes], symbols: Symbols) -> Decoded:
    if kind == RecordKind.SAMPLES:
        return Samples(*kernels.decode_samples(records))
    if kind == RecordKind.SERIES:
        return SeriesRecords(*kernels.decode_series(symbols, records))
    if kind == RecordKind.METADATA:
        refs, kinds, units, helps = kernels.decode_metadata(records)
        told = zip(kinds.tolist(), helps, units, strict=True)
        return MetadataRecords(
            refs, [Metadata(_metric_kind(number), text, unit) for number, text, unit in told]
        )
    return SkippedRecords(kind, len(records))


def _metric_kind(number: int) -> MetricKind:
    return MetricKind(number) if number <= max(MetricKind) else MetricKind.UNKNOWN


def _read_ahead(items: Iterator[_Item]) -> Iterator[_Item]:
    """The same items, the next one in the making while the caller works on this one."""
    with ThreadPoolExecutor(1, thread_name_prefix="replay") as pool:
        coming: Future[_Item | None] = pool.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = pool.submit(next, items, None)
            yield item
