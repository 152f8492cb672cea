"""Target groups: what every discovery mechanism gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """Targets that share labels. A later group of one source replaces this one; an empty one ends it."""

    source: str  # Unique inside its provider.
    targets: tuple[Mapping[str, str], ...] = ()  # Each has at least `__address__`.
    labels: Mapping[str, str] = field(default_factory=dict)
