"""Which blocks are compacted next, as tables: a block is where it begins and ends, then what is special."""

import pytest

from tsdb.blocks.meta import (
    FROM_OUT_OF_ORDER,
    FROM_SELECTED_SERIES,
    FROM_STALE_SERIES,
    BlockMeta,
    BlockStats,
)
from tsdb.blocks.planner import choose_compaction, compaction_ranges

RANGES = (20, 60, 180, 540)
BIG = (1000, 2000, 4000, 8000)


def block(number, row):
    min_ms, max_ms, *special = row
    options = special[0] if special else {}
    stats = BlockStats(series=options.get("series", 10), tombstones=options.get("tombstones", 0))
    return BlockMeta(
        f"{number:026d}",
        min_ms,
        max_ms,
        stats=stats,
        failed=options.get("failed", False),
        hints=options.get("hints", ()),
    )


def planned(*rows, ranges=RANGES):
    """The rows chosen, as (first, last)."""
    blocks = [block(number, row) for number, row in enumerate(rows)]
    return [(meta.min_ms, meta.max_ms) for meta in choose_compaction(reversed(blocks), ranges)]


@pytest.mark.parametrize(
    ("rows", "plan"),
    [
        ([], []),
        ([(0, 20)], []),
        ([(0, 20), (20, 40), (40, 60)], []),  # The newest block counts for nothing, and two may become three.
        ([(0, 20), (20, 40), (40, 60), (60, 80)], [(0, 20), (20, 40), (40, 60)]),
        ([(0, 20), (20, 40), (60, 80), (80, 100)], [(0, 20), (20, 40)]),  # A gap that nobody will fill.
        ([(20, 40), (40, 60), (60, 80), (80, 100)], [(20, 40), (40, 60)]),  # It ends where the newest begins.
        ([(0, 10), (10, 20), (20, 40), (40, 60)], []),  # The smallest range is no goal.
        ([(0, 20), (20, 40), (60, 80)], []),  # The newest that is left is in the window: more may come.
        ([(0, 20), (40, 60), (60, 80)], [(0, 20), (40, 60)]),  # They span the window, with a gap.
        ([(0, 60), (60, 120), (120, 180), (180, 200)], [(0, 60), (60, 120), (120, 180)]),
        ([(0, 60), (60, 80), (80, 100), (100, 120), (120, 140)], [(60, 80), (80, 100), (100, 120)]),
        ([(0, 50), (50, 70), (70, 90), (120, 140), (140, 160)], []),  # The second lies in no window of 60,
        ([(0, 50), (50, 70), (70, 90), (180, 200), (200, 220)], [(0, 50), (50, 70), (70, 90)]),  # but of 180.
    ],
)
def test_blocks_grow_by_threes_within_aligned_windows(rows, plan):
    assert planned(*rows) == plan


@pytest.mark.parametrize(
    ("rows", "plan"),
    [
        ([(-60, -40), (-40, -20), (-20, 0), (0, 20)], [(-60, -40), (-40, -20), (-20, 0)]),
        ([(-80, -60), (-60, -40), (-20, 0), (0, 20)], [(-60, -40), (-20, 0)]),
        ([(-20, 0), (0, 20), (20, 40)], []),
    ],
)
def test_windows_before_1970_are_aligned_downwards(rows, plan):
    assert planned(*rows) == plan


@pytest.mark.parametrize(
    ("rows", "plan"),
    [
        ([(0, 20), (19, 40), (40, 60)], [(0, 20), (19, 40)]),
        ([(0, 20), (20, 40)], []),  # Ends are not part of a block.
        ([(0, 20), (20, 40), (30, 50)], [(20, 40), (30, 50)]),  # The newest block too.
        ([(0, 100), (10, 20), (30, 40), (100, 120), (110, 130)], [(0, 100), (10, 20), (30, 40)]),
        ([(0, 20), (10, 30), (25, 40), (40, 60), (60, 80)], [(0, 20), (10, 30), (25, 40)]),
        ([(0, 20), (0, 20)], [(0, 20), (0, 20)]),
        ([(0, 20), (20, 40), (40, 60), (60, 80), (70, 90)], [(60, 80), (70, 90)]),
    ],
)
def test_the_first_run_of_overlapping_blocks_comes_before_everything_else(rows, plan):
    assert planned(*rows) == plan


def test_a_window_with_a_failed_block_is_passed_over():
    failed = {"failed": True}
    assert planned((0, 20, failed), (20, 40), (40, 60), (60, 80)) == []
    rows = [(0, 20), (20, 40, failed), (40, 60), (60, 80), (80, 100), (100, 120), (120, 140)]
    assert planned(*rows) == [(60, 80), (80, 100), (100, 120)]


@pytest.mark.parametrize(
    ("series", "tombstones", "is_chosen"),
    [(99, 5, False), (99, 6, True), (10, 0, False), (19, 1, False), (18, 1, True), (0, 1, True)],
)
def test_a_large_block_of_which_more_than_a_twentieth_is_deleted_is_written_anew(
    series, tombstones, is_chosen
):
    deleted = {"series": series, "tombstones": tombstones}
    plan = planned((0, 4000, deleted), (4000, 5000), ranges=BIG)
    assert plan == ([(0, 4000)] if is_chosen else [])


def test_a_small_block_is_written_anew_only_if_all_of_it_is_deleted_and_hides_the_older_ones():
    much = {"series": 100, "tombstones": 50}
    whole = {"series": 100, "tombstones": 100}
    assert planned((0, 1000, whole), (4000, 5000), ranges=BIG) == [(0, 1000)]
    assert planned((0, 1000, much), (4000, 5000), ranges=BIG) == []
    assert planned((0, 3999, much), (4000, 5000), ranges=BIG) == []
    assert planned((0, 4000, much), (4000, 5000), (8000, 9000), ranges=BIG) == []
    assert planned((0, 4000, much), (8000, 12000), (16000, 17000), ranges=BIG) == [(0, 4000)]


def test_the_newest_block_is_not_rewritten_for_its_tombstones():
    assert planned((0, 4000), (4000, 8000, {"tombstones": 10}), ranges=BIG) == []


def test_classes_are_never_mixed_and_ordinary_blocks_come_first():
    stale, selected = {"hints": (FROM_STALE_SERIES,)}, {"hints": (FROM_SELECTED_SERIES,)}
    late = {"hints": (FROM_OUT_OF_ORDER,)}
    assert planned((0, 20), (0, 20, stale), (0, 20, selected)) == []
    assert planned((0, 20), (10, 30, late)) == [(0, 20), (10, 30)]
    assert planned((0, 20), (0, 21, stale), (10, 31, stale), (30, 50), (40, 60)) == [(30, 50), (40, 60)]
    assert planned((0, 20), (0, 21, stale), (10, 31, stale), (10, 31, selected)) == [(0, 21), (10, 31)]


def test_ranges_grow_by_threes_up_to_a_tenth_of_the_retention_or_a_month():
    hour, day = 3_600_000, 86_400_000
    assert compaction_ranges(2 * hour, 15 * day) == (2 * hour, 6 * hour, 18 * hour)
    assert [span // hour for span in compaction_ranges(2 * hour)] == [2, 6, 18, 54, 162, 486]
    assert compaction_ranges(2 * hour, hour) == (2 * hour,)


def test_without_larger_ranges_nothing_is_merged():
    assert planned((0, 20), (20, 40), (40, 60), (60, 80), ranges=(20,)) == []
