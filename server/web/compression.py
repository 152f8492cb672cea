"""Compressed answers: the first of gzip and deflate that the client names, for bodies worth it.

Source: HTTP API reference, section 1.5.
"""

import asyncio
import zlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

WINDOWS: Final = {"gzip": 31, "deflate": 15}  # zlib's window bits; 16 more mean a gzip header.
LEVEL: Final = 1  # Answers compress almost as well at the fastest level, in a third of the time.
BYTES_MIN: Final = 1_024
INLINE_BYTES_MAX: Final = 64 << 10


def chosen_encoding(accept: str) -> str | None:
    """The first encoding of the list that we speak; q-values are not understood, as in Prometheus."""
    names = (part.strip() for part in accept.split(","))
    return next((name for name in names if name in WINDOWS), None)


def compress(body: bytes, encoding: str) -> bytes:
    """The whole body at once."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOWS[encoding])
    return packer.compress(body) + packer.flush()


class Compression:
    """Middleware for answers that come in one piece; streams pass untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        encoding = None
        if scope["type"] == "http":
            encoding = chosen_encoding(Headers(scope=scope).get("accept-encoding", ""))
        if encoding is None:
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.start":
                held.append(message)
                return
            if held:
                start = held.pop()
                if not message.get("more_body") and len(message.get("body", b"")) >= BYTES_MIN:
                    message = await self._compressed(start, message, encoding)
                await send(start)
            await send(message)

        await self._app(scope, receive, hold)

    async def _compressed(self, start: Message, message: Message, encoding: str) -> Message:
        headers = MutableHeaders(raw=start["headers"])
        if "content-encoding" in headers:
            return message
        body = message["body"]
        if len(body) <= INLINE_BYTES_MAX:
            packed = compress(body, encoding)
        else:
            packed = await asyncio.to_thread(compress, body, encoding)
        headers["content-encoding"] = encoding
        headers["content-length"] = str(len(packed))
        headers.add_vary_header("Accept-Encoding")
        start["headers"] = headers.raw
        return {**message, "body": packed}
