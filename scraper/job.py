"""One scrape job as the collector needs it: every default filled in, every limit resolved."""

from dataclasses import dataclass, field
from enum import StrEnum

from model.names import NameScheme
from model.relabel import RelabelRule
from scraper.client_config import ClientConfig
from scraper.discovery.config import DiscoveryConfig


class EscapingScheme(StrEnum):
    """How a target is asked to write names outside the legacy alphabet."""

    ALLOW_UTF8 = "allow-utf-8"
    UNDERSCORES = "underscores"
    DOTS = "dots"
    VALUES = "values"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job may cost; 0 is no limit."""

    body_size_bytes: int = 0
    samples: int = 0
    targets: int = 0
    labels: int = 0
    label_name_bytes: int = 0
    label_value_bytes: int = 0
    keep_dropped_targets: int = 0
    native_histogram_buckets: int = 0
    native_histogram_min_bucket_factor: float = 0.0


@dataclass(frozen=True, slots=True)
class ScrapeJob:
    """One entry of `scrape_configs`."""

    job_name: str
    scrape_interval_ms: int = 60_000
    scrape_timeout_ms: int = 10_000
    scrape_protocols: tuple[str, ...] = ()  # As configured; empty means the default list.
    fallback_scrape_protocol: str = ""
    scrape_native_histograms: bool = False
    always_scrape_classic_histograms: bool = False
    convert_classic_histograms_to_nhcb: bool = False
    metrics_path: str = "/metrics"
    scheme: str = "http"
    params: dict[str, tuple[str, ...]] = field(default_factory=dict)
    honor_labels: bool = False
    honor_timestamps: bool = True
    track_timestamps_staleness: bool = False
    enable_compression: bool = True
    limits: Limits = Limits()
    name_scheme: NameScheme = NameScheme.UTF8
    escaping_scheme: EscapingScheme = EscapingScheme.ALLOW_UTF8
    extra_scrape_metrics: bool = False
    scrape_failure_log_file: str = ""
    relabel_rules: tuple[RelabelRule, ...] = ()
    metric_relabel_rules: tuple[RelabelRule, ...] = ()
    discovery: DiscoveryConfig = DiscoveryConfig()
    client: ClientConfig = ClientConfig()
