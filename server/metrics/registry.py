"""The page `/metrics`: a registry of functions that are asked when somebody looks."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from server.metrics.families import gauge
from server.metrics.http import HttpMetrics
from server.version import CARDINAL_VERSION, build_information


class SelfMetrics:
    """The registry, and what the process says of itself."""

    def __init__(self) -> None:
        self.http = HttpMetrics()
        self.ready = False
        self.config_successful = True
        self.config_success_s = 0.0
        self._registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self.show(self._own)
        self.show(self.http.collect)

    def show(self, source: Callable[[], Iterable[Metric]]) -> None:
        """Show what `source` gives from now on."""
        self._registry.register(_Collector(source))

    def render(self, accept: str) -> tuple[bytes, str]:
        """The page in the format that `accept` prefers, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _own(self) -> Iterator[Metric]:
        build = build_information()
        labels = {name.lower(): build[name] for name in ("branch", "goVersion", "revision", "version")}
        labels["cardinal_version"] = CARDINAL_VERSION
        info = GaugeMetricFamily("prometheus_build_info", "What is running.", labels=list(labels))
        info.add_metric(list(labels.values()), 1)
        yield info
        yield gauge("prometheus_ready", "Whether questions are answered.", self.ready)
        yield gauge(
            "prometheus_config_last_reload_successful", "How the last reload went.", self.config_successful
        )
        yield gauge(
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
