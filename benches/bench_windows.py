"""Speed of range functions, step alignment and running aggregation, by sample, output or cell."""

import numpy as np
import pytest

import kernels
from benches.data import note_each

SCRAPE_MS = 15_000
SAMPLES = STEPS = 240
GROUPS = 8
GRID = (5 * 60_000, SCRAPE_MS, STEPS)
RANGE_MS = 5 * 60_000

SERIES = pytest.mark.parametrize("series", [100, pytest.param(10_000, marks=pytest.mark.large)])
TIMES = pytest.mark.parametrize("times", ["shared", "jittered"])


def counters(series, times="shared"):
    """Counters scraped every 15 seconds: at the same instants, or each up to 100 ms late."""
    random = np.random.default_rng(7)
    grid = np.tile(np.arange(SAMPLES, dtype=np.int64) * SCRAPE_MS, (series, 1))
    if times == "jittered":
        grid += random.integers(0, 100, grid.shape)
    values = np.cumsum(random.integers(0, 100, (series, SAMPLES)), axis=1).astype(np.float64)
    return grid.ravel(), values.ravel(), np.arange(series + 1, dtype=np.int64) * SAMPLES


@SERIES
@TIMES
@pytest.mark.parametrize(
    "function",
    ["rate", "irate", "max_over_time", "sum_over_time", "avg_over_time", "stddev_over_time", "deriv"],
)
def bench_over_windows(benchmark, series, times, function):
    batch = counters(series, times)
    _, present = benchmark(kernels.over_windows, function, *batch, *GRID, RANGE_MS)
    note_each(benchmark, series * STEPS, "point")
    assert present.mean() > 0.9


@SERIES
def bench_quantile_over_time(benchmark, series):
    batch = counters(series)
    medians = np.full(STEPS, 0.5)
    values, _ = benchmark(kernels.over_windows, "quantile_over_time", *batch, *GRID, RANGE_MS, medians)
    note_each(benchmark, series * STEPS, "point")
    assert values[0, 0] == np.median(batch[1][1:21])


@SERIES
@TIMES
def bench_align(benchmark, series, times):
    batch = counters(series, times)
    _, values, present = benchmark(kernels.align, *batch, *GRID, RANGE_MS)
    note_each(benchmark, series * STEPS, "point")
    assert present[:, :220].all()
    assert values[0, 10] == batch[1][30 if times == "shared" else 29]


@SERIES
@pytest.mark.parametrize("op", ["sum", "avg", "max", "count", "stddev"])
def bench_grouped_add(benchmark, series, op):
    rows = kernels.over_windows("last_over_time", *counters(series), *GRID, RANGE_MS)
    group_of = np.arange(series, dtype=np.uint32) % GROUPS

    def run():
        running = kernels.GroupedAggregate(op, GROUPS, STEPS)
        running.add(*rows, group_of)
        return running.finish()

    values, _ = benchmark(run)
    note_each(benchmark, series * STEPS, "point")
    numpy_op = {"sum": np.sum, "avg": np.mean, "max": np.max, "count": len, "stddev": np.std}[op]
    assert values[3, 7] == pytest.approx(numpy_op(rows[0][3::GROUPS, 7]))


@SERIES
@TIMES
def bench_sum_of_rate(benchmark, series, times):
    batch = counters(series, times)
    group_of = np.arange(series, dtype=np.uint32) % GROUPS

    def run():
        running = kernels.GroupedAggregate("sum", GROUPS, STEPS)
        running.add_windows("rate", *batch, GRID[0], GRID[1], RANGE_MS, group_of)
        return running.finish()

    values, _ = benchmark(run)
    note_each(benchmark, series * STEPS, "point")
    rates, _ = kernels.over_windows("rate", *batch, *GRID, RANGE_MS)
    assert values[5, 100] == pytest.approx(rates[5::GROUPS, 100].sum())


@SERIES
@pytest.mark.parametrize("kernel", ["quantile", "top"])
def bench_groups(benchmark, series, kernel):
    rows = kernels.over_windows("last_over_time", *counters(series), *GRID, RANGE_MS)
    group_of = np.arange(series, dtype=np.uint32) % GROUPS
    if kernel == "quantile":
        q = np.full(STEPS, 0.5)
        values, _ = benchmark(kernels.group_quantile, *rows, group_of, GROUPS, q)
        assert values[2, 9] == np.median(rows[0][2::GROUPS, 9])
    else:
        k = np.full(STEPS, 5)
        chosen = benchmark(kernels.group_top, *rows, group_of, GROUPS, k, largest=True)
        assert chosen[:, 9].sum() == 5 * GROUPS
    note_each(benchmark, series * STEPS, "point")


@SERIES
def bench_bucket_quantile(benchmark, series):
    buckets = 10
    bounds = np.tile([*range(1, buckets), np.inf], series // buckets).astype(np.float64)
    counts = np.tile(np.arange(series, dtype=np.float64)[:, None] % buckets + 1, (1, STEPS))
    group_of = np.arange(series, dtype=np.uint32) // buckets
    present = np.ones(counts.shape, dtype=np.bool_)
    q = np.full(STEPS, 0.25)
    values, *_ = benchmark(kernels.bucket_quantile, counts, present, group_of, series // buckets, bounds, q)
    note_each(benchmark, series * STEPS, "point")
    assert (values == 2.5).all()
