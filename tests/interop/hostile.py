"""Targets that a scraper would rather not meet: one path, one misbehaviour, and the words it is known by."""

import gzip
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler

MEBIBYTE = 1 << 20
PIECE = b"# " + b"x" * (MEBIBYTE - 3) + b"\n"
LARGE_BODY_MEBIBYTES = 100
PACKED = gzip.compress(16 * PIECE)
BOMB_MEMBERS = 64
UNSUPPORTED = 'received unsupported Content-Type "{}" and no fallback_scrape_protocol specified for target'
BLANK = "non-compliant scrape target sending blank Content-Type"

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One misbehaviour."""

    name: str
    answer: Answer
    error: str  # Part of `lastError`; empty where the scrape succeeds.
    metric: str = ""  # A sample that must be stored all the same: name, then its value.
    value: str = ""


def page(body: bytes, content_type: str = "text/plain; version=0.0.4", status: int = 200) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        if content_type:
            handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def streamed(pieces: Callable[[], Iterator[bytes]], encoding: str = "") -> Answer:
    """A body without a length, which ends with the connection."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Type", "text/plain; version=0.0.4")
        handler.send_header("Connection", "close")
        if encoding:
            handler.send_header("Content-Encoding", encoding)
        handler.end_headers()
        for piece in pieces():
            handler.wfile.write(piece)

    return answer


def large_body() -> Iterator[bytes]:
    yield from itertools.repeat(PIECE, LARGE_BODY_MEBIBYTES)
    yield b"behind_a_large_body 1\n"


def bomb() -> Iterator[bytes]:
    """A gibibyte in a mebibyte: many members of one gzip stream."""
    yield from itertools.repeat(PACKED, BOMB_MEMBERS)


def dripping() -> Iterator[bytes]:
    while True:
        yield b"# one more\n"
        time.sleep(0.05)


def endless_header(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    while True:
        handler.wfile.write(b"x" * 65_536)


def endless_headers(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for n in itertools.count():
        handler.wfile.write(b"X-%d: %s\r\n" % (n, b"x" * 1000))


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Type", "text/plain")
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"m 1\n")


def no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.wfile.write(b"\x00\x01\x02 what is HTTP?\r\n\r\n")


def packed(body: bytes) -> Answer:
    return streamed(lambda: iter([body]), "gzip")


GOOD = b"m 1\n"
CASES = (
    Case("bad_escape", page(b'kept_escape{a="\\x"} 1\n'), "", "kept_escape", "1"),
    Case("open_quote", page(b'm{a="never closed} 1\n'), "expected label value"),
    Case("open_brace", page(b'm{a="1" 1\n'), "while parsing"),
    Case("no_value", page(b"m\n"), "expected value after metric"),
    Case("bad_float", page(b"good 1\nm 1.2.3\n"), 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'),
    Case("hex_float", page(b"m 0x1p3\n"), "unsupported character in float"),
    Case("vast_float", page(b"m 1e999\n"), "value out of range"),
    Case("bad_timestamp", page(b"m 1 12.5\n"), "while parsing"),
    Case("bad_type", page(b"# TYPE m wrong\nm 1\n"), 'invalid metric type "wrong"'),
    Case("no_name", page(b'{a="1"} 1\n'), "metric name not set while parsing"),
    Case("twice_a_label", page(b'm{a="1",a="2"} 1\n'), 'label name "a" is not unique'),
    Case("twice_a_line", page(b"twice 1\ntwice 2\n"), "", "twice", "1"),
    Case("no_last_newline", page(b"m 1\nunfinished 7"), "", "unfinished", "7"),
    Case("crlf", page(b"m 1\r\nn 2\r\n"), 'strconv.ParseFloat: parsing "1\\r": invalid syntax'),
    Case("invalid_utf8", page(b'm{a="\xff\xfe"} 1\n'), "invalid UTF-8 label value"),
    Case("no_text", page(bytes(range(256)) * 100), "while parsing"),
    Case("html", page(b"<html>m 1</html>", "text/html"), UNSUPPORTED.format("text/html")),
    Case("json", page(b"{}", "application/json"), UNSUPPORTED.format("application/json")),
    Case("no_type", page(GOOD, ""), BLANK),
    Case("broken_type", page(GOOD, "text/plain/or so"), "Content-Type"),
    Case("status_500", page(GOOD, status=500), "server returned HTTP status 500 Internal Server Error"),
    Case("status_404", page(GOOD, status=404), "server returned HTTP status 404 Not Found"),
    Case("slow_body", streamed(dripping), "context deadline exceeded"),
    Case("endless_header", endless_header, "server response headers exceeded"),
    Case("endless_headers", endless_headers, "server response headers exceeded"),
    Case("cut_off", cut_off, "unexpected EOF"),
    Case("no_http", no_http, "malformed HTTP response"),
    Case("no_gzip", packed(GOOD), "gzip: invalid header"),
    Case("cut_gzip", packed(gzip.compress(PIECE)[:-20]), "unexpected EOF"),
    Case("empty", page(b""), ""),
)
LIMITED = (
    Case("limited_large_body", streamed(large_body), "body size limit exceeded"),
    Case("limited_bomb", streamed(bomb, "gzip"), "body size limit exceeded"),
    Case("limited_endless_body", streamed(lambda: itertools.repeat(PIECE)), "body size limit exceeded"),
)
UNLIMITED = (
    Case("large_body", streamed(large_body), "", "behind_a_large_body", "1"),
    Case("bomb", streamed(bomb, "gzip"), "body size limit exceeded"),
)
