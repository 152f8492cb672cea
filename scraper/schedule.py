"""When a target is scraped: at a phase of its own within the interval, the same after every restart."""

import hashlib
import socket
from collections.abc import Mapping

NS_PER_MS = 1_000_000


def seed_of(external_labels: Mapping[str, str], host: str | None = None) -> int:
    """Spreads replicas: two servers with different hosts or external labels scrape at different phases."""
    pairs = ", ".join(f'{name}="{external_labels[name]}"' for name in sorted(external_labels))
    text = f"{socket.getfqdn() if host is None else host}{{{pairs}}}"
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def first_delay_ns(identity: int, seed: int, interval_ms: int, now_ns: int) -> int:
    """How long until the target's next turn, in (0, interval]."""
    interval_ns = interval_ms * NS_PER_MS
    phase_ns = (identity ^ seed) % interval_ns
    return (phase_ns - now_ns % interval_ns) % interval_ns or interval_ns


class Alignment:
    """Timestamps that lie exactly one interval apart as long as the scrapes nearly do; they compress best.

    They lie on the turns of the schedule. Measured from the first scrape instead, which among thousands of
    new targets is late by milliseconds, every later one would come too early and none would be straightened.
    A timer may also wake its loop a fraction of a millisecond before the turn, so both sides of it count.
    """

    def __init__(self, interval_ms: int, *, adjust: bool = True, tolerance_ms: float = 2.0) -> None:
        self._interval_ns = interval_ms * NS_PER_MS
        self._tolerance_ns = min(tolerance_ms * NS_PER_MS, self._interval_ns / 100) if adjust else -1.0
        self._turn_ns: int | None = None

    def follow(self, turn_ns: int) -> None:
        """A turn of the schedule; all others lie whole intervals away."""
        self._turn_ns = turn_ns

    def timestamp_ms(self, now_ns: int) -> int:
        """The time that a scrape starting now is stored under."""
        if self._turn_ns is None:
            self._turn_ns = now_ns
        late_ns = (
            now_ns - self._turn_ns + self._interval_ns // 2
        ) % self._interval_ns - self._interval_ns // 2
        return (now_ns - late_ns if abs(late_ns) <= self._tolerance_ns else now_ns) // NS_PER_MS
