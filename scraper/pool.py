"""One job at work: its HTTP client, and a loop for each of its targets."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

from model.durations import format_duration
from model.labels import Labels
from scraper.append import SeriesMemory
from scraper.client_config import ClientConfig
from scraper.discovery.config import DiscoveryConfig
from scraper.discovery.groups import TargetGroup
from scraper.errors import TargetLimitError
from scraper.http import HttpClient
from scraper.job import ScrapeJob
from scraper.loop import ScrapeLoop, Surroundings
from scraper.metrics import Distribution
from scraper.targets import Target, Targets, build_targets

logger = logging.getLogger(__name__)


class ScrapePool:
    """Keeps the loops of one job in step with what discovery finds and the configuration says."""

    def __init__(self, job: ScrapeJob, around: Surroundings) -> None:
        self.job = job
        self.dropped: Sequence[Labels] = ()  # At most `keep_dropped_targets` of them.
        self.dropped_count = 0
        self._around = around
        self._client = HttpClient(job.client)
        self._loops: dict[int, ScrapeLoop] = {}  # By the identity of the target.
        self._farewells: set[asyncio.Task[None]] = set()
        self._groups: Sequence[TargetGroup] = ()

    @property
    def loops(self) -> tuple[ScrapeLoop, ...]:
        """One per active target."""
        return tuple(self._loops.values())

    def sync(self, groups: Sequence[TargetGroup]) -> None:
        """Start loops for new targets and let those that are gone say goodbye."""
        began = monotonic()
        self._groups = groups
        targets = build_targets(self.job, groups)
        self._note(targets)
        active = {target.identity: target for target in targets.active}
        for identity in self._loops.keys() - active.keys():
            self._dismiss(self._loops.pop(identity))
        for identity, target in active.items():
            loop = self._loops.get(identity)
            if loop is None:
                self._start(identity, target)
            else:
                loop.state.target = target  # What was discovered may have changed while its labels stayed.
        self._limit_targets()
        self._tell(targets, monotonic() - began)

    async def reload(self, job: ScrapeJob) -> None:
        """Go on under another configuration; series stay known where it parses pages as before."""
        began = monotonic()
        old_client, self._client = self._client, HttpClient(job.client)
        keeps_memory = _memory_view(self.job) == _memory_view(job)
        self.job = job
        old_loops, self._loops = self._loops, {}
        await asyncio.gather(*(loop.stop() for loop in old_loops.values()))
        await old_client.close()
        memories = {_place(loop.state.target): loop.memory for loop in old_loops.values() if keeps_memory}
        targets = build_targets(job, self._groups)
        for target in targets.active:
            memory = memories.pop(_place(target), None)
            if memory is not None:
                memory.job = job
            self._start(target.identity, target, memory)
        kept = {id(loop.memory) for loop in self._loops.values()}
        for loop in old_loops.values():
            if id(loop.memory) not in kept:
                self._dismiss(loop)
        self._note(targets)
        self._limit_targets()
        self._tell(targets, monotonic() - began)
        interval = format_duration(job.scrape_interval_ms)
        lengths = self._around.metrics.reload_length_seconds
        lengths.setdefault(interval, Distribution()).observe(monotonic() - began)

    async def remove(self) -> None:
        """The job is gone from the configuration: all its targets are gone for good."""
        for loop in self._loops.values():
            self._dismiss(loop)
        self._loops = {}
        await asyncio.gather(*self._farewells)
        await self._client.close()

    async def shutdown(self) -> None:
        """The process ends: nothing goes stale."""
        for loop in self._loops.values():
            loop.abandon()
        for farewell in self._farewells:
            farewell.cancel()
        ends = [loop.stop() for loop in self._loops.values()]
        await asyncio.gather(*ends, *self._farewells, return_exceptions=True)
        await self._client.close()

    def _start(self, identity: int, target: Target, memory: SeriesMemory | None = None) -> None:
        loop = ScrapeLoop(target, self.job, self._client, self._around, memory)
        self._loops[identity] = loop
        loop.start()

    def _dismiss(self, loop: ScrapeLoop) -> None:
        farewell = asyncio.create_task(loop.remove(), name="farewell")
        self._farewells.add(farewell)
        farewell.add_done_callback(self._farewells.discard)

    def _limit_targets(self) -> None:
        limit, count = self.job.limits.targets, len(self._loops)
        error = None
        if 0 < limit < count:
            error = TargetLimitError(f"target_limit exceeded (number of targets: {count}, limit: {limit})")
            self._around.metrics.scrape_pool_exceeded_target_limit_total += 1
        for loop in self._loops.values():
            loop.forced_error = error

    def _note(self, targets: Targets) -> None:
        kept = self.job.limits.keep_dropped_targets
        self.dropped_count = len(targets.dropped)
        self.dropped = targets.dropped[:kept] if kept else targets.dropped
        for failure in targets.failures:
            logger.error("creating target failed: job %s: %s", self.job.job_name, failure)

    def _tell(self, targets: Targets, seconds: float) -> None:
        metrics, name = self._around.metrics, self.job.job_name
        metrics.sync_failed_total[name] += len(targets.failures)
        metrics.scrape_pool_sync_total[name] += 1
        metrics.scrape_pool_targets[name] = len(self._loops)
        metrics.scrape_pool_target_limit[name] = self.job.limits.targets
        metrics.sync_length_seconds.setdefault(name, Distribution()).observe(seconds)


def _place(target: Target) -> tuple[Labels, str]:
    """What stays the same when only the timing of a target changes."""
    return target.public_labels, target.url


def _memory_view(job: ScrapeJob) -> ScrapeJob:
    """The job without what does not change the meaning of a page."""
    return replace(
        job,
        scrape_interval_ms=0,
        scrape_timeout_ms=0,
        limits=replace(job.limits, samples=0),
        client=ClientConfig(),
        discovery=DiscoveryConfig(),
    )
