"""One answer from several sources, blocks and head: their series matched by labels as rows of one frame.

Sources stand from old to new. A row of the merged frame knows which row it is in each source; a batch reads
those rows from every source that has some of them, and one kernel joins the samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self, final

import numpy as np
from numpy.typing import NDArray

import kernels
from kernels import LabelFrame, Matcher, Symbols
from model.samples import InstantColumn, SeriesBatch
from model.storage import Querier, SelectHints, SeriesSet


class SourceSeries(SeriesSet, Protocol):
    """What a source found: a series set of which single rows can be read."""

    @property
    def samples(self) -> NDArray[np.int64]:
        """About how many samples each series has."""
        ...

    def read(self, rows: NDArray[np.int64]) -> SeriesBatch:
        """The samples of these rows of `labels`, in this order."""
        ...


class SourceQuerier(Querier, Protocol):
    """A view of one source."""

    def select(self, matchers: Sequence[Matcher], hints: SelectHints) -> SourceSeries:
        """The series that satisfy every matcher."""
        ...


@final
@dataclass(frozen=True, slots=True)
class _Source:
    """Where the series of one source stand in the merged frame."""

    series: SourceSeries
    rows: NDArray[np.int64]  # Rows of the merged frame, rising.
    own: NDArray[np.int64]  # For each of them the row of the source.

    def part(self, where: slice) -> tuple[NDArray[np.int64], SeriesBatch] | None:
        """What the source has of a slice of the merged frame; rows count from its start."""
        first, last = np.searchsorted(self.rows, [where.start, where.stop])
        if first == last:
            return None
        return self.rows[first:last] - where.start, self.series.read(self.own[first:last])


@final
@dataclass(frozen=True, slots=True)
class MergedSeries:
    """Series of several sources, in label order."""

    labels: LabelFrame
    sources: tuple[_Source, ...]
    samples: NDArray[np.int64]

    @classmethod
    def of(cls, symbols: Symbols, found: Sequence[SourceSeries], limit: int = 0) -> Self:
        """Match the series of several sources, and keep the first `limit` of them; 0 keeps all."""
        everything = LabelFrame.concat(symbols, [series.labels for series in found])
        group_of, groups = everything.group([], without=True)
        order = groups.order()[: limit or None]
        row_of = np.full(len(groups), -1, np.int64)
        row_of[order] = np.arange(len(order))
        sources = []
        samples = np.zeros(len(order), np.int64)
        start = 0
        for series in found:
            rows = row_of[group_of[start : start + len(series.labels)]]
            start += len(series.labels)
            own = np.argsort(rows, kind="stable")
            own = own[rows[own] >= 0]
            sources.append(_Source(series, rows[own], own))
            samples[rows[own]] += series.samples[own]
        return cls(groups.take(order), tuple(sources), samples)

    def batches(self, samples_max: int) -> Iterator[tuple[slice, SeriesBatch]]:
        """Rows of `labels` and their samples, about `samples_max` at a time and at least one series."""
        ends = np.cumsum(self.samples)
        start = 0
        while start < len(self.labels):
            before = int(ends[start - 1]) if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + samples_max, side="right")))
            yield slice(start, stop), self._read(slice(start, stop))
            start = stop

    def _read(self, where: slice) -> SeriesBatch:
        parts = []
        for source in self.sources:
            if part := source.part(where):
                rows, batch = part
                parts.append((rows, batch.timestamps_ms, batch.values, batch.offsets))
        return SeriesBatch(*kernels.merge_samples(parts, where.stop - where.start))

    def latest(self, at_ms: int, lookback_ms: int) -> InstantColumn:
        """The newest sample of every series in (at_ms - lookback_ms, at_ms], whichever source has it."""
        times = np.full(len(self.labels), np.iinfo(np.int64).min)
        values = np.zeros(len(self.labels), np.float64)
        present = np.zeros(len(self.labels), np.bool_)
        for source in self.sources:
            column = source.series.latest(at_ms, lookback_ms)
            is_newer = column.timestamps_ms[source.own] >= times[source.rows]
            rows, own = source.rows[is_newer], source.own[is_newer]
            times[rows] = column.timestamps_ms[own]
            values[rows], present[rows] = column.values[own], column.present[own]
        return InstantColumn(times, values, present)


@final
@dataclass(frozen=True, slots=True)
class MergedQuerier:
    """One view over several sources, from old to new."""

    symbols: Symbols
    sources: tuple[SourceQuerier, ...]

    def select(self, matchers: Sequence[Matcher], hints: SelectHints) -> SeriesSet:
        """The series of all sources, in label order; a single source is asked as if it stood alone."""
        if len(self.sources) == 1:
            return self.sources[0].select(matchers, hints)
        # A source that stopped early might stop before a series whose older samples another one has.
        whole = replace(hints, limit=0)
        found = [source.select(matchers, whole) for source in self.sources]
        return MergedSeries.of(self.symbols, found, hints.limit)

    def label_names(self, matchers: Sequence[Matcher]) -> list[str]:
        """In byte order."""
        return sorted({name for source in self.sources for name in source.label_names(matchers)})

    def label_values(self, name: str, matchers: Sequence[Matcher]) -> list[str]:
        """In byte order."""
        return sorted({value for source in self.sources for value in source.label_values(name, matchers)})
