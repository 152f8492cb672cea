"""`/status/*`, `/metrics`, `/version` and health."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from server.flags import FLAGS

PROMTOOL = Path("/usr/bin/promtool")


def test_build_information_says_which_prometheus_this_behaves_as(server):
    build = server.api("status/buildinfo").data
    assert list(build) == ["version", "revision", "branch", "buildUser", "buildDate", "goVersion"]
    assert build["version"] == "3.14.0"
    version = server.get("/version")
    assert (version.json, version.text[-1]) == (build, "\n")
    assert version.headers["Content-Type"].startswith("text/plain")


def test_runtime_information(server):
    data = server.api("status/runtimeinfo").data
    assert list(data) == [
        *("startTime", "CWD", "hostname", "serverTime", "reloadConfigSuccess", "lastConfigTime"),
        *("corruptionCount", "goroutineCount", "GOMAXPROCS", "GOMEMLIMIT", "GOGC", "GODEBUG"),
        "storageRetention",
    ]
    assert data["storageRetention"] == "15d"
    assert data["reloadConfigSuccess"] is True
    assert data["startTime"] < data["serverTime"]


def test_every_flag_is_shown_as_text(server):
    shown = server.api("status/flags").data
    assert shown.keys() == FLAGS.keys()
    assert all(isinstance(value, str) for value in shown.values())
    assert shown["query.timeout"] == "2m"
    assert shown["web.enable-lifecycle"] == "true"
    assert shown["storage.tsdb.retention.time"] == "15d"
    assert shown["storage.tsdb.max-block-duration"] == "1d12h"


def test_the_configuration_is_shown_as_yaml(server):
    config = yaml.safe_load(server.api("status/config").data["yaml"])
    assert config["global"]["external_labels"] == {"region": "eu"}
    assert config["scrape_configs"][0]["metrics_path"] == "/metrics"


def test_head_statistics(server):
    data = server.api("status/tsdb").data
    assert data["headStats"]["numSeries"] >= server.facts.series
    assert data["seriesCountByMetricName"][0] == {"name": "wide", "value": server.facts.series}
    assert len(data["labelValueCountByLabelName"]) <= 10
    assert len(server.api("status/tsdb", limit=1).data["seriesCountByLabelValuePair"]) == 1


def test_replay_progress(server):
    assert server.api("status/walreplay").data.keys() == {"min", "max", "current"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/-/healthy", "Prometheus Server is Healthy.\n"),
        ("/-/ready", "Prometheus Server is Ready.\n"),
    ],
)
def test_health_answers_get_and_head(server, path, text):
    assert (server.get(path).status, server.get(path).text) == (200, text)
    head = server.request("HEAD", path)
    assert (head.status, head.body) == (200, b"")


def test_the_page_of_metrics_is_well_formed(server):
    answer = server.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    names = Counter(family.name for family in text_string_to_metric_families(answer.text))
    assert [name for name, count in names.items() if count > 1] == []
    assert len(re.findall(r"^# TYPE (\S+)", answer.text, re.MULTILINE)) == len(names)


@pytest.mark.parametrize(
    "name",
    [
        *("prometheus_build_info", "prometheus_ready", "prometheus_config_last_reload_successful"),
        *("prometheus_config_last_reload_success_timestamp_seconds", "prometheus_http_requests_total"),
        *("prometheus_http_request_duration_seconds_bucket", "prometheus_http_response_size_bytes_sum"),
        *("prometheus_engine_queries", "prometheus_engine_queries_concurrent_max"),
        *("prometheus_engine_query_duration_seconds", "prometheus_engine_query_samples_total"),
        *("prometheus_tsdb_head_series", "prometheus_tsdb_head_samples_appended_total"),
        *("prometheus_tsdb_head_chunks", "prometheus_tsdb_wal_segment_current"),
        *("prometheus_target_interval_length_seconds", "prometheus_target_scrape_pool_targets"),
        *("prometheus_sd_discovered_targets", "process_resident_memory_bytes", "process_cpu_seconds_total"),
    ],
)
def test_a_metric_that_dashboards_know_is_there(server, name):
    pattern = re.compile(rf"^{name}[{{ ]", re.MULTILINE)
    server.wait_until(lambda: pattern.search(server.get("/metrics").text), name)


def test_open_metrics_is_served_where_it_is_asked_for(server):
    answer = server.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_requests_are_counted_by_handler_and_unknown_paths_are_one(server):
    for path in ("/one", "/two", "/api/v1/three", "/api/v1/label/a/values", "/api/v1/label/b/values"):
        server.get(path)
    handlers = set(
        re.findall(r'prometheus_http_requests_total\{.*?handler="([^"]*)"', server.get("/metrics").text)
    )
    assert {"/api/v1/label/:name/values", "other"} <= handlers
    assert not [handler for handler in handlers if "one" in handler or "three" in handler or "/a/" in handler]


@pytest.mark.interop
@pytest.mark.skipif(not PROMTOOL.exists(), reason="promtool is not installed")
def test_promtool_reads_the_metrics(server):
    page = server.get("/metrics").body
    found = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=page, capture_output=True, timeout=30, check=False
    )
    complaints = found.stderr.decode().splitlines()
    # A name that Prometheus itself gives, and that its own tool dislikes.
    assert [line for line in complaints if "native_histogram_bucket_limit_total" not in line] == []


@pytest.mark.interop
@pytest.mark.skipif(not PROMTOOL.exists(), reason="promtool is not installed")
@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (("instant", "{url}", "sum(jobs_total)"), "{{}} => 13 @"),
        (("range", "--start={before}", "--end={at}", "--step=1s", "{url}", "count(wide)"), "300 @"),
        (("labels", "{url}", "parity"), "0\n1"),
        (("series", '--match=wide{{n="3"}}', "{url}"), 'n="3"'),
    ],
)
def test_promtool_asks_and_understands(server, question, wanted):
    url = f"http://127.0.0.1:{server.port}"
    arguments = [part.format(url=url, at=server.at_s, before=server.at_s - 1) for part in question]
    found = subprocess.run(
        [PROMTOOL, "query", *arguments], capture_output=True, timeout=30, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert wanted.format() in found.stdout
