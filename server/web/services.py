"""What the HTTP handlers work with, joined by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scraper.manager import ScrapeManager
from server.metrics.registry import SelfMetrics
from server.reload import Reloader
from server.web.questions import Questions
from tsdb.database import Database


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a ready server answers from."""

    flags: Mapping[str, str]  # Every flag as `status/flags` shows it.
    reloader: Reloader
    database: Database
    questions: Questions
    scrapes: ScrapeManager
    metrics: SelfMetrics
    external_url: str
    lifecycle: bool  # Whether `/-/reload` and `/-/quit` are allowed.
    retention: str  # As `status/runtimeinfo` shows it.
    render: Callable[[], str]  # The configuration in force as YAML.
    quit: Callable[[], bool]  # False when termination is already in progress.
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
