"""Reading a block: its files mapped, its index asked, its samples decoded on demand.

A block never changes but for its tombstones and its meta, which are replaced whole; a question keeps those
it began with. Files that are removed stay mapped for as long as somebody reads them, so nobody waits for
readers. Labels are interned into the symbols of the whole store, and series stand in label order: series of
several blocks and of the head can be matched as rows of one frame.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import BlockIndex, CorruptionError, LabelFrame, Matcher, Symbols, UnsupportedError
from model.errors import CorruptStoreError, UnsupportedStoreError
from model.samples import STALE_BITS, InstantColumn, SeriesBatch
from model.storage import SelectHints
from tsdb.blocks.batch import offsets_of
from tsdb.blocks.format import CHUNKS, INDEX, META, SAMPLES_PER_CHUNK, TOMBSTONES, want_segment_header
from tsdb.blocks.meta import BlockMeta, read_meta
from tsdb.blocks.tombstones import Tombstones, read_tombstones
from tsdb.disk import Disk


@contextmanager
def _named(directory: str) -> Iterator[None]:
    """Kernel errors as ours, with the block named."""
    try:
        yield
    except CorruptionError as error:
        raise CorruptStoreError(f"block {directory}: {error}; move the block away") from error
    except UnsupportedError as error:
        raise UnsupportedStoreError(f"block {directory}: {error}") from error


@final
@dataclass(frozen=True, slots=True)
class Block:
    """One block, open. Any thread may question it."""

    directory: str
    meta: BlockMeta
    tombstones: Tombstones
    index: BlockIndex
    segments: tuple[memoryview, ...]  # By the number that chunk references have them under.
    size_bytes: int  # Of all its files.

    @classmethod
    def open(cls, disk: Disk, symbols: Symbols, directory: str) -> Self:
        """Map the files of a block and check what is checked once.

        Raises:
            CorruptStoreError: one of them is not what was written; the text says which.
            StorageError: one of them is missing.
        """
        meta = read_meta(disk, directory)
        tombstones = read_tombstones(disk, directory)
        with _named(directory):
            index = BlockIndex(symbols, disk.map(f"{directory}/{INDEX}"))
        names = [
            f"{directory}/{CHUNKS}/{name}"
            for name in disk.list(f"{directory}/{CHUNKS}")
            if name.isascii() and name.isdigit()
        ]
        segments = tuple(disk.map(name) for name in names)
        for name, data in zip(names, segments, strict=True):
            want_segment_header(name, data)
        others = set(disk.list(directory)) & {META, INDEX, TOMBSTONES}
        size_bytes = sum(disk.size(f"{directory}/{name}") for name in others) + sum(map(len, segments))
        return cls(directory, meta, tombstones, index, segments, size_bytes)

    def with_tombstones(self, meta: BlockMeta, tombstones: Tombstones) -> Self:
        """The same block, for later questions, after more of it was deleted."""
        return replace(self, meta=meta, tombstones=tombstones)

    @contextmanager
    def querier(self, min_ms: int, max_ms: int) -> "Iterator[BlockQuerier]":
        """A view of the block as it is now."""
        yield BlockQuerier(self, min_ms, max_ms)


@final
@dataclass(frozen=True, slots=True)
class BlockSeries:
    """The series one selector found in a block, in label order, with their chunks in its range."""

    block: Block
    ids: NDArray[np.uint32]
    labels: LabelFrame
    offsets: NDArray[np.int64]  # [series + 1]; series i owns refs[offsets[i]:offsets[i + 1]].
    chunk_min_ms: NDArray[np.int64]
    chunk_max_ms: NDArray[np.int64]
    refs: NDArray[np.uint64]
    min_ms: int
    max_ms: int

    @property
    def samples(self) -> NDArray[np.int64]:
        """About how many samples each series has."""
        return np.diff(self.offsets) * SAMPLES_PER_CHUNK

    def batches(self, samples_max: int) -> Iterator[tuple[slice, SeriesBatch]]:
        """Rows of `labels` and their samples, about `samples_max` at a time and at least one series."""
        ends = self.offsets[1:] * SAMPLES_PER_CHUNK
        start = 0
        while start < len(self.ids):
            before = int(self.offsets[start]) * SAMPLES_PER_CHUNK
            stop = max(start + 1, int(np.searchsorted(ends, before + samples_max, side="right")))
            first, last = self.offsets[start], self.offsets[stop]
            offsets = self.offsets[start : stop + 1] - first
            refs = self.refs[first:last]
            yield (
                slice(start, stop),
                self._read(self.ids[start:stop], offsets, refs, self.min_ms, self.max_ms),
            )
            start = stop

    def read(self, rows: NDArray[np.int64]) -> SeriesBatch:
        """The samples of these rows of `labels`, in this order."""
        counts = np.diff(self.offsets)[rows]
        offsets = offsets_of(counts)
        places = np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        return self._read(self.ids[rows], offsets, self.refs[places], self.min_ms, self.max_ms)

    def latest(self, at_ms: int, lookback_ms: int) -> InstantColumn:
        """The newest sample of every series in (at_ms - lookback_ms, at_ms]."""
        first_ms = max(at_ms - lookback_ms + 1, self.min_ms)
        at_ms = min(at_ms, self.max_ms)
        near = (self.chunk_min_ms <= at_ms) & (self.chunk_max_ms >= first_ms)
        offsets = offsets_of(near.astype(np.int64))[self.offsets]
        batch = self._read(self.ids, offsets, self.refs[near], first_ms, at_ms)
        present = np.diff(batch.offsets) > 0
        times = np.full(len(self.ids), np.iinfo(np.int64).min)
        values = np.zeros(len(self.ids), np.float64)
        newest = batch.offsets[1:][present] - 1
        times[present], values[present] = batch.timestamps_ms[newest], batch.values[newest]
        stale = values.view(np.uint64) == STALE_BITS
        values[stale] = 0.0
        present &= ~stale
        return InstantColumn(times, values, present)

    def _read(
        self,
        ids: NDArray[np.uint32],
        offsets: NDArray[np.int64],
        refs: NDArray[np.uint64],
        min_ms: int,
        max_ms: int,
    ) -> SeriesBatch:
        block = self.block
        deleted = block.tombstones.columns
        with _named(block.directory):
            return SeriesBatch(
                *kernels.read_block_chunks(block.segments, ids, offsets, refs, min_ms, max_ms, deleted)
            )


@final
@dataclass(frozen=True, slots=True)
class BlockQuerier:
    """Questions to one block. A range bounds samples; names and values are those of the whole block."""

    block: Block
    min_ms: int
    max_ms: int

    def select(self, matchers: Sequence[Matcher], hints: SelectHints) -> BlockSeries:
        """The series with chunks in the range of the hints that are not deleted whole."""
        block, min_ms, max_ms = self.block, hints.min_ms, hints.max_ms
        with _named(block.directory):
            ids = block.index.select(matchers) if block.meta.overlaps(min_ms, max_ms) else _NO_SERIES
            found = block.index.series(ids, min_ms, max_ms, block.tombstones.columns)
        ids, labels, offsets, chunk_min_ms, chunk_max_ms, refs = found
        if 0 < hints.limit < len(ids):
            ids, offsets = ids[: hints.limit], offsets[: hints.limit + 1]
            labels = labels.take(np.arange(hints.limit))
        chunks = slice(0, int(offsets[-1]))
        return BlockSeries(
            block,
            ids,
            labels,
            offsets,
            chunk_min_ms[chunks],
            chunk_max_ms[chunks],
            refs[chunks],
            min_ms,
            max_ms,
        )

    def label_names(self, matchers: Sequence[Matcher]) -> list[str]:
        """In byte order; all of the block's where the range touches it at all."""
        with _named(self.block.directory):
            return self.block.index.label_names(matchers) if self._touches() else []

    def label_values(self, name: str, matchers: Sequence[Matcher]) -> list[str]:
        """In byte order."""
        with _named(self.block.directory):
            return self.block.index.label_values(name, matchers) if self._touches() else []

    def _touches(self) -> bool:
        return self.block.meta.overlaps(self.min_ms, self.max_ms)


_NO_SERIES = np.empty(0, np.uint32)
