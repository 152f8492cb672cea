"""What stands around every handler, driven without a socket."""

import logging

import orjson
import pytest
from starlette.requests import Request
from starlette.responses import Response

from server.metrics.http import HttpMetrics
from server.metrics.registry import SelfMetrics
from server.web.app import _app, starting_app
from server.web.envelope import ApiError, ErrorType, success, to_json
from server.web.gateway import Gateway
from server.web.routes import route
from tsdb.replay import ReplayProgress


async def broken(_: Request) -> Response:
    raise RuntimeError("the secret reason")


async def refused(_: Request) -> Response:
    raise ApiError(ErrorType.UNAVAILABLE, "not <now>")


def gateway(**options):
    app = _app([route("/api/v1/broken", broken), route("/api/v1/refused", refused)])
    return Gateway(app, HttpMetrics(), **{"cors_origin": ".*", "prefix": "", **options})


async def ask(app, path, method="GET"):
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [],
        "scheme": "http",
        "server": ("h", 1),
        "client": ("c", 1),
        "http_version": "1.1",
        "root_path": "",
    }
    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]), headers


async def test_a_mistake_of_ours_is_an_envelope_for_the_caller_and_a_trace_for_the_log(caplog):
    with caplog.at_level(logging.ERROR):
        status, body, _ = await ask(gateway(), "/api/v1/broken")
    assert status == 500
    answer = orjson.loads(body)
    assert (answer["status"], answer["errorType"]) == ("error", "internal")
    assert b"secret" not in body
    assert "the secret reason" in caplog.text


async def test_a_mistake_outside_every_application_is_answered_as_well(caplog):
    async def nothing_works(scope, receive, send):
        raise RuntimeError("the secret reason")

    whole = gateway()
    whole._inner = nothing_works
    status, body, _ = await ask(whole, "/x")
    assert (status, body) == (500, b"Internal Server Error\n")
    assert "the secret reason" in caplog.text


async def test_an_error_has_its_status_and_is_safe_inside_html():
    status, body, _ = await ask(gateway(), "/api/v1/refused")
    assert status == 500
    assert body == b'{"status":"error","errorType":"unavailable","error":"not \\u003cnow\\u003e"}'


@pytest.mark.parametrize("stopping", [False, True])
async def test_only_health_metrics_and_progress_answer_while_the_store_is_not_open(stopping):
    starting = starting_app(SelfMetrics(), lambda: ReplayProgress(1, 5, 3), stopping=stopping)
    app = Gateway(starting, HttpMetrics(), cors_origin=".*", prefix="")
    for method, path in (
        ("GET", "/api/v1/query"),
        ("POST", "/api/v1/query"),
        ("HEAD", "/-/ready"),
        ("GET", "/"),
    ):
        status, body, headers = await ask(app, path, method)
        assert (status, body) == (503, b"Service Unavailable")
        assert headers["x-prometheus-stopping"] == ("true" if stopping else "false")
    assert (await ask(app, "/-/healthy"))[0] == 200
    assert b"prometheus_ready 0.0" in (await ask(app, "/metrics"))[1]
    assert (await ask(app, "/version"))[0] == 200
    body = (await ask(app, "/api/v1/status/walreplay"))[1]
    assert body == b'{"status":"success","data":{"min":1,"max":5,"current":3}}'


async def test_other_protocols_are_left_alone():
    await gateway()({"type": "websocket"}, None, None)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/p/api/v1/refused", 500), ("/p", 404), ("/pp/api/v1/refused", 404), ("/", 302), ("/x", 404)],
)
async def test_only_what_stands_under_the_prefix_is_served(path, status):
    assert (await ask(gateway(prefix="/p"), path))[0] == status


def test_at_most_ten_warnings_are_shown():
    body = orjson.loads(success(b"1", [str(n) for n in range(13)], [str(n) for n in range(10)]).body)
    assert body["warnings"] == [*(str(n) for n in range(10)), "3 more warning annotations omitted"]
    assert len(body["infos"]) == 10


def test_line_separators_are_escaped():
    assert to_json("\u2028&") == b'"\\u2028\\u0026"'
