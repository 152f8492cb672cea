"""Metric families out of plain numbers: what others count is wrapped when somebody asks for `/metrics`."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


def gauge(name: str, help_text: str, value: float) -> Metric:
    """One gauge without labels."""
    return GaugeMetricFamily(name, help_text, value=float(value))


def counter(name: str, help_text: str, value: float) -> Metric:
    """One counter without labels; `name` ends in `_total`."""
    return CounterMetricFamily(name.removesuffix("_total"), help_text, value=float(value))


def by_label(name: str, help_text: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    """One value for each value of `label`; a counter where `name` ends in `_total`, else a gauge."""
    family: CounterMetricFamily | GaugeMetricFamily
    if name.endswith("_total"):
        family = CounterMetricFamily(name.removesuffix("_total"), help_text, labels=[label])
    else:
        family = GaugeMetricFamily(name, help_text, labels=[label])
    for key, value in values:
        family.add_metric([key], float(value))
    return family
