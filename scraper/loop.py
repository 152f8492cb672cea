"""One target's life: wait for its turn, ask, append, report; and say goodbye when it is gone for good.

    start --delay--> scrape --tick--> scrape ... --stop----> ended; another loop may take the memory over
                                             --remove--> farewell: markers at the tick after the last

A tick that comes while a scrape is running is dropped, not queued. Stopping never interrupts a running
scrape; only `abandon`, at shutdown, does.
"""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from model.durations import format_duration
from model.errors import CardinalError
from model.storage import Appendable, Appender
from scraper.append import SeriesMemory, count_refused
from scraper.clock import Clock
from scraper.errors import (
    BodyLimitError,
    ContentTypeError,
    LabelLimitError,
    SampleLimitError,
    ScrapeError,
    SeriesGoneError,
)
from scraper.failure_log import FailureLogs
from scraper.http import Answer, HttpClient
from scraper.job import ScrapeJob
from scraper.metrics import Distribution, ScrapeMetrics
from scraper.protocols import READABLE, accept_header, choose_format, readable
from scraper.schedule import NS_PER_MS, Alignment, first_delay_ns
from scraper.targets import Target
from scraper.totals import NO_TOTALS, Totals

logger = logging.getLogger(__name__)

INLINE_BYTES_MAX: Final = 1 << 20
"""Pages up to this size are parsed on the event loop: their 3 ms at most are not worth a hop to a thread."""


class Health(StrEnum):
    """What the last scrape says of a target."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


@dataclass(slots=True)
class TargetState:
    """A target as the API shows it."""

    target: Target
    health: Health = Health.UNKNOWN
    last_error: str = ""
    last_scrape_ms: int = 0  # 0 before the first.
    last_duration_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all loops of a process share."""

    store: Appendable
    metrics: ScrapeMetrics
    clock: Clock
    user_agent: str
    seed: int = 0
    executor: Executor | None = None  # Where large pages are parsed; the event loop's default if None.
    adjust_timestamps: bool = True
    timestamp_tolerance_ms: float = 2.0
    failures: FailureLogs = field(default_factory=FailureLogs)


class ScrapeLoop:
    """Scrapes one target of one job until it is stopped."""

    def __init__(
        self,
        target: Target,
        job: ScrapeJob,
        client: HttpClient,
        around: Surroundings,
        memory: SeriesMemory | None = None,
    ) -> None:
        self.state = TargetState(target)
        self.memory = memory or SeriesMemory(around.store, job, target.public_labels)
        self.forced_error: ScrapeError | None = None
        self._target = target
        self._job = job
        self._client = client
        self._around = around
        self._stopping = asyncio.Event()
        self._interval = format_duration(target.interval_ms)
        self._headers = request_headers(job, target, around.user_agent)
        self._alignment = Alignment(
            target.interval_ms,
            adjust=around.adjust_timestamps,
            tolerance_ms=around.timestamp_tolerance_ms,
        )
        self._last_start_ns: int | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to wait for the first turn."""
        self._task = asyncio.create_task(self._run(), name=f"scrape {self._target.url}")

    async def stop(self) -> None:
        """Scrape no more; returns once a running scrape has ended. Nothing goes stale."""
        self._stopping.set()
        if self._task is not None:
            await self._task

    async def remove(self) -> None:
        """Stop, and two ticks later mark everything stale: the target is gone for good."""
        await self.stop()
        if not self.memory.scraped:
            return
        never = asyncio.Event()
        first_tick_ns = self._next_tick_ns(self._around.clock.now_ns())
        interval_ns = self._target.interval_ms * NS_PER_MS
        wait_ns = first_tick_ns - self._around.clock.now_ns() + interval_ns + interval_ns // 10
        await self._around.clock.wait(never, wait_ns / 1e9)
        try:
            appender = self._around.store.appender()
            self.memory.append_end(appender, first_tick_ns // NS_PER_MS)
            appender.commit()
        except CardinalError:
            logger.exception("marking the series of %s stale", self._target.url)

    def metadata(self) -> list[tuple[str, str, str, str]]:
        """(family, type, help, unit) as the target told them last."""
        return self.memory.cache.metadata()

    def abandon(self) -> None:
        """Shutdown: even a running scrape ends now."""
        self._stopping.set()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        clock = self._around.clock
        now_ns = clock.now_ns()
        delay_ns = first_delay_ns(self._target.identity, self._around.seed, self._target.interval_ms, now_ns)
        tick_ns = now_ns + delay_ns
        self._alignment.follow(tick_ns)
        while not await clock.wait(self._stopping, (tick_ns - clock.now_ns()) / 1e9):
            try:
                await self.scrape()
            except Exception:  # A loop that dies would be a target that nobody watches any more.
                logger.exception("scraping %s", self._target.url)
            tick_ns = self._next_tick_ns(clock.now_ns(), tick_ns)

    def _next_tick_ns(self, now_ns: int, tick_ns: int | None = None) -> int:
        """The first tick after now; those that passed meanwhile are dropped."""
        interval_ns = self._target.interval_ms * NS_PER_MS
        tick_ns = tick_ns if tick_ns is not None else self._last_start_ns or now_ns
        return tick_ns + max((now_ns - tick_ns) // interval_ns + 1, 1) * interval_ns

    async def scrape(self) -> None:
        """One scrape, whatever comes of it."""
        clock, metrics = self._around.clock, self._around.metrics
        start_ns = clock.now_ns()
        if self._last_start_ns is not None:
            lengths = metrics.interval_length_seconds
            length = lengths.get(self._interval) or lengths.setdefault(self._interval, Distribution())
            length.observe((start_ns - self._last_start_ns) / 1e9)
        self._last_start_ns = start_ns
        start_ms = self._alignment.timestamp_ms(start_ns)
        answer, error = await self._ask()
        size = len(answer.body) if answer is not None else 0
        if size <= INLINE_BYTES_MAX:
            self._store(answer, error, start_ms, start_ns)
        else:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._around.executor, self._store, answer, error, start_ms, start_ns)

    async def _ask(self) -> tuple[Answer | None, ScrapeError | None]:
        if self.forced_error is not None:
            return None, self.forced_error
        target = self._target
        try:
            answer = await self._client.get(
                target.url,
                self._headers,
                target.timeout_ms / 1000,
                body_bytes_max=self._job.limits.body_size_bytes,
                unix_socket=target.unix_socket,
            )
            if answer.body:
                check_format(answer.content_type, self._job.fallback_scrape_protocol)
        except ScrapeError as error:
            return None, error
        return answer, None

    def _store(self, answer: Answer | None, error: ScrapeError | None, start_ms: int, start_ns: int) -> None:
        """Append page and report in one transaction; then the target's state tells of it."""
        appender, error, totals = self._append(answer, error, start_ms)
        seconds = (self._around.clock.now_ns() - start_ns) / 1e9
        try:
            self.memory.append_report(appender, start_ms, self._report(answer, error, totals, seconds))
            appender.commit()
        except CardinalError:
            logger.exception("committing the scrape of %s", self._target.url)
        self._tell(error, totals, start_ms, seconds)

    def _append(
        self, answer: Answer | None, error: ScrapeError | None, start_ms: int
    ) -> tuple[Appender, ScrapeError | None, Totals]:
        """A transaction with the page, or with the markers that a failed or empty one leaves."""
        store, totals = self._around.store, NO_TOTALS
        appender = store.appender()
        if answer is not None and answer.body:
            now_ms = self._around.clock.now_ns() // NS_PER_MS
            try:
                try:
                    return appender, None, self.memory.append_page(appender, answer.body, start_ms, now_ms)
                except SeriesGoneError:  # Their lines are new now; once more, and they are series again.
                    appender.rollback()
                    appender = store.appender()
                    return appender, None, self.memory.append_page(appender, answer.body, start_ms, now_ms)
            except ScrapeError as failure:
                appender.rollback()
                appender = store.appender()
                error, totals = failure, failure.totals
        self.memory.append_nothing(appender, start_ms)
        return appender, error, totals

    def _report(
        self, answer: Answer | None, error: ScrapeError | None, totals: Totals, seconds: float
    ) -> list[float]:
        size = -1 if isinstance(error, BodyLimitError) else len(answer.body) if answer is not None else 0
        return [
            0.0 if error else 1.0,
            seconds,
            totals.samples,
            totals.kept,
            totals.added,
            self._target.timeout_ms / 1000,
            self._job.limits.samples,
            size,
        ]

    def _tell(self, error: ScrapeError | None, totals: Totals, start_ms: int, seconds: float) -> None:
        state, metrics = self.state, self._around.metrics
        state.health = Health.DOWN if error else Health.UP
        state.last_error = str(error) if error else ""
        state.last_scrape_ms, state.last_duration_seconds = start_ms, seconds
        metrics.scrapes_exceeded_body_size_limit_total += isinstance(error, BodyLimitError)
        metrics.scrapes_exceeded_sample_limit_total += isinstance(error, SampleLimitError)
        metrics.scrape_pool_exceeded_label_limits_total += isinstance(error, LabelLimitError)
        count_refused(metrics, totals.refused)
        if self._job.extra_scrape_metrics:
            metrics.scrape_duration_seconds.observe(seconds)
        if error:
            logger.debug("scrape of %s failed: %s", self._target.url, error)
            self._log_failure(state.last_error)

    def _log_failure(self, message: str) -> None:
        path, now_ns = self._job.scrape_failure_log_file, self._around.clock.now_ns()
        try:
            self._around.failures.write(path, self._job.job_name, self._target.url, message, now_ns)
        except OSError:
            logger.exception("writing to scrape_failure_log_file %s", path)


def request_headers(job: ScrapeJob, target: Target, user_agent: str) -> Mapping[str, str]:
    """What every request of a target says; only formats that have a parser are offered."""
    return {
        "User-Agent": user_agent,
        "Accept": accept_header(readable(job.scrape_protocols), job.escaping_scheme),
        "Accept-Encoding": "gzip" if job.enable_compression else "identity",
        "X-Prometheus-Scrape-Timeout-Seconds": f"{target.timeout_ms / 1000:f}".rstrip("0").rstrip("."),
    }


def check_format(content_type: str, fallback: str) -> None:
    """Refuse a page that no parser reads.

    Raises:
        ContentTypeError: its format is unknown, or not built.
    """
    page_format = choose_format(content_type, fallback)
    if page_format not in READABLE:
        wanted = ", ".join(READABLE)
        raise ContentTypeError(f'want a page in {wanted}, got {page_format} (Content-Type "{content_type}")')
