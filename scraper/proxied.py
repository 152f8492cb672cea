"""Requests through a proxy: aiohttp knows how to talk to one, tunnels included."""

import asyncio
from typing import Final
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import aiohttp
from yarl import URL

from scraper.client_config import ClientConfig, Proxy
from scraper.connections import IDLE_SECONDS, address_of, system_words
from scraper.credentials import Headers, Stamp, tls_context, tls_stamp
from scraper.http_response import OK, Gzip, Head, Plain, Response

READ_BUFFER_BYTES: Final = 256 << 10


class ProxiedClient:
    """One HTTP client block behind a proxy. Made and closed on the event loop."""

    def __init__(self, config: ClientConfig) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None
        self._retired: aiohttp.ClientSession | None = None  # Of certificates that were rotated away.
        self._stamp: Stamp = ()

    async def close(self) -> None:
        """Close every connection."""
        await self._retire()
        await self._retire()

    async def ask(self, url: URL, headers: Headers, body_bytes_max: int) -> Response:
        """
        Raises:
            aiohttp.ClientError: no response.
            BodyLimitError, zlib.error: as `ResponseReader.received`.
        """
        session = await self._current_session()
        async with session.get(
            url,
            headers=headers,
            allow_redirects=False,
            proxy=_proxy_for(self._config.proxy, url),
            server_hostname=self._config.tls.server_name or None,
        ) as response:
            shown = {name.lower(): text for name, text in reversed([*response.headers.items()])}
            head = Head(response.status, response.reason or "", shown, is_kept_alive=False)
            if head.status != OK:
                return Response(head, b"")
            is_packed = shown.get("content-encoding", "").lower() == "gzip"
            content = (Gzip if is_packed else Plain)(body_bytes_max)
            async for piece in response.content.iter_any():
                content.take(piece)
                content.work()
                while content.backlog:
                    await asyncio.sleep(0)  # Others have their turn.
                    content.work()
            return Response(head, content.end())

    async def _current_session(self) -> aiohttp.ClientSession:
        stamp = tls_stamp(self._config.tls)
        if self._session is None or stamp != self._stamp:
            context = tls_context(self._config.tls)
            await self._retire()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, limit=0, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=self._config.proxy.proxy_from_environment,
                read_bufsize=READ_BUFFER_BYTES,
            )
            self._stamp = stamp
        return self._session

    async def _retire(self) -> None:
        """Put the session aside and close that of the rotation before: requests under way may finish."""
        old, self._retired, self._session = self._retired, self._session, None
        if old is not None:
            await old.close()


def _proxy_for(proxy: Proxy, url: URL) -> str | None:
    if not proxy.proxy_url:
        return None
    passes_by = proxy.no_proxy and proxy_bypass_environment(url.host or "", {"no": proxy.no_proxy})
    return None if passes_by else proxy.proxy_url


def proxy_words(error: aiohttp.ClientError) -> str:  # noqa: PLR0911 -- one arm an error.
    """Why there is no response, in the words that tools look for."""
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"dial tcp: lookup {error.host}: no such host"
        case aiohttp.ClientSSLError():
            return f"tls: {error}"
        case aiohttp.ClientConnectorError():
            address = address_of(error.os_error, f"{error.host}:{error.port}")
            return f"dial tcp {address}: {system_words(error.os_error)}"
        case aiohttp.ServerDisconnectedError():
            return "EOF"
        case aiohttp.ClientPayloadError():
            return "unexpected EOF"
        case aiohttp.NonHttpUrlClientError():
            return f'unsupported protocol scheme "{URL(str(error.args[0])).scheme}"'
        case _:
            return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
