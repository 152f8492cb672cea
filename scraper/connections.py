"""Connections to HTTP servers that stay open between requests.

    take an idle one --ask--> response --> idle again, if the server agrees
        none: connect            anything else: closed

A server may close an idle connection at the very moment it is asked again. If not a byte of an answer came
on a connection that had been used before, the request is made once more on a new one; a GET may be repeated.

aiohttp could do this too; it costs five times as much, a millisecond a page, which is more than storing it.
"""

import asyncio
import errno
import os
import re
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final, NamedTuple, cast

from aiohappyeyeballs import start_connection

from scraper.http_response import Response, ResponseReader

IDLE_SECONDS: Final = 300.0
HAPPY_EYEBALLS_SECONDS: Final = 0.3
"""So long one address has a head start on the next."""

SCRATCH_BYTES: Final = 32 << 10


class DialError(Exception):
    """No connection could be made; the cause says why."""

    def __init__(self, site: "Site", cause: OSError) -> None:
        super().__init__(str(cause))
        self.site = site
        self.cause = cause


class Site(NamedTuple):
    """Where a connection leads."""

    host: str
    port: int
    is_secure: bool
    unix_socket: str = ""  # Takes the place of host and port; the host is still told to the server.


def dial_words(error: DialError) -> str:
    """Why there is no connection, in the words that tools look for."""
    site, cause = error.site, error.cause
    if isinstance(cause, socket.gaierror):
        return f"dial tcp: lookup {site.host}: no such host"
    if isinstance(cause, ssl.SSLError):
        return f"tls: {cause}"
    if site.unix_socket:
        return f"dial unix {site.unix_socket}: {system_words(cause)}"
    return f"dial tcp {address_of(cause, f'{site.host}:{site.port}')}: {system_words(cause)}"


def address_of(error: OSError, otherwise: str) -> str:
    """The address that was tried last, as asyncio tells it."""
    place = re.search(r"\('([^']+)', (\d+)", str(error))
    return f"{place[1]}:{place[2]}" if place else otherwise


def system_words(error: OSError) -> str:
    """What the system says of a connection that it did not make."""
    if error.errno == errno.ECONNREFUSED:
        return "connect: connection refused"
    return f"connect: {os.strerror(error.errno).lower() if error.errno else error}"


class Connection(asyncio.BufferedProtocol):
    """One connection; one request at a time."""

    def __init__(self, scratch: memoryview) -> None:
        self.is_open = False
        self.idle_since = 0.0
        self._scratch = scratch
        self._transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None  # Only while somebody waits: it holds the body.
        self._answer: asyncio.Future[Response] | None = None
        self.has_begun = False  # Whether the last request got a byte back.

    async def ask(self, request: bytes, body_bytes_max: int) -> Response:
        """
        Raises:
            EOFError: the connection ended too early; `has_begun` tells whether something had come.
            OSError: it broke.
            BodyLimitError, MalformedResponseError, zlib.error: as `ResponseReader.received`.
        """
        if self._transport is None or not self.is_open:
            raise EOFError("EOF")
        reader = self._reader = ResponseReader(self._scratch, body_bytes_max)
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._answer
        finally:
            self._reader = self._answer = None
            self.has_begun = reader.has_begun
            if not reader.is_reusable:
                self.close()

    def close(self) -> None:
        """Close at once."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 -- a hint.
        """As asyncio calls it; `buffer_updated` follows before anything else happens."""
        return self._scratch if self._reader is None else self._reader.room()

    def buffer_updated(self, nbytes: int) -> None:
        """As asyncio calls it."""
        reader, answer = self._reader, self._answer
        if reader is None or answer is None or answer.done():
            self.close()  # Nobody asked.
            return
        self._advance(reader, answer, lambda: reader.received(nbytes))

    def _advance(
        self, reader: ResponseReader, answer: asyncio.Future[Response], step: Callable[[], bool]
    ) -> None:
        """Take a step of reading; while that leaves a backlog, read no further and go on in the next turn."""
        try:
            if step():
                answer.set_result(cast("Response", reader.response))
        except Exception as error:  # noqa: BLE001 -- it is the asker's, whatever it is.
            # Its traceback leads back to this future and to the body: only the collector would free them.
            answer.set_exception(error.with_traceback(None))
        if self._transport is None or not self.is_open:
            return
        if reader.has_backlog and not answer.done():
            self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._work_on, reader, answer)
        elif not self._transport.is_reading():
            self._transport.resume_reading()

    def _work_on(self, reader: ResponseReader, answer: asyncio.Future[Response]) -> None:
        if not answer.done() and self.is_open:
            self._advance(reader, answer, reader.work)

    def eof_received(self) -> None:
        """As asyncio calls it; the transport closes itself then."""
        self.is_open = False
        if self._reader is None or self._answer is None or self._answer.done():
            return
        try:
            self._reader.ended()
            self._answer.set_result(cast("Response", self._reader.response))
        except Exception as error:  # noqa: BLE001 -- as above.
            self._answer.set_exception(error.with_traceback(None))

    def connection_lost(self, exc: Exception | None) -> None:
        """As asyncio calls it."""
        self.is_open = False
        if self._reader is not None and self._answer is not None and not self._answer.done():
            early = EOFError("unexpected EOF" if self._reader.has_begun else "EOF")
            self._answer.set_exception(exc or early)


class Connections:
    """All connections of one client under one TLS context. Used on one event loop."""

    def __init__(self, context: ssl.SSLContext, server_name: str) -> None:
        self._context = context
        self._server_name = server_name
        self._idle: defaultdict[Site, list[Connection]] = defaultdict(list)
        self._scratch = memoryview(bytearray(SCRATCH_BYTES))
        self._sweep: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def ask(self, site: Site, request: bytes, body_bytes_max: int) -> Response:
        """The response to a request that may be made twice.

        Raises:
            DialError: no connection could be made.
            EOFError, OSError, BodyLimitError, MalformedResponseError, zlib.error: as `Connection.ask`.
        """
        connection = self._take_idle(site)
        if connection is not None:
            try:
                return await self._ask_on(connection, site, request, body_bytes_max)
            except (EOFError, OSError):
                if connection.has_begun:
                    raise
        try:
            connection = await self._connect(site)
        except TimeoutError:
            raise
        except OSError as error:
            raise DialError(site, error) from error
        return await self._ask_on(connection, site, request, body_bytes_max)

    async def _ask_on(
        self, connection: Connection, site: Site, request: bytes, body_bytes_max: int
    ) -> Response:
        response = await connection.ask(request, body_bytes_max)
        if self._is_closed:
            connection.close()
        elif connection.is_open:
            connection.idle_since = time.monotonic()
            self._idle[site].append(connection)
            if self._sweep is None:
                loop = asyncio.get_running_loop()
                self._sweep = loop.call_later(IDLE_SECONDS, self._close_idle)
        return response

    def _take_idle(self, site: Site) -> Connection | None:
        idle = self._idle[site]
        while idle:
            if (connection := idle.pop()).is_open:
                return connection
        return None

    async def _connect(self, site: Site) -> Connection:
        loop = asyncio.get_running_loop()
        context = self._context if site.is_secure else None
        name = (self._server_name or site.host) if site.is_secure else None
        if site.unix_socket:
            _, connection = await loop.create_unix_connection(
                self._new, site.unix_socket, ssl=context, server_hostname=name
            )
            return connection
        addresses = await loop.getaddrinfo(site.host, site.port, type=socket.SOCK_STREAM)
        connected = await start_connection(
            addresses, happy_eyeballs_delay=HAPPY_EYEBALLS_SECONDS, interleave=1
        )
        _, connection = await loop.create_connection(
            self._new, sock=connected, ssl=context, server_hostname=name
        )
        return connection

    def _new(self) -> Connection:
        return Connection(self._scratch)

    def _close_idle(self) -> None:
        """Close what nobody used for long, and look again as long as something is left."""
        self._sweep = None
        before = time.monotonic() - IDLE_SECONDS
        for site, idle in list(self._idle.items()):
            for connection in idle:
                if connection.idle_since <= before:
                    connection.close()
            self._idle[site] = [connection for connection in idle if connection.is_open]
            if not self._idle[site]:
                del self._idle[site]
        if self._idle:
            self._sweep = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._close_idle)

    def close(self) -> None:
        """Close idle connections now and the others as soon as their request is answered."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()
