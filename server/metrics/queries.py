"""`prometheus_engine_*`: counted by whoever asks the engine."""

from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric

from scraper.metrics import Distribution
from server.metrics.families import counter, gauge

QUANTILES: Final = (0.5, 0.9, 0.99)


class QueryMetrics:
    """Questions being answered, and where the time of those before went."""

    def __init__(self, concurrent_max: int) -> None:
        self.running = 0
        self.samples_read = 0
        self._concurrent_max = concurrent_max
        self._slices = {"queue_time": Distribution(), "inner_eval": Distribution()}

    def note(self, began_s: float, picked_s: float, done_s: float) -> None:
        """Count a question out, by when it came, was taken up and was done."""
        self.running -= 1
        if done_s:
            self._slices["queue_time"].observe(picked_s - began_s)
            self._slices["inner_eval"].observe(done_s - picked_s)

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        yield gauge("prometheus_engine_queries", "Questions being answered or waiting.", self.running)
        yield gauge(
            "prometheus_engine_queries_concurrent_max", "Questions answered at once.", self._concurrent_max
        )
        yield counter("prometheus_engine_query_samples_total", "Samples read.", self.samples_read)
        name = "prometheus_engine_query_duration_seconds"
        family = Metric(name, "Time in the engine, by slice.", "summary")
        for key, spent in self._slices.items():
            for q, seconds in spent.quantiles(QUANTILES).items():
                family.add_sample(name, {"slice": key, "quantile": f"{q:g}"}, seconds)
            family.add_sample(f"{name}_sum", {"slice": key}, spent.sum_seconds)
            family.add_sample(f"{name}_count", {"slice": key}, spent.count)
        yield family
