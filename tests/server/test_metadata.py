"""Labels, series, targets and metadata over HTTP."""

import re

import pytest


def test_label_names_are_sorted(server):
    names = server.api("labels").data
    assert names == sorted(names)
    assert {"__name__", "instance", "job", "n", "parity", "queue"} <= set(names)


def test_label_names_of_selectors_are_joined(server):
    assert server.api("labels", match=["wide", "jobs_total"]).data == [
        *("__name__", "instance", "job", "n", "parity", "queue")
    ]
    assert server.post("/api/v1/labels", {"match[]": "wide"}).data == ["__name__", "n", "parity"]


def test_label_values_are_those_of_the_selector(server):
    assert server.api("label/parity/values").data == ["0", "1"]
    assert server.api("label/queue/values", match='jobs_total{queue=~"f.*"}').data == ["fast"]
    assert server.api("label/nosuch/values").data == []


def test_a_limit_cuts_names_and_values_and_says_so(server):
    for path in ("labels", "label/n/values"):
        answer = server.api(path, limit=1)
        assert len(answer.data) == 1
        assert answer.json["warnings"] == ["results truncated due to limit"]


def test_an_escaped_name_is_read(server):
    assert server.api("label/U______name____/values", match="wide").data == ["wide"]
    assert server.api("label/U___70_arity/values").data == ["0", "1"]
    assert server.api("label/U___110000_/values").data == []


def test_a_name_may_hold_a_slash(server):
    assert server.get("/api/v1/label/a%2Fb/values").data == []


def test_an_empty_name_is_refused(server):
    assert server.get("/api/v1/label//values").error == (400, "bad_data", 'invalid label name: ""')


def test_series_of_one_selector(server):
    assert server.api("series", match='wide{n="7"}').data == [{"__name__": "wide", "n": "7", "parity": "1"}]


def test_series_of_several_selectors_come_once_and_sorted(server):
    found = server.api("series", match=['wide{n=~"1|2"}', 'wide{n=~"2|3"}']).data
    assert [labels["n"] for labels in found] == ["1", "2", "3"]


def test_series_are_cut_by_a_limit(server):
    answer = server.post("/api/v1/series", {"match[]": "wide", "limit": "2"})
    assert len(answer.data) == 2
    assert answer.json["warnings"] == ["results truncated due to limit"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("GET /api/v1/series", "no match[] parameter provided"),
        ("GET /api/v1/series?limit=x", "no match[] parameter provided"),
        (
            "GET /api/v1/series?match[]={}",
            'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
        ),
        (
            "GET /api/v1/series?match[]=up{",
            'invalid parameter "match[]": 1:4: parse error: unexpected end of input inside braces',
        ),
        ("GET /api/v1/labels?match[]=up{", "1:4: parse error: unexpected end of input inside braces"),
        ("GET /api/v1/labels?match[]={}", "match[] must contain at least one non-empty matcher"),
        (
            "GET /api/v1/labels?start=x&match[]={}",
            (
                "invalid parameter \"start\": invalid time value for 'start': "
                'cannot parse "x" to a valid timestamp'
            ),
        ),
        ("GET /api/v1/labels?limit=-1&start=x", 'invalid parameter "limit": limit must be non-negative'),
        ("GET /api/v1/metadata?limit=x", "limit must be a number"),
        ("GET /api/v1/metadata?limit_per_metric=1.5", "limit_per_metric must be a number"),
        ("GET /api/v1/targets/metadata?limit=x", "limit must be a number"),
        ("GET /api/v1/status/tsdb?limit=0", "limit must be a positive number"),
        ("GET /api/v1/status/tsdb?limit=x", "limit must be a positive number"),
        ("GET /api/v1/status/tsdb?limit=10001", "limit must not exceed 10000"),
    ],
)
def test_a_refusal_says_what_prometheus_says(server, line, text):
    assert server.transcript(line).error == (400, "bad_data", text)


def test_a_form_that_cannot_be_read_is_refused_where_prometheus_refuses_it(server):
    answer = server.request("GET", "/api/v1/series?match[]=%zz")
    assert answer.error == (400, "bad_data", 'error parsing form values: invalid URL escape "%zz"')
    answer = server.request("GET", "/api/v1/series?match[]=up;x=1")
    assert answer.error == (
        400,
        "bad_data",
        "error parsing form values: invalid semicolon separator in query",
    )


def test_metadata_is_what_targets_said(server):
    found = server.api("metadata").data
    assert found["jobs_total"] == [{"type": "counter", "unit": "", "help": 'Jobs done & "so" on.'}]
    assert r'"help":"\u003cwarmth\u003e"' in server.api("metadata", metric="heat").text
    assert server.api("metadata", metric="heat").data.keys() == {"heat"}
    assert len(server.api("metadata", limit=1).data) == 1
    assert server.api("metadata", limit=0).data == {}


def test_metadata_of_targets(server):
    (entry,) = server.api("targets/metadata", metric="heat").data
    assert entry == {
        "target": {"instance": server.target, "job": "app"},
        "type": "gauge",
        "help": "<warmth>",
        "unit": "",
    }
    metrics = [entry["metric"] for entry in server.api("targets/metadata", match_target='{job="app"}').data]
    assert sorted(metrics) == ["heat", "jobs_total"]
    assert server.api("targets/metadata", match_target='{job="other"}').data == []


def test_targets_are_active_or_dropped(server):
    data = server.api("targets").data
    (active,) = data["activeTargets"]
    assert list(active) == [
        *("discoveredLabels", "labels", "scrapePool", "scrapeUrl", "globalUrl", "lastError", "lastScrape"),
        *("lastScrapeDuration", "health", "scrapeInterval", "scrapeTimeout"),
    ]
    assert (active["health"], active["lastError"], active["scrapePool"]) == ("up", "", "app")
    assert (active["scrapeInterval"], active["scrapeTimeout"]) == ("1s", "1s")
    assert active["labels"] == {"instance": server.target, "job": "app"}
    assert active["globalUrl"] != active["scrapeUrl"] == f"http://{server.target}/metrics"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z", active["lastScrape"])
    (dropped,) = data["droppedTargets"]
    assert (dropped["discoveredLabels"]["drop"], dropped["scrapePool"]) == ("me", "app")
    assert data["droppedTargetCounts"] == {"app": 1}


@pytest.mark.parametrize(
    ("state", "active", "dropped", "counts"),
    [
        ("active", 1, 0, None),
        ("Dropped", 0, 1, {"app": 1}),
        ("ANY", 1, 1, {"app": 1}),
        ("other", 0, 0, None),
    ],
)
def test_targets_of_one_state(server, state, active, dropped, counts):
    data = server.api("targets", state=state).data
    assert (len(data["activeTargets"]), len(data["droppedTargets"])) == (active, dropped)
    assert data["droppedTargetCounts"] == counts


def test_targets_of_one_pool(server):
    assert server.api("targets", scrapePool="nosuch").data["activeTargets"] == []
    assert len(server.api("targets", scrapePool="app").data["activeTargets"]) == 1
    assert server.api("scrape_pools").data == {"scrapePools": ["app"]}
