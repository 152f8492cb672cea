"""What is refused, in which words, and where the words say it is."""

import pytest

from model.errors import ConfigError
from server.config import load_config, parse_config


def in_job(text: str) -> str:
    return f"scrape_configs: [{{job_name: j, {text}}}]"


def in_rule(text: str) -> str:
    return in_job(f"relabel_configs: [{text}]")


def in_write(text: str) -> str:
    return f"remote_write: [{{url: http://w, {text}}}]"


def in_queue(text: str) -> str:
    return in_write(f"queue_config: {{{text}}}")


PROTOCOLS = (
    "[OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0]"
)
UNKNOWN_X = f"unknown scrape protocol x, supported: {PROTOCOLS}"
ESCAPINGS = "must be one of 'allow-utf-8', 'underscores', 'dots', 'values'"
CONTRADICTION = "metric_name_validation_scheme: legacy, metric_name_escaping_scheme: allow-utf-8"
UTF8_NEEDED = "utf8 metric names requested but validation scheme is not set to UTF8"

SHAPES = [
    ("foo: 1", "line 1: field foo not found in type config.plain"),
    ("global:\n  foo: 1", "line 2: field foo not found in type config.plain"),
    (in_job("foo: 1"), "line 1: field foo not found in type config.ScrapeConfig"),
    (
        "alerting: {alertmanagers: [{foo: 1}]}",
        "line 1: field foo not found in type config.AlertmanagerConfig",
    ),
    (
        "global:\n  scrape_interval: 1s\n  scrape_interval: 2s",
        "line 3: field scrape_interval already set in type config.plain",
    ),
    ("global: {sample_limit: abc}", "line 1: cannot unmarshal !!str `abc` into uint"),
    ("runtime: {gogc: abc}", "line 1: cannot unmarshal !!str `abc` into int"),
    ("global: {sample_limit: -1}", "line 1: cannot unmarshal !!int `-1` into uint"),
    ("global: {sample_limit: '1'}", "line 1: cannot unmarshal !!str `1` into uint"),
    (
        "global: {extra_scrape_metrics: perhaps or not}",
        "line 1: cannot unmarshal !!str `perhaps...` into bool",
    ),
    ("scrape_configs: {}", "line 1: cannot unmarshal !!map into []*config.ScrapeConfig"),
    ("global: [1]", "line 1: cannot unmarshal !!seq into config.plain"),
    ("global: {external_labels: [a]}", "line 1: cannot unmarshal !!seq into map[string]string"),
    (in_job("params: {a: b}"), "line 1: cannot unmarshal !!str `b` into []string"),
    (
        "global: {external_labels: {a: b, a: c}}",
        'line 1: key "a" already set in map',
    ),
]

SENTENCES = [
    ("scrape_configs: [{}]", "job_name is empty"),
    ("scrape_configs: [null]", "empty or null scrape config section"),
    ("scrape_configs: [{job_name: a}, {job_name: a}]", 'found multiple scrape configs with job name "a"'),
    (
        "global: {scrape_interval: 5s, scrape_timeout: 6s}",
        "global scrape timeout greater than scrape interval",
    ),
    (
        in_job("scrape_interval: 5s, scrape_timeout: 6s"),
        'scrape timeout greater than scrape interval for scrape config with job name "j"',
    ),
    ("global: {scrape_interval: ''}", "empty duration string"),
    ("global: {scrape_interval: 15}", 'not a valid duration string: "15"'),
    ("global: {scrape_interval: 1x}", 'unknown unit "x" in duration "1x"'),
    ("global: {body_size_limit: 10}", "units: unknown unit  in 10"),
    (
        "global: {metric_name_validation_scheme: legacy, external_labels: {a-b: c}}",
        '"a-b" is not a valid label name',
    ),
    ("global: {scrape_protocols: []}", "scrape_protocols cannot be empty for global config"),
    (
        in_job("scrape_protocols: []"),
        'scrape_protocols cannot be empty for scrape config with job name "j"',
    ),
    (
        "global: {scrape_protocols: [PrometheusProto, PrometheusProto]}",
        "duplicated protocol in scrape_protocols, got [PrometheusProto PrometheusProto] for global config",
    ),
    (
        "global: {scrape_protocols: [x]}",
        f"{UNKNOWN_X} for global config",
    ),
    (
        in_job("fallback_scrape_protocol: x"),
        f'invalid fallback_scrape_protocol for scrape config with job name "j": {UNKNOWN_X}',
    ),
    (
        "global: {metric_name_escaping_scheme: x}",
        f"unknown global name escaping method specified, {ESCAPINGS}, got x",
    ),
    (
        "global: {metric_name_validation_scheme: legacy, metric_name_escaping_scheme: allow-utf-8}",
        UTF8_NEEDED,
    ),
    (
        in_job("metric_name_validation_scheme: legacy, metric_name_escaping_scheme: allow-utf-8"),
        UTF8_NEEDED,
    ),
    (
        in_job("metric_name_validation_scheme: x"),
        (
            "unknown scrape config name validation method specified, "
            "must be either '', 'legacy' or 'utf8', got x"
        ),
    ),
    (in_job("static_configs: [{targets: [http://x]}]"), '"http://x" is not a valid hostname'),
    (in_job("static_configs: [null]"), "empty or null section in static_configs"),
    (in_job("dns_sd_configs: [null]"), "empty or null section in dns_sd_configs"),
    (in_rule("null"), "empty or null target relabeling rule in scrape config"),
    (
        in_job("metric_relabel_configs: [null]"),
        "empty or null metric relabeling rule in scrape config",
    ),
    (in_rule("{action: x}"), 'unknown relabel action "x"'),
    (
        in_rule("{action: hashmod, target_label: a}"),
        "relabel configuration for hashmod requires non-zero modulus",
    ),
    (
        in_job("metric_name_validation_scheme: legacy, relabel_configs: [{target_label: a-b}]"),
        "\"a-b\" is invalid 'target_label' for replace action",
    ),
    (
        (
            "global: {metric_name_validation_scheme: legacy}\n"
            "alerting: {alert_relabel_configs: [{target_label: a-b}]}"
        ),
        "\"a-b\" is invalid 'target_label' for replace action",
    ),
    (
        in_job("basic_auth: {username: a}, authorization: {credentials: b}"),
        "at most one of basic_auth, oauth2 & authorization must be configured",
    ),
    (
        in_job("basic_auth: {username: a}, bearer_token: b"),
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
    ),
    (
        in_job("bearer_token: a, bearer_token_file: b"),
        "at most one of bearer_token & bearer_token_file must be configured",
    ),
    (
        in_job("bearer_token: a, authorization: {credentials: b}"),
        "authorization is not compatible with bearer_token & bearer_token_file",
    ),
    (
        in_job("basic_auth: {password: a, password_file: b}"),
        "at most one of basic_auth password, password_file & password_ref must be configured",
    ),
    (
        in_job("basic_auth: {username: a, username_file: b}"),
        "at most one of basic_auth username, username_file & username_ref must be configured",
    ),
    (
        in_job("authorization: {credentials: a, credentials_file: b}"),
        "at most one of authorization credentials & credentials_file must be configured",
    ),
    (
        in_job("authorization: {type: Basic}"),
        'authorization type cannot be set to "basic", use "basic_auth" instead',
    ),
    (in_job("oauth2: {token_url: a}"), "oauth2 client_id must be configured"),
    (in_job("oauth2: {client_id: a}"), "oauth2 token_url must be configured"),
    (in_job("tls_config: {min_version: SSL3}"), "unknown TLS version: SSL3"),
    (
        in_job("tls_config: {min_version: TLS13, max_version: TLS12}"),
        (
            "tls_config.max_version must be greater than or equal to tls_config.min_version "
            "if both are specified"
        ),
    ),
    (
        in_job("tls_config: {cert_file: c}"),
        "exactly one of key or key_file must be configured when a client certificate is configured",
    ),
    (
        in_job("tls_config: {key_file: c}"),
        "exactly one of cert or cert_file must be configured when a client key is configured",
    ),
    (
        in_job("proxy_connect_header: {a: [b]}"),
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured",
    ),
    (
        in_job("proxy_from_environment: true, proxy_url: http://p"),
        "if proxy_from_environment is configured, proxy_url must not be configured",
    ),
    (
        in_job("proxy_from_environment: true, no_proxy: p"),
        "if proxy_from_environment is configured, no_proxy must not be configured",
    ),
    (in_job("no_proxy: p"), "if no_proxy is configured, proxy_url must also be configured"),
    (in_job("http_headers: {host: {values: [a]}}"), 'setting header "Host" is not allowed'),
    ("rule_files: ['a/*/b.yml']", 'invalid rule file path "a/*/b.yml"'),
    ("scrape_config_files: ['a/*/b.yml']", 'invalid scrape config file path "a/*/b.yml"'),
    (
        "alerting: {alertmanagers: [{api_version: v1}]}",
        "expected Alertmanager api version to be one of [v2] but got v1",
    ),
    (
        "alerting: {alertmanagers: [{sigv4: {}, basic_auth: {}}]}",
        "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured",
    ),
    ("remote_write: [{}]", "url for remote_write is empty"),
    ("remote_read: [{}]", "url for remote_read is empty"),
    (
        "remote_write: [{url: http://a, name: x}, {url: http://b, name: x}]",
        'found multiple remote write configs with job name "x"',
    ),
    (
        "remote_read: [{url: http://a, name: x}, {url: http://b, name: x}]",
        'found multiple remote read configs with job name "x"',
    ),
    (in_write("headers: {host: a}"), "Host is a reserved header. It must not be changed"),
    (
        in_write("headers: {authorization: a}"),
        (
            "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread "
            "or google_iam parameter"
        ),
    ),
    (
        in_write("sigv4: {}, google_iam: {}"),
        "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured",
    ),
    (in_queue("capacity: 0"), "remote write queue capacity must be positive"),
    (in_queue("max_shards: 0"), "remote write queue max_shards must be positive"),
    (
        in_queue("min_shards: 9, max_shards: 2"),
        "remote write queue min_shards must not be greater than max_shards",
    ),
    (in_queue("max_backoff: 1ms"), "remote write queue max_backoff must not be less than min_backoff"),
    ("tracing: {}", "tracing endpoint must be set"),
    ("otlp: {promote_resource_attributes: ['']}", "empty promoted OTel resource attribute"),
    ("otlp: {promote_resource_attributes: [a, ' a']}", 'duplicated promoted OTel resource attribute "a"'),
    (
        "{global: {metric_name_validation_scheme: legacy}, otlp: {translation_strategy: NoTranslation}}",
        'OTLP translation strategy "NoTranslation" is not allowed when UTF8 is disabled',
    ),
    (
        "storage: {tsdb: {chunk_encoding: {floats: x}}}",
        'storage.tsdb.chunk_encoding.floats: want "xor" or "xor2", got "x"',
    ),
]


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return str(caught.value)


@pytest.mark.parametrize(("text", "line"), SHAPES)
def test_a_wrong_shape_names_line_and_type(text, line):
    assert complaint(text) == f"yaml: unmarshal errors:\n  {line}"


@pytest.mark.parametrize(("text", "sentence"), SENTENCES)
def test_what_makes_no_sense_is_refused_in_prometheus_words(text, sentence):
    assert complaint(text).partition(" (line ")[0] == sentence


def test_several_shapes_are_told_at_once():
    text = "foo: 1\nglobal:\n  sample_limit: a\n  bar: 2\n"
    assert complaint(text).splitlines()[1:] == [
        "  line 1: field foo not found in type config.plain",
        "  line 3: cannot unmarshal !!str `a` into uint",
        "  line 4: field bar not found in type config.plain",
    ]


def test_a_sentence_says_line_and_field():
    text = "global:\n  scrape_interval: 15\n"
    assert complaint(text) == 'not a valid duration string: "15" (line 2: scrape_interval)'


def test_broken_yaml_names_the_line():
    assert complaint("a: [") == "yaml: line 2: did not find expected node content"
    assert complaint("global:\n\t- a").startswith("yaml: line 2: found character that cannot start any token")


def test_a_broken_pattern_shows_the_wrapped_text():
    message = complaint(in_rule("{regex: '(a', target_label: t}"))
    assert message.startswith("error parsing regexp: missing closing ): `^(?s:(a)$`")


def test_a_file_is_named_before_its_trouble(tmp_path):
    path = tmp_path / "prometheus.yml"
    path.write_text("foo: 1")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert str(caught.value) == (
        f"parsing YAML file {path}: yaml: unmarshal errors:\n"
        "  line 1: field foo not found in type config.plain"
    )


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"no-such\.yml: No such file or directory"):
        load_config(tmp_path / "no-such.yml")
