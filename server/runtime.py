"""The composition root: joins store, engine, collector and HTTP, and gives them one life.

start: HTTP answers 503 -> the store opens in a thread -> configuration applied -> HTTP ready
end:   HTTP answers 503 -> scrapes end (nothing goes stale) -> questions are cancelled -> the store closes
"""

import asyncio
import logging
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from model.durations import format_duration
from model.errors import ConfigError
from promql.engine import Engine, EngineOptions
from promql.options import ParserOptions
from scraper.clock import SystemClock
from scraper.discovery.manager import DiscoveryManager
from scraper.loop import Surroundings
from scraper.manager import ScrapeManager
from scraper.metrics import ScrapeMetrics
from scraper.schedule import seed_of
from server.config import Config, load_config, render_config
from server.config.storage import RetentionConfig
from server.flags import FLAGS, format_size, render_flag
from server.metrics.registry import SelfMetrics
from server.metrics.scrapes import discovery_metrics, scrape_metrics
from server.metrics.store import store_metrics
from server.version import USER_AGENT
from server.web.app import Gateway, ready_app, starting_app
from server.web.query import Questions
from server.web.services import ConfigState, Services
from tsdb.database import Database
from tsdb.options import Compression, DatabaseOptions
from tsdb.replay import ReplayProgress

logger = logging.getLogger(__name__)

DAY_MS = 86_400_000
RETENTION_DEFAULT_MS = 15 * DAY_MS
PARSER_FEATURES = {
    "promql-experimental-functions": "experimental_functions",
    "promql-extended-range-selectors": "extended_range_selectors",
    "promql-binop-fill-modifiers": "binop_fill_modifiers",
}
KNOWN_FEATURES = frozenset((*PARSER_FEATURES, "promql-delayed-name-removal", "promql-duration-expr"))

Flags = Mapping[str, Any]
"""Every flag's value by its name without dashes."""


def retention_of(flags: Flags, config: Config) -> RetentionConfig:
    """The file's retention where it has one, else the flags', else 15 days."""
    if config.storage.tsdb.retention is not None:
        return config.storage.tsdb.retention
    time_ms, size = flags["storage.tsdb.retention.time"], flags["storage.tsdb.retention.size"]
    if not time_ms and not size:
        time_ms = RETENTION_DEFAULT_MS
    return RetentionConfig(time_ms, size)


def describe_retention(retention: RetentionConfig) -> str:
    """As `status/runtimeinfo` shows it."""
    parts = []
    if retention.time_ms:
        parts.append(format_duration(retention.time_ms))
    if retention.size_bytes:
        parts.append(format_size(retention.size_bytes))
    if retention.percentage:
        parts.append(f"{retention.percentage:g}%")
    return " or ".join(parts)


def log_compression(flags: Flags) -> Compression:
    """How log records are compressed."""
    if not flags["storage.tsdb.wal-compression"]:
        return "none"
    match flags["storage.tsdb.wal-compression-type"]:
        case "snappy":
            return "snappy"
        case "zstd":
            return "zstd"
        case other:
            raise ConfigError(f'--storage.tsdb.wal-compression-type: want "snappy" or "zstd", got "{other}"')


def database_options(flags: Flags, retention: RetentionConfig) -> DatabaseOptions:
    """What the store is told."""
    return DatabaseOptions(
        retention_ms=retention.time_ms,
        samples_per_chunk=flags["storage.tsdb.samples-per-chunk"],
        wal_segment_bytes=flags["storage.tsdb.wal-segment-size"],
        wal_compression=log_compression(flags),
        lockfile=not flags["storage.tsdb.no-lockfile"],
    )


def engine_options(flags: Flags) -> EngineOptions:
    """What the engine is told."""
    features = set(flags["enable-feature"])
    return EngineOptions(
        samples_max=flags["query.max-samples"],
        timeout_s=flags["query.timeout"] / 1000,
        lookback_delta_ms=flags["query.lookback-delta"],
        max_concurrency=flags["query.max-concurrency"],
        delayed_name_removal="promql-delayed-name-removal" in features,
        parser=ParserOptions(**{field: name in features for name, field in PARSER_FEATURES.items()}),
    )


def external_url_of(flags: Flags) -> str:
    """The URL under which others reach us, without a slash at its end."""
    if url := flags["web.external-url"]:
        return str(url).rstrip("/")
    port = flags["web.listen-address"][0].rpartition(":")[2]
    return f"http://{socket.gethostname()}:{port}"


def route_prefix_of(flags: Flags) -> str:
    """Empty, or a path with a slash at its beginning and none at its end."""
    prefix = flags["web.route-prefix"] or urlsplit(external_url_of(flags)).path
    return "/" + prefix.strip("/") if prefix.strip("/") else ""


def listen(address: str) -> socket.socket:
    """A listening socket at `host:port`.

    Raises:
        ConfigError: the address cannot be had.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "0.0.0.0"  # noqa: S104 -- Prometheus' default: every interface.
    try:
        return socket.create_server((host, int(port)), family=_family(host), backlog=1024, reuse_port=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--web.listen-address: cannot listen on {address}: {error}") from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class _HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers: signals are the composition root's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave every signal where it is."""
        yield


class Server:
    """One running Cardinal."""

    def __init__(self, flags: Flags, config: Config, sockets: list[socket.socket]) -> None:
        self._flags = flags
        self._sockets = sockets
        self._metrics = SelfMetrics()
        self._progress = ReplayProgress(0, 0, 0)
        self._state = ConfigState(config, "", time.time())
        self._stop = asyncio.Event()
        self._reload_turn = asyncio.Lock()
        inner = starting_app(self._metrics, lambda: self._progress)
        self._gateway = Gateway(
            self._metrics, inner, cors_origin=flags["web.cors.origin"], prefix=route_prefix_of(flags)
        )
        self._scrape_metrics = ScrapeMetrics()
        self._reload_with: Callable[[], Awaitable[None]] | None = None

    async def run(self) -> None:
        """Serve until told to stop.

        Raises:
            CardinalError: the store does not open.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.request_stop)
        reloads: set[asyncio.Task[None]] = set()
        loop.add_signal_handler(
            signal.SIGHUP, lambda: reloads.add(asyncio.create_task(self._reload_on_signal()))
        )
        http = _HttpServer(
            uvicorn.Config(
                self._gateway,
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )
        serving = asyncio.create_task(http.serve(self._sockets), name="http")
        try:
            await self._serve()
        finally:
            http.should_exit = True
            await serving

    def request_stop(self) -> bool:
        """Begin to end; False when that has begun already."""
        first = not self._stop.is_set()
        self._stop.set()
        return first

    async def _serve(self) -> None:
        retention = retention_of(self._flags, self._state.config)
        options = database_options(self._flags, retention)
        database = await asyncio.to_thread(
            Database.open, self._flags["storage.tsdb.path"], options, progress=self._note_progress
        )
        try:
            database.start()
            engine = Engine(database, engine_options(self._flags))
            questions = Questions(engine)
            self._metrics.show(questions.metrics.collect)
            surroundings = Surroundings(
                store=database,
                metrics=self._scrape_metrics,
                clock=SystemClock(),
                user_agent=USER_AGENT,
                seed=seed_of(self._state.config.global_.external_labels),
                adjust_timestamps=self._flags["scrape.adjust-timestamps"],
                timestamp_tolerance_ms=self._flags["scrape.timestamp-tolerance"],
            )
            scrapes = ScrapeManager(surroundings, self._flags["scrape.discovery-reload-interval"] / 1000)
            discovery = DiscoveryManager(scrapes.update)
            self._show(database, discovery)
            services = self._services(database, engine, scrapes, discovery, retention)
            await self._apply(services)
            self._gateway.inner = ready_app(services, questions, lambda: self._progress)
            self._metrics.ready = True
            logger.info("Server is ready to receive web requests.")
            await self._stop.wait()
            logger.info("stopping: scrapes end, questions are cancelled, the store closes")
            self._metrics.ready = False
            self._gateway.inner = starting_app(self._metrics, lambda: self._progress, stopping=True)
            await discovery.stop()
            await scrapes.shutdown()
            await asyncio.to_thread(questions.close)
        finally:
            await asyncio.to_thread(database.close)
        logger.info("stopped")

    def _note_progress(self, progress: ReplayProgress) -> None:
        self._progress = progress

    def _show(self, database: Database, discovery: DiscoveryManager) -> None:
        self._metrics.show(lambda: store_metrics(database))
        self._metrics.show(lambda: scrape_metrics(self._scrape_metrics))
        self._metrics.show(lambda: discovery_metrics(discovery.metrics))

    def _services(
        self,
        database: Database,
        engine: Engine,
        scrapes: ScrapeManager,
        discovery: DiscoveryManager,
        retention: RetentionConfig,
    ) -> Services:
        shown = {name: render_flag(FLAGS[name], value) for name, value in self._flags.items()}
        shown["storage.tsdb.retention.time"] = format_duration(retention.time_ms)
        services: Services = Services(
            flags=shown,
            state=self._state,
            database=database,
            engine=engine,
            scrapes=scrapes,
            discovery=discovery,
            metrics=self._metrics,
            external_url=external_url_of(self._flags),
            lifecycle=self._flags["web.enable-lifecycle"],
            retention=describe_retention(retention),
            reload=lambda: self._reload(services),
            quit=self.request_stop,
        )
        self._reload_with = services.reload
        return services

    async def _apply(self, services: Services) -> None:
        """Bring every component under the configuration in `self._state`."""
        config = self._state.config
        for text in (*config.warnings, *config.unsupported):
            logger.warning("configuration: %s", text)
        await services.scrapes.apply(config.scrape_jobs)
        services.discovery.apply({job.job_name: job.discovery for job in config.scrape_jobs})
        self._state.rendered = render_config(config, retention_of(self._flags, config))
        self._state.reloaded_s = self._metrics.config_success_s = time.time()
        self._state.successful = self._metrics.config_successful = True

    async def _reload(self, services: Services) -> None:
        """Read the file again; the old configuration stays where the new one is refused.

        Raises:
            ConfigError: file, line and field that cannot be obeyed.
        """
        async with self._reload_turn:
            try:
                self._state.config = await asyncio.to_thread(load_config, self._flags["config.file"])
            except ConfigError:
                self._state.successful = self._metrics.config_successful = False
                raise
            await self._apply(services)
            logger.info("completed loading of configuration file %s", self._flags["config.file"])

    async def _reload_on_signal(self) -> None:
        if self._reload_with is None:
            return  # The file that is being started with is new enough.
        try:
            await self._reload_with()
        except ConfigError as error:
            logger.error("reloading the configuration: %s", error)  # noqa: TRY400 -- the text says it all.
