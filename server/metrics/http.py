"""`prometheus_http_*`: requests by handler and code, their time and the size of their answers.

Plain lists: prometheus_client's own counters cost more than a small question does.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

SECONDS_BOUNDS: Final = (0.1, 0.2, 0.4, 1.0, 3.0, 8.0, 20.0, 60.0, 120.0)
BYTES_BOUNDS: Final = (1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8)


class _Histogram:
    """Observations under each bound; the last bucket has none."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._inside = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self._inside[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        bounds = [*(f"{bound:g}" for bound in self._bounds), "+Inf"]
        return list(zip(bounds, map(float, accumulate(self._inside)), strict=True))


class HttpMetrics:
    """What became of the requests."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, int], int] = {}
        self._seconds: dict[str, _Histogram] = {}
        self._bytes: dict[str, _Histogram] = {}

    def note(self, handler: str, status: int, seconds: float, size: int) -> None:
        """Count one request that was answered."""
        key = (handler, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        times = self._seconds.get(handler)
        if times is None:
            times = self._seconds[handler] = _Histogram(SECONDS_BOUNDS)
            self._bytes[handler] = _Histogram(BYTES_BOUNDS)
        times.observe(seconds)
        self._bytes[handler].observe(size)

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        requests = CounterMetricFamily(
            "prometheus_http_requests", "HTTP requests.", labels=["handler", "code"]
        )
        for (handler, status), count in self._requests.items():
            requests.add_metric([handler, str(status)], count)
        yield requests
        yield _family("prometheus_http_request_duration_seconds", "Time until answered.", self._seconds)
        yield _family("prometheus_http_response_size_bytes", "Size of answers.", self._bytes)


def _family(name: str, help_text: str, histograms: dict[str, _Histogram]) -> Metric:
    family = HistogramMetricFamily(name, help_text, labels=["handler"])
    for handler, histogram in histograms.items():
        family.add_metric([handler], histogram.buckets(), histogram.sum)
    return family
