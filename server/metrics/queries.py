"""`prometheus_engine_*`: counted by whoever asks the engine."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric, SummaryMetricFamily

from server.metrics.families import gauge
from tsdb.counters import DurationSum

SLICES: Final = ("queue_time", "prepare_time", "inner_eval", "result_sort")


class QueryMetrics:
    """Questions being answered, and where the time of those before went."""

    def __init__(self, concurrent_max: int) -> None:
        self.running = 0
        self.durations = {name: DurationSum() for name in SLICES}
        self._concurrent_max = concurrent_max

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        yield gauge("prometheus_engine_queries", "Questions being answered or waiting.", self.running)
        yield gauge(
            "prometheus_engine_queries_concurrent_max", "Questions answered at once.", self._concurrent_max
        )
        family = SummaryMetricFamily(
            "prometheus_engine_query_duration_seconds", "Time in the engine, by slice.", labels=["slice"]
        )
        for name, spent in self.durations.items():
            family.add_metric([name], spent.count, spent.seconds)
        yield family
