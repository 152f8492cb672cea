"""Asking over HTTP: keep-alive, bounded bodies, bounded time, Prometheus' words for what goes wrong.

Pages come over connections of our own (`connections.py`); requests through a proxy are left to aiohttp.
Redirects are followed here, because credentials must not travel to another host and, once left behind, must
not come back.
"""

import asyncio
import base64
import os
import re
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import aiohttp
from yarl import URL

from scraper.client_config import ClientConfig
from scraper.connections import Connections, DialError, Site, dial_words
from scraper.credentials import (
    SENSITIVE,
    Headers,
    Stamp,
    check_references,
    request_headers,
    tls_context,
    tls_stamp,
)
from scraper.errors import RequestError, ScrapeError, StatusError
from scraper.http_response import Body, Response
from scraper.proxied import ProxiedClient, proxy_words

BODY_BYTES_MAX: Final = 256 << 20
"""No body is read beyond this, uncompressed, when a job sets no limit of its own."""

REDIRECTS_MAX: Final = 10
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HEADER_BREAKS: Final = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent with status 200."""

    body: Body
    content_type: str


class HttpClient:
    """One HTTP client block at work. Made and closed on the event loop."""

    def __init__(self, config: ClientConfig) -> None:
        check_references(config)
        self._config = config
        self._stamp: Stamp = ()
        self._connections = Connections(tls_context(config.tls), config.tls.server_name)
        self._stamp = tls_stamp(config.tls)
        proxy = config.proxy
        self._proxied = ProxiedClient(config) if proxy.proxy_url or proxy.proxy_from_environment else None

    async def close(self) -> None:
        """Close every connection."""
        self._connections.close()
        if self._proxied is not None:
            await self._proxied.close()

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
        except (DialError, OSError, EOFError, ValueError, aiohttp.ClientError, zlib.error) as error:
            raise RequestError(f'Get "{url}": {_in_words(error)}') from error

    async def _get(
        self, url: str, headers: Mapping[str, str], body_bytes_max: int, unix_socket: str
    ) -> Answer:
        own = [*headers.items(), *request_headers(self._config)]
        first = here = URL(url, encoded=True)
        for _ in range(REDIRECTS_MAX + 1):
            response = await self._ask(here, own, body_bytes_max, unix_socket)
            location = response.head.headers.get("location", "")
            if not (self._config.follow_redirects and response.head.status in _REDIRECTS and location):
                return _answer(response)
            here = here.join(URL(location))
            if not _same_site(first, here):
                own = _without_secrets(own, self._config)
        raise RequestError(f'Get "{here}": stopped after {REDIRECTS_MAX} redirects')

    async def _ask(self, url: URL, headers: Headers, body_bytes_max: int, unix_socket: str) -> Response:
        if self._proxied is not None and not unix_socket:
            return await self._proxied.ask(url, headers, body_bytes_max)
        if (stamp := tls_stamp(self._config.tls)) != self._stamp:
            context = tls_context(self._config.tls)
            self._connections.close()  # Requests under way finish on the connections they have.
            self._connections = Connections(context, self._config.tls.server_name)
            self._stamp = stamp
        site = _site(url, unix_socket)
        return await self._connections.ask(site, _request(url, headers), body_bytes_max)


def _site(url: URL, unix_socket: str) -> Site:
    if url.scheme not in ("http", "https"):
        raise ValueError(f'unsupported protocol scheme "{url.scheme}"')
    if not url.raw_host:
        raise ValueError("no Host in request URL")
    return Site(url.raw_host, url.port or 0, url.scheme == "https", unix_socket)


def _request(url: URL, headers: Headers) -> bytes:
    """A GET as it is sent."""
    host = (
        url.host_subcomponent if url.explicit_port is None else f"{url.host_subcomponent}:{url.explicit_port}"
    )
    all_headers = [*headers]
    names = {name.lower() for name, _ in headers}
    if "host" not in names:
        all_headers.insert(0, ("Host", host or ""))
    if url.user is not None and "authorization" not in names:
        credentials = f"{url.user}:{url.password or ''}".encode()
        all_headers.append(("Authorization", "Basic " + base64.b64encode(credentials).decode()))
    lines = [f"GET {url.raw_path_qs} HTTP/1.1", *[f"{name}: {value}" for name, value in all_headers]]
    if _HEADER_BREAKS.search("".join(lines)):
        broken = next(line for line in lines if _HEADER_BREAKS.search(line))
        raise ValueError(f"invalid header field value for {broken.partition(':')[0]!r}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _answer(response: Response) -> Answer:
    head = response.head
    if head.status != 200:
        raise StatusError(f"server returned HTTP status {head.status} {head.reason}".rstrip())
    return Answer(response.body, head.headers.get("content-type", ""))


def _same_site(first: URL, here: URL) -> bool:
    """Whether credentials for `first` may go to `here`: the same host, or one below it."""
    host, other = first.host or "", here.host or ""
    return other == host or other.endswith("." + host)


def _without_secrets(headers: Headers, config: ClientConfig) -> Headers:
    configured = {name.lower() for name in config.http_headers} | SENSITIVE
    return [(name, value) for name, value in headers if name.lower() not in configured]


def _in_words(error: Exception) -> str:  # noqa: PLR0911 -- one arm an error.
    """The tail of a request's error, in the words that tools look for."""
    match error:
        case TimeoutError():
            return "context deadline exceeded"
        case DialError():
            return dial_words(error)
        case zlib.error():
            return str(error) if "EOF" in str(error) else "gzip: invalid header"
        case aiohttp.ClientError():
            return proxy_words(error)
        case ssl.SSLError():
            return f"tls: {error}"
        case ConnectionError(errno=int(number)):
            return f"read: {os.strerror(number).lower()}"
        case EOFError() | ValueError():
            return str(error)
        case _:
            return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
