"""Cutting a damaged log back to what is good.

Everything after the first damage goes: later records may lean on series that stood in the damaged part. What
precedes it stays untouched, because the segment is shortened in place rather than copied. A damaged
checkpoint is never repaired: what it covers stands nowhere else, so the store refuses to start and leaves
every file as it is.
"""

import logging

from tsdb.disk import Disk
from tsdb.wal.format import PAGE_BYTES
from tsdb.wal.reader import DamagedLogError
from tsdb.wal.segments import list_segments, segment_path

_LOG = logging.getLogger(__name__)


def repair(disk: Disk, damage: DamagedLogError) -> None:
    """Keep the records that end before the damage, and no later segment."""
    directory = damage.directory
    later = [number for number in list_segments(disk, directory) if number > damage.segment]
    lost = sum(disk.size(segment_path(directory, number)) for number in later)
    damaged = segment_path(directory, damage.segment)
    lost += max(0, disk.size(damaged) - damage.good_bytes)
    _LOG.warning("repairing the write-ahead log: %s; %d bytes from there on are given up", damage, lost)
    for number in reversed(later):  # From the end, so that a crash in between leaves no gap.
        disk.remove(segment_path(directory, number))
    disk.sync_directory(directory)
    disk.truncate(damaged, damage.good_bytes)
    disk.truncate(damaged, damage.good_bytes + -damage.good_bytes % PAGE_BYTES)
