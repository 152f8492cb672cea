"""Birth of series, selection, grouping and order: what every scrape and every question begins with."""

from itertools import count

import numpy as np
import pytest

from kernels import LabelFrame, Matcher, SeriesIndex, Symbols

SIZES = [10_000, pytest.param(1_000_000, marks=pytest.mark.large)]
ROWS = [2_000, pytest.param(200_000, marks=pytest.mark.large)]
PAGE = 10_000  # Series that one target exposes.


def labels_of(series: int) -> list[tuple[str, str]]:
    """Ten labels, of which one has a value for every hundred series."""
    return [
        ("__name__", f"http_requests_{series % 50}_total"),
        ("cluster", "eu-1"),
        ("code", str(200 + series % 5)),
        ("handler", f"/api/v1/{series % 97}"),
        ("instance", f"10.0.{series // PAGE % 250}.1:9100"),
        ("job", f"job-{series // PAGE % 7}"),
        ("method", ("GET", "PUT", "POST")[series % 3]),
        ("namespace", f"team-{series // 1_000 % 20}"),
        ("pod", f"pod-{series // 100}"),
        ("replica", str(series)[-2:]),
    ]


def pages(symbols: Symbols, series: int) -> list[LabelFrame]:
    starts = range(0, series, PAGE)
    return [LabelFrame.from_labels(symbols, [labels_of(s) for s in range(a, a + PAGE)]) for a in starts]


def filled(series: int) -> tuple[SeriesIndex, list[LabelFrame]]:
    symbols = Symbols()
    index = SeriesIndex(symbols)
    frames = pages(symbols, series)
    for number, frame in enumerate(frames):
        index.add(frame, 1 + number * PAGE)
    return index, frames


@pytest.mark.parametrize("series", SIZES)
def bench_birth_of_series_with_ten_labels(benchmark, series):
    symbols = Symbols()
    frames = pages(symbols, series)

    def fill() -> SeriesIndex:
        index = SeriesIndex(symbols)
        for number, frame in enumerate(frames):
            index.add(frame, 1 + number * PAGE)
        return index

    index = benchmark.pedantic(fill, rounds=3)
    benchmark.extra_info["bytes_per_series"] = index.size_bytes() / series
    assert len(index) == series


@pytest.mark.parametrize("series", SIZES)
def bench_rows_that_are_known(benchmark, series):
    index, frames = filled(series)
    page = count()
    refs, new = benchmark(lambda: index.add(frames[next(page) % len(frames)], series + 1))
    assert len(refs) == PAGE
    assert not new.any()


@pytest.mark.parametrize("series", SIZES)
def bench_selection_of_ten_by_three_matchers(benchmark, series):
    index, _ = filled(series)
    matchers = [
        Matcher("__name__", "=", "http_requests_7_total"),
        Matcher("job", "=", "job-0"),
        Matcher("pod", "=~", "pod-[1-5]"),
    ]
    refs = benchmark(index.select, matchers)
    assert len(refs) == 10


@pytest.mark.parametrize("series", SIZES)
def bench_selection_by_a_pattern_alone(benchmark, series):
    index, _ = filled(series)
    matchers = [Matcher("pod", "=~", ".*9"), Matcher("code", "!=", "200")]
    refs = benchmark(index.select, matchers)
    assert len(refs) == series * 8 // 100


@pytest.mark.parametrize("rows", ROWS)
def bench_group(benchmark, rows):
    symbols = Symbols()
    frame = LabelFrame.from_labels(symbols, [labels_of(series) for series in range(rows)])
    group_of, groups = benchmark(frame.group, ["pod", "replica"], without=True)
    assert len(groups) == group_of.max() + 1


@pytest.mark.parametrize("rows", ROWS)
def bench_order(benchmark, rows):
    symbols = Symbols()
    shuffled = np.random.default_rng(1).permutation(rows)
    frame = LabelFrame.from_labels(symbols, [labels_of(series)[:7] for series in shuffled.tolist()])
    ordered = frame.take(benchmark(frame.order))
    assert np.array_equal(ordered.order(), np.arange(rows))
