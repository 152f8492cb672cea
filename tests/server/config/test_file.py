"""A whole file: defaults, inheritance, paths, and what is printed of it."""

from pathlib import Path

import pytest
import yaml

from model.errors import ConfigError
from model.names import NameScheme
from scraper.client_config import Authorization, Secret
from scraper.job import EscapingScheme
from scraper.protocols import DEFAULT_PROTOCOLS, PROTO_FIRST
from server.config import load_config, parse_config, render_config


def job(text: str, global_: str = ""):
    return parse_config(f"global: {{{global_}}}\nscrape_configs: [{{job_name: j, {text}}}]").scrape_jobs[0]


@pytest.mark.parametrize("text", ["", "# nothing\n", "global:\n", "runtime:\n", "---\n"])
def test_a_file_that_says_nothing_has_all_defaults(text):
    config = parse_config(text)
    assert config == parse_config("{}")
    assert config.global_.scrape_interval_ms == 60_000
    assert config.global_.scrape_timeout_ms == 10_000
    assert config.runtime.gogc == 75


def test_the_timeout_follows_a_short_interval():
    assert parse_config("global: {scrape_interval: 5s}").global_.scrape_timeout_ms == 5_000
    assert job("scrape_interval: 5s").scrape_timeout_ms == 5_000
    assert job("", "scrape_interval: 1m, scrape_timeout: 20s").scrape_timeout_ms == 20_000


def test_a_job_inherits_what_it_does_not_say():
    limits = "body_size_limit: 1KB, sample_limit: 2, target_limit: 3, label_limit: 4, keep_dropped_targets: 5"
    inherited = job(
        "sample_limit: 0, label_limit: 9", f"{limits}, extra_scrape_metrics: true, scrape_interval: 7s"
    )
    assert (inherited.limits.body_size_bytes, inherited.limits.samples, inherited.limits.targets) == (
        1024,
        2,
        3,
    )
    assert (inherited.limits.labels, inherited.limits.keep_dropped_targets) == (9, 5)
    assert inherited.extra_scrape_metrics
    assert inherited.scrape_interval_ms == 7_000
    assert not job("extra_scrape_metrics: false", "extra_scrape_metrics: true").extra_scrape_metrics


def test_protocols_come_from_the_job_then_global_then_the_histograms():
    assert job("").scrape_protocols == DEFAULT_PROTOCOLS
    assert job("scrape_native_histograms: true").scrape_protocols == PROTO_FIRST
    assert job("", "scrape_protocols: [PrometheusText0.0.4]").scrape_protocols == ("PrometheusText0.0.4",)
    own = job("scrape_protocols: [PrometheusProto]", "scrape_protocols: [PrometheusText0.0.4]")
    assert own.scrape_protocols == ("PrometheusProto",)


def test_the_escaping_scheme_follows_the_validation_scheme():
    legacy = "metric_name_validation_scheme: legacy"
    assert job("", legacy).escaping_scheme is EscapingScheme.UNDERSCORES
    assert job(legacy).escaping_scheme is EscapingScheme.UNDERSCORES
    assert job("metric_name_validation_scheme: utf8", legacy).escaping_scheme is EscapingScheme.ALLOW_UTF8
    assert job("", "metric_name_escaping_scheme: dots").escaping_scheme is EscapingScheme.DOTS
    assert parse_config("global: {metric_name_validation_scheme: odd}").global_.name_scheme is NameScheme.UTF8


def test_external_labels_are_expanded_from_the_environment():
    text = "global: {external_labels: {a: '$A-${B}', b: $$A, c: '${NONE}x'}}"
    config = parse_config(text, environment={"A": "1", "B": "2"})
    assert config.global_.external_labels == {"a": "1-2", "b": "$A", "c": "x"}
    assert config.warnings == ('empty environment variable "NONE" in external_labels',)


def test_relative_paths_start_at_the_file(tmp_path):
    path = tmp_path / "prometheus.yml"
    path.write_text(
        "global: {query_log_file: q.log, scrape_failure_log_file: /abs/f.log}\n"
        "rule_files: [rules/*.yml]\n"
        "scrape_configs: [{job_name: a, basic_auth: {password_file: p}, tls_config: {ca_file: ca}}]\n"
    )
    config = load_config(path)
    assert config.global_.query_log_file == f"{tmp_path}/q.log"
    assert config.global_.scrape_failure_log_file == "/abs/f.log"
    assert config.rule_files == (f"{tmp_path}/rules/*.yml",)
    client = config.scrape_jobs[0].client
    assert client.basic_auth is not None
    assert (client.basic_auth.password_file, client.tls.ca_file) == (f"{tmp_path}/p", f"{tmp_path}/ca")


def test_jobs_of_other_files_run_but_are_not_printed(tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "b.yml").write_text("scrape_configs: [{job_name: b, bearer_token_file: t}]")
    (tmp_path / "prometheus.yml").write_text(
        "scrape_config_files: [jobs/*.yml]\nscrape_configs: [{job_name: a}]"
    )
    config = load_config(tmp_path / "prometheus.yml")
    assert [each.job_name for each in config.scrape_jobs] == ["a", "b"]
    authorization = config.scrape_jobs[1].client.authorization
    assert authorization == Authorization("Bearer", Secret(), f"{tmp_path}/jobs/t")
    assert [each["job_name"] for each in yaml.safe_load(render_config(config))["scrape_configs"]] == ["a"]


def test_a_job_name_is_unique_over_all_files(tmp_path):
    other = tmp_path / "other.yml"
    other.write_text("scrape_configs: [{job_name: a}]")
    (tmp_path / "prometheus.yml").write_text(
        "scrape_config_files: [other.yml]\nscrape_configs: [{job_name: a}]"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "prometheus.yml")
    assert str(caught.value) == (
        f'"{other}": found multiple scrape configs with job name "a", first found in main config file'
    )
    other.write_text("global: {}")
    with pytest.raises(ConfigError, match="field global not found"):
        load_config(tmp_path / "prometheus.yml")


def test_secrets_never_leave():
    config = parse_config(
        """
scrape_configs:
- job_name: a
  basic_auth: {username: visible, password: hush}
  http_headers: {X-A: {values: [visible], secrets: [hush]}}
  proxy_url: http://visible:hush@proxy
  proxy_connect_header: {X-B: [hush]}
  consul_sd_configs: [{server: visible, token: hush}]
- job_name: b
  bearer_token: hush
- job_name: c
  oauth2: {client_id: visible, client_secret: hush, token_url: visible}
remote_write:
- url: http://visible:hush@w
  sigv4: {access_key: visible, secret_key: hush}
"""
    )
    printed = render_config(config)
    assert "hush" not in printed + repr(config)
    assert printed.count("visible") == 8
    second = yaml.safe_load(printed)["scrape_configs"][1]
    assert second["authorization"] == {"type": "Bearer", "credentials": "<secret>"}


def test_what_is_always_there_is_printed_in_order():
    printed = yaml.safe_load(render_config(parse_config("scrape_configs: [{job_name: a}]")))
    assert list(printed) == ["global", "runtime", "scrape_configs", "storage", "otlp"]
    assert printed["storage"] == {"tsdb": {"retention": {"time": "15d"}}}
    always = "follow_redirects enable_http2 honor_timestamps track_timestamps_staleness enable_compression"
    assert set(always.split()) < set(printed["scrape_configs"][0])


def test_a_rule_prints_as_prometheus_prints_it():
    first, second = "{source_labels: [a, b], regex: x, target_label: c}", "{target_label: d, replacement: ''}"
    rules = f"relabel_configs: [{first}, {second}]"
    printed = render_config(parse_config(f"scrape_configs: [{{job_name: a, {rules}}}]"))
    assert printed.partition("  relabel_configs:\n")[2].partition("storage:")[0] == (
        "  - source_labels: [a, b]\n    separator: ;\n    regex: x\n    target_label: c\n"
        "    replacement: $1\n    action: replace\n"
        '  - separator: ;\n    target_label: d\n    replacement: ""\n    action: replace\n'
    )


def test_the_quickstart_asks_for_nothing_that_is_missing():
    config = load_config(Path(__file__).parents[3] / "config" / "quickstart.yml")
    assert [job.job_name for job in config.scrape_jobs] == ["cardinal"]
    assert (config.unsupported, config.warnings) == ((), ())


def test_what_is_not_built_is_said():
    config = parse_config(
        "rule_files: [a.yml]\nremote_write: [{url: http://w}]\n"
        "scrape_configs: [{job_name: a, dns_sd_configs: [{names: []}], oauth2: {client_id: a, token_url: t}}]"
    )
    assert config.unsupported == (
        "rule_files: rules are not evaluated",
        "remote_write: no sample is sent",
        'scrape_configs, job "a": dns_sd_configs: no target is discovered',
        'scrape_configs, job "a": oauth2: requests are sent without it',
    )
    assert parse_config("scrape_configs: [{job_name: a, static_configs: [{targets: [a]}]}]").unsupported == ()


def test_a_header_for_a_proxy_that_is_not_sent_is_said():
    config = parse_config(
        "scrape_configs: [{job_name: a, proxy_url: 'http://p:1', proxy_connect_header: {X-A: [b]}}]"
    )
    assert config.unsupported == (
        'scrape_configs, job "a": proxy_connect_header: requests are sent without it',
    )
