"""The composition root: joins store, engine, collector and HTTP, and gives them one life.

start: HTTP answers 503 -> the store opens in a thread -> configuration applied -> HTTP ready
end:   HTTP answers 503 -> scrapes end (nothing goes stale) -> questions are cancelled -> the store closes
"""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn

from model.errors import ConfigError
from promql.engine import Engine
from scraper.clock import SystemClock
from scraper.discovery.manager import DiscoveryManager
from scraper.loop import Surroundings
from scraper.manager import ScrapeManager
from scraper.metrics import ScrapeMetrics
from scraper.schedule import seed_of
from server.config import Config, render_config
from server.metrics.registry import SelfMetrics
from server.metrics.scrapes import discovery_metrics, scrape_metrics
from server.metrics.store import store_metrics
from server.reload import Reloader
from server.settings import (
    Flags,
    database_options,
    describe_retention,
    engine_options,
    external_url_of,
    retention_of,
    route_prefix_of,
    shown_flags,
)
from server.version import USER_AGENT, version_line
from server.web.app import ready_app, starting_app
from server.web.gateway import Gateway
from server.web.questions import Questions
from server.web.services import Services
from tsdb.database import Database
from tsdb.replay import ReplayProgress

logger = logging.getLogger(__name__)

GRACE_S = 5


class _HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers, for signals are the composition root's, and with a slower clock:
    it would look ten times a second whether it should end, which costs as much as scraping 25,000 series.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._end = asyncio.Event()

    def end(self) -> None:
        """Begin to end."""
        self.should_exit = True
        self._end.set()

    async def main_loop(self) -> None:
        """Keep the `Date` header up to date until the end; a tick numbered 0 does."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._end.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave every signal where it is."""
        yield


class _StoppedError(Exception):
    """Told to stop while the log was being replayed."""


class Server:
    """One running Cardinal."""

    def __init__(self, flags: Flags, config: Config, sockets: list[socket.socket]) -> None:
        self._flags = flags
        self._config = config
        self._sockets = sockets
        self._metrics = SelfMetrics()
        self._progress = ReplayProgress(0, 0, 0)
        self._stop = asyncio.Event()
        self._reload_wanted = asyncio.Event()
        self._gateway = Gateway(
            starting_app(self._metrics, lambda: self._progress),
            self._metrics.http,
            cors_origin=flags["web.cors.origin"],
            prefix=route_prefix_of(flags),
        )

    async def run(self, announce: Callable[[], None] = lambda: None) -> None:
        """Serve until told to stop; `announce` is called once signals and requests are heard.

        Raises:
            CardinalError: the store does not open.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.request_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload_wanted.set)
        http = _HttpServer(
            uvicorn.Config(
                self._gateway,
                log_config=None,
                access_log=False,
                http="httptools",
                ws="none",
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        logger.info("Starting %s", version_line())
        serving = asyncio.create_task(http.serve(self._sockets), name="http")
        announce()
        try:
            await self._live()
        except _StoppedError:
            logger.info("told to stop while starting")
        finally:
            http.end()
            await serving
        logger.info("See you next time!")

    def request_stop(self) -> bool:
        """Begin to end; False when that has begun already."""
        first = not self._stop.is_set()
        self._stop.set()
        return first

    async def _live(self) -> None:
        retention = retention_of(self._flags, self._config)
        options = database_options(self._flags, retention)
        database = await asyncio.to_thread(
            Database.open, self._flags["storage.tsdb.path"], options, progress=self._note_progress
        )
        try:
            database.start()
            await self._serve(database)
        finally:
            await asyncio.to_thread(database.close)

    async def _serve(self, database: Database) -> None:
        scrapes, discovery = self._collector(database)
        questions = Questions(Engine(database, engine_options(self._flags)))
        self._metrics.show(questions.metrics.collect)
        self._metrics.show(lambda: store_metrics(database))
        services = self._services(database, questions, scrapes, discovery)
        await services.reloader.apply()
        self._gateway.change(ready_app(services, lambda: self._progress))
        self._metrics.ready = True
        logger.info("Server is ready to receive web requests.")
        helpers = [
            asyncio.create_task(questions.watch(), name="watch questions"),
            asyncio.create_task(self._reload_on_signal(services.reloader), name="reload on signal"),
        ]
        if self._flags["config.auto-reload"] or "auto-reload-config" in self._flags["enable-feature"]:
            looking = services.reloader.reload_on_change(self._flags["config.auto-reload-interval"] / 1000)
            helpers.append(asyncio.create_task(looking, name="reload on change"))
        await self._stop.wait()
        logger.info("Stopping: scrapes end, questions are cancelled, the store closes.")
        self._metrics.ready = False
        self._gateway.change(starting_app(self._metrics, lambda: self._progress, stopping=True))
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        questions.cancel_all()
        await discovery.stop()
        await scrapes.shutdown()
        await asyncio.to_thread(questions.close)

    def _note_progress(self, progress: ReplayProgress) -> None:
        self._progress = progress
        if self._stop.is_set():
            raise _StoppedError

    def _collector(self, database: Database) -> tuple[ScrapeManager, DiscoveryManager]:
        metrics = ScrapeMetrics()
        surroundings = Surroundings(
            store=database,
            metrics=metrics,
            clock=SystemClock(),
            user_agent=USER_AGENT,
            seed=seed_of(self._config.global_.external_labels),
            adjust_timestamps=self._flags["scrape.adjust-timestamps"],
            timestamp_tolerance_ms=self._flags["scrape.timestamp-tolerance"],
        )
        scrapes = ScrapeManager(surroundings, self._flags["scrape.discovery-reload-interval"] / 1000)
        discovery = DiscoveryManager(scrapes.update)
        self._metrics.show(lambda: scrape_metrics(metrics))
        self._metrics.show(lambda: discovery_metrics(discovery.metrics))
        return scrapes, discovery

    def _services(
        self,
        database: Database,
        questions: Questions,
        scrapes: ScrapeManager,
        discovery: DiscoveryManager,
    ) -> Services:
        retention = retention_of(self._flags, self._config)

        async def retain(config: Config) -> None:
            if (wanted := retention_of(self._flags, config)) != retention:
                logger.warning("retention of %s holds from the next start on", describe_retention(wanted))

        async def scrape(config: Config) -> None:
            await scrapes.apply(config.scrape_jobs)

        async def discover(config: Config) -> None:
            discovery.apply({job.job_name: job.discovery for job in config.scrape_jobs})

        parts = {"storage": retain, "scrape": scrape, "scrape_sd": discover}
        reloader = Reloader(self._flags["config.file"], self._config, self._metrics, parts)
        return Services(
            flags=shown_flags(self._flags, retention),
            reloader=reloader,
            database=database,
            questions=questions,
            scrapes=scrapes,
            metrics=self._metrics,
            external_url=external_url_of(self._flags),
            lifecycle=self._flags["web.enable-lifecycle"],
            retention=describe_retention(retention),
            render=lambda: render_config(reloader.config, retention_of(self._flags, reloader.config)),
            quit=self.request_stop,
        )

    async def _reload_on_signal(self, reloader: Reloader) -> None:
        while True:
            await self._reload_wanted.wait()
            self._reload_wanted.clear()
            try:
                await reloader.reload()
            except ConfigError:
                continue  # The log has it, and the old configuration stays.
