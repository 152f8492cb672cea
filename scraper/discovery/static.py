"""Targets that stand in the configuration itself."""

from collections.abc import Sequence

from scraper.discovery.config import StaticGroup
from scraper.discovery.discoverer import Emit
from scraper.discovery.groups import TargetGroup


class StaticDiscoverer:
    """Says once what is written, and is done."""

    def __init__(self, groups: Sequence[StaticGroup]) -> None:
        self._groups = groups

    async def run(self, emit: Emit) -> None:
        """One group per entry; its source is its index."""
        emit(
            [
                TargetGroup(str(index), tuple({"__address__": each} for each in group.targets), group.labels)
                for index, group in enumerate(self._groups)
            ]
        )
