"""Reading one HTTP/1.x response, without a socket: bytes go in, a `Response` comes out.

    head     status line and header lines, up to an empty one
    framing  by length | in chunks | until the connection ends
    content  as it is | gzip, unpacked as it arrives | thrown away (any status but 200)

A page of half a megabyte comes every few seconds from every target, so its bytes are moved once: where the
length is known and nothing is packed, `room` lends the body itself and the system writes into it. Everything
else passes through `scratch`, which all connections of a client share: whoever is lent it fills and reads it
in one go.

The length is checked before a body is made, and reading stops at the limit: a page that unpacks to gigabytes,
or that only says so, costs at most `body_bytes_max`.
"""

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from scraper.errors import BodyLimitError

Body = bytes | bytearray | memoryview

HEAD_BYTES_MAX: Final = 64 << 10
OK: Final = 200
_NO_BODY: Final = frozenset({204, 304})
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: (.*))?")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?")
_CHUNK_LINE_BYTES_MAX: Final = 4 << 10
_GZIP_WINDOW: Final = 31  # zlib's word for "with a gzip header".
_SHOWN_BYTES_MAX: Final = 100
TURN_BYTES: Final = 1 << 20
"""So much is unpacked before others on the event loop have their turn; 32 KiB of gzip may hold 32 MiB."""


class MalformedResponseError(ValueError):
    """What came is no HTTP response that we can read."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status line and headers."""

    status: int
    reason: str
    headers: Mapping[str, str]  # By name in lower case; of several with one name the first.
    is_kept_alive: bool


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response; the body of any status but 200 is left out."""

    head: Head
    body: Body


def parse_head(head: bytes) -> Head:
    """
    Raises:
        MalformedResponseError: a line that is neither a status line nor a header.
    """
    status_line, *lines = head.replace(b"\r\n", b"\n").split(b"\n")
    match = _STATUS_LINE.fullmatch(status_line)
    if match is None:
        raise MalformedResponseError(f"malformed HTTP response {_shown(status_line)}")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise MalformedResponseError(f"malformed MIME header line {_shown(line)}")
        key, text = name.decode("latin-1").lower(), value.strip(b" \t").decode("latin-1")
        if headers.setdefault(key, text) != text and key in ("content-length", "transfer-encoding"):
            raise MalformedResponseError(f"two different {key} headers: {headers[key]!r} and {text!r}")
    connection = headers.get("connection", "").lower()
    is_kept_alive = "close" not in connection if match[1] == b"1" else "keep-alive" in connection
    return Head(int(match[2]), (match[3] or b"").decode("latin-1").strip(), headers, is_kept_alive)


def _shown(line: bytes) -> str:
    return '"' + line[:_SHOWN_BYTES_MAX].decode("latin-1").encode("unicode_escape").decode() + '"'


class Plain:
    """Content as it is."""

    backlog = b""

    def __init__(self, body_bytes_max: int) -> None:
        self._body = bytearray()
        self._body_bytes_max = body_bytes_max

    def take(self, piece: bytes) -> None:
        """
        Raises:
            BodyLimitError: it is not smaller than the limit.
        """
        self._body += piece
        if len(self._body) >= self._body_bytes_max:
            raise BodyLimitError

    def work(self) -> None:
        """There is never anything left to do."""

    def end(self) -> bytearray:
        """All of it."""
        return self._body


class Gzip:
    """Packed content, unpacked as it arrives, a turn at a time."""

    def __init__(self, body_bytes_max: int) -> None:
        self.backlog = b""  # What came and is not unpacked yet.
        self._body = bytearray()
        self._body_bytes_max = body_bytes_max
        self._unpacker = zlib.decompressobj(_GZIP_WINDOW)
        self._has_begun = False

    def take(self, piece: bytes) -> None:
        """Keep it until `work` is called."""
        self.backlog += piece

    def work(self) -> None:
        """Unpack for one turn.

        Raises:
            BodyLimitError: unpacked, it is not smaller than the limit.
            zlib.error: it is no gzip.
        """
        turn_end = len(self._body) + TURN_BYTES
        while self.backlog and (left := turn_end - len(self._body)) > 0:
            self._has_begun = True
            if self._unpacker.eof:  # A gzip stream may have several members, one after the other.
                self._unpacker = zlib.decompressobj(_GZIP_WINDOW)
            self._body += self._unpacker.decompress(
                self.backlog, min(left, self._body_bytes_max - len(self._body))
            )
            if len(self._body) >= self._body_bytes_max:
                raise BodyLimitError
            is_member_whole = self._unpacker.eof
            self.backlog = self._unpacker.unused_data if is_member_whole else self._unpacker.unconsumed_tail

    def end(self) -> bytearray:
        """All of it.

        Raises:
            zlib.error: the rest is missing.
        """
        if self._has_begun and not self._unpacker.eof:
            raise zlib.error("unexpected EOF")
        return self._body


class _Discarded:
    """Content that nobody reads; the connection can be used again behind it."""

    backlog = b""

    def take(self, piece: bytes) -> None:
        """Forget it."""

    def work(self) -> None:
        """There is never anything left to do."""

    def end(self) -> bytes:
        """Nothing."""
        return b""


class _Part(Enum):
    SIZE = "size"
    DATA = "data"
    DATA_END = "data end"
    TRAILERS = "trailers"


class _Chunks:
    """Takes the frames off a chunked body."""

    def __init__(self) -> None:
        self._part = _Part.SIZE
        self._left = 0  # Of the chunk at hand.
        self._line = b""

    def take(self, data: bytes, into: Callable[[bytes], None]) -> int | None:
        """Pass on what is content; how much of `data` belongs to the body once it has ended, None before."""
        at = 0
        while at < len(data):
            if self._part is _Part.DATA:
                piece = data[at : at + self._left]
                into(piece)
                at += len(piece)
                self._left -= len(piece)
                self._part = _Part.DATA if self._left else _Part.DATA_END
                continue
            end = data.find(b"\n", at)
            self._line += data[at:end] if end >= 0 else data[at:]
            if len(self._line) > _CHUNK_LINE_BYTES_MAX:
                raise MalformedResponseError("malformed chunked encoding: a line is too long")
            if end < 0:
                return None
            at = end + 1
            line, self._line = self._line.removesuffix(b"\r"), b""
            if self._part is _Part.TRAILERS and not line:
                return at
            self._next_part(line)
        return None

    def _next_part(self, line: bytes) -> None:
        if self._part is _Part.SIZE:
            match = _CHUNK_SIZE.fullmatch(line)
            if match is None:
                raise MalformedResponseError(f"malformed chunked encoding: want a size, got {_shown(line)}")
            self._left = int(match[1], 16)
            self._part = _Part.DATA if self._left else _Part.TRAILERS
        elif self._part is _Part.DATA_END:
            if line:
                raise MalformedResponseError(
                    f"malformed chunked encoding: want a line end, got {_shown(line)}"
                )
            self._part = _Part.SIZE


class ResponseReader:
    """One response on its way in.

    The owner of the socket asks for `room`, writes some bytes there, and calls `received` with their number.
    """

    def __init__(self, scratch: memoryview, body_bytes_max: int) -> None:
        self.response: Response | None = None  # Once it is whole.
        self.is_reusable = False  # Whether another request may follow on the same connection.
        self.has_begun = False
        self._scratch = scratch
        self._body_bytes_max = body_bytes_max
        self._head_bytes = b""
        self._head: Head | None = None
        self._content: Plain | Gzip | _Discarded = _Discarded()
        self._chunks: _Chunks | None = None
        self._left: int | None = (
            None  # Bytes to come; negative: that came behind the end; None: nobody knows.
        )
        self._is_last_byte_here = False
        self._body = memoryview(b"")  # What is written to directly.
        self._room: memoryview | None = None

    def room(self) -> memoryview:
        """Where the next bytes go. Not empty before the response is whole."""
        return self._scratch if self._room is None else self._room

    def received(self, count: int) -> bool:
        """`count` bytes were written; whether the response is whole.

        Raises:
            BodyLimitError: the body, unpacked, is not smaller than the limit.
            MalformedResponseError: this is not HTTP.
            zlib.error: the content is not what its encoding says.
        """
        self.has_begun = True
        if self._room is not None:
            self._room = self._room[count:]
            self._left = len(self._room)
            return self._finish(self._body) if not self._left else False
        data = bytes(self._scratch[:count])
        if self._head is not None:
            return self._take(data)
        return self._take_head(self._head_bytes + data)

    @property
    def has_backlog(self) -> bool:
        """Whether `work` is to be called before more bytes are read."""
        return bool(self._content.backlog)

    def work(self) -> bool:
        """Unpack for one turn; whether the response is whole.

        Raises:
            BodyLimitError, zlib.error: as `received`.
        """
        self._content.work()
        is_whole = self._is_last_byte_here and not self._content.backlog
        return self._finish(self._content.end()) if is_whole else False

    def ended(self) -> None:
        """The connection ended, perhaps as the sign that the body did.

        Raises:
            EOFError: the response is not whole.
            zlib.error: as above.
        """
        if self._head is None or self._left is not None or self._chunks is not None:
            raise EOFError("unexpected EOF" if self.has_begun else "EOF")
        assert not self.has_backlog, "nothing is read while there is a backlog"
        self._finish(self._content.end())

    def _take_head(self, data: bytes) -> bool:
        while True:
            match = _HEAD_END.search(data)
            if (match.start() if match else len(data)) > HEAD_BYTES_MAX:
                raise MalformedResponseError(
                    f"server response headers exceeded {HEAD_BYTES_MAX} bytes; aborted"
                )
            if match is None:
                self._head_bytes = data
                return False
            head, data = parse_head(data[: match.start()]), data[match.end() :]
            if head.status >= OK:  # What is below comes before the response proper.
                self._head = head
                return self._begin_body(head, data)

    def _begin_body(self, head: Head, data: bytes) -> bool:
        is_packed = head.headers.get("content-encoding", "").lower() == "gzip"
        if head.status == OK:
            self._content = (Gzip if is_packed else Plain)(self._body_bytes_max)
        encoding, length = head.headers.get("transfer-encoding"), head.headers.get("content-length")
        if head.status in _NO_BODY:
            self._left = 0
        elif encoding is not None:
            if encoding.lower() != "chunked":
                raise MalformedResponseError(f'unsupported transfer encoding: "{encoding}"')
            self._chunks = _Chunks()
        elif length is not None:
            if not (length.isascii() and length.isdigit()):
                raise MalformedResponseError(f'bad Content-Length "{length}"')
            self._left = int(length)
            if head.status == OK and not is_packed:
                return self._receive_directly(self._left, data)
        return self._take(data)

    def _receive_directly(self, length: int, data: bytes) -> bool:
        if length >= self._body_bytes_max:
            raise BodyLimitError
        self._left = length - len(data)
        if self._left <= 0:
            return self._finish(bytearray(data[:length]))
        self._body = np.empty(length, dtype=np.uint8).data  # A bytearray would be cleared first.
        self._body[: len(data)] = data
        self._room = self._body[len(data) :]
        return False

    def _take(self, data: bytes) -> bool:
        if self._chunks is not None:
            end = self._chunks.take(data, self._content.take)
            if end is not None:
                self._left = end - len(data)
        elif self._left is None:
            self._content.take(data)
        else:
            self._content.take(data[: self._left])
            self._left -= len(data)
        self._is_last_byte_here = self._left is not None and self._left <= 0
        return self.work()

    def _finish(self, body: Body) -> bool:
        assert self._head is not None, "a response ends after its head"
        self._room = None
        self.response = Response(self._head, body)
        # Bytes behind the end are an answer to nobody: whatever comes next cannot be trusted.
        self.is_reusable = self._head.is_kept_alive and self._left == 0
        return True
