"""Cardinal's own metrics, under Prometheus' names.

What other parts count in plain numbers is read when somebody asks for `/metrics`; only what belongs to HTTP and to
questions is counted here.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client import Counter as CounterMetric
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import choose_encoder

from scraper.discovery.manager import DiscoveryMetrics
from scraper.metrics import BUCKETS, Distribution, ScrapeMetrics
from server.version import CARDINAL_VERSION, build_information
from tsdb.counters import DurationSum
from tsdb.database import Database

OURS = {
    "duplicate_samples_total": "cardinal_duplicate_samples_total",
    "wal_records_skipped": "cardinal_wal_records_skipped_total",
}
JOB_LABELS = {"interval_length_seconds": "interval", "reload_length_seconds": "interval"}


class SelfMetrics:
    """The registry, and the few metrics that are counted here."""

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = CounterMetric(
            "prometheus_http_requests", "HTTP requests.", ["handler", "code"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "prometheus_http_request_duration_seconds",
            "Time until an HTTP request was answered.",
            ["handler"],
            buckets=(0.1, 0.2, 0.4, 1, 3, 8, 20, 60, 120),
            registry=self.registry,
        )
        self.ready = False
        self.config_successful = True
        self.config_success_s = 0.0
        self.registry.register(_Collector(self._own))

    def collect_from(self, source: Callable[[], Iterable[Metric]]) -> None:
        """Show what `source` gives from now on."""
        self.registry.register(_Collector(source))

    def render(self, accept: str) -> tuple[bytes, str]:
        """The page in the format that `accept` prefers, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def _own(self) -> Iterator[Metric]:
        names = ["branch", "goversion", "revision", "version", "cardinal_version"]
        build = build_information()
        info = GaugeMetricFamily("prometheus_build_info", "What is running.", labels=names)
        info.add_metric(
            [build["branch"], build["goVersion"], build["revision"], build["version"], CARDINAL_VERSION], 1
        )
        yield info
        yield _gauge("prometheus_ready", "Whether questions are answered.", self.ready)
        yield _gauge(
            "prometheus_config_last_reload_successful", "How the last reload went.", self.config_successful
        )
        yield _gauge(
            "prometheus_config_last_reload_success_timestamp_seconds",
            "When a configuration was last taken.",
            self.config_success_s,
        )


class _Collector:
    """Adapts a function to prometheus_client's registry."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self.collect = collect

    def describe(self) -> Iterable[Metric]:
        return ()


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=float(value))


def _counter(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(name.removesuffix("_total"), help_text, value=float(value))


def _by_label(name: str, help_text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family: Metric
    kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    family = kind(
        name.removesuffix("_total") if kind is CounterMetricFamily else name, help_text, labels=[label]
    )
    for key, value in values:
        family.add_metric([key], float(value))
    return family


def store_metrics(database: Database) -> Iterator[Metric]:
    """`prometheus_tsdb_*`: the store's counters, and its state now."""
    for name, value in database.counters.snapshot().items():
        full = OURS.get(name, f"prometheus_tsdb_{name}")
        text = f"The store's {name.removesuffix('_total').replace('_', ' ')}."
        match value:
            case Counter():
                label = "compression" if "bytes_saved" in name else "type"
                yield _by_label(full, text, label, value.items())
            case DurationSum():
                yield SummaryMetricFamily(full, text, count_value=value.count, sum_value=value.seconds)
            case _ if name.endswith("_total"):
                yield _counter(full, text, value)
            case _:
                yield _gauge(full, text, value)
    statistics = database.statistics(0)
    state = {
        "head_series": statistics.series,
        "head_chunks": statistics.chunks,
        "head_min_time": statistics.min_ms,
        "head_max_time": statistics.max_ms,
        "head_min_time_seconds": statistics.min_ms // 1000,
        "head_max_time_seconds": statistics.max_ms // 1000,
        "lowest_timestamp": statistics.min_ms,
        "lowest_timestamp_seconds": statistics.min_ms // 1000,
        "wal_storage_size_bytes": database.log_bytes(),
        "head_chunks_storage_size_bytes": database.chunk_file_bytes(),
    }
    for name, value in state.items():
        yield _gauge(f"prometheus_tsdb_{name}", f"The store's {name.replace('_', ' ')} now.", value)


def scrape_metrics(metrics: ScrapeMetrics) -> Iterator[Metric]:
    """`prometheus_target_*`."""
    for each in fields(metrics):
        name, value = f"prometheus_target_{each.name}", getattr(metrics, each.name)
        text = f"The collector's {each.name.removesuffix('_total').replace('_', ' ')}."
        match value:
            case Distribution():
                yield _histogram(name, text, value)
            case dict() if each.name.endswith("_length_seconds"):
                yield from _distributions(name, text, JOB_LABELS.get(each.name, "scrape_job"), value)
            case dict():
                yield _by_label(name, text, "scrape_job", value.items())
            case _:
                yield _counter(name, text, value)


def _histogram(name: str, text: str, value: Distribution) -> Metric:
    buckets = [(f"{bound:g}", float(n)) for bound, n in zip(BUCKETS, value.under, strict=True)]
    return HistogramMetricFamily(name, text, [*buckets, ("+Inf", float(value.count))], value.sum_seconds)


def _distributions(name: str, text: str, label: str, values: dict[str, Distribution]) -> Iterator[Metric]:
    """A summary with quantiles for each key, as dashboards know it."""
    family = Metric(name, text, "summary")
    for key, value in tuple(values.items()):
        for q, seconds in value.quantiles().items():
            family.add_sample(name, {label: key, "quantile": f"{q:g}"}, seconds)
        family.add_sample(f"{name}_sum", {label: key}, value.sum_seconds)
        family.add_sample(f"{name}_count", {label: key}, value.count)
    yield family


def discovery_metrics(metrics: DiscoveryMetrics) -> Iterator[Metric]:
    """`prometheus_sd_*` of the scrape manager."""
    targets = GaugeMetricFamily(
        "prometheus_sd_discovered_targets", "Targets found.", labels=["name", "config"]
    )
    for job, count in metrics.discovered_targets.items():
        targets.add_metric(["scrape", job], count)
    yield targets
    yield _by_label(
        "prometheus_sd_failed_configs",
        "Mechanisms that did not start.",
        "name",
        [("scrape", metrics.failed_configs)],
    )
    yield _by_label(
        "prometheus_sd_received_updates_total",
        "Updates received.",
        "name",
        [("scrape", metrics.received_updates_total)],
    )
    yield _by_label(
        "prometheus_sd_updates_total", "Updates passed on.", "name", [("scrape", metrics.updates_total)]
    )


class QueryMetrics:
    """`prometheus_engine_*`: counted by whoever asks the engine."""

    def __init__(self, concurrent_max: int) -> None:
        self.running = 0
        self.duration = DurationSum()
        self._concurrent_max = concurrent_max

    def begin(self) -> float:
        """Count a question in; give back what `end` wants."""
        self.running += 1
        return time.monotonic()

    def end(self, began_s: float) -> None:
        """Count it out."""
        self.running -= 1
        self.duration.add(time.monotonic() - began_s)

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        yield _gauge("prometheus_engine_queries", "Questions being answered.", self.running)
        yield _gauge(
            "prometheus_engine_queries_concurrent_max", "Questions answered at once.", self._concurrent_max
        )
        family = SummaryMetricFamily(
            "prometheus_engine_query_duration_seconds", "Time in the engine.", labels=["slice"]
        )
        family.add_metric(["inner_eval"], self.duration.count, self.duration.seconds)
        yield family
