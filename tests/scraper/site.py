"""A real HTTP server whose pages a test can change, and a clock that only a test moves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from typing import Self

from aiohttp import web

from scraper.http import HttpClient
from scraper.job import ScrapeJob
from scraper.loop import ScrapeLoop, Surroundings
from scraper.metrics import ScrapeMetrics
from scraper.targets import Target, build_target, discovered_labels
from tests.scraper.memory import MemoryStore

TEXT = "text/plain; version=0.0.4"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    def __init__(self) -> None:
        self.page: str | bytes = ""
        self.headers: dict[str, str] = {"Content-Type": TEXT}
        self.status = 200
        self.handler: Handler | None = None
        self.requests: list[web.Request] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.handler is not None:
            return await self.handler(request)
        body = self.page.encode() if isinstance(self.page, str) else self.page
        return web.Response(body=body, status=self.status, headers=self.headers)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


def application(site: Site) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", site.answer)
    return app


@asynccontextmanager
async def serve() -> AsyncIterator[Site]:
    site = Site()
    runner = web.AppRunner(application(site), shutdown_timeout=0.1)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    site.port = runner.addresses[0][1]
    try:
        yield site
    finally:
        await runner.cleanup()


class HandClock:
    """Time stands still until `advance`; whoever waits is woken in order."""

    def __init__(self, now_ms: int = 1_000_000_000) -> None:
        self.ns = now_ms * 1_000_000
        self.sleepers: list[tuple[int, asyncio.Event]] = []

    def now_ns(self) -> int:
        return self.ns

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        alarm = asyncio.Event()
        sleeper = (self.ns + round(seconds * 1e9), alarm)
        self.sleepers.append(sleeper)
        waits = [asyncio.create_task(alarm.wait()), asyncio.create_task(event.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            if sleeper in self.sleepers:
                self.sleepers.remove(sleeper)
        return event.is_set()

    async def advance(self, seconds: float) -> None:
        """Let time pass, sleeper by sleeper, giving each the chance to finish what it does."""
        end = self.ns + round(seconds * 1e9)
        await settle()
        while due := sorted((at, id(alarm), alarm) for at, alarm in self.sleepers if at <= end):
            at, _, alarm = due[0]
            self.ns = max(self.ns, at)
            alarm.set()
            await settle()
        self.ns = end


async def settle(seconds: float = 0.03) -> None:
    await asyncio.sleep(seconds)


class Rig:
    """One target's loop over a site and a store in memory; each `scrape` is one interval later."""

    def __init__(self, site: Site, executor: Executor | None = None, **job: object) -> None:
        self.site = site
        self.store = MemoryStore()
        self.clock = HandClock()
        self.metrics = ScrapeMetrics()
        self.job = ScrapeJob("test", **job)
        self.target = target_of(self.job, site.address)
        self.around = Surroundings(self.store, self.metrics, self.clock, "Prometheus/3", executor=executor)
        self.client = HttpClient(self.job.client)
        self.loop = ScrapeLoop(self.target, self.job, self.client, self.around)

    async def scrape(self, page: str | bytes | None = None) -> str:
        """The error of one scrape, "" if there was none."""
        if page is not None:
            self.site.page = page
        await self.loop.scrape()
        self.clock.ns += self.target.interval_ms * 1_000_000
        return self.loop.state.last_error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()


def target_of(job: ScrapeJob, address: str, **labels: str) -> Target:
    found = discovered_labels(job, {"__address__": address, **labels})
    return build_target(job, found, found)
