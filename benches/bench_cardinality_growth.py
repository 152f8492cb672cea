"""Cardinality growth: what a series more costs, step by step, each step in a process of its own."""

import pytest

from benches.growth import measure_apart
from benches.growth_report import write_report

SMALL = (1_000, 5_000)
LARGE = (10_000, 100_000, 1_000_000)


@pytest.mark.parametrize(
    "sizes", [SMALL, pytest.param(LARGE, marks=pytest.mark.large)], ids=["small", "large"]
)
def bench_cardinality_growth(benchmark, tmp_path, sizes):
    large = sizes == LARGE
    steps = benchmark.pedantic(lambda: [measure_apart(series) for series in sizes], rounds=1)
    write_report(steps, "docs/benchmarks" if large else tmp_path)
    benchmark.extra_info.update({f"created_per_s_{step.series}": step.created_per_s for step in steps})
    assert [step.series for step in steps] == list(sizes)
    first, last = steps[0], steps[-1]
    assert last.counted_bytes_per_series < 1.1 * first.counted_bytes_per_series
    assert (
        last.select_ms < 10 * first.select_ms + 1
    )  # Sought, not scanned: the answer has the same size at each step.
