"""All jobs: pools come and go with the configuration, targets with discovery."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from model.errors import CardinalError
from scraper.discovery.groups import TargetGroup
from scraper.job import ScrapeJob
from scraper.loop import Surroundings
from scraper.pool import ScrapePool

logger = logging.getLogger(__name__)

SYNC_SECONDS = 5.0
"""Discovery may tell of changes more often; pools follow at most so often."""


class ScrapeManager:
    """The pools of all jobs. Everything here runs on the event loop."""

    def __init__(self, around: Surroundings, sync_seconds: float = SYNC_SECONDS) -> None:
        self.pools: dict[str, ScrapePool] = {}
        self._around = around
        self._sync_seconds = sync_seconds
        self._jobs: dict[str, ScrapeJob] = {}
        self._groups: Mapping[str, Sequence[TargetGroup]] = {}
        self._news = asyncio.Event()
        self._syncer: asyncio.Task[None] | None = None
        self._removals: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # A reload and a sync never meet.

    async def apply(self, jobs: Sequence[ScrapeJob]) -> None:
        """Go on under another configuration; jobs that stay equal are not disturbed."""
        async with self._turn:
            self._jobs = {job.job_name: job for job in jobs}
            self._around.failures.close()
            for name in self.pools.keys() - self._jobs.keys():
                self._remove(name)
            changed = [pool for name, pool in self.pools.items() if pool.job != self._jobs[name]]
            await asyncio.gather(*(self._reload(pool) for pool in changed))
        self._news.set()
        if self._syncer is None:
            self._syncer = asyncio.create_task(self._follow(), name="scrape manager")

    def update(self, groups: Mapping[str, Sequence[TargetGroup]]) -> None:
        """Take what discovery found; only the newest counts."""
        self._groups = groups
        self._news.set()

    async def shutdown(self) -> None:
        """The process ends: nothing more is scraped and nothing goes stale."""
        tasks = [*self._removals] + ([self._syncer] if self._syncer else [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(
            *tasks, *(pool.shutdown() for pool in self.pools.values()), return_exceptions=True
        )
        self._around.failures.close()

    async def _follow(self) -> None:
        while True:
            await self._news.wait()
            async with self._turn:
                self._news.clear()
                self.sync()
            await asyncio.sleep(self._sync_seconds)

    def sync(self) -> None:
        """Bring every pool in step with the newest groups; a pool is made when its job first has some."""
        for name, groups in self._groups.items():
            job = self._jobs.get(name)
            if job is None:
                continue
            try:
                if name not in self.pools:
                    self.pools[name] = ScrapePool(job, self._around)
                    self._around.metrics.scrape_pools_total += 1
                self.pools[name].sync(groups)
            except (CardinalError, OSError):
                self._around.metrics.scrape_pools_failed_total += name not in self.pools
                logger.exception("error creating new scrape pool: job %s", name)

    async def _reload(self, pool: ScrapePool) -> None:
        job = self._jobs[pool.job.job_name]
        self._around.metrics.scrape_pool_reloads_total += 1
        try:
            await pool.reload(job)
        except (CardinalError, OSError):
            self._around.metrics.scrape_pool_reloads_failed_total += 1
            logger.exception("error reloading scrape pool: job %s", job.job_name)

    def _remove(self, name: str) -> None:
        pool = self.pools.pop(name)
        self._around.metrics.forget_job(name)
        removal = asyncio.create_task(pool.remove(), name=f"remove {name}")
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)
