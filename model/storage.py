"""What the question asks of the store, and what the collector hands to it.

`tsdb` implements these, `promql` and `scraper` use them, `server` joins the three. A querier is a snapshot:
what was
committed when it was opened is visible whole, what came later is not.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kernels import LabelFrame, Matcher, Symbols
from model.samples import InstantColumn, SeriesBatch


class Verdict(IntEnum):
    """What the store says of one sample; the numbers up to 5 are those of `kernels.OpenChunks.check`."""

    ACCEPTED = 0
    OUT_OF_ORDER = 1
    DUPLICATE = 2  # The same timestamp with another value.
    OUT_OF_BOUNDS = 3
    TOO_OLD = 4  # Outside the out-of-order window.
    UNCHANGED = 5  # Equal to the newest sample; silently dropped.
    UNKNOWN_SERIES = 6  # The store forgot this ref, or never gave it: ask `Appender.series` again.


@dataclass(frozen=True, slots=True)
class SelectHints:
    """What the question will do with what it selects; a store may ignore all of it."""

    min_ms: int  # Samples are wanted in [min_ms, max_ms].
    max_ms: int
    function: str = ""  # The function or aggregation directly above, "series" when only labels are wanted.
    step_ms: int = 0
    range_ms: int = 0
    limit: int = 0  # At most so many series; 0 is no limit.


class SeriesSet(Protocol):
    """The series that one selector found: their labels now, their samples on demand."""

    @property
    def labels(self) -> LabelFrame:
        """One row per series."""
        ...

    def batches(self, samples_max: int) -> Iterator[tuple[slice, SeriesBatch]]:
        """Rows of `labels` in order and their samples, about `samples_max` at a time and at least one
        series.
        """
        ...

    def latest(self, at_ms: int, lookback_ms: int) -> InstantColumn:
        """The newest sample of every series in (at_ms - lookback_ms, at_ms]."""
        ...


class Querier(Protocol):
    """One consistent view of the store over one time range."""

    def select(self, matchers: Sequence[Matcher], hints: SelectHints) -> SeriesSet:
        """The series that satisfy every matcher."""
        ...

    def label_names(self, matchers: Sequence[Matcher]) -> list[str]:
        """In byte order."""
        ...

    def label_values(self, name: str, matchers: Sequence[Matcher]) -> list[str]:
        """In byte order."""
        ...


class Queryable(Protocol):
    """Something that can be questioned."""

    @property
    def symbols(self) -> Symbols:
        """The table that every frame of this store uses."""
        ...

    def querier(self, min_ms: int, max_ms: int) -> AbstractContextManager[Querier]:
        """A snapshot to question; given back when the context ends."""
        ...


class MetricKind(IntEnum):
    """Metric types; the numbers are those of metadata records in the log."""

    UNKNOWN = 0
    COUNTER = 1
    GAUGE = 2
    HISTOGRAM = 3
    GAUGEHISTOGRAM = 4
    SUMMARY = 5
    INFO = 6
    STATESET = 7


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a target says of one metric family."""

    kind: MetricKind = MetricKind.UNKNOWN
    help: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of one transaction."""

    samples: int  # Stored, staleness markers included.
    verdicts: NDArray[np.uint8] = field(repr=False)  # [given to `append`]: a `Verdict` each, in that order.


class Appender(Protocol):
    """One transaction. Nothing of it is visible before `commit`; series it created stay after `rollback`."""

    def series(self, labels: LabelFrame) -> NDArray[np.uint64]:
        """The ref of each row, created where unknown.

        Raises:
            AppendError: a row without labels.
        """
        ...

    def append(
        self,
        refs: NDArray[np.uint64],
        timestamps_ms: NDArray[np.int64],
        values: NDArray[np.float64],
    ) -> NDArray[np.uint8]:
        """Add samples in this order; what the store says of each (`Verdict`) as of now. Refused ones are left
        out.
        """
        ...

    def metadata(self, refs: NDArray[np.uint64], entries: Sequence[Metadata]) -> None:
        """What the target says of the families of these series."""
        ...

    def commit(self) -> CommitResult:
        """Log, then publish.

        Raises:
            StorageError: the log could not be written; nothing was stored.
        """
        ...

    def rollback(self) -> None:
        """Give up; nothing of the samples is stored."""
        ...


class Appendable(Protocol):
    """Something that takes samples."""

    @property
    def symbols(self) -> Symbols:
        """The table that every frame of this store uses."""
        ...

    def appender(self) -> Appender:
        """Begin a transaction."""
        ...
