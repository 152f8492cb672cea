"""Runs discoverers and tells, for each job, everything that all of them found.

Jobs with equal configurations share one discoverer (a *provider*). Updates are passed on together: at once
after a quiet time, then at growing distances up to `FORWARD_SECONDS_MAX` as long as they keep coming.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from model.errors import ConfigError
from scraper.discovery.config import DiscoveryConfig, MechanismConfig, StaticGroup
from scraper.discovery.discoverer import MECHANISMS, Discoverer
from scraper.discovery.groups import TargetGroup
from scraper.discovery.static import StaticDiscoverer

logger = logging.getLogger(__name__)

FORWARD_SECONDS_MIN = 0.1
FORWARD_SECONDS_MAX = 5.0
FORWARD_GROWTH = 1.5

Groups = Mapping[str, Sequence[TargetGroup]]
"""Every job that has a configuration, and its groups; a job without targets has none."""


@dataclass(slots=True)
class DiscoveryMetrics:
    """Field x is `prometheus_sd_x`."""

    discovered_targets: dict[str, int] = field(default_factory=dict)  # By job.
    failed_configs: int = 0
    received_updates_total: int = 0
    updates_total: int = 0


@dataclass(slots=True, eq=False)
class Provider:
    """One running discoverer and what it found so far."""

    config: tuple[StaticGroup, ...] | MechanismConfig
    jobs: set[str]
    groups: dict[str, TargetGroup] = field(default_factory=dict)  # By source.
    task: asyncio.Task[None] | None = None


class DiscoveryManager:
    """The providers of all jobs."""

    def __init__(self, forward: Callable[[Groups], None]) -> None:
        self.metrics = DiscoveryMetrics()
        self._forward = forward
        self._providers: list[Provider] = []
        self._jobs: tuple[str, ...] = ()
        self._changed = asyncio.Event()
        self._forwarder: asyncio.Task[None] | None = None

    def apply(self, configs: Mapping[str, DiscoveryConfig]) -> None:
        """Run what `configs` ask for; providers whose configuration stays keep running with their targets."""
        old, self._providers = self._providers, []
        self.metrics.failed_configs = 0
        self._jobs = tuple(configs)
        for job, config in configs.items():
            parts: list[tuple[StaticGroup, ...] | MechanismConfig] = [*config.others]
            if config.static:
                parts.append(config.static)
            for part in parts:
                self._subscribe(job, part, old)
        for provider in old:
            if provider not in self._providers and provider.task is not None:
                provider.task.cancel()
        if self._forwarder is None:
            self._forwarder = asyncio.create_task(self._forward_changes(), name="discovery")
        self._send()

    async def stop(self) -> None:
        """End every discoverer."""
        tasks = [provider.task for provider in self._providers if provider.task is not None]
        if self._forwarder is not None:
            tasks.append(self._forwarder)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _subscribe(
        self, job: str, config: tuple[StaticGroup, ...] | MechanismConfig, old: Sequence[Provider]
    ) -> None:
        for provider in self._providers:
            if provider.config == config:
                provider.jobs.add(job)
                return
        for provider in old:
            if provider.config == config and provider not in self._providers:
                provider.jobs = {job}
                self._providers.append(provider)
                return
        try:
            discoverer = build_discoverer(config)
        except ConfigError:
            self.metrics.failed_configs += 1
            logger.exception("cannot create service discovery for job %s", job)
            return
        provider = Provider(config, {job})
        provider.task = asyncio.create_task(self._run(provider, discoverer), name="discoverer")
        self._providers.append(provider)

    async def _run(self, provider: Provider, discoverer: Discoverer) -> None:
        def emit(groups: Sequence[TargetGroup]) -> None:
            self.metrics.received_updates_total += 1
            for group in groups:
                if group.targets:
                    provider.groups[group.source] = group
                else:
                    provider.groups.pop(group.source, None)
            self._changed.set()

        try:
            await discoverer.run(emit)
        except Exception:  # What it found stays; the others go on.
            logger.exception("service discovery of %s ended", sorted(provider.jobs))

    async def _forward_changes(self) -> None:
        pause_seconds = FORWARD_SECONDS_MIN
        loop = asyncio.get_running_loop()
        last_sent = loop.time()
        while True:
            await self._changed.wait()
            if loop.time() - last_sent > FORWARD_SECONDS_MAX:
                pause_seconds = FORWARD_SECONDS_MIN
            self._send()
            last_sent = loop.time()
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * FORWARD_GROWTH, FORWARD_SECONDS_MAX)

    def _send(self) -> None:
        self._changed.clear()
        found: dict[str, list[TargetGroup]] = {job: [] for job in self._jobs}
        for provider in self._providers:
            for job in provider.jobs:
                found[job].extend(provider.groups.values())
        self.metrics.discovered_targets = {
            job: sum(len(group.targets) for group in groups) for job, groups in found.items()
        }
        self.metrics.updates_total += 1
        self._forward(found)


def build_discoverer(config: tuple[StaticGroup, ...] | MechanismConfig) -> Discoverer:
    """The discoverer that obeys `config`.

    Raises:
        ConfigError: its mechanism is not built, or cannot obey its settings.
    """
    if not isinstance(config, MechanismConfig):
        return StaticDiscoverer(config)
    if config.mechanism not in MECHANISMS:
        raise ConfigError(f"{config.mechanism}_sd_configs: this mechanism is not built yet")
    return MECHANISMS[config.mechanism](config)
