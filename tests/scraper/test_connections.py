"""Connections against a server of bare sockets, which can misbehave as no library would."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from scraper.client_config import ClientConfig, Proxy
from scraper.connections import Connections, Site
from scraper.errors import RequestError, StatusError
from scraper.http import HttpClient

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


@asynccontextmanager
async def server(talk: Talk) -> AsyncIterator[int]:
    """A server that has `talk` hold each conversation; its last argument is the conversation's number."""
    number = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal number
        number += 1
        try:
            await talk(reader, writer, number)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()
        await running.wait_closed()


async def request_of(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def connections() -> Connections:
    return Connections(ssl.create_default_context(), "")


async def ask(pool: Connections, port: int) -> bytes:
    response = await pool.ask(Site("127.0.0.1", port, is_secure=False), b"GET / HTTP/1.1\r\n\r\n", 1_000)
    return bytes(response.body)


async def test_a_connection_serves_one_request_after_the_other():
    async def talk(reader, writer, number):
        while True:
            await request_of(reader)
            writer.write(ANSWER.replace(b"a 1", b"a %d" % number))

    async with server(talk) as port:
        pool = connections()
        assert [await ask(pool, port) for _ in range(3)] == [b"a 1\n"] * 3
        both = await asyncio.gather(ask(pool, port), ask(pool, port))
        assert sorted(both) == [b"a 1\n", b"a 2\n"]
        pool.close()


async def test_a_request_on_a_connection_that_the_server_gave_up_is_made_once_more():
    async def talk(reader, writer, number):
        await request_of(reader)
        writer.write(ANSWER.replace(b"a 1", b"a %d" % number))
        await request_of(reader)  # It closes now, without a word.

    async with server(talk) as port:
        pool = connections()
        assert [await ask(pool, port) for _ in range(3)] == [b"a 1\n", b"a 2\n", b"a 3\n"]
        pool.close()


@pytest.mark.parametrize(
    ("sent", "words"), [(b"", "EOF"), (ANSWER[:20], "unexpected EOF"), (ANSWER[:-1], "unexpected EOF")]
)
async def test_a_new_connection_that_ends_early_is_an_error(sent, words):
    asked = 0

    async def talk(reader, writer, number):
        nonlocal asked
        asked = number
        await request_of(reader)
        writer.write(sent)

    async with server(talk) as port:
        client = HttpClient(ClientConfig())
        with pytest.raises(RequestError, match=f'": {words}$'):
            await client.get(f"http://127.0.0.1:{port}/", {}, 5.0)
        assert asked == 1
        await client.close()


async def test_an_answer_to_nobody_ends_the_connection():
    async def talk(reader, writer, number):
        await request_of(reader)
        writer.write(ANSWER.replace(b"a 1", b"a %d" % number))
        await asyncio.sleep(0.02)
        writer.write(ANSWER)
        await reader.read()

    async with server(talk) as port:
        pool = connections()
        assert await ask(pool, port) == b"a 1\n"
        await asyncio.sleep(0.1)
        assert await ask(pool, port) == b"a 2\n"
        pool.close()


async def test_a_request_that_is_given_up_takes_its_connection_along():
    async def talk(reader, writer, number):
        while True:
            await request_of(reader)
            await asyncio.sleep(0.2 if number == 1 else 0)
            writer.write(ANSWER.replace(b"a 1", b"a %d" % number))

    async with server(talk) as port:
        pool = connections()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(pool, port), 0.05)
        assert await ask(pool, port) == b"a 2\n"
        pool.close()


async def test_a_request_under_way_is_answered_after_close():
    gone = asyncio.Event()

    async def talk(reader, writer, number):
        await request_of(reader)
        await asyncio.sleep(0.05)
        writer.write(ANSWER)
        await reader.read()
        gone.set()

    async with server(talk) as port:
        pool = connections()
        task = asyncio.create_task(ask(pool, port))
        await asyncio.sleep(0.02)
        pool.close()
        assert await task == b"a 1\n"
        await asyncio.wait_for(gone.wait(), 1)


async def test_headers_that_would_split_a_request_are_refused():
    client = HttpClient(ClientConfig())
    with pytest.raises(RequestError, match="invalid header field value for 'X-A'"):
        await client.get("http://127.0.0.1:1/", {"X-A": "1\r\nX-B: 2"}, 5.0)
    await client.close()


@pytest.mark.parametrize(
    ("user", "sent"), [("", b""), ("joe:p%40ss@", b"Authorization: Basic am9lOnBAc3M=\r\n")]
)
async def test_a_request_names_its_host_and_what_the_url_says_of_the_user(user, sent):
    got = b""

    async def talk(reader, writer, number):
        nonlocal got
        got = await request_of(reader)
        writer.write(ANSWER)

    async with server(talk) as port:
        client = HttpClient(ClientConfig())
        await client.get(f"http://{user}127.0.0.1:{port}/m?a=b%20c", {"Accept": "x"}, 5.0)
        assert got == b"GET /m?a=b%%20c HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: x\r\n%s\r\n" % (port, sent)
        await client.close()


async def test_a_proxy_is_asked_in_place_of_the_target():
    got = b""

    async def talk(reader, writer, number):
        nonlocal got
        got = await request_of(reader)
        writer.write(ANSWER)
        await request_of(reader)
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    async with server(talk) as port:
        client = HttpClient(ClientConfig(proxy=Proxy(proxy_url=f"http://127.0.0.1:{port}")))
        assert (await client.get("http://far.invalid/m", {}, 5.0)).body == b"a 1\n"
        assert got.startswith(b"GET http://far.invalid/m HTTP/1.1\r\n")
        with pytest.raises(StatusError, match="server returned HTTP status 503 Busy"):
            await client.get("http://far.invalid/m", {}, 5.0)
        await client.close()
    client = HttpClient(ClientConfig(proxy=Proxy(proxy_url=f"http://127.0.0.1:{port}")))
    with pytest.raises(RequestError, match="connect: connection refused"):
        await client.get("http://far.invalid/m", {}, 5.0)
    await client.close()


async def test_a_large_packed_body_leaves_others_their_turn_and_the_connection_usable():
    body = bytes(8 << 20)
    packed = gzip.compress(body)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)

    async def talk(reader, writer, number):
        while number == 1:
            await request_of(reader)
            writer.write(head + packed)

    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with server(talk) as port:
        pool, site = connections(), Site("127.0.0.1", port, is_secure=False)
        for _ in range(2):
            asking = asyncio.create_task(pool.ask(site, b"GET / HTTP/1.1\r\n\r\n", 2 * len(body)))
            counting = asyncio.create_task(count_turns())
            assert (await asyncio.wait_for(asking, 20)).body == body
            counting.cancel()
        assert turns > 2 * 8
        pool.close()
