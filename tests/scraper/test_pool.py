"""Loops come, go and change with discovery and configuration; what goes stale, and when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

from aiohttp import web

from model.relabel import Action, RelabelRule
from scraper.client_config import ClientConfig, TlsConfig
from scraper.discovery.groups import TargetGroup
from scraper.job import Limits, ScrapeJob
from scraper.loop import Surroundings
from scraper.manager import ScrapeManager
from scraper.metrics import ScrapeMetrics
from scraper.pool import ScrapePool
from tests.scraper.memory import STALE_TEXT, MemoryStore
from tests.scraper.site import HandClock, settle

INTERVAL_SECONDS = 15
JOB = ScrapeJob("test", scrape_interval_ms=INTERVAL_SECONDS * 1000)


class World:
    def __init__(self) -> None:
        self.store = MemoryStore()
        self.clock = HandClock()
        self.metrics = ScrapeMetrics()
        self.around = Surroundings(self.store, self.metrics, self.clock, "Prometheus/3")


@asynccontextmanager
async def pool_of(job: ScrapeJob = JOB) -> AsyncIterator[tuple[ScrapePool, World]]:
    world = World()
    pool = ScrapePool(job, world.around)
    try:
        yield pool, world
    finally:
        await pool.shutdown()


def groups(*addresses: str) -> list[TargetGroup]:
    return [TargetGroup("0", tuple({"__address__": each} for each in addresses))]


async def test_a_target_is_scraped_once_an_interval(site):
    site.page = "a 1\n"
    async with pool_of() as (pool, world):
        pool.sync(groups(site.address))
        await world.clock.advance(4 * INTERVAL_SECONDS)
        (samples,) = world.store.series(name="a").values()
        times = [t for t, _ in samples]
        assert len(times) == 4
        assert {later - earlier for earlier, later in pairwise(times)} == {15_000}


async def test_a_target_that_vanishes_goes_stale_two_ticks_later_at_the_first_of_them(site):
    site.page = "a 1\n"
    async with pool_of() as (pool, world):
        pool.sync(groups(site.address))
        await world.clock.advance(INTERVAL_SECONDS)
        pool.sync([])
        assert pool.loops == ()
        await world.clock.advance(INTERVAL_SECONDS)
        assert world.store.values(name="a") == [1.0]
        await world.clock.advance(1.5 * INTERVAL_SECONDS)
        for name in ("a", "up", "scrape_series_added"):
            ((first_ms, _), (second_ms, last)) = next(iter(world.store.series(name=name).values()))
            assert last == STALE_TEXT
            assert second_ms - first_ms == 15_000
        assert len(site.requests) == 1


async def test_a_target_that_was_never_scraped_leaves_no_marker(site):
    async with pool_of() as (pool, world):
        pool.sync(groups(site.address))
        pool.sync([])
        await world.clock.advance(4 * INTERVAL_SECONDS)
        assert world.store.commits == 0


async def test_a_bad_target_disturbs_no_other(site):
    site.page = "a 1\n"
    async with pool_of() as (pool, world):
        pool.sync([*groups(site.address, "http://bad", "127.0.0.1:1"), TargetGroup("1", ({"x": "y"},))])
        await world.clock.advance(2 * INTERVAL_SECONDS)
        assert world.store.values(name="a") == [1.0, 1.0]
        assert world.store.values(name="up", instance="127.0.0.1:1") == [0.0, 0.0]
        assert world.metrics.sync_failed_total["test"] == 2
        assert world.metrics.scrape_pool_targets["test"] == 2


async def test_too_many_targets_all_fail_until_there_are_fewer(site):
    site.page = "a 1\n"
    async with pool_of(replace(JOB, limits=Limits(targets=1))) as (pool, world):
        pool.sync(groups(site.address, "127.0.0.1:1"))
        await world.clock.advance(INTERVAL_SECONDS)
        errors = {loop.state.last_error for loop in pool.loops}
        assert errors == {"target_limit exceeded (number of targets: 2, limit: 1)"}
        assert world.metrics.scrape_pool_exceeded_target_limit_total == 1
        assert not site.requests
        pool.sync(groups(site.address))
        await world.clock.advance(INTERVAL_SECONDS)
        assert [loop.state.last_error for loop in pool.loops] == [""]


async def test_dropped_targets_are_counted_all_and_kept_as_many_as_wanted():
    rules = (RelabelRule(action=Action.DROP),)
    job = replace(JOB, relabel_rules=rules, limits=Limits(keep_dropped_targets=1))
    async with pool_of(job) as (pool, _):
        pool.sync(groups("a", "b", "c"))
        assert (len(pool.dropped), pool.dropped_count) == (1, 3)


async def test_a_reload_that_reads_pages_the_same_way_keeps_what_is_known(site):
    site.page = "a 1\nb 1\n"
    async with pool_of() as (pool, world):
        pool.sync(groups(site.address))
        await world.clock.advance(INTERVAL_SECONDS)
        site.page = "a 2\n"
        await pool.reload(replace(JOB, scrape_timeout_ms=5_000, limits=Limits(samples=10)))
        await world.clock.advance(INTERVAL_SECONDS)
        assert world.store.values(name="a") == [1.0, 2.0]
        assert world.store.values(name="b") == [1.0, STALE_TEXT]
        assert world.store.values(name="scrape_series_added") == [2.0, 0.0]


async def test_a_reload_under_other_rules_starts_afresh(site):
    site.page = "a 1\nb 1\n"
    async with pool_of() as (pool, world):
        pool.sync(groups(site.address))
        await world.clock.advance(INTERVAL_SECONDS)
        site.page = "a 2\n"
        await pool.reload(replace(JOB, honor_labels=True))
        await world.clock.advance(4 * INTERVAL_SECONDS)
        assert world.store.values(name="a") == [1.0, 2.0, 2.0, 2.0, 2.0]
        assert world.store.values(name="b") == [1.0, STALE_TEXT]
        assert world.store.values(name="scrape_series_added")[1] == 1.0


async def test_shutdown_marks_nothing_stale(site):
    site.page = "a 1\n"
    async with pool_of() as (pool, world):
        pool.sync(groups(site.address))
        await world.clock.advance(INTERVAL_SECONDS)
    assert world.store.values(name="a") == [1.0]


async def test_ticks_that_pass_during_a_slow_scrape_are_dropped(site):
    gate = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        await gate.wait()
        return web.Response(text="a 1\n", headers={"Content-Type": "text/plain"})

    site.handler = slow
    async with pool_of(replace(JOB, scrape_timeout_ms=15_000)) as (pool, world):
        pool.sync(groups(site.address))
        await world.clock.advance(3.5 * INTERVAL_SECONDS)
        gate.set()
        await settle()
        assert len(site.requests) == 1
        await world.clock.advance(INTERVAL_SECONDS)
        assert len(site.requests) == 2


async def test_jobs_that_stay_equal_are_not_disturbed_and_those_that_go_say_goodbye(site):
    site.page = "a 1\n"
    world = World()
    manager = ScrapeManager(world.around, sync_seconds=0.01)
    second = replace(JOB, job_name="second")
    try:
        await manager.apply([JOB, second])
        manager.update({"test": groups(site.address), "second": groups(site.address), "unknown": groups("x")})
        await settle()
        assert set(manager.pools) == {"test", "second"}
        await world.clock.advance(INTERVAL_SECONDS)
        loops = manager.pools["test"].loops
        await manager.apply([replace(JOB)])
        manager.update({"test": groups(site.address)})
        await settle()
        assert manager.pools["test"].loops == loops
        assert set(manager.pools) == {"test"}
        await world.clock.advance(3 * INTERVAL_SECONDS)
        assert world.store.values(name="up", job="second") == [1.0, STALE_TEXT]
        assert STALE_TEXT not in world.store.values(name="up", job="test")
    finally:
        await manager.shutdown()


async def test_a_job_whose_client_cannot_be_built_harms_no_other(site, tmp_path):
    world = World()
    manager = ScrapeManager(world.around, sync_seconds=0.01)
    broken = ScrapeJob("broken", client=ClientConfig(tls=TlsConfig(ca_file=str(tmp_path / "none"))))
    try:
        await manager.apply([broken, JOB])
        manager.update({"broken": groups("a"), "test": groups(site.address)})
        await settle()
        assert set(manager.pools) == {"test"}
        assert world.metrics.scrape_pools_failed_total == 1
    finally:
        await manager.shutdown()
