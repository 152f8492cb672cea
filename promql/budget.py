"""What a running question may use: samples held at once, time, and somebody's patience.

Held samples follow the stack of evaluation: an operator's operands are held while it works and are free once
its result stands in their place.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

from model.errors import QueryCanceledError, QueryLimitError, QueryTimeoutError

BATCH_SAMPLES = 128 * 1024
CELLS_PER_SAMPLE = 8
"""How sparse a matrix may be: series that come and go leave most of their cells empty."""

TOO_MANY_SAMPLES = "query processing would load too many samples into memory in query execution"


class Budget:
    """Counts what one question holds and stops it when it must stop."""

    def __init__(
        self, samples_max: int, deadline_s: float, clock: Callable[[], float], cancel: Event | None = None
    ) -> None:
        """`deadline_s` is on `clock`; `cancel` is set by whoever no longer wants the answer."""
        self._samples_max = samples_max
        self._deadline_s = deadline_s
        self._clock = clock
        self._cancel = cancel
        self.held = 0
        self.peak = 0
        self.read = 0

    def check(self) -> None:
        """
        Raises:
            QueryTimeoutError: the deadline passed.
            QueryCanceledError: nobody waits any more.
        """
        if self._cancel is not None and self._cancel.is_set():
            raise QueryCanceledError("query was canceled in expression evaluation")
        if self._clock() >= self._deadline_s:
            raise QueryTimeoutError("query timed out in expression evaluation")

    def hold(self, samples: int) -> None:
        """
        Raises:
            QueryLimitError: more than `--query.max-samples` would be held at once.
        """
        self.held += samples
        self.peak = max(self.peak, self.held)
        if self.held > self._samples_max:
            raise QueryLimitError(TOO_MANY_SAMPLES)

    def allow_cells(self, series: int, steps: int) -> None:
        """Absent cells of a matrix take room too: ask before it is made.

        Raises:
            QueryLimitError: even mostly empty, the matrix is too large.
        """
        if max(series, 1) * steps > CELLS_PER_SAMPLE * self._samples_max:
            raise QueryLimitError(TOO_MANY_SAMPLES)

    def batch_samples(self) -> int:
        """How many raw samples to ask for at once; stores may give one series more than that."""
        return max(1, min(BATCH_SAMPLES, (self._samples_max - self.held) // 2))

    @contextmanager
    def holding(self, samples: int) -> Iterator[None]:
        """Raw samples that are held only while they are looked at."""
        self.read += samples
        self.hold(samples)
        try:
            yield
        finally:
            self.held -= samples
