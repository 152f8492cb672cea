"""`prometheus_target_*` and `prometheus_sd_*`: what the collector has done."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric

from scraper.discovery.manager import DiscoveryMetrics
from scraper.metrics import BUCKETS, Distribution, ScrapeMetrics
from server.metrics.families import by_label, counter

JOB_LABELS: Final = {"interval_length_seconds": "interval", "reload_length_seconds": "interval"}


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
                yield by_label(name, text, "scrape_job", value.items())
            case _:
                yield counter(name, text, value)


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
    yield by_label(
        "prometheus_sd_failed_configs",
        "Mechanisms that did not start.",
        "name",
        [("scrape", metrics.failed_configs)],
    )
    yield by_label(
        "prometheus_sd_received_updates_total",
        "Updates received.",
        "name",
        [("scrape", metrics.received_updates_total)],
    )
    yield by_label(
        "prometheus_sd_updates_total", "Updates passed on.", "name", [("scrape", metrics.updates_total)]
    )
