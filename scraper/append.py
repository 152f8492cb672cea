"""One scrape becomes one transaction.

What the page says is parsed by one kernel call, new series pass target labels, relabelling and limits as one
frame, samples are appended in one call, and the report goes into the same transaction: a scrape is visible
whole or not at all. A page that fails leaves nothing but staleness markers and its report.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kernels import ExpositionError, LabelFrame, ScrapeCache, ScrapePage
from model.errors import AppendError
from model.labels import METRIC_NAME, Labels
from model.relabel import relabel
from model.samples import STALE
from model.storage import Appendable, Appender, Verdict
from scraper.errors import LabelLimitError, PageError, SampleLimitError, ScrapeError, SeriesGoneError
from scraper.http_response import Body
from scraper.job import ScrapeJob
from scraper.labels import check_series, with_target_labels
from scraper.metrics import ScrapeMetrics
from scraper.totals import NONE_REFUSED, Totals

FUTURE_MAX_MS: Final = 10 * 60_000
REPORT_NAMES: Final = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)
_UNKNOWN_SERIES: Final = int(Verdict.UNKNOWN_SERIES)
NO_REFS: Final = np.empty(0, dtype=np.uint64)
NO_ROWS: Final = np.empty(0, dtype=np.int64)
EXTRA_REPORT_NAMES: Final = ("scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes")


class _GoneError(Exception):
    def __init__(self, refs: NDArray[np.uint64]) -> None:
        super().__init__(f"{len(refs)} refs")
        self.refs = refs


class SeriesMemory:
    """What must survive from scrape to scrape of one target, and from loop to loop of one job."""

    def __init__(self, store: Appendable, job: ScrapeJob, labels: Labels) -> None:
        self.cache = ScrapeCache(store.symbols)
        self.scraped = False  # Whether there is anything that could go stale.
        self.job = job  # A reload may change it for one that reads pages the same way.
        self.labels = labels
        names = REPORT_NAMES + (EXTRA_REPORT_NAMES if job.extra_scrape_metrics else ())
        self._report_refs: NDArray[np.uint64] | None = None  # As the store gave them first.
        self._report = LabelFrame.from_labels(
            store.symbols, [[*labels, (METRIC_NAME, name)] for name in names]
        )

    def append_page(self, appender: Appender, body: Body, start_ms: int, now_ms: int) -> Totals:
        """Everything the page says, and markers for what it no longer says.

        Raises:
            ScrapeError: the page cannot stand; the transaction must be rolled back.
        """
        job = self.job
        try:
            page = self.cache.parse(
                body,
                start_ms,
                honor_timestamps=job.honor_timestamps,
                track_timestamps=job.track_timestamps_staleness,
            )
        except ExpositionError as error:
            raise _after(PageError(error.args[0]), samples=error.args[1]) from None
        labels, rows = self._relabelled(page)
        kept = page.kept + len(rows)
        stored = len(page.refs) + len(rows)
        limit = job.limits.samples
        if limit and stored > limit:
            raise _after(SampleLimitError(), page.samples, kept, added=min(len(rows), limit))
        try:
            new_refs = self._refs_of(labels, appender)
        except (LabelLimitError, PageError) as error:
            raise _after(error, page.samples, kept) from None
        except AppendError as error:
            raise _after(PageError(str(error)), page.samples, kept) from error
        try:
            added, refused = _append_samples(appender, page, new_refs, rows, now_ms)
        except _GoneError as error:
            self.cache.forget(error.refs)
            raise _after(SeriesGoneError("the store forgot series that the page still has")) from None
        if page.duplicates:
            counts = [*refused]
            counts[Verdict.DUPLICATE] += page.duplicates
            refused = counts
        all_new = new_refs
        if len(rows) < len(page.labels):
            all_new = np.zeros(len(page.labels), dtype=np.uint64)
            all_new[rows] = new_refs
        self._append_stale(appender, self.cache.accept(all_new), start_ms)
        self.scraped = True
        return Totals(page.samples, kept, added, refused)

    def _relabelled(self, page: ScrapePage) -> tuple[LabelFrame, NDArray[np.int64]]:
        if not len(page.labels):
            return page.labels, NO_ROWS
        labels = with_target_labels(
            page.labels, self.labels, honor_labels=self.job.honor_labels, suppressed=page.suppressed
        )
        result = relabel(self.job.metric_relabel_rules, labels)
        bare = result.labels.counts() == 0
        if not bare.any():
            return result.labels, result.rows
        dressed = np.flatnonzero(~bare).astype(np.int64)
        return result.labels.take(dressed), result.rows[dressed]

    def _refs_of(self, labels: LabelFrame, appender: Appender) -> NDArray[np.uint64]:
        if not len(labels):
            return NO_REFS
        check_series(labels, self.job.limits, self.job.name_scheme)
        return appender.series(labels)

    def append_nothing(self, appender: Appender, start_ms: int) -> None:
        """No page, or none that could stand: everything tracked goes stale."""
        self._append_stale(appender, self.cache.reject(), start_ms)

    def append_report(self, appender: Appender, start_ms: int, values: Sequence[float]) -> None:
        """The scrape's own samples; `values` in the order of the names."""
        if self._report_refs is None:
            self._report_refs = appender.series(self._report)
        refs = self._report_refs
        timestamps_ms = np.empty(len(refs), dtype=np.int64)
        timestamps_ms.fill(start_ms)
        report = np.array(values[: len(refs)], dtype=np.float64)
        verdicts = appender.append(refs, timestamps_ms, report)
        if verdicts.max() == _UNKNOWN_SERIES:  # The store forgot them, as it may while nobody scrapes.
            unknown = verdicts == _UNKNOWN_SERIES
            self._report_refs = appender.series(self._report)
            appender.append(self._report_refs[unknown], timestamps_ms[unknown], report[unknown])
        self.scraped = True

    def append_end(self, appender: Appender, at_ms: int) -> None:
        """The target is gone for good: its series and its report go stale."""
        self._append_stale(appender, self.cache.reject(), at_ms)
        self._append_stale(appender, appender.series(self._report), at_ms)

    @staticmethod
    def _append_stale(appender: Appender, refs: NDArray[np.uint64], at_ms: int) -> None:
        if len(refs):
            appender.append(refs, np.full(len(refs), at_ms, dtype=np.int64), np.full(len(refs), STALE))


def _append_samples(
    appender: Appender, page: ScrapePage, new_refs: NDArray[np.uint64], rows: NDArray[np.int64], now_ms: int
) -> tuple[int, Sequence[int]]:
    """Append known and new samples; how many new series were stored, and the samples refused by verdict.

    Raises:
        _GoneError: the store does not know some of the refs any more.
    """
    known = len(page.refs)
    refs, timestamps_ms, values = page.refs, page.timestamps_ms, page.values
    if len(page.labels):
        refs = np.concatenate([refs, new_refs])
        places = np.concatenate([np.arange(known, dtype=np.int64), known + rows])
        timestamps_ms, values = timestamps_ms[places], values[places]
    latest_ms = now_ms + FUTURE_MAX_MS
    if timestamps_ms.max(initial=now_ms) <= latest_ms:
        verdicts = appender.append(refs, timestamps_ms, values)
    else:
        near = timestamps_ms <= latest_ms
        verdicts = np.full(len(refs), Verdict.OUT_OF_BOUNDS, dtype=np.uint8)
        verdicts[near] = appender.append(refs[near], timestamps_ms[near], values[near])
    if not verdicts.any():  # As nearly always: there is nothing to count.
        return len(refs) - known, NONE_REFUSED
    counts = np.bincount(verdicts, minlength=len(Verdict)).tolist()
    if counts[Verdict.UNKNOWN_SERIES]:
        raise _GoneError(refs[verdicts == Verdict.UNKNOWN_SERIES])
    new = verdicts[known:]
    added = np.count_nonzero((new == Verdict.ACCEPTED) | (new == Verdict.UNCHANGED))
    return int(added), counts


def _after(error: ScrapeError, samples: int = 0, kept: int = 0, added: int = 0) -> ScrapeError:
    error.totals = Totals(samples, kept, added)
    return error


def count_refused(metrics: ScrapeMetrics, refused: Sequence[int]) -> None:
    """Add what the store refused to the counters."""
    if refused is NONE_REFUSED:
        return
    metrics.scrapes_sample_out_of_order_total += refused[Verdict.OUT_OF_ORDER]
    metrics.scrapes_sample_duplicate_timestamp_total += refused[Verdict.DUPLICATE]
    metrics.scrapes_sample_out_of_bounds_total += refused[Verdict.OUT_OF_BOUNDS] + refused[Verdict.TOO_OLD]
