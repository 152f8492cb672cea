"""Checkpoints: the part of old segments that is still wanted, as a small log of its own.

`checkpoint.N` stands for segments 0..N. It is built from the previous checkpoint and the segments after it,
in a directory that becomes visible by a rename, and only then are those segments removed: a crash at any
point leaves the old state, the new one, or both. Kept are series that the head still knows, samples not
older than the horizon, and the last metadata of each kept series. Records of kinds that this store does not
read yet pass through unchanged.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import CorruptionError, Symbols
from tsdb.counters import Counters
from tsdb.disk import Disk
from tsdb.wal.format import PAGE_BYTES, RecordKind
from tsdb.wal.reader import RecordRun, read_log, read_segment
from tsdb.wal.segments import (
    checkpoint_name,
    list_checkpoints,
    list_segments,
    remove_leftovers,
    segment_path,
)
from tsdb.wal.writer import LogWriter

_LOG = logging.getLogger(__name__)
_BATCH_BYTES: Final = 1 << 20

KeepSeries = Callable[[NDArray[np.uint64]], NDArray[np.bool_]]


def choose_last(segments: list[int]) -> int | None:
    """The last segment to cover, at two thirds of those before the current one; None while too few."""
    if not segments:
        return None
    first, last = segments[0], segments[-1] - 1
    last = first + (last - first) * 2 // 3 if last >= 0 else -1
    return last if last > first else None


def write_checkpoint(
    disk: Disk,
    directory: str,
    last: int,
    *,
    keep: KeepSeries,
    horizon_ms: int,
    segment_bytes: int,
    compression: Literal["none", "snappy", "zstd"],
) -> None:
    """Make `checkpoint.<last>` and make it visible.

    Raises:
        CorruptStoreError: what it is built from is damaged.
        StorageError: the disk refused.
    """
    remove_leftovers(disk, directory)
    name = f"{directory}/{checkpoint_name(last)}"
    disk.make_directory(f"{name}.tmp")
    writer = LogWriter(
        disk,
        f"{name}.tmp",
        0,
        segment_bytes=max(segment_bytes, PAGE_BYTES),
        compression=compression,
        counters=Counters(),  # What a checkpoint writes is not what the log writes.
    )
    try:
        batch: list[bytes] = []
        for record in _kept_records(disk, directory, last, keep, horizon_ms):
            batch.append(record)
            if sum(map(len, batch)) > _BATCH_BYTES:
                writer.log(batch)
                writer.settle()
                batch = []
        writer.log(batch)
    finally:
        writer.close()
    disk.sync_directory(f"{name}.tmp")
    disk.rename(f"{name}.tmp", name)
    disk.sync_directory(directory)


def remove_covered(disk: Disk, directory: str, last: int) -> int:
    """Remove the segments that `checkpoint.<last>` stands for, and older checkpoints; how many of these."""
    for number in list_segments(disk, directory):
        if number <= last:
            disk.remove(segment_path(directory, number))
    older = [number for number in list_checkpoints(disk, directory) if number < last]
    for number in older:
        disk.remove(f"{directory}/{checkpoint_name(number)}")
    disk.sync_directory(directory)
    return len(older)


def _sources(disk: Disk, directory: str, last: int) -> Iterator[RecordRun]:
    checkpoints = list_checkpoints(disk, directory)
    if checkpoints:
        yield from read_log(disk, f"{directory}/{checkpoint_name(checkpoints[-1])}")
    for number in list_segments(disk, directory):
        if (checkpoints[-1] if checkpoints else -1) < number <= last:
            yield from read_segment(disk, directory, number)


def _kept_records(
    disk: Disk, directory: str, last: int, keep: KeepSeries, horizon_ms: int
) -> Iterator[bytes]:
    symbols = Symbols()  # The dead series of old segments must not live on in the head's table.
    metadata: dict[int, tuple[int, str, str]] = {}
    for run in _sources(disk, directory, last):
        for index, record in enumerate(run.records):
            try:
                if run.kind == RecordKind.SERIES:
                    kept = _kept_series(symbols, record, keep)
                elif run.kind == RecordKind.SAMPLES:
                    kept = _kept_samples(record, horizon_ms)
                elif run.kind == RecordKind.METADATA:
                    kept = None
                    metadata.update(_metadata_of(record, keep))
                else:
                    kept = record
            except CorruptionError as error:
                raise run.damaged(index, str(error)) from error
            if kept is not None:
                yield kept
    if metadata:
        kinds, units, helps = zip(*metadata.values(), strict=True)
        refs = np.fromiter(metadata, dtype=np.uint64, count=len(metadata))
        yield kernels.encode_metadata(refs, np.array(kinds, dtype=np.uint8), units, helps)


def _kept_series(symbols: Symbols, record: bytes, keep: KeepSeries) -> bytes | None:
    refs, labels = kernels.decode_series(symbols, [record])
    kept = keep(refs)
    if kept.all():
        return record if len(refs) else None
    rows = np.flatnonzero(kept)
    return kernels.encode_series(refs[rows], labels.take(rows)) if len(rows) else None


def _kept_samples(record: bytes, horizon_ms: int) -> bytes | None:
    refs, timestamps_ms, values = kernels.decode_samples([record])
    kept = timestamps_ms >= horizon_ms
    if kept.all():
        return record if len(refs) else None
    return kernels.encode_samples(refs[kept], timestamps_ms[kept], values[kept]) if kept.any() else None


def _metadata_of(record: bytes, keep: KeepSeries) -> dict[int, tuple[int, str, str]]:
    refs, kinds, units, helps = kernels.decode_metadata([record])
    kept = keep(refs).tolist()
    entries = zip(refs.tolist(), kinds.tolist(), units, helps, strict=True)
    return {
        ref: (kind, unit, text)
        for (ref, kind, unit, text), wanted in zip(entries, kept, strict=True)
        if wanted
    }
