"""Consecutive series of a block in the making, with their chunks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import LabelFrame
from model.samples import SeriesBatch
from tsdb.blocks.format import SAMPLES_PER_CHUNK, Encoding


@dataclass(frozen=True, slots=True)
class ChunkBatch:
    """Series in label order; the chunks of each in time order, without overlap."""

    labels: LabelFrame
    offsets: NDArray[np.int64]  # [series + 1]; series i owns chunks offsets[i]:offsets[i + 1], at least one.
    encodings: NDArray[np.uint8]  # [chunks], an `Encoding` each.
    min_ms: NDArray[np.int64]  # [chunks], of the first sample.
    max_ms: NDArray[np.int64]  # [chunks], of the last one.
    data: bytes | memoryview  # The chunks end to end.
    data_offsets: NDArray[np.int64]  # [chunks + 1] into `data`.

    def samples(self) -> NDArray[np.int64]:
        """Samples of each chunk, which its first two bytes tell."""
        data = np.frombuffer(self.data, np.uint8)
        starts = self.data_offsets[:-1]
        return data[starts].astype(np.int64) << 8 | data[starts + 1]


def chunked(
    labels: LabelFrame, samples: SeriesBatch, samples_per_chunk: int = SAMPLES_PER_CHUNK
) -> ChunkBatch:
    """Samples of series in label order as XOR chunks; a series without samples is left out."""
    counts = np.diff(samples.offsets)
    filled = np.flatnonzero(counts)
    chunks = -(-counts[filled] // samples_per_chunk)
    offsets = offsets_of(chunks)
    within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], chunks)
    starts = np.repeat(samples.offsets[:-1][filled], chunks) + within * samples_per_chunk
    ends = np.append(starts, len(samples.values))
    data, data_offsets = kernels.encode_xor(samples.timestamps_ms, samples.values, ends)
    return ChunkBatch(
        labels=labels if len(filled) == len(labels) else labels.take(filled),
        offsets=offsets,
        encodings=np.full(len(starts), Encoding.XOR, np.uint8),
        min_ms=samples.timestamps_ms[starts],
        max_ms=samples.timestamps_ms[ends[1:] - 1],
        data=data,
        data_offsets=data_offsets,
    )


def offsets_of(counts: NDArray[np.int64] | Sequence[int]) -> NDArray[np.int64]:
    """Where each of consecutive runs begins, and behind the last one where it ends."""
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets
