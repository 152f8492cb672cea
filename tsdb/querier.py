"""Questions to the head: what `model.storage.Querier` and `SeriesSet` promise, over one snapshot."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from kernels import CorruptionError, LabelFrame, Matcher
from model.errors import CorruptStoreError
from model.samples import InstantColumn, SeriesBatch
from model.storage import SelectHints
from tsdb.chunk_files import DIRECTORY
from tsdb.head import Head


@contextmanager
def _chunk_files(head: Head) -> Iterator[list[memoryview | None]]:
    """The mapped files, with every chunk where the head says it is until the end of the block.

    Raises:
        CorruptStoreError: a chunk read inside is not what was written.
    """
    with head.view.shared():
        try:
            yield head.chunk_files.buffers()
        except CorruptionError as error:
            raise CorruptStoreError(f"{DIRECTORY}: {error}; restart to restore it from the log") from error


@final
@dataclass(frozen=True, slots=True)
class HeadSeries:
    """The series one selector found that may have samples in its range."""

    head: Head
    snapshot: int
    refs: NDArray[np.uint64]
    labels: LabelFrame
    samples: NDArray[np.int64]  # [series]: at most so many in the range.
    min_ms: int
    max_ms: int

    def batches(self, samples_max: int) -> Iterator[tuple[slice, SeriesBatch]]:
        """Rows of `labels` and their samples, about `samples_max` at a time and at least one series."""
        ends = np.cumsum(self.samples)
        start = 0
        while start < len(self.refs):
            before = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + samples_max, side="right")))
            yield slice(start, stop), self._read(self.refs[start:stop])
            start = stop

    def read(self, rows: NDArray[np.int64]) -> SeriesBatch:
        """The samples of these rows of `labels`, in this order."""
        return self._read(self.refs[rows])

    def _read(self, refs: NDArray[np.uint64]) -> SeriesBatch:
        head = self.head
        with _chunk_files(head) as files:
            return SeriesBatch(*head.chunks.read(refs, self.min_ms, self.max_ms, self.snapshot, files))

    def latest(self, at_ms: int, lookback_ms: int) -> InstantColumn:
        """The newest sample of every series in (at_ms - lookback_ms, at_ms]."""
        head = self.head
        with _chunk_files(head) as files:
            return InstantColumn(*head.chunks.latest(self.refs, at_ms, lookback_ms, self.snapshot, files))


@final
@dataclass(frozen=True, slots=True)
class HeadQuerier:
    """One view of the head. Samples are those of the snapshot; names and values those of now."""

    head: Head
    snapshot: int
    min_ms: int
    max_ms: int

    def select(self, matchers: Sequence[Matcher], hints: SelectHints) -> HeadSeries:
        """The series with chunks in the range of the hints, in order of birth."""
        head = self.head
        with head.view.shared():
            refs = head.index.select(matchers)
            samples = head.chunks.count(refs, hints.min_ms, hints.max_ms)
            found = np.flatnonzero(samples)
            if hints.limit:
                found = found[: hints.limit]
            if len(found) < len(refs):
                refs, samples = refs[found], samples[found]
            labels = head.index.labels(refs)
        return HeadSeries(head, self.snapshot, refs, labels, samples, hints.min_ms, hints.max_ms)

    def label_names(self, matchers: Sequence[Matcher]) -> list[str]:
        """In byte order; all of the head's where the range touches it at all."""
        return self.head.index.label_names(matchers) if self._touches() else []

    def label_values(self, name: str, matchers: Sequence[Matcher]) -> list[str]:
        """In byte order."""
        return self.head.index.label_values(name, matchers) if self._touches() else []

    def _touches(self) -> bool:
        oldest, newest = self.head.chunks.bounds()
        return self.min_ms <= newest and oldest <= self.max_ms
