import gzip
import zlib

import pytest

from scraper.errors import BodyLimitError
from scraper.http_response import HEAD_BYTES_MAX, TURN_BYTES, MalformedResponseError, Response, ResponseReader

LIMIT = 1_000
PAGE = b"a 1\nb 2\n" * 40
PACKED = gzip.compress(PAGE[:160]) + gzip.compress(PAGE[160:])  # Two members, as some servers flush.


def head(*lines: str, status: str = "200 OK", version: str = "1.1") -> bytes:
    return "\r\n".join([f"HTTP/{version} {status}", *lines, "", ""]).encode()


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nT: 1\r\n\r\n"


def read(data: bytes, step: int, limit: int = LIMIT) -> tuple[ResponseReader, int]:
    """Feed `data` in pieces of at most `step` bytes until the response is whole; what was taken of it."""
    reader = ResponseReader(memoryview(bytearray(64)), limit)
    at = 0
    while at < len(data):
        room = reader.room()
        count = min(step, len(room), len(data) - at)
        room[:count] = data[at : at + count]
        at += count
        if reader.received(count):
            break
    return reader, at


def whole(reader: ResponseReader) -> Response:
    assert reader.response is not None
    return reader.response


CASES = {
    "length": head(f"Content-Length: {len(PAGE)}") + PAGE,
    "length packed": head(f"Content-Length: {len(PACKED)}", "Content-Encoding: gzip") + PACKED,
    "chunked": head("Transfer-Encoding: chunked") + chunked(PAGE, 37),
    "chunked packed": head("transfer-encoding: Chunked", "content-encoding: GZIP") + chunked(PACKED, 7),
    "bare line feeds": (head(f"Content-Length: {len(PAGE)}")).replace(b"\r", b"") + PAGE,
    "early hints": head(status="103 Early Hints") + head(f"Content-Length: {len(PAGE)}") + PAGE,
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("step", [1, 2, 5, 63, 10_000])
def test_a_body_is_read_the_same_in_whatever_pieces_it_comes(case, step):
    reader, taken = read(CASES[case], step)
    assert bytes(whole(reader).body) == PAGE
    assert taken == len(CASES[case])
    assert reader.is_reusable


@pytest.mark.parametrize("case", CASES)
def test_a_response_cut_short_anywhere_is_an_error(case):
    data = CASES[case]
    for end in range(len(data)):
        reader, _ = read(data[:end], 50)
        assert reader.response is None
        with pytest.raises(EOFError, match="^unexpected EOF$" if end else "^EOF$"):
            reader.ended()


@pytest.mark.parametrize(("lines", "body"), [((), PAGE), (("Content-Encoding: gzip",), PACKED)])
def test_a_body_without_a_length_ends_with_the_connection(lines, body):
    reader, _ = read(head(*lines) + body, 50)
    assert reader.response is None
    reader.ended()
    assert bytes(whole(reader).body) == PAGE
    assert not reader.is_reusable


def test_a_packed_body_without_a_length_must_be_whole():
    reader, _ = read(head("Content-Encoding: gzip") + PACKED[:-3], 50)
    with pytest.raises(zlib.error, match="unexpected EOF"):
        reader.ended()


@pytest.mark.parametrize("size", [LIMIT, 1 << 60])
@pytest.mark.parametrize("lines", [(), ("Content-Encoding: gzip",), ("Transfer-Encoding: chunked",)])
def test_a_body_at_the_limit_is_refused_before_it_is_kept(size, lines):
    if lines[:1] == ("Content-Encoding: gzip",):
        data = head(*lines, f"Content-Length: {size}") + gzip.compress(bytes(LIMIT))
    elif lines:
        data = head(*lines) + chunked(bytes(LIMIT), 100)
    else:
        data = head(f"Content-Length: {size}") + bytes(LIMIT)
    with pytest.raises(BodyLimitError):
        read(data, 50)


def test_a_body_just_below_the_limit_is_read():
    body = bytes(LIMIT - 1)
    for data in (
        head(f"Content-Length: {len(body)}") + body,
        head("Transfer-Encoding: chunked") + chunked(body, 99),
    ):
        reader, _ = read(data, 50)
        assert whole(reader).body == body


@pytest.mark.parametrize("status", ["404 Not Found", "301 Moved", "204 No Content", "304 Not Modified"])
def test_other_statuses_leave_the_connection_usable_and_no_body(status):
    body = b"" if status[:3] in ("204", "304") else b"x" * (2 * LIMIT)
    data = head(f"Content-Length: {2 * LIMIT}", "Location: /there", status=status) + body
    reader, taken = read(data, 50)
    response = whole(reader)
    assert (taken, response.body, reader.is_reusable) == (len(data), b"", True)
    assert f"{response.head.status} {response.head.reason}" == status
    assert response.head.headers["location"] == "/there"


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [("1.1", "", True), ("1.1", "Close", False), ("1.0", "", False), ("1.0", "Keep-Alive", True)],
)
def test_the_server_says_whether_the_connection_stays(version, connection, kept):
    lines = ["Content-Length: 1", *([f"Connection: {connection}"] if connection else [])]
    reader, _ = read(head(*lines, version=version) + b"x", 50)
    assert (whole(reader).body, reader.is_reusable) == (b"x", kept)


@pytest.mark.parametrize(
    "data", [head("Content-Length: 1") + b"xy", head("Transfer-Encoding: chunked") + b"0\r\n\r\ny"]
)
def test_a_connection_with_bytes_behind_the_end_is_not_used_again(data):
    reader, _ = read(data, len(data))
    assert whole(reader).body in (b"x", b"")
    assert not reader.is_reusable


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 'malformed HTTP response "SSH-2.0-OpenSSH_9.2"'),
        (b"\x15\x03\x01\r\n\r\n", r'malformed HTTP response "\\x15\\x03\\x01"'),
        (head("no colon here"), 'malformed MIME header line "no colon here"'),
        (head(" folded: x"), 'malformed MIME header line " folded: x"'),
        (head("Content-Length: 1", "Content-Length: 2"), "two different content-length headers"),
        (head("Content-Length: -1"), 'bad Content-Length "-1"'),
        (head("Content-Length: 1_0"), 'bad Content-Length "1_0"'),
        (head("Transfer-Encoding: br"), 'unsupported transfer encoding: "br"'),
        (head("Transfer-Encoding: chunked") + b"zz\r\n", 'want a size, got "zz"'),
        (head("Transfer-Encoding: chunked") + b"1\r\nxy\r\n", 'want a line end, got "y"'),
        (head("Transfer-Encoding: chunked") + b"1" * 5_000, "a line is too long"),
        (head("A: " + "x" * HEAD_BYTES_MAX), "server response headers exceeded 65536 bytes"),
        (b"x" * (HEAD_BYTES_MAX + 1), "server response headers exceeded 65536 bytes"),
    ],
)
def test_what_is_no_response_is_told_in_words(data, words):
    with pytest.raises(MalformedResponseError, match=words):
        read(data, 64)


def test_what_unpacks_to_much_is_unpacked_in_turns():
    body = bytes(3 * TURN_BYTES + 5)
    packed = gzip.compress(body)
    data = head(f"Content-Length: {len(packed)}", "Content-Encoding: gzip") + packed
    reader = ResponseReader(memoryview(bytearray(len(data))), 2 * len(body))
    reader.room()[:] = data
    assert not reader.received(len(data))
    turns = 1
    while not (is_whole := reader.work()):
        assert reader.has_backlog
        turns += 1
    assert (is_whole, turns, reader.has_backlog) == (True, 3, False)
    assert whole(reader).body == body
    assert reader.is_reusable
