"""What a job says of where its targets come from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class StaticGroup:
    """One entry of `static_configs`."""

    targets: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MechanismConfig:
    """One entry of `<mechanism>_sd_configs`, as written: its mechanism reads the settings."""

    mechanism: str
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)  # Passwords and all.


@dataclass(frozen=True, slots=True)
class DiscoveryConfig:
    """Every mechanism of one job. Equal configurations share one discoverer."""

    static: tuple[StaticGroup, ...] = ()
    others: tuple[MechanismConfig, ...] = ()
