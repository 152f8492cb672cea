"""`/query` and `/query_range` over HTTP, by transcripts of the reference."""

import http.client
import re
import time
from urllib.parse import urlencode

import pytest

ENVELOPE = '{"status":"success","data":'


def bad(text):
    return '{"status":"error","errorType":"bad_data","error":' + text + "}"


TRANSCRIPTS = [
    (
        "GET /api/v1/query?query=vector(1e-7)&time=1000",
        ENVELOPE + '{"resultType":"vector","result":[{"metric":{},"value":[1000,"1e-07"]}]}}',
    ),
    (
        "GET /api/v1/query?query=1e-7&time=1.5",
        ENVELOPE + '{"resultType":"scalar","result":[1.5,"0.0000001"]}}',
    ),
    (
        "GET /api/v1/query?query=vector(1)&time=1.5",
        ENVELOPE + '{"resultType":"vector","result":[{"metric":{},"value":[1.500,"1"]}]}}',
    ),
    (
        "GET /api/v1/query?query=time()&time=1234.5678",
        ENVELOPE + '{"resultType":"scalar","result":[1234.568,"1234.568"]}}',
    ),
    ("GET /api/v1/query?query=1/0&time=1000", ENVELOPE + '{"resultType":"scalar","result":[1000,"+Inf"]}}'),
    (
        "GET /api/v1/query?query=vector(-0)&time=1000",
        ENVELOPE + '{"resultType":"vector","result":[{"metric":{},"value":[1000,"-0"]}]}}',
    ),
    (
        'GET /api/v1/query?query="a<b"&time=1000',
        ENVELOPE + r'{"resultType":"string","result":[1000,"a\u003cb"]}}',
    ),
    ("GET /api/v1/query?query=nosuch&time=1000", ENVELOPE + '{"resultType":"vector","result":[]}}'),
    ("GET /api/v1/query?query=nosuch[1m]&time=1000", ENVELOPE + '{"resultType":"matrix","result":[]}}'),
    (
        "GET /api/v1/query_range?query=1&start=0&end=2&step=1",
        ENVELOPE + '{"resultType":"matrix","result":[{"metric":{},"values":[[0,"1"],[1,"1"],[2,"1"]]}]}}',
    ),
]

ERRORS = [
    (
        "GET /api/v1/query?query=up{",
        r'"invalid parameter \"query\": 1:4: parse error: unexpected end of input inside braces"',
    ),
    (
        "GET /api/v1/query?query=foo and <",
        r'"invalid parameter \"query\": 1:9: parse error: unexpected \u003cop:\u003c\u003e"',
    ),
    (
        "GET /api/v1/query",
        r'"invalid parameter \"query\": unknown position: parse error: no expression found in input"',
    ),
    (
        "GET /api/v1/query?query=up&timeout=1ns",
        r'"invalid parameter \"timeout\": cannot parse \"1ns\" to a valid duration"',
    ),
    (
        "GET /api/v1/query?query=up&time=abc",
        (
            r""""invalid parameter \"time\": invalid time value for 'time': """
            r'cannot parse \"abc\" to a valid timestamp"'
        ),
    ),
    (
        "GET /api/v1/query?query=up&lookback_delta=x",
        r'"error parsing lookback delta duration: cannot parse \"x\" to a valid duration"',
    ),
    (
        "GET /api/v1/query?query=up&limit=x&time=y",
        r'"invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax"',
    ),
    (
        "GET /api/v1/query?query=up&limit=-1",
        r'"invalid parameter \"limit\": limit must be non-negative"',
    ),
    (
        "GET /api/v1/query?query=up&limit=99999999999999999999",
        r'"invalid parameter \"limit\": strconv.Atoi: parsing \"99999999999999999999\": value out of range"',
    ),
    (
        "GET /api/v1/query_range?query=up&end=1&step=1",
        r'"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"',
    ),
    (
        "GET /api/v1/query_range?query=up&start=0&end=1",
        r'"invalid parameter \"step\": cannot parse \"\" to a valid duration"',
    ),
    (
        "GET /api/v1/query_range?query=up&start=2&end=1&step=1",
        r'"invalid parameter \"end\": end timestamp must not be before start time"',
    ),
    (
        "GET /api/v1/query_range?query=up&start=2&end=1&step=x",
        r'"invalid parameter \"end\": end timestamp must not be before start time"',
    ),
    (
        "GET /api/v1/query_range?query=up&start=1&end=1&step=0",
        (
            r'"invalid parameter \"step\": zero or negative query resolution step widths are not accepted. '
            'Try a positive integer"'
        ),
    ),
    (
        "GET /api/v1/query_range?query=up&start=0&end=11001&step=1",
        (
            '"exceeded maximum resolution of 11,000 points per timeseries. '
            'Try decreasing the query resolution (?step=XX)"'
        ),
    ),
    (
        "GET /api/v1/query_range?query=up[1m]&start=0&end=1&step=1",
        (
            r'"invalid parameter \"query\": invalid expression type \"range vector\" for range query, '
            'must be Scalar or instant Vector"'
        ),
    ),
]


@pytest.mark.parametrize(("line", "wanted"), TRANSCRIPTS, ids=[line for line, _ in TRANSCRIPTS])
def test_an_answer_is_byte_for_byte_that_of_prometheus(server, line, wanted):
    answer = server.transcript(line)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.text == wanted


@pytest.mark.parametrize(("line", "wanted"), ERRORS, ids=[line for line, _ in ERRORS])
def test_a_refusal_is_byte_for_byte_that_of_prometheus(server, line, wanted):
    answer = server.transcript(line)
    assert (answer.status, answer.headers["Content-Type"]) == (400, "application/json")
    assert answer.text == bad(wanted)


def test_eleven_thousand_and_one_points_pass(server):
    answer = server.api("query_range", query="1", start=0, end=11_000, step=1)
    assert len(answer.data["result"][0]["values"]) == 11_001


def test_a_form_wins_over_the_url(server):
    answer = server.post("/api/v1/query", {"query": "1"}, query="2", time="5")
    assert answer.data == {"resultType": "scalar", "result": [5, "1"]}


def test_a_multipart_form_is_read(server):
    body = '--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n7\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = server.request("POST", "/api/v1/query?time=1", body, headers)
    assert answer.data["result"] == [1, "7"]


def test_a_broken_multipart_form_is_a_missing_parameter(server):
    answer = server.request("POST", "/api/v1/query", "--y", {"Content-Type": "multipart/form-data"})
    assert answer.status == 400
    assert "no expression found" in answer.text


def test_a_value_that_cannot_be_unescaped_is_a_missing_parameter(server):
    answer = server.request("GET", "/api/v1/query?query=%zz")
    assert "no expression found in input" in answer.text


def test_a_form_that_is_too_large_is_refused(server):
    answer = server.request(
        "POST",
        "/api/v1/query",
        b"query=" + b"1" * (10 << 20),
        {"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.error[:2] == (400, "bad_data")


@pytest.mark.parametrize("endpoint", ["query", "query_range"])
@pytest.mark.parametrize("name", ["time", "start", "end", "step", "timeout", "lookback_delta", "limit"])
@pytest.mark.parametrize(
    "value",
    [
        *("NaN", "Inf", "-Inf", "infinity", "1e308", "-1e308", "1e400", "9e15", "-9e15", "1e-300", "-0"),
        *("9" * 5000, "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "2026-13-01T00:00:00Z"),
        *(
            "-292273086-05-16T16:47:06Z",
            "292277025-08-18T07:12:54.999999999Z",
            "1y",
            "292y",
            "\x00",
            "\u0661",
        ),
    ],
)
def test_no_number_is_too_odd(server, endpoint, name, value):
    parameters = {"query": "wide", "time": "1", "start": "0", "end": "10", "step": "5", name: value}
    answer = server.api(endpoint, **parameters)
    assert answer.status in (200, 400, 422, 503), answer.text
    assert answer.json["status"] in ("success", "error")


def test_a_limit_cuts_a_vector_and_says_so(server):
    answer = server.api("query", query="wide", time=server.at_s, limit=7)
    assert len(answer.data["result"]) == 7
    assert answer.json["warnings"] == ["results truncated due to limit"]


def test_a_limit_that_is_met_exactly_is_no_news(server):
    answer = server.api("query", query='wide{n="1"}', time=server.at_s, limit=1)
    assert "warnings" not in answer.json


@pytest.mark.parametrize("query", ["wide", "wide[10s]"])
def test_a_limit_cuts_every_kind_of_vector(server, query):
    whole = server.api("query", query=query, time=server.at_s).data["result"]
    assert server.api("query", query=query, time=server.at_s, limit=3).data["result"] == whole[:3]


def test_a_limit_does_not_cut_a_scalar(server):
    assert "warnings" not in server.api("query", query="1", limit=1).json


def test_a_lookback_of_its_own_reaches_further(server):
    long_after = server.at_s + 3000
    assert server.api("query", query="wide", time=long_after).data["result"] == []
    assert server.api("query", query="wide", time=long_after, lookback_delta="1h").data["result"]


def test_an_info_names_its_place(server):
    answer = server.api("query", query="rate(wide[30s])", time=server.at_s)
    assert answer.json["infos"] == [
        (
            "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
            '"wide" (1:6)'
        )
    ]


def test_stats_come_on_request_only(server):
    assert "stats" not in server.api("query", query="wide", time=server.at_s).data
    answer = server.api("query", query="wide", time=server.at_s, stats="all")
    assert answer.data["stats"]["samples"]["samplesRead"] == server.facts.series
    assert answer.data["stats"]["timings"]["execTotalTime"] > 0
    assert "warnings" not in answer.json


def test_an_odd_value_of_stats_works_and_is_warned_about(server):
    answer = server.api("query", query="1", stats="x")
    assert answer.json["warnings"] == [
        (
            'value "x" for parameter "stats" is deprecated and will be rejected in the next major release, '
            'use "true" or "all"'
        )
    ]
    assert "stats" in answer.data


def test_an_evaluation_error_is_422(server):
    answer = server.api("query", query="wide * on(parity) wide", time=server.at_s)
    assert answer.error[:2] == (422, "execution")


def test_a_timeout_is_503_and_says_so(server):
    answer = server.api("query", query="wide", timeout="0")
    assert answer.error == (503, "timeout", "query timed out in expression evaluation")


def test_a_query_is_formatted(server):
    assert server.api("format_query", query="foo/bar").data == "foo / bar"
    assert server.post("/api/v1/format_query", {"query": "a+b"}).data == "a + b"
    assert server.api("format_query", query="foo/").error[0] == 400


LONG = "+".join(f"sum(rate(wide[{seconds}s]))" for seconds in range(100, 700))


def running_queries(server):
    found = re.search(r"^prometheus_engine_queries (\S+)$", server.get("/metrics").text, re.MULTILINE)
    return float(found[1])


def ask_long(server):
    """A connection on which a question of many seconds waits for its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    form = {"query": LONG, "start": server.at_s - 11_000, "end": server.at_s, "step": 1}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/api/v1/query_range", urlencode(form), headers)
    return connection


def test_a_client_that_goes_away_cancels_its_query(server):
    connection = ask_long(server)
    server.wait_until(lambda: running_queries(server) == 1, "the question to begin")
    time.sleep(0.5)
    assert running_queries(server) == 1, "the question is too short for this test"
    connection.close()
    canceled = 'prometheus_http_requests_total{code="499",handler="/api/v1/query_range"} 1.0'
    server.wait_until(lambda: canceled in server.get("/metrics").text, "the question to be cancelled")
    assert running_queries(server) == 0


def test_a_question_that_finds_no_free_thread_times_out_in_the_queue(server):
    connections = [ask_long(server) for _ in range(4)]
    try:
        server.wait_until(lambda: running_queries(server) == 4, "the bound to be reached")
        answer = server.api("query", query="1", timeout="300ms")
        assert answer.error == (400, "bad_data", 'invalid parameter "query": query timed out in query queue')
    finally:
        for connection in connections:
            connection.close()
    server.wait_until(lambda: running_queries(server) == 0, "the questions to end")
