"""A store that keeps everything in dictionaries: the readable twin of what the collector hands samples to."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kernels import LabelFrame, Symbols
from model.labels import Labels
from model.samples import STALE_BITS
from model.storage import CommitResult, Metadata, Verdict

Samples = list[tuple[int, float]]
STALE_TEXT = "stale"


class MemoryStore:
    def __init__(self) -> None:
        self.symbols = Symbols()
        self.refs: dict[Labels, int] = {}
        self.samples: dict[int, Samples] = {}
        self.next_ref = 1
        self.commits = 0

    def appender(self) -> "MemoryAppender":
        return MemoryAppender(self)

    def ref(self, labels: Labels) -> int:
        if labels not in self.refs:
            self.refs[labels] = self.next_ref
            self.next_ref += 1
        return self.refs[labels]

    def forget(self, name: str) -> None:
        """Drop the series of one metric, as a store does with what has no samples left."""
        for labels in [labels for labels in self.refs if dict(labels)["__name__"] == name]:
            self.samples.pop(self.refs.pop(labels), None)

    def series(self, **wanted: str) -> dict[Labels, Samples]:
        """Series that have the given labels (`name` is the metric's), staleness markers shown as text."""
        if "name" in wanted:
            wanted["__name__"] = wanted.pop("name")
        return {
            labels: [(t, shown(value)) for t, value in self.samples[ref]]
            for labels, ref in self.refs.items()
            if wanted.items() <= dict(labels).items() and self.samples.get(ref)
        }

    def values(self, **wanted: str) -> list:
        """The values of the only series with the given labels."""
        found = self.series(**wanted)
        assert len(found) == 1, f"want one series of {wanted}, got {list(found)}"
        return [value for _, value in next(iter(found.values()))]


def shown(value: float) -> float | str:
    return STALE_TEXT if np.float64(value).view(np.uint64) == STALE_BITS else float(value)


class MemoryAppender:
    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.pending: list[tuple[int, int, float]] = []
        self.newest: dict[int, tuple[int, float]] = {}
        self.verdicts: list[int] = []

    def series(self, labels: LabelFrame) -> NDArray[np.uint64]:
        return np.array([self.store.ref(row) for row in labels.rows()], dtype=np.uint64)

    def append(self, refs, timestamps_ms, values) -> NDArray[np.uint8]:
        verdicts = []
        known = set(self.store.refs.values())
        assert self.store.next_ref > max(refs.tolist(), default=0), "want refs that series() gave"
        for ref, t, value in zip(refs.tolist(), timestamps_ms.tolist(), values, strict=True):
            verdict = self.verdict(ref, t, value) if ref in known else Verdict.UNKNOWN_SERIES
            verdicts.append(verdict)
            if verdict is Verdict.ACCEPTED:
                self.pending.append((ref, t, value))
                self.newest[ref] = (t, value)
        self.verdicts += verdicts
        return np.array(verdicts, dtype=np.uint8)

    def verdict(self, ref: int, t: int, value: np.float64) -> Verdict:
        stored = self.store.samples.get(ref, [(t - 1, 0.0)])
        newest_t, newest = self.newest.get(ref, stored[-1])
        if newest_t < t:
            return Verdict.ACCEPTED
        if newest_t > t:
            return Verdict.OUT_OF_ORDER
        same = np.float64(newest).view(np.uint64) == value.view(np.uint64)
        return Verdict.UNCHANGED if same else Verdict.DUPLICATE

    def metadata(self, refs, entries: Sequence[Metadata]) -> None:
        raise NotImplementedError

    def commit(self) -> CommitResult:
        for ref, t, value in self.pending:
            self.store.samples.setdefault(ref, []).append((t, value))
        self.store.commits += 1
        return CommitResult(len(self.pending), np.array(self.verdicts, dtype=np.uint8))

    def rollback(self) -> None:
        self.pending, self.newest = [], {}
