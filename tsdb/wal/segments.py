"""Names of segments and checkpoints, and the rule that segments have no gaps."""

from collections.abc import Sequence
from itertools import pairwise

from model.errors import CorruptStoreError
from tsdb.disk import Disk
from tsdb.wal.format import CHECKPOINT_PREFIX


def segment_name(number: int) -> str:
    """Eight digits."""
    return f"{number:08d}"


def segment_path(directory: str, number: int) -> str:
    """Where a segment of a log or checkpoint lies."""
    return f"{directory}/{segment_name(number)}"


def list_segments(disk: Disk, directory: str) -> list[int]:
    """Segment numbers in order.

    Raises:
        CorruptStoreError: one is missing in between.
    """
    numbers = sorted(int(name) for name in disk.list(directory) if name.isascii() and name.isdigit())
    want_contiguous(directory, numbers)
    return numbers


def want_contiguous(directory: str, numbers: Sequence[int]) -> None:
    """Refuse a gap: what lies after it may lean on what lay in it."""
    for before, after in pairwise(numbers):
        if after != before + 1:
            raise CorruptStoreError(
                f"{directory}: want number {before + 1} next, got {after}; "
                "bring the missing file back, or move the later ones away and lose them"
            )


def checkpoint_name(number: int) -> str:
    """The directory of a checkpoint; the number is the last segment it covers."""
    return f"{CHECKPOINT_PREFIX}{number:08d}"


def list_checkpoints(disk: Disk, directory: str) -> list[int]:
    """Numbers of complete checkpoints in order; each covers the segments up to and with its number."""
    suffixes = (
        name.removeprefix(CHECKPOINT_PREFIX)
        for name in disk.list(directory)
        if name.startswith(CHECKPOINT_PREFIX)
    )
    return sorted(int(suffix) for suffix in suffixes if suffix.isascii() and suffix.isdigit())


def remove_leftovers(disk: Disk, directory: str) -> None:
    """Remove checkpoints and repairs that a crash left half done."""
    for name in disk.list(directory):
        if name.startswith(CHECKPOINT_PREFIX) and name.endswith(".tmp"):
            disk.remove(f"{directory}/{name}")


def log_size_bytes(disk: Disk, directory: str) -> int:
    """Bytes of every segment and checkpoint."""
    total = sum(disk.size(segment_path(directory, number)) for number in list_segments(disk, directory))
    for number in list_checkpoints(disk, directory):
        inner = f"{directory}/{checkpoint_name(number)}"
        total += sum(disk.size(segment_path(inner, segment)) for segment in list_segments(disk, inner))
    return total
