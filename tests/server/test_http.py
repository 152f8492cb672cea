"""Methods, headers, cross-origin requests and compression."""

import gzip
import zlib

import pytest

CORS = {
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, Origin",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Expose-Headers": "Date",
}


def test_an_unknown_path_is_404_as_plain_text(server):
    for path in ("/nosuch", "/api/v1/nosuch", "/api/v1", "/api/v1/query/"):
        answer = server.get(path)
        assert (answer.status, answer.text) == (404, "404 page not found\n")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/api/v1/query", "GET, OPTIONS, POST"),
        ("HEAD", "/api/v1/query", "GET, OPTIONS, POST"),
        ("POST", "/api/v1/label/a/values", "GET, OPTIONS"),
        ("HEAD", "/metrics", "GET, OPTIONS"),
        ("DELETE", "/-/healthy", "GET, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_405_and_says_which_are_allowed(server, method, path, allow):
    answer = server.request(method, path)
    assert (answer.status, answer.headers["Allow"]) == (405, allow)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert method == "HEAD" or answer.text == "Method Not Allowed\n"


def test_options_are_answered_everywhere_under_the_api(server):
    for path in ("/api/v1/query", "/api/v1/nosuch"):
        answer = server.request("OPTIONS", path, headers={"Origin": "http://example.org"})
        assert (answer.status, answer.body) == (204, b"")
        assert CORS.items() <= dict(answer.headers).items() or all(
            answer.headers[name] == value for name, value in CORS.items()
        )
        assert answer.headers["Access-Control-Allow-Origin"] == "http://example.org"
        assert answer.headers["Vary"] == "Origin"


def test_options_outside_the_api_name_the_methods(server):
    answer = server.request("OPTIONS", "/metrics")
    assert (answer.status, answer.headers["Allow"]) == (200, "GET, OPTIONS")


def test_an_origin_that_is_not_welcome_gets_no_leave(server):
    answer = server.get("/api/v1/query", {"Origin": "http://example.org.evil"}, query="1")
    assert answer.headers["Access-Control-Allow-Origin"] is None
    assert answer.headers["Access-Control-Allow-Methods"] == CORS["Access-Control-Allow-Methods"]


def test_without_an_origin_there_is_only_vary(server):
    answer = server.api("query", query="1")
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["Access-Control-Allow-Methods"] is None
    assert server.api("query", query="(").headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("accept", "encoding", "decode"),
    [
        ("gzip", "gzip", gzip.decompress),
        ("deflate", "deflate", zlib.decompress),
        ("br, deflate, gzip", "deflate", zlib.decompress),
        ("gzip;q=1", None, bytes),
        ("identity", None, bytes),
    ],
)
def test_the_first_encoding_that_we_speak_is_used(server, accept, encoding, decode):
    parameters = {"query": "wide", "time": server.at_s}
    plain = server.get("/api/v1/query", **parameters)
    answer = server.get("/api/v1/query", {"Accept-Encoding": accept}, **parameters)
    assert answer.headers["Content-Encoding"] == encoding
    assert decode(answer.body) == plain.body
    vary = ", ".join(answer.headers.get_all("Vary"))
    assert ("Accept-Encoding" in vary) == (encoding is not None)


def test_a_large_answer_is_packed_as_well(server):
    parameters = {"query": "wide", "start": server.at_s - 300, "end": server.at_s, "step": 1}
    plain = server.get("/api/v1/query_range", **parameters)
    assert len(plain.body) > 64 << 10
    answer = server.get("/api/v1/query_range", {"Accept-Encoding": "gzip"}, **parameters)
    assert gzip.decompress(answer.body) == plain.body


def test_the_front_door_leads_to_something_that_is_there(server):
    for path in ("/", "/graph?g0.expr=up"):
        answer = server.get(path)
        assert answer.status == 302
        assert server.get(answer.headers["Location"]).json["status"] == "success"


def test_no_server_header_tells_of_the_machinery(server):
    assert server.get("/-/healthy").headers["Server"] is None
