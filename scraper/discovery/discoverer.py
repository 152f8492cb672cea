"""What every discovery mechanism is, and the table of those that are built."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from scraper.discovery.config import MechanismConfig
from scraper.discovery.groups import TargetGroup

Emit = Callable[[Sequence[TargetGroup]], None]
"""Takes groups that are new or changed; a group without targets ends its source."""


class Discoverer(Protocol):
    """One mechanism under one configuration."""

    async def run(self, emit: Emit) -> None:
        """Emit all groups, then every change, until cancelled; a mechanism that never changes may return."""
        ...


MECHANISMS: Final[dict[str, Callable[[MechanismConfig], Discoverer]]] = {}
"""By the name before `_sd_configs`. A constructor raises `ConfigError` for settings it cannot obey."""
