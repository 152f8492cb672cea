"""What a configuration asks for and this server does not do yet: said at start and reload, never passed over.

Whoever builds one of these features deletes its line.
"""

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from scraper.client_config import ClientConfig
from scraper.job import ScrapeJob
from scraper.protocols import DEFAULT_PROTOCOLS, PROTO_FIRST, PROTOCOLS, readable
from server.config.alerting import AlertingConfig
from server.config.otlp import OtlpConfig
from server.config.remote import RemoteReadConfig, RemoteWriteConfig
from server.config.storage import StorageConfig
from server.config.tracing import TracingConfig


class Sections(Protocol):
    """The sections of a `Config` that are looked at here."""

    # ruff: noqa: D102
    @property
    def alerting(self) -> AlertingConfig: ...
    @property
    def rule_files(self) -> tuple[str, ...]: ...
    @property
    def scrape_jobs(self) -> tuple[ScrapeJob, ...]: ...
    @property
    def storage(self) -> StorageConfig: ...
    @property
    def tracing(self) -> TracingConfig | None: ...
    @property
    def remote_write(self) -> tuple[RemoteWriteConfig, ...]: ...
    @property
    def remote_read(self) -> tuple[RemoteReadConfig, ...]: ...
    @property
    def otlp(self) -> OtlpConfig: ...


SECTIONS: Final[dict[str, Callable[[Sections], bool]]] = {
    "rule_files: rules are not evaluated": lambda config: bool(config.rule_files),
    "alerting: no alert is sent": lambda config: config.alerting != AlertingConfig(),
    "remote_write: no sample is sent": lambda config: bool(config.remote_write),
    "remote_read: no other store is asked": lambda config: bool(config.remote_read),
    "tracing: no span is sent": lambda config: config.tracing is not None,
    "otlp: no OpenTelemetry metric is received": lambda config: config.otlp != OtlpConfig(),
    "storage.exemplars: exemplars are not stored": lambda config: config.storage.exemplars is not None,
    "storage.tsdb.out_of_order_time_window: samples out of order are refused": (
        lambda config: config.storage.tsdb.out_of_order_time_window_ms > 0
    ),
    "storage.tsdb.stale_series_compaction_threshold: stale series are compacted with the others": (
        lambda config: config.storage.tsdb.stale_series_compaction_threshold > 0
    ),
    "storage.tsdb.chunk_encoding.floats: chunks are written as xor": (
        lambda config: config.storage.tsdb.chunk_encoding.floats == "xor2"
    ),
}

JOBS: Final[dict[str, Callable[[ScrapeJob], bool]]] = {
    "scrape_native_histograms: classic buckets are stored": lambda job: job.scrape_native_histograms,
    "convert_classic_histograms_to_nhcb: classic buckets are stored": (
        lambda job: job.convert_classic_histograms_to_nhcb
    ),
    "scrape_protocols: only the text formats are asked for": lambda job: (
        job.scrape_protocols not in (DEFAULT_PROTOCOLS, PROTO_FIRST)
        and readable(job.scrape_protocols) != job.scrape_protocols
    ),
    "fallback_scrape_protocol: pages in this format are refused": lambda job: (
        bool(job.fallback_scrape_protocol)
        and job.fallback_scrape_protocol in PROTOCOLS
        and not readable((job.fallback_scrape_protocol,))
    ),
}


def unsupported_features(config: Sections) -> Iterator[str]:
    """One line per feature that is configured and not built."""
    for text, is_used in SECTIONS.items():
        if is_used(config):
            yield text
    for job in config.scrape_jobs:
        where = f'scrape_configs, job "{job.job_name}"'
        for text, asks in JOBS.items():
            if asks(job):
                yield f"{where}: {text}"
        for mechanism in sorted({other.mechanism for other in job.discovery.others}):
            yield f"{where}: {mechanism}_sd_configs: no target is discovered"
        for key in unsupported_client_keys(job.client):
            yield f"{where}: {key}: requests are sent without it"


def unsupported_client_keys(client: ClientConfig) -> Iterator[str]:
    """Client options that are read but not built."""
    if client.oauth2 is not None:
        yield "oauth2"
    if client.proxy.proxy_url.startswith("socks5"):
        yield "proxy_url with socks5"
    if client.proxy.proxy_connect_header:
        yield "proxy_connect_header"
