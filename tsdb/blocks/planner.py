"""Which blocks to compact next. A plan is a choice among metas; it reads no file and no clock.

Blocks are classed by where they came from, for data cut out by hand or gone stale must not come back into
the others. Within a class:

1. blocks that overlap are merged, the first run of them;
2. otherwise, ranges from small to large: the first aligned window in which two blocks or more lie that fill
   it, or that lie before the newest block, so that nobody else will come into it;
3. otherwise the newest large block of which more than a twentieth is deleted, or a small one of which all is.

The newest block of a class is left alone unless it overlaps: whoever copies blocks away has time to do so.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from tsdb.blocks.meta import FROM_SELECTED_SERIES, FROM_STALE_SERIES, BlockMeta

RANGE_FACTOR: Final = 3
RANGES_MAX: Final = 10
BLOCK_RANGE_MAX_MS: Final = 31 * 86_400_000
TOMBSTONE_SHARE: Final = 0.05


def compaction_ranges(chunk_range_ms: int, retention_ms: int = 0) -> tuple[int, ...]:
    """Spans of blocks, each three times the one before, up to a tenth of the retention; 0 keeps all."""
    longest_ms = min(BLOCK_RANGE_MAX_MS, retention_ms // 10) if retention_ms else BLOCK_RANGE_MAX_MS
    ranges = [chunk_range_ms * RANGE_FACTOR**level for level in range(RANGES_MAX)]
    return (chunk_range_ms, *(span_ms for span_ms in ranges[1:] if span_ms <= longest_ms))


def choose_compaction(blocks: Iterable[BlockMeta], ranges_ms: Sequence[int]) -> tuple[BlockMeta, ...]:
    """The blocks to make one of, oldest first; none if there is nothing to do."""
    for members in _classes(blocks):
        if plan := _overlapping(members) or _plan_apart(members[:-1], ranges_ms):
            return tuple(plan)
    return ()


def _classes(blocks: Iterable[BlockMeta]) -> Iterator[list[BlockMeta]]:
    """Blocks that may be mixed, each class sorted by time; ordinary ones first."""
    ordered = sorted(blocks, key=lambda block: (_class(block), block.min_ms))
    for _, members in groupby(ordered, _class):
        yield list(members)


def _class(block: BlockMeta) -> int:
    if FROM_STALE_SERIES in block.hints:
        return 1
    return 2 if FROM_SELECTED_SERIES in block.hints else 0


def _overlapping(blocks: Sequence[BlockMeta]) -> Sequence[BlockMeta]:
    """The first run of blocks that each begin before an earlier one ends, with the block before the run."""
    end_ms = blocks[0].max_ms
    start = 0
    for place, block in enumerate(blocks[1:], start=1):
        if block.min_ms < end_ms:
            start = start or place
        elif start:
            return blocks[start - 1 : place]
        end_ms = max(end_ms, block.max_ms)
    return blocks[start - 1 :] if start else ()


def _plan_apart(blocks: Sequence[BlockMeta], ranges_ms: Sequence[int]) -> Sequence[BlockMeta]:
    return (_same_window(blocks, ranges_ms[1:]) or _much_deleted(blocks, ranges_ms)) if blocks else ()


def _same_window(blocks: Sequence[BlockMeta], ranges_ms: Sequence[int]) -> Sequence[BlockMeta]:
    newest_ms = blocks[-1].min_ms
    for span_ms in ranges_ms:
        for group in _windows(blocks, span_ms):
            end_ms = group[-1].max_ms
            is_complete = end_ms - group[0].min_ms == span_ms or end_ms <= newest_ms
            if len(group) > 1 and is_complete and not any(block.failed for block in group):
                return group
    return ()


def _windows(blocks: Sequence[BlockMeta], span_ms: int) -> Iterator[list[BlockMeta]]:
    """Blocks that lie whole in one aligned window, by window."""
    inside = (block for block in blocks if block.max_ms <= (block.min_ms // span_ms + 1) * span_ms)
    for _, group in groupby(inside, lambda block: block.min_ms // span_ms):
        yield list(group)


def _much_deleted(blocks: Sequence[BlockMeta], ranges_ms: Sequence[int]) -> Sequence[BlockMeta]:
    for block in reversed(blocks):
        deleted, series = block.stats.tombstones, block.stats.series
        if block.max_ms - block.min_ms < ranges_ms[len(ranges_ms) // 2]:
            return (block,) if deleted and deleted >= series else ()
        if deleted / (series + 1) > TOMBSTONE_SHARE:
            return (block,)
    return ()
