"""Start, reload, end: what a service manager sees."""

import http.client
import time

from tests.server.running import fill, launch, serving, target

EMPTY = "scrape_configs: []\n"
RELOADED = "prometheus_config_last_reload_successful"


def metric(server, name, prefix=""):
    page = server.get(f"{prefix}/metrics").text
    (line,) = [line for line in page.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[1])


def test_a_reload_takes_what_is_good_and_keeps_what_was_there_instead_of_what_is_bad(tmp_path):
    with serving(tmp_path, "--web.enable-lifecycle", config=EMPTY) as server:
        before = metric(server, "prometheus_config_last_reload_success_timestamp_seconds")
        server.config.write_text("scrape_configs:\n- job_name: new\n")
        answer = server.post("/-/reload")
        assert (answer.status, answer.body) == (200, b"")
        assert "job_name: new" in server.api("status/config").data["yaml"]
        good = metric(server, "prometheus_config_last_reload_success_timestamp_seconds")
        assert good > before

        server.config.write_text("scrape_configs:\n- job_name: new\n  scrape_intervall: 1s\n")
        answer = server.request("PUT", "/-/reload")
        assert answer.status == 500
        assert answer.text.startswith("failed to reload config: ")
        assert "line 3" in answer.text
        assert "scrape_intervall" in answer.text
        assert "job_name: new" in server.api("status/config").data["yaml"]
        assert metric(server, RELOADED) == 0
        assert metric(server, "prometheus_config_last_reload_success_timestamp_seconds") == good
        assert server.api("status/runtimeinfo").data["reloadConfigSuccess"] is False

        server.config.write_text(EMPTY)
        server.process.send_signal(1)
        server.wait_until(lambda: metric(server, RELOADED) == 1, "the reload on SIGHUP")
        assert "job_name" not in server.api("status/config").data["yaml"]
        assert server.stop() == 0
    assert "level=ERROR" in server.log_text()
    assert "scrape_intervall" in server.log_text()


def test_a_bad_file_on_sighup_is_logged_and_changes_nothing(tmp_path):
    with serving(tmp_path, config=EMPTY) as server:
        server.config.write_text("global: 7\n")
        server.process.send_signal(1)
        server.wait_until(lambda: metric(server, RELOADED) == 0, "the refused reload")
        server.config.write_text(EMPTY)
        server.process.send_signal(1)
        server.wait_until(lambda: metric(server, RELOADED) == 1, "the next reload")


def test_a_changed_file_is_taken_up_by_itself_where_that_is_wanted(tmp_path):
    flags = ("--config.auto-reload", "--config.auto-reload-interval=1s")
    with serving(tmp_path, *flags, config="scrape_config_files: [more.yml]\n") as server:
        (tmp_path / "more.yml").write_text("scrape_configs: [{job_name: later}]\n")
        server.wait_until(lambda: "Completed loading" in server.log_text(), "the reload")
        (tmp_path / "more.yml").write_text("scrape_configs: [{job_name: }]\n")
        server.wait_until(lambda: metric(server, RELOADED) == 0, "the refused reload")
        server.config.write_text(EMPTY)
        server.wait_until(lambda: metric(server, RELOADED) == 1, "the next reload")


def test_without_leave_nobody_reloads_or_ends_the_server(tmp_path):
    with serving(tmp_path, config=EMPTY) as server:
        for path in ("/-/reload", "/-/quit"):
            answer = server.post(path)
            assert (answer.status, answer.text) == (403, "Lifecycle API is not enabled.\n")
            answer = server.get(path)
            assert (answer.status, answer.text) == (405, "Only POST or PUT requests allowed\n")
        assert server.stop() == 0
        assert "uvicorn" not in server.log_text()
        assert "See you next time!" in server.log_text()


def test_quit_ends_the_server_once(tmp_path):
    with serving(tmp_path, "--web.enable-lifecycle", config=EMPTY) as server:
        answer = server.post("/-/quit")
        assert (answer.status, answer.text) == (200, "Requesting termination... Goodbye!\n")
        assert server.process.wait(20) == 0


def test_the_end_comes_soon_even_with_slow_targets_and_running_questions(tmp_path):
    fill(tmp_path / "data", int(time.time()) * 1000)
    with target() as address:
        config = (
            "global: {scrape_interval: 30s, scrape_timeout: 30s}\n"
            "scrape_configs:\n"
            f"- {{job_name: slow, metrics_path: /slow, static_configs: [{{targets: ['{address}']}}]}}\n"
        )
        with serving(tmp_path, "--scrape.discovery-reload-interval=50ms", config=config) as server:
            question = "%2B".join(f"sum(rate(wide[{s}s]))" for s in range(100, 400))
            now_s = int(time.time())
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            url = f"/api/v1/query_range?start={now_s - 11_000}&end={now_s}&step=1&query={question}"
            connection.request("GET", url)
            server.wait_until(lambda: metric(server, "prometheus_engine_queries") == 1, "the question")
            began_s = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began_s < 8
            answer = connection.getresponse()
            assert answer.status in (499, 503)
            connection.close()


def test_what_was_stored_is_there_after_the_next_start(tmp_path):
    with target() as address:
        config = (
            "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
            f"scrape_configs: [{{job_name: a, static_configs: [{{targets: ['{address}']}}]}}]\n"
        )
        flags = ("--scrape.discovery-reload-interval=50ms",)
        with serving(tmp_path, *flags, config=config) as server:
            server.wait_until(lambda: server.api("query", query="heat").data["result"], "a scrape")
            assert server.stop() == 0
    with serving(tmp_path, config=EMPTY) as server:
        found = server.api("query", query="last_over_time(heat[5m])").data["result"]
        assert [sample["value"][1] for sample in found] == ["21.5"]
        assert server.stop() == 0


def test_a_start_may_be_called_off_while_the_log_is_replayed(tmp_path):
    fill(tmp_path / "data", int(time.time()) * 1000, series=4000, samples=200)
    with serving(tmp_path, config=EMPTY, wait=False) as server:
        assert server.stop() == 0
    with serving(tmp_path, config=EMPTY) as server:
        found = server.api("query", query="count(last_over_time(wide[5m]))").data["result"]
        assert [sample["value"][1] for sample in found] == ["4000"]


def test_everything_moves_under_a_route_prefix(tmp_path):
    with serving(tmp_path, "--web.route-prefix=/deep/er/", "--web.enable-lifecycle", config=EMPTY) as server:
        assert server.get("/").headers["Location"] == "/deep/er"
        assert server.get("/deep/er/api/v1/query", query="1").json["status"] == "success"
        assert server.get("/deep/er/-/healthy").status == 200
        for path in ("/api/v1/query", "/deep", "/deep/error", "/-/healthy"):
            assert server.get(path).status == 404
        assert server.request("OPTIONS", "/deep/er/api/v1/query").status == 204
        assert server.get("/deep/er/api/v1/query", query="1").headers["Vary"] == "Origin"
        page = server.get("/deep/er/metrics").text
        assert 'handler="/api/v1/query"' in page
        assert server.get("/deep/er").status == 302


def test_an_external_url_gives_the_prefix(tmp_path):
    flag = "--web.external-url=http://prometheus.example.org/p/"
    process = launch(tmp_path, "--web.listen-address=127.0.0.1:0", flag, config=EMPTY)
    try:
        assert "http://prometheus.example.org/p/api/v1" in process.stdout.readline()
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()
        process.stderr.close()


def test_a_directory_in_use_ends_the_start_with_1(tmp_path):
    with serving(tmp_path, config=EMPTY):
        second = launch(tmp_path, "--web.listen-address=127.0.0.1:0")
        _, log = second.communicate(timeout=30)
        assert second.returncode == 1
        assert "level=ERROR" in log
        assert "Traceback" not in log


def test_an_address_in_use_ends_the_start_with_1(tmp_path):
    with serving(tmp_path, config=EMPTY) as server:
        other = tmp_path / "other"
        other.mkdir()
        second = launch(other, f"--web.listen-address=127.0.0.1:{server.port}", config=EMPTY)
        _, log = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"cannot listen on 127.0.0.1:{server.port}" in log


def test_a_configuration_that_cannot_be_obeyed_ends_the_start_with_2(tmp_path):
    process = launch(tmp_path, config="scrape_configs:\n- job_name: a\n  nosuch: 1\n")
    _, log = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "Error loading config (--config.file=" in log
    assert "line 3" in log
    assert "nosuch" in log


def test_a_lost_connection_is_no_trouble(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    headers = {"Content-Length": "100", "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/api/v1/labels", body=iter([b"match="]), headers=headers)
    connection.close()
    lost = 'prometheus_http_requests_total{code="499",handler="/api/v1/labels"} 1.0'
    server.wait_until(lambda: lost in server.get("/metrics").text, "the lost request to be counted")
    assert "Traceback" not in server.log_text()
