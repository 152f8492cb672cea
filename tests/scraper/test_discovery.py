"""Providers are shared, survive reloads, and their news is passed on whole."""

import asyncio
from collections.abc import Sequence
from typing import Self

import pytest

from scraper.discovery import manager as discovery
from scraper.discovery.config import DiscoveryConfig, MechanismConfig, StaticGroup
from scraper.discovery.discoverer import MECHANISMS, Emit
from scraper.discovery.groups import TargetGroup
from scraper.discovery.manager import DiscoveryManager
from tests.scraper.site import settle


class Scripted:
    """A mechanism that says what a test tells it to."""

    started: list["Scripted"] = []

    def __init__(self, config: MechanismConfig) -> None:
        self.config = config
        self.emit: Emit | None = None
        Scripted.started.append(self)

    async def run(self, emit: Emit) -> None:
        self.emit = emit
        await asyncio.Event().wait()

    def say(self, *groups: TargetGroup) -> None:
        assert self.emit is not None
        self.emit(groups)


@pytest.fixture
def scripted(monkeypatch):
    monkeypatch.setitem(MECHANISMS, "scripted", Scripted)
    monkeypatch.setattr(discovery, "FORWARD_SECONDS_MIN", 0.001)
    monkeypatch.setattr(discovery, "FORWARD_SECONDS_MAX", 0.001)
    monkeypatch.setattr(Scripted, "started", [])
    return Scripted


class Listener:
    def __init__(self) -> None:
        self.manager = DiscoveryManager(self.take)
        self.heard: list[dict[str, list[str]]] = []

    def take(self, found) -> None:
        self.heard.append({job: addresses(groups) for job, groups in found.items()})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.manager.stop()


def addresses(groups: Sequence[TargetGroup]) -> list[str]:
    return sorted(target["__address__"] for group in groups for target in group.targets)


def group(source: str, *found: str) -> TargetGroup:
    return TargetGroup(source, tuple({"__address__": each} for each in found))


def asking(**settings: str) -> DiscoveryConfig:
    return DiscoveryConfig(others=(MechanismConfig("scripted", settings),))


def static(*found: str) -> DiscoveryConfig:
    return DiscoveryConfig(static=(StaticGroup(found),))


async def test_static_targets_and_empty_jobs_are_passed_on():
    async with Listener() as listener:
        listener.manager.apply({"a": static("x", "y"), "b": DiscoveryConfig()})
        await settle()
        assert listener.heard[-1] == {"a": ["x", "y"], "b": []}
        assert listener.manager.metrics.discovered_targets == {"a": 2, "b": 0}


async def test_equal_configurations_share_a_discoverer(scripted):
    async with Listener() as listener:
        listener.manager.apply({"a": asking(q="1"), "b": asking(q="1"), "c": asking(q="2")})
        await settle()
        assert len(scripted.started) == 2
        scripted.started[0].say(group("0", "x"))
        await settle()
        assert listener.heard[-1] == {"a": ["x"], "b": ["x"], "c": []}


async def test_a_group_replaces_its_source_and_an_empty_one_ends_it(scripted):
    async with Listener() as listener:
        listener.manager.apply({"a": asking()})
        await settle()
        (mechanism,) = scripted.started
        mechanism.say(group("0", "x"), group("1", "y"))
        mechanism.say(group("0", "z"))
        await settle()
        assert listener.heard[-1] == {"a": ["y", "z"]}
        mechanism.say(group("1"))
        await settle()
        assert listener.heard[-1] == {"a": ["z"]}


async def test_a_reload_keeps_what_stays_and_ends_what_goes(scripted):
    async with Listener() as listener:
        listener.manager.apply({"a": asking(q="1"), "b": asking(q="2")})
        await settle()
        for mechanism in scripted.started:
            mechanism.say(group("0", mechanism.config.settings["q"]))
        await settle()
        listener.manager.apply({"a": asking(q="1"), "c": asking(q="3")})
        assert listener.heard[-1] == {"a": ["1"], "c": []}
        await settle()
        assert [each.config.settings["q"] for each in scripted.started] == ["1", "2", "3"]


async def test_a_mechanism_that_is_not_built_is_counted_and_leaves_the_job_empty():
    async with Listener() as listener:
        listener.manager.apply({"a": DiscoveryConfig(others=(MechanismConfig("dns"),))})
        await settle()
        assert listener.heard[-1] == {"a": []}
        assert listener.manager.metrics.failed_configs == 1
