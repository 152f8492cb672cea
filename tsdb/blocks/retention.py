"""Which blocks are to be deleted. Pure choices among metas and sizes; somebody else removes."""

from collections.abc import Collection, Mapping, Sequence

from tsdb.blocks.meta import BlockMeta


def superseded(blocks: Collection[BlockMeta]) -> set[str]:
    """Blocks that a loaded block was made of, and those that compaction found empty."""
    parents = {parent.ulid for block in blocks for parent in block.parents}
    return {block.ulid for block in blocks if block.deletable or block.ulid in parents}


def beyond_time(blocks: Collection[BlockMeta], retention_ms: int) -> set[str]:
    """Blocks that ended `retention_ms` or more before the newest one did; 0 keeps all.

    The newest block is the clock: a store that gets no samples loses none.
    """
    newest_first = _newest_first(blocks)
    if not retention_ms or not newest_first:
        return set()
    end_ms = newest_first[0].max_ms - retention_ms
    return {block.ulid for block in newest_first[1:] if block.max_ms <= end_ms}


def beyond_size(
    blocks: Collection[BlockMeta], block_bytes: Mapping[str, int], head_bytes: int, bytes_max: int
) -> set[str]:
    """The newest block with which the store passes `bytes_max`, and all older ones; 0 keeps all.

    `head_bytes` is what the log and the chunk files take: they count first and are never deleted.
    """
    if not bytes_max:
        return set()
    total = head_bytes
    newest_first = _newest_first(blocks)
    for place, block in enumerate(newest_first):
        total += block_bytes[block.ulid]
        if total > bytes_max:
            return {old.ulid for old in newest_first[place:]}
    return set()


def share_of_disk(disk_bytes: int, percentage: float) -> int:
    """The size limit that a percentage of the file system stands for."""
    return int(disk_bytes * percentage / 100)


def _newest_first(blocks: Collection[BlockMeta]) -> Sequence[BlockMeta]:
    return sorted(blocks, key=lambda block: block.max_ms, reverse=True)
