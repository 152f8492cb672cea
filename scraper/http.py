"""Asking over HTTP: keep-alive, bounded bodies, bounded time, Prometheus' words for what goes wrong.

A body is unpacked as it arrives and reading stops at the limit, so a page that unpacks to gigabytes costs at
most `body_bytes_max`. Redirects are followed here and not by aiohttp, because credentials must not travel to
another host and, once left behind, must not come back.
"""

import asyncio
import errno
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import aiohttp
from aiohttp.client_exceptions import UnixClientConnectorError
from yarl import URL

from scraper.client_config import ClientConfig, Proxy
from scraper.credentials import (
    SENSITIVE,
    Headers,
    Stamp,
    check_references,
    request_headers,
    tls_context,
    tls_stamp,
)
from scraper.errors import BodyLimitError, RequestError, ScrapeError, StatusError

BODY_BYTES_MAX: Final = 256 << 20
"""No body is read beyond this, uncompressed, when a job sets no limit of its own."""

REDIRECTS_MAX: Final = 10
IDLE_SECONDS: Final = 300.0
READ_BUFFER_BYTES: Final = 256 << 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_GZIP_WINDOW: Final = 31  # zlib's word for "with a gzip header".


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent with status 200."""

    body: bytes | bytearray
    content_type: str


class HttpClient:
    """One HTTP client block at work. Made and closed on the event loop."""

    def __init__(self, config: ClientConfig) -> None:
        check_references(config)
        self._config = config
        self._stamp: Stamp = ()
        self._sessions: dict[str, aiohttp.ClientSession] = {}  # By UNIX socket, "" for the network.
        self._retired: list[aiohttp.ClientSession] = []  # Of certificates that were rotated away.
        self._ssl = tls_context(config.tls)
        self._stamp = tls_stamp(config.tls)

    async def close(self) -> None:
        """Close every connection."""
        await self._retire()
        await self._retire()

    async def get(
        self,
        url: str,
        headers: Mapping[str, str],
        timeout_seconds: float,
        *,
        body_bytes_max: int = 0,
        unix_socket: str = "",
    ) -> Answer:
        """The body of a 200, within the time from connecting to its last byte.

        Raises:
            RequestError: nobody answered, or not in time.
            StatusError: the answer is not a 200.
            BodyLimitError: the body, unpacked, is not smaller than `body_bytes_max`.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._get(url, headers, body_bytes_max or BODY_BYTES_MAX, unix_socket)
        except ScrapeError:
            raise
        except (OSError, ValueError, aiohttp.ClientError, zlib.error) as error:
            raise RequestError(f'Get "{url}": {_in_words(error)}') from error

    async def _get(
        self, url: str, headers: Mapping[str, str], body_bytes_max: int, unix_socket: str
    ) -> Answer:
        session = await self._session(unix_socket)
        own = [*headers.items(), *request_headers(self._config)]
        first = here = URL(url, encoded=True)
        for _ in range(REDIRECTS_MAX + 1):
            async with session.get(
                here,
                headers=own,
                allow_redirects=False,
                proxy=_proxy_for(self._config.proxy, here),
                server_hostname=self._config.tls.server_name or None,
            ) as response:
                location = response.headers.get("Location", "")
                if not (self._config.follow_redirects and response.status in _REDIRECTS and location):
                    return await _read_answer(response, body_bytes_max)
            here = here.join(URL(location))
            if not _same_site(first, here):
                own = _without_secrets(own, self._config)
        raise RequestError(f'Get "{here}": stopped after {REDIRECTS_MAX} redirects')

    async def _session(self, unix_socket: str) -> aiohttp.ClientSession:
        if (stamp := tls_stamp(self._config.tls)) != self._stamp:
            self._ssl, self._stamp = tls_context(self._config.tls), stamp
            await self._retire()
        if unix_socket not in self._sessions:
            self._sessions[unix_socket] = aiohttp.ClientSession(
                connector=self._connector(unix_socket),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=self._config.proxy.proxy_from_environment,
                read_bufsize=READ_BUFFER_BYTES,
            )
        return self._sessions[unix_socket]

    async def _retire(self) -> None:
        """Put the sessions aside and close those of the rotation before: requests under way may finish."""
        old, self._retired, self._sessions = self._retired, [*self._sessions.values()], {}
        for session in old:
            await session.close()

    def _connector(self, unix_socket: str) -> aiohttp.BaseConnector:
        if unix_socket:
            return aiohttp.UnixConnector(unix_socket, limit=0, keepalive_timeout=IDLE_SECONDS)
        return aiohttp.TCPConnector(ssl=self._ssl, limit=0, keepalive_timeout=IDLE_SECONDS)


async def _read_answer(response: aiohttp.ClientResponse, body_bytes_max: int) -> Answer:
    if response.status != 200:
        raise StatusError(f"server returned HTTP status {response.status} {response.reason or ''}".rstrip())
    gzipped = response.headers.get("Content-Encoding") == "gzip"
    body = await (_read_gzip if gzipped else _read_plain)(response, body_bytes_max)
    return Answer(body, response.headers.get("Content-Type", ""))


async def _read_plain(response: aiohttp.ClientResponse, body_bytes_max: int) -> bytes:
    pieces: list[bytes] = []
    left = body_bytes_max
    async for piece in response.content.iter_any():
        left -= len(piece)
        if left <= 0:
            raise BodyLimitError
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _read_gzip(response: aiohttp.ClientResponse, body_bytes_max: int) -> bytearray:
    body = bytearray()
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    received = False
    async for piece in response.content.iter_any():
        received = True
        packed = piece
        while packed:
            if unpacker.eof:  # A gzip stream may have several members, one after the other.
                unpacker = zlib.decompressobj(_GZIP_WINDOW)
            body += unpacker.decompress(packed, body_bytes_max - len(body))
            if len(body) >= body_bytes_max:
                raise BodyLimitError
            packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if received and not unpacker.eof:
        raise zlib.error("unexpected EOF")
    return body


def _same_site(first: URL, here: URL) -> bool:
    """Whether credentials for `first` may go to `here`: the same host, or one below it."""
    host, other = first.host or "", here.host or ""
    return other == host or other.endswith("." + host)


def _without_secrets(headers: Headers, config: ClientConfig) -> Headers:
    configured = {name.lower() for name in config.http_headers} | SENSITIVE
    return [(name, value) for name, value in headers if name.lower() not in configured]


def _proxy_for(proxy: Proxy, url: URL) -> str | None:
    if not proxy.proxy_url:
        return None
    passes_by = proxy.no_proxy and proxy_bypass_environment(url.host or "", {"no": proxy.no_proxy})
    return None if passes_by else proxy.proxy_url


def _in_words(error: Exception) -> str:  # noqa: PLR0911  # One arm an error.
    """The tail of a request's error, in the words that tools look for."""
    if isinstance(error, zlib.error):
        return str(error) if "EOF" in str(error) else "gzip: invalid header"
    match error:
        case TimeoutError():
            return "context deadline exceeded"
        case aiohttp.ClientConnectorDNSError():
            return f"dial tcp: lookup {error.host}: no such host"
        case aiohttp.ClientSSLError():
            return f"tls: {error}"
        case UnixClientConnectorError():
            return f"dial unix {error.path}: {_system_words(error.os_error)}"
        case aiohttp.ClientConnectorError():
            place = re.search(r"\('([^']+)', (\d+)", str(error.os_error))
            address = f"{place[1]}:{place[2]}" if place else f"{error.host}:{error.port}"
            return f"dial tcp {address}: {_system_words(error.os_error)}"
        case aiohttp.ServerDisconnectedError():
            return "EOF"
        case aiohttp.ClientPayloadError():
            return "unexpected EOF"
        case aiohttp.NonHttpUrlClientError():
            return f'unsupported protocol scheme "{URL(str(error.args[0])).scheme}"'
        case _:
            return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _system_words(error: OSError) -> str:
    if error.errno == errno.ECONNREFUSED:
        return "connect: connection refused"
    return f"connect: {os.strerror(error.errno).lower() if error.errno else error}"
