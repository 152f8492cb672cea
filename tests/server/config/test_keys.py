"""Every key of the reference is known, and each is accepted by itself."""

import json
from typing import Any

import pytest

from model.errors import ConfigError
from server.config import parse_config, render_config
from server.config.alerting import ALERTING, ALERTMANAGER
from server.config.discovery import DISCOVERY, MECHANISMS, STATIC
from server.config.file import RUNTIME, TOP
from server.config.global_ import GLOBAL
from server.config.http_client import AUTHORIZATION, BASIC_AUTH, HTTP_CLIENT, OAUTH2, TLS
from server.config.otlp import OTLP
from server.config.relabel import RELABEL_RULE
from server.config.remote import METADATA, QUEUE, REMOTE_READ, REMOTE_WRITE
from server.config.schema import Schema
from server.config.scrape import SCRAPE
from server.config.sigv4 import SIGV4
from server.config.storage import RETENTION, STORAGE, TSDB
from server.config.tracing import TRACING

RULES = [{"action": "keep", "source_labels": ["a"], "regex": "b"}]
CLIENT: dict[str, Any] = {
    "basic_auth": {"username": "u", "password": "p"},
    "authorization": {"credentials": "c"},
    "oauth2": {"client_id": "i", "client_secret": "s", "token_url": "http://t"},
    "bearer_token": "t",
    "bearer_token_file": "f",
    "tls_config": {"ca_file": "ca.pem"},
    "follow_redirects": False,
    "enable_http2": True,
    "proxy_url": "http://proxy:3128",
    "no_proxy": "",
    "proxy_from_environment": True,
    "proxy_connect_header": {},
    "http_headers": {"X-A": {"values": ["1"], "secrets": ["2"], "files": ["f"]}},
}
SD: dict[str, Any] = {f"{name}_sd_configs": [{"refresh_interval": "5m"}] for name in MECHANISMS} | {
    "static_configs": [{"targets": ["a:1"], "labels": {"x": "y"}}]
}
LIMITS: dict[str, Any] = {
    "body_size_limit": "1MB",
    "sample_limit": 1,
    "target_limit": 1,
    "label_limit": 1,
    "label_name_length_limit": 1,
    "label_value_length_limit": 1,
    "keep_dropped_targets": 1,
}
NATIVE: dict[str, Any] = {
    "scrape_native_histograms": True,
    "always_scrape_classic_histograms": True,
    "convert_classic_histograms_to_nhcb": True,
    "extra_scrape_metrics": True,
}
# Section -> (its schema, where it stands, keys it needs besides, every key with a sample value).
SECTIONS: dict[str, tuple[Schema[Any], list[str | int], dict[str, Any], dict[str, Any]]] = {
    "top": (
        TOP,
        [],
        {},
        {
            "global": None,
            "runtime": {},
            "alerting": {},
            "rule_files": ["r/*.yml"],
            "scrape_config_files": ["no/*.yml"],
            "scrape_configs": [{"job_name": "j"}],
            "storage": {},
            "tracing": {"endpoint": "e"},
            "remote_write": [{"url": "http://w"}],
            "remote_read": [{"url": "http://r"}],
            "otlp": {},
        },
    ),
    "global": (
        GLOBAL,
        ["global"],
        {},
        {
            "scrape_interval": "30s",
            "scrape_timeout": "5s",
            "evaluation_interval": "30s",
            "rule_query_offset": "1m",
            "external_labels": {"a": "b"},
            "query_log_file": "q",
            "scrape_failure_log_file": "f",
            "scrape_protocols": ["PrometheusText0.0.4"],
            "metric_name_validation_scheme": "legacy",
            "metric_name_escaping_scheme": "dots",
            **LIMITS,
            **NATIVE,
        },
    ),
    "scrape": (
        SCRAPE,
        ["scrape_configs", 0],
        {"job_name": "j"},
        {
            "job_name": "j",
            "scrape_interval": "30s",
            "scrape_timeout": "5s",
            "scrape_protocols": ["PrometheusProto"],
            "fallback_scrape_protocol": "PrometheusText1.0.0",
            "metrics_path": "/m",
            "scheme": "ftp",
            "params": {"m": ["a", "b"]},
            "honor_labels": True,
            "honor_timestamps": False,
            "track_timestamps_staleness": True,
            "enable_compression": False,
            "native_histogram_bucket_limit": 1,
            "native_histogram_min_bucket_factor": 1.1,
            "metric_name_validation_scheme": "utf8",
            "metric_name_escaping_scheme": "values",
            "scrape_failure_log_file": "f",
            "relabel_configs": RULES,
            "metric_relabel_configs": RULES,
            **LIMITS,
            **NATIVE,
            **CLIENT,
            **SD,
        },
    ),
    "alerting": (ALERTING, ["alerting"], {}, {"alert_relabel_configs": RULES, "alertmanagers": [{}]}),
    "alertmanager": (
        ALERTMANAGER,
        ["alerting", "alertmanagers", 0],
        {},
        {
            "scheme": "https",
            "path_prefix": "/p",
            "timeout": "5s",
            "api_version": "v2",
            "relabel_configs": RULES,
            "alert_relabel_configs": RULES,
            "sigv4": {},
            **CLIENT,
            **SD,
        },
    ),
    "remote_write": (
        REMOTE_WRITE,
        ["remote_write", 0],
        {"url": "http://w"},
        {
            "url": "http://x",
            "name": "n",
            "protobuf_message": "io.prometheus.write.v2.Request",
            "remote_timeout": "5s",
            "headers": {"X-A": "b"},
            "write_relabel_configs": RULES,
            "send_exemplars": True,
            "send_native_histograms": True,
            "round_robin_dns": True,
            "failed_request_logging": True,
            "queue_config": {},
            "metadata_config": {},
            "sigv4": {},
            "google_iam": {"credentials_file": "f"},
            "azuread": {"cloud": "AzureChina", "scope": "s", "managed_identity": {"client_id": "c"}},
            **CLIENT,
        },
    ),
    "remote_read": (
        REMOTE_READ,
        ["remote_read", 0],
        {"url": "http://r"},
        {
            "url": "http://x",
            "name": "n",
            "remote_timeout": "5s",
            "chunked_read_limit": 1,
            "headers": {"X-A": "b"},
            "read_recent": True,
            "required_matchers": {"a": "b"},
            "filter_external_labels": False,
            **CLIENT,
        },
    ),
    "queue": (
        QUEUE,
        ["remote_write", 0, "queue_config"],
        {},
        {
            "capacity": 1,
            "max_shards": 2,
            "min_shards": 1,
            "max_samples_per_send": 1,
            "batch_send_deadline": "1s",
            "min_backoff": "1ms",
            "max_backoff": "1s",
            "retry_on_http_429": True,
            "sample_age_limit": "1h",
        },
    ),
    "metadata": (
        METADATA,
        ["remote_write", 0, "metadata_config"],
        {},
        {
            "send": False,
            "send_interval": "5m",
            "max_samples_per_send": 1,
        },
    ),
    "sigv4": (
        SIGV4,
        ["remote_write", 0, "sigv4"],
        {},
        {
            "region": "r",
            "access_key": "",
            "secret_key": "",
            "profile": "p",
            "role_arn": "r",
            "external_id": "e",
            "use_fips_sts_endpoint": True,
        },
    ),
    "storage": (STORAGE, ["storage"], {}, {"tsdb": {}, "exemplars": {"max_exemplars": 0}}),
    "tsdb": (
        TSDB,
        ["storage", "tsdb"],
        {},
        {
            "out_of_order_time_window": "30m",
            "outofordertimewindow": 1800000,
            "stale_series_compaction_threshold": 0.5,
            "chunk_encoding": {"floats": "xor2"},
            "retention": {"time": "1d"},
        },
    ),
    "retention": (
        RETENTION,
        ["storage", "tsdb", "retention"],
        {},
        {
            "time": "1d",
            "size": "1GB",
            "percentage": 50.5,
        },
    ),
    "otlp": (
        OTLP,
        ["otlp"],
        {},
        {
            "promote_all_resource_attributes": True,
            "promote_resource_attributes": [" a ", "b"],
            "ignore_resource_attributes": [],
            "translation_strategy": "NoTranslation",
            "keep_identifying_resource_attributes": True,
            "convert_histograms_to_nhcb": True,
            "promote_scope_metadata": True,
            "label_name_underscore_sanitization": False,
            "label_name_preserve_multiple_underscores": False,
        },
    ),
    "tracing": (
        TRACING,
        ["tracing"],
        {"endpoint": "e"},
        {
            "endpoint": "x",
            "client_type": "http",
            "sampling_fraction": 0.1,
            "insecure": True,
            "headers": {"X-A": "b"},
            "compression": "gzip",
            "timeout": "5s",
            "tls_config": {},
        },
    ),
    "runtime": (RUNTIME, ["runtime"], {}, {"gogc": 50}),
    "relabel": (
        RELABEL_RULE,
        ["scrape_configs", 0, "relabel_configs", 0],
        {"target_label": "t"},
        {
            "source_labels": ["a"],
            "separator": "",
            "regex": "",
            "modulus": 5,
            "target_label": "x",
            "replacement": "",
            "action": "Replace",
        },
    ),
    "basic_auth": (
        BASIC_AUTH,
        ["remote_read", 0, "basic_auth"],
        {},
        {name + form: "x" for name in ("username", "password") for form in ("", "_file", "_ref")},
    ),
    "authorization": (
        AUTHORIZATION,
        ["remote_read", 0, "authorization"],
        {},
        {
            "type": "Token",
            "credentials": "c",
            "credentials_file": "f",
            "credentials_ref": "r",
        },
    ),
    "oauth2": (
        OAUTH2,
        ["remote_read", 0, "oauth2"],
        {"client_id": "i", "token_url": "http://t"},
        {
            "client_id": "i",
            "token_url": "http://x",
            "client_secret": "s",
            "client_secret_file": "f",
            "client_secret_ref": "r",
            "scopes": ["a"],
            "endpoint_params": {"a": "b"},
            "tls_config": {},
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "client_certificate_key": "k",
            "client_certificate_key_file": "f",
            "client_certificate_key_ref": "r",
            "client_certificate_key_id": "i",
            "signature_algorithm": "RS384",
            "iss": "i",
            "audience": "a",
            "claims": {"a": 1, "b": ["c"]},
            **{name: CLIENT[name] for name in CLIENT if "proxy" in name},
        },
    ),
    "tls_config": (
        TLS,
        ["remote_read", 0, "tls_config"],
        {"cert_ref": "c", "key_ref": "k"},
        {
            "ca": "x",
            "ca_file": "f",
            "ca_ref": "r",
            "cert_ref": "r",
            "key_ref": "r",
            "server_name": "n",
            "insecure_skip_verify": True,
            "min_version": "TLS12",
            "max_version": "TLS13",
            "cert": None,
            "cert_file": None,
            "key": None,
            "key_file": None,
        },
    ),
    "static": (
        STATIC,
        ["scrape_configs", 0, "static_configs", 0],
        {},
        {"targets": ["a"], "labels": {"a": "b"}},
    ),
}
NEEDED: dict[str, dict[str, Any]] = {
    "scrape_configs": {"job_name": "j"},
    "remote_write": {"url": "http://w"},
    "remote_read": {"url": "http://r"},
}


def document(path: list[str | int], section: dict[str, Any]) -> Any:
    """`section` at `path`, the list elements on the way with what they need."""
    if not path:
        return section
    first, *rest = path
    inner = document(rest, section)
    if isinstance(first, str):
        if isinstance(inner, list):
            inner = [{**NEEDED.get(first, {}), **inner[0]}]
        return {first: inner}
    return [inner]


@pytest.mark.parametrize("name", SECTIONS)
def test_the_samples_name_every_key_of_the_schema_and_no_other(name):
    schema, _, _, samples = SECTIONS[name]
    assert set(samples) == {key.name for key in schema.every_key()}


@pytest.mark.parametrize(("name", "key"), [(name, key) for name in SECTIONS for key in SECTIONS[name][3]])
def test_a_key_is_accepted_and_what_is_printed_loads_again(name, key):
    _, path, needed, samples = SECTIONS[name]
    config = parse_config(json.dumps(document(path, {**needed, key: samples[key]})))
    printed = render_config(config)
    assert render_config(parse_config(printed)) == printed


def test_shared_blocks_are_complete():
    assert set(CLIENT) == {key.name for key in HTTP_CLIENT.every_key()}
    assert set(SD) == {key.name for key in DISCOVERY.every_key()}
    assert len(SD) == 37


JUNK = [None, 1, -1, 1.5, "x", "", "\udc80", True, [], ["x"], [None], [[]], [{}], {}, {"x": "y"}, {"x": None}]


@pytest.mark.parametrize(("name", "key"), [(name, key) for name in SECTIONS for key in SECTIONS[name][3]])
def test_a_key_with_junk_is_accepted_or_refused_but_never_breaks_the_reader(name, key):
    _, path, needed, _ = SECTIONS[name]
    for junk in JUNK:
        text = json.dumps(document(path, {**needed, key: junk}))
        try:
            render_config(parse_config(text))
        except ConfigError as refusal:
            assert str(refusal)  # noqa: PT017  # Any words will do; their wording is tested elsewhere.
