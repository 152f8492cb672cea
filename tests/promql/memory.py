"""A store in memory for tests: an index, the samples per series, and the storage protocols, no more."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from kernels import LabelFrame, Matcher, SeriesIndex, Symbols
from model.samples import STALE_BITS, InstantColumn, SeriesBatch
from model.storage import CommitResult, Metadata, SelectHints, Verdict


class MemoryStore:
    """`Queryable` and `Appendable`; samples of a series must come in rising order of time."""

    def __init__(self) -> None:
        self.symbols = Symbols()
        self.index = SeriesIndex(self.symbols)
        self.samples: dict[int, tuple[list[int], list[float]]] = {}

    @contextmanager
    def querier(self, min_ms: int, max_ms: int) -> Iterator["MemoryQuerier"]:
        yield MemoryQuerier(self, min_ms, max_ms)

    def appender(self) -> "MemoryAppender":
        return MemoryAppender(self)

    def load(self, rows: Sequence[tuple[dict[str, str], Sequence[tuple[int, float]]]]) -> None:
        """Append samples of series given as label dictionaries."""
        appender = self.appender()
        refs = appender.series(LabelFrame.from_labels(self.symbols, [list(row.items()) for row, _ in rows]))
        for ref, (_, samples) in zip(refs, rows, strict=True):
            times, values = zip(*samples, strict=True) if samples else ((), ())
            appender.append(np.full(len(times), ref, np.uint64), np.array(times, np.int64), np.array(values))
        appender.commit()


class MemoryAppender:
    """Keeps what was appended until `commit`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._pending: list[tuple[int, int, float]] = []

    def series(self, labels: LabelFrame) -> np.ndarray:
        refs, _new = self._store.index.add(labels, len(self._store.index) + 1)
        return refs

    def append(self, refs: np.ndarray, timestamps_ms: np.ndarray, values: np.ndarray) -> np.ndarray:
        values = np.ascontiguousarray(values, dtype=np.float64)
        for ref, time, place in zip(refs.tolist(), timestamps_ms.tolist(), range(len(values)), strict=True):
            self._pending.append((ref, time, values[place : place + 1]))
        return np.zeros(len(refs), np.uint8)

    def metadata(self, refs: np.ndarray, entries: Sequence[Metadata]) -> None:
        pass

    def commit(self) -> CommitResult:
        for ref, time, value in self._pending:
            times, values = self._store.samples.setdefault(ref, ([], []))
            assert not times or times[-1] < time, "want rising times"
            times.append(time)
            values.append(value)
        count = len(self._pending)
        self._pending = []
        return CommitResult(count, np.full(count, Verdict.ACCEPTED, np.uint8))

    def rollback(self) -> None:
        self._pending = []


class MemoryQuerier:
    """A view of the store; it must not be asked for times outside its own."""

    def __init__(self, store: MemoryStore, min_ms: int, max_ms: int) -> None:
        self._store, self._min_ms, self._max_ms = store, min_ms, max_ms

    def select(self, matchers: Sequence[Matcher], hints: SelectHints) -> "MemorySeries":
        assert self._min_ms <= hints.min_ms, "the querier was opened for too short a time"
        assert hints.max_ms <= self._max_ms, "the querier was opened for too short a time"
        return MemorySeries(self._store, self._store.index.select(matchers), hints)

    def label_names(self, matchers: Sequence[Matcher]) -> list[str]:
        return self._store.index.label_names(matchers)

    def label_values(self, name: str, matchers: Sequence[Matcher]) -> list[str]:
        return self._store.index.label_values(name, matchers)


class MemorySeries:
    """What one selector found."""

    def __init__(self, store: MemoryStore, refs: np.ndarray, hints: SelectHints) -> None:
        self._store, self._refs, self._hints = store, refs, hints
        self.labels = store.index.labels(refs)

    def batches(self, samples_max: int) -> Iterator[tuple[slice, SeriesBatch]]:
        begin, times, values, offsets = 0, [], [], [0]
        for row in range(len(self._refs)):
            row_times, row_values = self._read(row)
            times.append(row_times)
            values.append(row_values)
            offsets.append(offsets[-1] + len(row_times))
            if offsets[-1] >= samples_max or row == len(self._refs) - 1:
                batch = SeriesBatch(
                    np.concatenate(times), np.concatenate(values), np.array(offsets, np.int64)
                )
                yield slice(begin, row + 1), batch
                begin, times, values, offsets = row + 1, [], [], [0]

    def latest(self, at_ms: int, lookback_ms: int) -> InstantColumn:
        count = len(self._refs)
        column = InstantColumn(np.zeros(count, np.int64), np.zeros(count), np.zeros(count, np.bool_))
        for row in range(count):
            times, values = self._read(row)
            inside = np.flatnonzero((times > at_ms - lookback_ms) & (times <= at_ms))
            if len(inside) and values[inside[-1:]].view(np.uint64)[0] != STALE_BITS:
                column.timestamps_ms[row] = times[inside[-1]]
                column.values[row] = values[inside[-1]]
                column.present[row] = True
        return column

    def _read(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        times, values = self._store.samples.get(int(self._refs[row]), ([], []))
        times = np.array(times, np.int64)
        values = np.concatenate(values) if values else np.empty(0)
        wanted = (times >= self._hints.min_ms) & (times <= self._hints.max_ms)
        return times[wanted], values[wanted]
