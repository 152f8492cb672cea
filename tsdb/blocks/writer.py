"""Writing a block: chunks, then the index, then what says that both are whole.

Everything is written and synced under `<ULID>.tmp-for-creation`; a rename publishes it. A crash before leaves
a directory that nobody takes for a block, a crash after leaves the block.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import BlockIndexEncoder, LabelFrame
from tsdb.blocks import tombstones
from tsdb.blocks.batch import ChunkBatch
from tsdb.blocks.format import (
    CHUNKS,
    CREATED_SUFFIX,
    INDEX,
    SEGMENT_BYTES_MAX,
    SEGMENT_HEADER,
    WRITTEN,
    Encoding,
    segment_name,
)
from tsdb.blocks.meta import BlockMeta, BlockStats, write_meta
from tsdb.blocks.tombstones import write_tombstones
from tsdb.disk import Disk, GrowingFile, write_file

_HISTOGRAMS = (Encoding.HISTOGRAM, Encoding.FLOAT_HISTOGRAM)


@dataclass(frozen=True, slots=True)
class _Indexed:
    """Of a batch whose chunks are written, what the index needs."""

    labels: LabelFrame
    offsets: NDArray[np.int64]
    min_ms: NDArray[np.int64]
    max_ms: NDArray[np.int64]
    refs: NDArray[np.uint64]


def write_block(
    disk: Disk, meta: BlockMeta, batches: Iterable[ChunkBatch], segment_bytes: int = SEGMENT_BYTES_MAX
) -> BlockMeta | None:
    """Make the block that `meta` describes, of batches whose series rise throughout.

    Returns:
        The meta with its numbers filled in; None if there was no series, and then there is no block.

    Raises:
        StorageError: the disk refused; there is no block, unless all it refused was the last sync.
    """
    directory = f"{meta.ulid}{CREATED_SUFFIX}"
    disk.make_directory(f"{directory}/{CHUNKS}")
    try:
        stats = _write_files(disk, directory, batches, segment_bytes)
        if not stats.series:
            _discard(disk, directory)
            return None
        meta = replace(meta, stats=stats)
        write_meta(disk, directory, meta)
        write_tombstones(disk, directory, tombstones.NONE)
        disk.rename(directory, meta.ulid)
    except BaseException:
        _discard(disk, directory)
        raise
    disk.sync_directory("")
    return meta


def _discard(disk: Disk, directory: str) -> None:
    if disk.list(directory):
        disk.remove(directory)


def _write_files(disk: Disk, directory: str, batches: Iterable[ChunkBatch], segment_bytes: int) -> BlockStats:
    segments = SegmentWriter(disk, directory, segment_bytes)
    written: list[_Indexed] = []
    stats = BlockStats()
    try:
        for batch in batches:
            if len(batch.labels):
                stats = _counted(stats, batch)
                refs = segments.append(batch)
                written.append(_Indexed(batch.labels, batch.offsets, batch.min_ms, batch.max_ms, refs))
    finally:
        segments.close()
    if written:
        _write_index(disk, directory, written)
    return stats


def _counted(stats: BlockStats, batch: ChunkBatch) -> BlockStats:
    if not np.isin(batch.encodings, tuple(WRITTEN)).all():
        raise ValueError(f"encodings: want only {sorted(WRITTEN)}, got {np.unique(batch.encodings).tolist()}")
    samples = batch.samples()
    histograms = int(samples[np.isin(batch.encodings, _HISTOGRAMS)].sum())
    total = int(samples.sum())
    return BlockStats(
        samples=stats.samples + total,
        float_samples=stats.float_samples + total - histograms,
        histogram_samples=stats.histogram_samples + histograms,
        series=stats.series + len(batch.labels),
        chunks=stats.chunks + len(samples),
    )


def _write_index(disk: Disk, directory: str, written: list[_Indexed]) -> None:
    frames = [series.labels for series in written]
    labels = frames[0] if len(frames) == 1 else LabelFrame.concat(frames[0].symbols, frames)
    encoder = BlockIndexEncoder(labels)

    def parts() -> Iterable[bytes]:
        yield encoder.symbols()
        for series in written:
            yield encoder.series(series.offsets, series.min_ms, series.max_ms, series.refs)
        yield encoder.postings()
        yield encoder.end()

    write_file(disk, f"{directory}/{INDEX}", parts())


@final
class SegmentWriter:
    """The files of a block's chunks; a file begins with its first chunk, so none is empty."""

    def __init__(self, disk: Disk, directory: str, segment_bytes: int) -> None:
        self._disk = disk
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._number = -1
        self._file: GrowingFile | None = None

    def append(self, batch: ChunkBatch) -> NDArray[np.uint64]:
        """Write the chunks of a batch; the reference of each."""
        records, starts = kernels.encode_block_chunks(batch.encodings, batch.data, batch.data_offsets)
        ends = np.append(starts[1:], len(records))
        refs = np.empty(len(starts), np.uint64)
        first = 0
        while first < len(starts):
            file = self._file_with_room(int(ends[first] - starts[first]))
            room = self._segment_bytes - file.size
            stop = max(first + 1, int(np.searchsorted(ends, starts[first] + room, side="right")))
            base = (self._number << 32) + file.size - int(starts[first])
            file.write(memoryview(records)[int(starts[first]) : int(ends[stop - 1])])
            refs[first:stop] = (starts[first:stop] + base).astype(np.uint64)
            first = stop
        return refs

    def _file_with_room(self, record_bytes: int) -> GrowingFile:
        if self._file and self._file.size + record_bytes > self._segment_bytes:
            self._end_file()
        if self._file is None:
            self._number += 1
            self._file = self._disk.create(f"{self._directory}/{segment_name(self._number)}")
            self._file.write(SEGMENT_HEADER)
        return self._file

    def _end_file(self) -> None:
        if self._file:
            file, self._file = self._file, None
            try:
                file.sync()
            finally:
                file.close()

    def close(self) -> None:
        """Make everything written survive a power cut."""
        self._end_file()
        self._disk.sync_directory(f"{self._directory}/{CHUNKS}")
