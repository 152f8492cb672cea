"""One transaction on the head: what `model.storage.Appender` promises."""

import logging
from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from kernels import LabelFrame
from model.errors import AppendError, StorageError
from model.storage import CommitResult, Metadata, Verdict
from tsdb.head import NO_SAMPLES, Head, Samples

_LOG = logging.getLogger(__name__)

# As plain numbers: to look up a member of an enumeration, or to compare it with an array, is slow.
_ACCEPTED: Final = int(Verdict.ACCEPTED)
_OUT_OF_BOUNDS: Final = int(Verdict.OUT_OF_BOUNDS)
_UNKNOWN_SERIES: Final = int(Verdict.UNKNOWN_SERIES)


@final
class HeadAppender:
    """Collects samples; `commit` logs and publishes them. For one thread; it keeps the arrays it is given."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._oldest_valid_ms: int | None = None  # Taken with the first sample, and the same for all of them.
        self._accepted: list[Samples] = []
        self._verdicts: list[NDArray[np.uint8]] = []
        self._metadata: dict[int, Metadata] = {}
        self._has_refused = False
        self._forgettings = head.forgettings
        self._open = True
        head.count_appender(opened=True)

    def series(self, labels: LabelFrame) -> NDArray[np.uint64]:
        """The ref of each row, created where unknown.

        Raises:
            AppendError: a row without labels.
        """
        return self._head.series(labels)

    def append(
        self,
        refs: NDArray[np.uint64],
        timestamps_ms: NDArray[np.int64],
        values: NDArray[np.float64],
    ) -> NDArray[np.uint8]:
        """Add samples in this order; a `Verdict` for each as of now. Refused ones are left out.

        Raises:
            AppendError: the arrays differ in length, or the transaction is over.
        """
        self._want_open()
        samples = Samples(refs, timestamps_ms, values)
        if not len(refs) == len(timestamps_ms) == len(values):
            raise AppendError(
                f"samples: want arrays of one length, got {len(refs)} refs, "
                f"{len(timestamps_ms)} times, {len(values)} values"
            )
        if not len(refs):
            return np.empty(0, dtype=np.uint8)
        verdicts = self._check(samples)
        if verdicts.any():
            self._has_refused = True
            samples = samples.take(verdicts == _ACCEPTED)
        self._accepted.append(samples)
        self._verdicts.append(verdicts)
        return verdicts

    def _check(self, samples: Samples) -> NDArray[np.uint8]:
        """Most samples are of series that have some already, so the kernel alone can speak of them."""
        oldest_ms = self._oldest_valid_ms
        if oldest_ms is None:
            oldest_ms = self._oldest_valid_ms = self._head.oldest_valid_ms(int(samples.timestamps_ms[0]))
        verdicts = self._head.chunks.check(samples.refs, samples.timestamps_ms, samples.values, oldest_ms)
        if not verdicts.any():
            return verdicts
        rows = np.flatnonzero(verdicts == _UNKNOWN_SERIES)
        rows = rows[self._head.refs.contains(samples.refs[rows])]
        in_time = samples.timestamps_ms[rows] >= oldest_ms
        verdicts[rows] = np.where(in_time, _ACCEPTED, _OUT_OF_BOUNDS)
        return verdicts

    def metadata(self, refs: NDArray[np.uint64], entries: Sequence[Metadata]) -> None:
        """What is said of the metrics of these series; only what is news to the head is logged."""
        self._want_open()
        known = self._head.metadata_of(refs)
        told = zip(refs.tolist(), entries, known, strict=True)
        self._metadata.update({ref: entry for ref, entry, before in told if entry != before})

    def commit(self) -> CommitResult:
        """Log, then publish.

        Raises:
            StorageError: the log could not be written; nothing was stored.
        """
        self._end()
        samples = _joined(self._accepted)
        checked = np.concatenate(self._verdicts) if self._has_refused else None
        applied = self._head.commit(samples, self._metadata, checked, self._forgettings)
        stored = len(applied) - int(np.count_nonzero(applied))
        if checked is None:
            return CommitResult(stored, applied)
        checked[checked == _ACCEPTED] = applied
        return CommitResult(stored, checked)

    def rollback(self) -> None:
        """Forget the samples; the series stay, and are logged."""
        self._end()
        try:
            self._head.log_births()
        except StorageError as error:  # The next commit that succeeds logs them.
            _LOG.warning("rolling back: %s", error)

    def _end(self) -> None:
        self._want_open()
        self._open = False
        self._head.count_appender(opened=False)

    def _want_open(self) -> None:
        if not self._open:
            raise AppendError("transaction: want an open one, got one that was committed or rolled back")


def _joined(parts: list[Samples]) -> Samples:
    if len(parts) == 1:
        return parts[0]
    parts = parts or [NO_SAMPLES]
    return Samples(
        np.concatenate([part.refs for part in parts]),
        np.concatenate([part.timestamps_ms for part in parts]),
        np.concatenate([part.values for part in parts]),
    )
