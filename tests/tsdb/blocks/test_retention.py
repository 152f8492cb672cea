"""Which blocks go, at the exact boundary."""

import pytest

from tsdb.blocks.meta import BlockMeta, BlockParent
from tsdb.blocks.retention import beyond_size, beyond_time, share_of_disk, superseded


def block(name, min_ms, max_ms, **options):
    return BlockMeta(name, min_ms, max_ms, **options)


ROW = [block("c", 20, 30), block("a", 0, 10), block("d", 30, 40), block("b", 10, 20)]


@pytest.mark.parametrize(
    ("retention_ms", "gone"),
    [(0, ""), (31, ""), (30, "a"), (21, "a"), (20, "ab"), (10, "abc"), (1, "abc")],
)
def test_a_block_goes_when_it_ended_that_long_before_the_newest(retention_ms, gone):
    assert beyond_time(ROW, retention_ms) == set(gone)


def test_the_newest_block_stays_whatever_the_retention():
    assert beyond_time([block("a", 0, 10)], 1) == set()
    assert beyond_time([], 1) == set()


@pytest.mark.parametrize(
    ("bytes_max", "gone"),
    [(0, ""), (145, ""), (144, "a"), (140, "a"), (139, "ab"), (120, "abc"), (119, "abcd"), (99, "abcd")],
)
def test_the_block_that_passes_the_limit_goes_with_all_older_ones(bytes_max, gone):
    sizes = {"a": 5, "b": 10, "c": 10, "d": 20}
    assert beyond_size(ROW, sizes, 100, bytes_max) == set(gone)


def test_a_small_old_block_does_not_survive_a_large_younger_one():
    blocks = [block("a", 0, 10), block("b", 10, 20), block("c", 20, 30)]
    assert beyond_size(blocks, {"a": 1, "b": 100, "c": 10}, 0, 50) == {"a", "b"}


def test_a_percentage_is_a_share_of_the_file_system():
    assert share_of_disk(1000, 12.5) == 125


def test_parents_go_once_their_child_is_there_and_so_do_blocks_found_empty():
    parents = (BlockParent("a", 0, 10), BlockParent("gone already", 10, 20))
    blocks = [*ROW, block("e", 0, 20, parents=parents), block("f", 0, 1, deletable=True)]
    assert superseded(blocks) == {"a", "f"}
