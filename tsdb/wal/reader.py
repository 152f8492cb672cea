"""Reading a log: segments in order, in steps of a few MiB, as runs of records of one kind.

A run is what one kernel call decodes. It remembers where each of its records ends, so that damage found only
when a body is decoded can still be cut off at the right byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import kernels
from kernels import CorruptionError
from model.errors import CorruptStoreError
from tsdb.disk import Disk
from tsdb.wal.format import RecordKind, decompress, kind_of
from tsdb.wal.segments import list_segments, segment_path

STEP_BYTES: Final = 4 << 20


class DamagedLogError(CorruptStoreError):
    """A log that ends being one at `good_bytes` of segment `segment`."""

    def __init__(self, directory: str, segment: int, good_bytes: int, reason: str) -> None:
        self.directory, self.segment, self.good_bytes = directory, segment, good_bytes
        super().__init__(f"{segment_path(directory, segment)} after {good_bytes} bytes: {reason}")


@dataclass(frozen=True, slots=True)
class RecordRun:
    """Consecutive records of one kind, decompressed."""

    kind: RecordKind
    records: list[bytes]
    directory: str
    segment: int
    starts: list[int]  # [records]: where the record before each one ended.

    def damaged(self, record: int, reason: str) -> DamagedLogError:
        """The error of a body that does not decode."""
        return DamagedLogError(self.directory, self.segment, self.starts[record], reason)


def read_log(disk: Disk, directory: str) -> Iterator[RecordRun]:
    """Everything in a directory of segments, a checkpoint for example."""
    for segment in list_segments(disk, directory):
        yield from read_segment(disk, directory, segment)


def read_segment(disk: Disk, directory: str, segment: int) -> Iterator[RecordRun]:
    """The records of one segment; empty ones and those of unknown kinds are passed over.

    Raises:
        DamagedLogError: after the last good record before the damage was given.
    """
    data = disk.map(segment_path(directory, segment))
    at = ended = 0
    while at < len(data):
        stored, flags, ends, at, wrong = kernels.scan_log(data, at, STEP_BYTES)
        starts = [ended, *ends.tolist()]
        records: list[bytes] = []
        damage = wrong
        for packed, flag in zip(stored, flags.tolist(), strict=True):
            try:
                records.append(decompress(packed, flag))
            except CorruptionError as error:
                damage = str(error)
                break
        yield from _runs(records, starts, directory, segment)
        ended = starts[len(records)]
        if damage:
            raise DamagedLogError(directory, segment, ended, damage)


def _runs(records: list[bytes], starts: list[int], directory: str, segment: int) -> Iterator[RecordRun]:
    for kind, group in groupby(range(len(records)), lambda index: kind_of(records[index])):
        if kind is not None:
            members = list(group)
            first, last = members[0], members[-1] + 1
            yield RecordRun(kind, records[first:last], directory, segment, starts[first:last])
