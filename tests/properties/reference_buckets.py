"""Classic histograms in plain Python: one histogram at one step, straight from the PromQL reference."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from tests.properties.reference_windows import divide

SMALLEST_NORMAL = 2.2250738585072014e-308
LARGEST = 1.7976931348623157e308


class Bucket(NamedTuple):
    bound: float
    count: float


class Repair(NamedTuple):
    lowest_bound: float
    highest_bound: float
    largest_fall: float


def almost_equal(a: float, b: float, tolerance: float) -> bool:
    if (math.isnan(a) and math.isnan(b)) or a == b:
        return True
    apart, size = abs(a - b), abs(a) + abs(b)
    if a == 0 or b == 0 or size < SMALLEST_NORMAL:
        return apart < tolerance * SMALLEST_NORMAL
    return apart / min(size, LARGEST) < tolerance


def merge(buckets: Sequence[Bucket]) -> list[Bucket]:
    merged: list[Bucket] = []
    for bucket in sorted(buckets, key=lambda bucket: bucket.bound):
        if merged and merged[-1].bound == bucket.bound:
            merged[-1] = Bucket(bucket.bound, merged[-1].count + bucket.count)
        else:
            merged.append(bucket)
    return merged


def make_rise(buckets: Sequence[Bucket]) -> tuple[list[Bucket], Repair | None]:
    risen = [buckets[0]]
    forced: list[tuple[float, float]] = []
    for bound, count in buckets[1:]:
        before = risen[-1].count
        if count == before or almost_equal(before, count, 1e-12):
            risen.append(Bucket(bound, before))
        elif count < before:
            forced.append((bound, before - count))
            risen.append(Bucket(bound, before))
        else:
            risen.append(Bucket(bound, count))
    if not forced:
        return risen, None
    bounds = [bound for bound, _ in forced]
    return risen, Repair(min(bounds), max(bounds), max(fall for _, fall in forced))


def quantile(q: float, buckets: Sequence[Bucket]) -> tuple[float, Repair | None]:
    if math.isnan(q):
        return math.nan, None
    if not 0 <= q <= 1:
        return math.copysign(math.inf, q), None
    merged = merge(buckets)
    if merged[-1].bound != math.inf:
        return math.nan, None
    risen, repair = make_rise(merged)
    total = risen[-1].count
    if len(risen) < 2 or total == 0:
        return math.nan, repair
    return inside(risen, q * total), repair


def inside(risen: Sequence[Bucket], rank: float) -> float:
    found = [i for i, bucket in enumerate(risen[:-1]) if bucket.count >= rank]
    if not found:
        return risen[-2].bound
    b = found[0]
    if b == 0 and risen[0].bound <= 0:
        return risen[0].bound
    start, below = risen[b - 1] if b > 0 else Bucket(0.0, 0.0)
    end, count = risen[b]
    return start + (end - start) * divide(rank - below, count - below)


def fraction(lower: float, upper: float, buckets: Sequence[Bucket]) -> float:
    merged = merge(buckets)
    total = merged[-1].count
    if merged[-1].bound != math.inf or total == 0 or math.isnan(lower) or math.isnan(upper):
        return math.nan
    if lower >= upper:
        return 0.0
    low, high = (min(rank_of(value, merged), total) for value in (lower, upper))
    return divide(high - low, total)


def rank_of(value: float, merged: Sequence[Bucket]) -> float:
    """Observations below `value`: whole buckets, and of the one that holds it the part to its left."""
    start = 0.0 if merged[0].bound > 0 else -math.inf
    below = 0.0
    for end, count in merged:
        if start >= value:
            return below
        if end > value:
            return count if math.isinf(start) else below + (count - below) * (value - start) / (end - start)
        start, below = end, count
    return merged[-1].count
