"""One scrape of a real HTTP server: what is stored, what goes stale, what is counted, what the error says."""

import asyncio
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread

import pytest
from aiohttp import web

from model.errors import ConfigError
from model.names import NameScheme
from model.relabel import Action, RelabelRule
from scraper import loop as loop_module
from scraper.client_config import Authorization, BasicAuth, ClientConfig, HeaderValues, Secret
from scraper.errors import RequestError
from scraper.http import HttpClient
from scraper.job import Limits
from scraper.loop import Health
from tests.scraper.memory import STALE_TEXT
from tests.scraper.site import Rig, application, serve

START_MS = 1_000_000_000


async def test_values_stored_equal_the_page(site):
    async with Rig(site) as rig:
        assert await rig.scrape('# TYPE a counter\na{x="1"} 1\na{x="2"} 2.5\nb NaN\n') == ""
        instance = ("instance", site.address)
        assert rig.store.series(name="a") == {
            (("__name__", "a"), instance, ("job", "test"), ("x", "1")): [(START_MS, 1.0)],
            (("__name__", "a"), instance, ("job", "test"), ("x", "2")): [(START_MS, 2.5)],
        }
        assert str(rig.store.values(name="b")) == "[nan]"
        assert rig.loop.state.health is Health.UP
        assert rig.loop.state.last_scrape_ms == START_MS
        assert rig.store.commits == 1


async def test_the_report_tells_of_the_scrape(site):
    async with Rig(site, extra_scrape_metrics=True, limits=Limits(samples=10)) as rig:
        page = "a 1\na 2\nb 1\nc 1\n"
        await rig.scrape(page)
        await rig.scrape(page)
        value = rig.store.values
        assert value(name="up") == [1.0, 1.0]
        assert value(name="scrape_samples_scraped") == [4.0, 4.0]
        assert value(name="scrape_samples_post_metric_relabeling")[1] == 4.0
        assert value(name="scrape_series_added") == [3.0, 0.0]
        assert value(name="scrape_timeout_seconds") == [10.0, 10.0]
        assert value(name="scrape_sample_limit") == [10.0, 10.0]
        assert value(name="scrape_body_size_bytes") == [len(page)] * 2
        assert value(name="a") == [1.0, 1.0]
        assert len(value(name="scrape_duration_seconds")) == 2


async def test_a_series_that_vanishes_goes_stale(site):
    async with Rig(site) as rig:
        await rig.scrape("a 1\nb 1\n")
        await rig.scrape("a 2\n")
        await rig.scrape("a 3\nb 3\n")
        assert rig.store.values(name="a") == [1.0, 2.0, 3.0]
        assert rig.store.values(name="b") == [1.0, STALE_TEXT, 3.0]


async def test_a_scrape_that_fails_makes_everything_stale_once(site):
    async with Rig(site) as rig:
        await rig.scrape("a 1\n")
        site.status = 500
        assert await rig.scrape() == "server returned HTTP status 500 Internal Server Error"
        await rig.scrape()
        site.status = 200
        await rig.scrape("a 4\n")
        assert rig.store.values(name="a") == [1.0, STALE_TEXT, 4.0]
        assert rig.store.values(name="up") == [1.0, 0.0, 0.0, 1.0]
        assert rig.loop.state.health is Health.UP


async def test_an_empty_page_is_a_success_without_samples(site):
    site.headers = {}
    async with Rig(site) as rig:
        assert await rig.scrape("") == ""
        assert rig.store.values(name="up") == [1.0]
        assert rig.store.values(name="scrape_samples_scraped") == [0.0]


async def test_a_page_that_breaks_halfway_leaves_nothing(site):
    async with Rig(site) as rig:
        await rig.scrape("a 1\nb 1\n")
        error = await rig.scrape("a 2\nc 2\nbad{ 2\n")
        assert error.startswith('expected label name, got "2\\n" ("INVALID") while parsing: "bad{ 2')
        assert rig.store.values(name="a") == [1.0, STALE_TEXT]
        assert not rig.store.series(name="c")
        assert rig.store.values(name="scrape_samples_scraped")[1] == 2.0


async def test_of_a_line_that_stands_twice_the_first_counts(site):
    async with Rig(site) as rig:
        for _ in range(2):
            assert await rig.scrape('a{x="1"} 1\na{x="1"} 2\n') == ""
        assert rig.store.values(name="a") == [1.0, 1.0]


async def test_timestamps_of_the_page_are_honoured_or_not(site):
    for honor, wanted_ms in ((True, 999_999_000), (False, START_MS)):
        async with Rig(site, honor_timestamps=honor) as rig:
            await rig.scrape("a 1 999999000\n")
            await rig.scrape("b 1\n")
            samples = next(iter(rig.store.series(name="a").values()))
            assert samples[0] == (wanted_ms, 1.0)
            assert len(samples) == (1 if honor else 2)  # Only what has our timestamp goes stale.


async def test_samples_with_timestamps_go_stale_where_that_is_asked_for(site):
    async with Rig(site, track_timestamps_staleness=True) as rig:
        await rig.scrape("a 1 999999000\n")
        await rig.scrape("b 1\n")
        assert rig.store.values(name="a") == [1.0, STALE_TEXT]


async def test_what_the_store_refuses_is_counted_and_the_scrape_stands(site):
    async with Rig(site) as rig:
        assert await rig.scrape("a 1 999999000\nb 1 999999000\nc 1 1000600001\n") == ""
        assert await rig.scrape("a 1 999998000\nb 2 999999000\nd 1\n") == ""
        assert rig.metrics.scrapes_sample_out_of_order_total == 1
        assert rig.metrics.scrapes_sample_duplicate_timestamp_total == 1
        assert rig.metrics.scrapes_sample_out_of_bounds_total == 1
        assert rig.store.values(name="up") == [1.0, 1.0]
        assert not rig.store.series(name="c")


HONOR_PAGE = 'a{job="own",instance="",exported_x="1"} 1\n'


async def test_the_target_wins_over_the_page(site):
    async with Rig(site) as rig:
        await rig.scrape(HONOR_PAGE)
        (labels,) = map(dict, rig.store.series(name="a"))
        assert labels == {
            "__name__": "a",
            "exported_job": "own",
            "exported_x": "1",
            "instance": site.address,
            "job": "test",
        }


async def test_the_page_wins_where_its_labels_are_honoured(site):
    async with Rig(site, honor_labels=True) as rig:
        await rig.scrape(HONOR_PAGE)
        (labels,) = map(dict, rig.store.series(name="a"))
        assert labels == {"__name__": "a", "exported_x": "1", "job": "own"}


async def test_new_series_pass_the_rules_once_and_dropped_ones_stay_dropped(site):
    rules = (
        RelabelRule(source_labels=("__name__",), regex="drop_.*", action=Action.DROP),
        RelabelRule(source_labels=("__name__",), regex="all_.*", action=Action.REPLACE, target_label="seen"),
    )
    async with Rig(site, metric_relabel_rules=rules) as rig:
        for _ in range(2):
            await rig.scrape("drop_a 1\nkeep 1\n")
        assert not rig.store.series(name="drop_a")
        assert rig.store.values(name="scrape_samples_scraped") == [2.0, 2.0]
        assert rig.store.values(name="scrape_samples_post_metric_relabeling") == [1.0, 1.0]
        assert rig.store.values(name="scrape_series_added") == [1.0, 0.0]


async def test_a_series_without_name_after_the_rules_fails_the_page(site):
    rules = (RelabelRule(regex="__name__", action=Action.LABELDROP),)
    async with Rig(site, metric_relabel_rules=rules) as rig:
        assert await rig.scrape("a 1\n") == "missing metric name (__name__ label)"
    rules = (RelabelRule(regex=".*", action=Action.LABELDROP),)
    async with Rig(site, metric_relabel_rules=rules) as rig:
        assert await rig.scrape("a 1\n") == ""
        assert not rig.store.series(name="a")


async def test_names_outside_the_legacy_scheme_fail_the_page(site):
    async with Rig(site, name_scheme=NameScheme.LEGACY) as rig:
        error = await rig.scrape('{"a.b",x="1"} 1\n')
        assert error.startswith('invalid metric name or label names: {__name__="a.b"')
    async with Rig(site) as rig:
        assert await rig.scrape('{"a.b",x="1"} 1\n') == ""


LIMITS = {
    "samples": (Limits(samples=1), "sample limit exceeded"),
    "labels": (Limits(labels=3), "label_limit exceeded (metric: m, number of labels: 4, limit: 3)"),
    "name": (
        Limits(label_name_bytes=3),
        "label_name_length_limit exceeded (metric: m, label name: __name__, length: 8, limit: 3)",
    ),
    "value": (
        Limits(label_value_bytes=5),
        (
            "label_value_length_limit exceeded (metric: m, label name: instance, "
            'value: "{address}", length: {length}, limit: 5)'
        ),
    ),
    "body": (Limits(body_size_bytes=14), "body size limit exceeded"),
}


@pytest.mark.parametrize("name", LIMITS)
async def test_a_limit_fails_the_scrape_in_prometheus_words(site, name):
    limits, message = LIMITS[name]
    async with Rig(site, limits=limits, extra_scrape_metrics=True) as rig:
        error = await rig.scrape('m{x="1"} 1\nn 1\n'[: 14 if name == "body" else None])
        assert error == message.format(address=site.address, length=len(site.address))
        assert not rig.store.series(name="m")
        assert rig.store.values(name="up") == [0.0]
        assert rig.metrics.scrapes_exceeded_sample_limit_total == (name == "samples")
        assert rig.metrics.scrapes_exceeded_body_size_limit_total == (name == "body")
        assert rig.metrics.scrape_pool_exceeded_label_limits_total == (name in ("labels", "name", "value"))
        assert rig.store.values(name="scrape_body_size_bytes") == [-1.0 if name == "body" else 15.0]


async def test_a_page_at_its_limits_stands(site):
    limits = Limits(samples=2, labels=4, label_name_bytes=8, label_value_bytes=20, body_size_bytes=16)
    async with Rig(site, limits=limits) as rig:
        assert await rig.scrape('m{x="1"} 1\nn 1\n') == ""
        assert await rig.scrape("n 1\n") == ""  # The marker for m does not count.


async def test_gzip_is_asked_for_and_read(site):
    async with Rig(site) as rig:
        site.headers["Content-Encoding"] = "gzip"
        two_members = gzip.compress(b"a 1\n") + gzip.compress(b"b 2\n")
        assert await rig.scrape(two_members) == ""
        assert site.requests[0].headers["Accept-Encoding"] == "gzip"
        assert (rig.store.values(name="a"), rig.store.values(name="b")) == ([1.0], [2.0])
        assert (await rig.scrape(two_members[:-4])).endswith(": unexpected EOF")
        assert (await rig.scrape(b"no gzip")).endswith(": gzip: invalid header")
    async with Rig(site, enable_compression=False) as rig:
        await rig.scrape(two_members)
        assert site.requests[-1].headers["Accept-Encoding"] == "identity"


async def test_a_gzip_bomb_costs_no_more_than_the_limit(site):
    site.headers["Content-Encoding"] = "gzip"
    bomb = gzip.compress(bytes(16 << 20))
    async with Rig(site, limits=Limits(body_size_bytes=1 << 20)) as rig:
        assert await rig.scrape(bomb) == "body size limit exceeded"


NO_FALLBACK = "no fallback_scrape_protocol specified for target"
CONTENT_TYPES = [
    ("text/html", f'received unsupported Content-Type "text/html" and {NO_FALLBACK}'),
    ("", f"non-compliant scrape target sending blank Content-Type and {NO_FALLBACK}"),
    ("a/b/c", 'cannot parse Content-Type "a/b/c" and no fallback_scrape_protocol for target\n'),
    (
        "application/openmetrics-text; version=1.0.0",
        (
            "want a page in text/plain, got application/openmetrics-text "
            '(Content-Type "application/openmetrics-text; version=1.0.0")'
        ),
    ),
    ("text/plain;version=9", ""),
    ("TEXT/PLAIN", ""),
]


@pytest.mark.parametrize(("content_type", "message"), CONTENT_TYPES)
async def test_the_content_type_decides_how_a_page_is_read(site, content_type, message):
    site.headers = {"Content-Type": content_type}
    async with Rig(site) as rig:
        error = await rig.scrape("a 1\n")
        assert error.startswith(message)
        assert bool(error) == bool(message)
    if not content_type.startswith("application/"):
        async with Rig(site, fallback_scrape_protocol="PrometheusText0.0.4") as rig:
            assert await rig.scrape("a 1\n") == ""


async def test_a_body_that_never_ends_ends_at_the_timeout(site):
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=site.headers)
        await response.prepare(request)
        while True:
            await response.write(b"a 1\n")
            await asyncio.sleep(0.02)

    site.handler = endless
    async with Rig(site, scrape_timeout_ms=200) as rig:
        error = await rig.scrape()
        assert error == f'Get "http://{site.address}/metrics": context deadline exceeded'
        assert rig.store.values(name="up") == [0.0]


async def test_a_closed_port_refuses_the_connection(site):
    async with serve() as other:
        address, other_port = other.address, other.port
    async with Rig(site) as rig:
        site.port = other_port
        async with Rig(site) as closed:
            error = await closed.scrape()
        assert error == f'Get "http://{address}/metrics": dial tcp {address}: connect: connection refused'
        assert rig.loop.state.health is Health.UNKNOWN


async def test_an_unknown_host_and_scheme_are_told(site):
    async with Rig(site, scheme="ftp") as rig:
        assert (await rig.scrape()).endswith('/metrics": unsupported protocol scheme "ftp"')


async def test_redirects_are_followed_without_taking_secrets_along(site):
    async with serve() as other:
        other.page = "a 1\n"

        async def away(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(f"http://localhost:{other.port}/x")

        site.handler = away
        headers = {"X-Key": HeaderValues(secrets=(Secret("k"),))}
        client = ClientConfig(basic_auth=BasicAuth("u", password=Secret("p")), http_headers=headers)
        async with Rig(site, client=client) as rig:
            assert await rig.scrape() == ""
        assert site.requests[0].headers["Authorization"] == "Basic dTpw"
        assert site.requests[0].headers["X-Key"] == "k"
        assert not {"Authorization", "X-Key"} & set(other.requests[0].headers)
        assert other.requests[0].headers["X-Prometheus-Scrape-Timeout-Seconds"] == "10"


async def test_a_redirect_is_an_error_where_it_is_not_to_be_followed_and_a_circle_always(site):
    async def circle(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound("/metrics")

    site.handler = circle
    async with Rig(site, client=ClientConfig(follow_redirects=False)) as rig:
        assert await rig.scrape() == "server returned HTTP status 302 Found"
    async with Rig(site) as rig:
        assert (await rig.scrape()).endswith("stopped after 10 redirects")
        assert len(site.requests) == 1 + 11


async def test_a_unix_socket_takes_the_place_of_the_address(site, tmp_path):
    path = str(tmp_path / "socket")
    runner = web.AppRunner(application(site), shutdown_timeout=0.1)
    await runner.setup()
    await web.UnixSite(runner, path).start()
    client = HttpClient(ClientConfig())
    try:
        site.page = "a 1\n"
        answer = await client.get("http://localhost/metrics", {}, 5.0, unix_socket=path)
        assert bytes(answer.body) == b"a 1\n"
        with pytest.raises(RequestError, match=r"dial unix .*/none: connect: no such file or directory"):
            await client.get("http://localhost/metrics", {}, 5.0, unix_socket=str(tmp_path / "none"))
    finally:
        await client.close()
        await runner.cleanup()


async def test_a_reference_to_a_secret_manager_is_refused():
    with pytest.raises(ConfigError, match="cannot use secret ref without manager"):
        HttpClient(ClientConfig(basic_auth=BasicAuth(password_ref="x")))


async def test_a_rotated_secret_is_read_again(site, tmp_path):
    token = tmp_path / "token"
    token.write_text("one\n")
    client = ClientConfig(authorization=Authorization(credentials_file=str(token)))
    async with Rig(site, client=client) as rig:
        await rig.scrape("a 1\n")
        token.write_text("two\n")
        await rig.scrape()
        token.unlink()
        assert "No such file" in await rig.scrape()
    assert [request.headers["Authorization"] for request in site.requests] == ["Bearer one", "Bearer two"]


async def test_a_request_says_what_a_target_wants_to_know(site):
    async with Rig(
        site, scrape_timeout_ms=500, params={"m": ("a", "b")}, scrape_protocols=("PrometheusText0.0.4",)
    ) as rig:
        await rig.scrape("a 1\n")
    (request,) = site.requests
    assert request.headers["User-Agent"] == "Prometheus/3"
    assert request.headers["Accept"] == "text/plain;version=0.0.4;q=0.6,*/*;q=0.5"
    assert request.headers["X-Prometheus-Scrape-Timeout-Seconds"] == "0.5"
    assert request.path_qs == "/metrics?m=a&m=b"


async def test_series_that_the_store_forgot_are_born_again_without_losing_a_sample(site):
    async with Rig(site) as rig:
        await rig.scrape("a 1\nb 1\n")
        rig.store.forget("a")
        assert await rig.scrape("a 2\nb 2\n") == ""
        assert rig.store.values(name="a") == [2.0]
        assert rig.store.values(name="b") == [1.0, 2.0]
        await rig.scrape("b 3\n")
        assert rig.store.values(name="a") == [2.0, STALE_TEXT]
        assert rig.store.values(name="up") == [1.0, 1.0, 1.0]


async def test_a_report_that_the_store_forgot_in_part_is_born_again(site):
    async with Rig(site) as rig:
        await rig.scrape("a 1\n")
        rig.store.forget("up")
        for _ in range(2):
            assert await rig.scrape("a 1\n") == ""
        assert rig.store.values(name="up") == [1.0, 1.0]
        assert rig.store.values(name="scrape_samples_scraped") == [1.0, 1.0, 1.0]


async def test_failures_are_logged_as_lines_of_json_where_that_is_wanted(site, tmp_path):
    path = tmp_path / "failures.log"
    async with Rig(site, scrape_failure_log_file=str(path)) as rig:
        await rig.scrape("a 1\n")
        await rig.scrape("a b\n")
        rig.around.failures.close()
        await rig.scrape("a c\n")
        rig.around.failures.close()
    first, second = map(json.loads, path.read_text().splitlines())
    assert first["job_name"] == "test"
    assert first["target"] == f"http://{site.address}/metrics"
    assert (first["level"], first["time"]) == ("ERROR", "1970-01-12T13:47:40+00:00")
    assert first["msg"] != second["msg"]


async def test_metadata_is_what_the_page_said_last(site):
    async with Rig(site) as rig:
        await rig.scrape("# HELP a first\n# TYPE a counter\na 1\n")
        await rig.scrape("# HELP a second\na 1\n")
        assert rig.loop.metadata() == [("a", "counter", "second", "")]


async def test_large_pages_are_parsed_beside_the_event_loop(site, monkeypatch):
    monkeypatch.setattr(loop_module, "INLINE_BYTES_MAX", 7)
    with ThreadPoolExecutor(1, thread_name_prefix="pages") as executor:
        async with Rig(site, executor=executor) as rig:
            threads = []
            append_page = rig.loop.memory.append_page
            rig.loop.memory.append_page = lambda *page: (
                threads.append(current_thread().name),
                append_page(*page),
            )[1]
            assert await rig.scrape("a 1\nb 1\n") == ""
            assert await rig.scrape("a 2\n") == ""
    assert threads == ["pages_0", current_thread().name]
    assert rig.store.values(name="b") == [1.0, STALE_TEXT]
