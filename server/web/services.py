"""What the HTTP handlers work with, joined by the composition root."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from promql.engine import Engine
from scraper.discovery.manager import DiscoveryManager
from scraper.manager import ScrapeManager
from server.config import Config
from server.metrics.registry import SelfMetrics
from tsdb.database import Database


@dataclass(slots=True)
class ConfigState:
    """The configuration in force, and how the last reload went."""

    config: Config
    rendered: str
    reloaded_s: float  # Unix seconds of the last success.
    successful: bool = True


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a ready server answers from."""

    flags: Mapping[str, str]  # Every flag as `status/flags` shows it.
    state: ConfigState
    database: Database
    engine: Engine
    scrapes: ScrapeManager
    discovery: DiscoveryManager
    metrics: SelfMetrics
    external_url: str
    lifecycle: bool  # Whether `/-/reload` and `/-/quit` are allowed.
    retention: str  # As `status/runtimeinfo` shows it.
    reload: Callable[[], Awaitable[None]]  # Raises ConfigError.
    quit: Callable[[], bool]  # False when termination is already in progress.
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
