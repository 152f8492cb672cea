"""What the collector counts of itself; the server shows it under Prometheus' names."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

RECENT_MAX: Final = 1_024
BUCKETS: Final = (0.01, 0.1, 1.0, 10.0)
QUANTILES: Final = (0.01, 0.05, 0.5, 0.9, 0.99)


@dataclass(slots=True)
class Distribution:
    """Observations in seconds: count, sum, how many lie under each bound, and the latest themselves."""

    count: int = 0
    sum_seconds: float = 0.0
    under: list[int] = field(default_factory=lambda: [0] * len(BUCKETS))  # Cumulative, as `le` wants it.
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT_MAX))

    def observe(self, seconds: float) -> None:
        """Add one."""
        self.count += 1
        self.sum_seconds += seconds
        self.recent.append(seconds)
        for place, bound in enumerate(BUCKETS):
            self.under[place] += seconds <= bound

    def quantiles(self, wanted: Sequence[float] = QUANTILES) -> dict[float, float]:
        """Nearest-rank quantiles of the latest observations; NaN before the first."""
        ordered = sorted(self.recent)
        if not ordered:
            return dict.fromkeys(wanted, float("nan"))
        return {q: ordered[min(int(q * len(ordered)), len(ordered) - 1)] for q in wanted}


@dataclass(slots=True)
class ScrapeMetrics:
    """One per process; field x is `prometheus_target_x`, keyed by job or interval where it has a label."""

    interval_length_seconds: dict[str, Distribution] = field(default_factory=dict)
    reload_length_seconds: dict[str, Distribution] = field(default_factory=dict)
    sync_length_seconds: dict[str, Distribution] = field(default_factory=dict)
    sync_failed_total: Counter[str] = field(default_factory=Counter)
    scrape_pools_total: int = 0
    scrape_pools_failed_total: int = 0
    scrape_pool_reloads_total: int = 0
    scrape_pool_reloads_failed_total: int = 0
    scrape_pool_sync_total: Counter[str] = field(default_factory=Counter)
    scrape_pool_targets: dict[str, int] = field(default_factory=dict)
    scrape_pool_target_limit: dict[str, int] = field(default_factory=dict)
    scrape_pool_exceeded_target_limit_total: int = 0
    scrape_pool_exceeded_label_limits_total: int = 0
    scrapes_exceeded_body_size_limit_total: int = 0
    scrapes_exceeded_sample_limit_total: int = 0
    scrapes_exceeded_native_histogram_bucket_limit_total: int = 0
    scrapes_cache_flush_forced_total: int = 0
    scrapes_sample_duplicate_timestamp_total: int = 0
    scrapes_sample_out_of_order_total: int = 0
    scrapes_sample_out_of_bounds_total: int = 0
    scrapes_exemplar_out_of_order_total: int = 0
    scrape_duration_seconds: Distribution = field(default_factory=Distribution)

    def forget_job(self, job_name: str) -> None:
        """A job is gone, and with it what is shown of it."""
        for table in (
            self.sync_length_seconds,
            self.sync_failed_total,
            self.scrape_pool_sync_total,
            self.scrape_pool_targets,
            self.scrape_pool_target_limit,
        ):
            table.pop(job_name, None)
