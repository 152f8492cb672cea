"""The store from the outside: a commit with its log, new series, and a start after a kill."""

import shutil

import numpy as np
import pytest

from kernels import LabelFrame
from tsdb.database import Database
from tsdb.options import DatabaseOptions

STEP_MS = 15_000
LARGE = pytest.mark.large


def labels_of(store, series, metrics=100):
    rows = [
        [
            ("__name__", f"metric_{n % metrics}"),
            ("instance", f"host{n // 500}:9100"),
            ("job", "node"),
            ("id", f"{n}"),
        ]
        for n in range(series)
    ]
    return LabelFrame.from_labels(store.symbols, rows)


def values_at(step, series):
    """Counters and gauges as a page mixes them."""
    numbers = np.arange(series, dtype=np.float64)
    return np.where(numbers % 2, numbers * 10 + step * 7, np.round(np.sin(numbers + step), 3))


def fill(store, refs, steps, scrape=5000):
    """`steps` scrapes of every target, `scrape` samples each; the samples written."""
    for step in range(steps):
        for start in range(0, len(refs), scrape):
            part = refs[start : start + scrape]
            appender = store.appender()
            appender.append(part, np.full(len(part), step * STEP_MS), values_at(step, len(part)))
            appender.commit()
    return steps * len(refs)


@pytest.mark.parametrize(("series", "commits"), [(500, 20), pytest.param(5000, 400, marks=LARGE)])
def bench_commit_of_a_scrape(benchmark, tmp_path, series, commits):
    store = Database.open(tmp_path / "data")
    refs = store.appender().series(labels_of(store, series))
    steps = iter(range(commits + 1))
    values = [values_at(step, series) for step in range(2)]

    def commit():
        step = next(steps)
        appender = store.appender()
        appender.append(refs, np.full(series, step * STEP_MS), values[step % 2])
        return appender.commit()

    result = benchmark.pedantic(commit, rounds=commits, iterations=1)
    assert result.samples == series
    benchmark.extra_info["ns_per_sample"] = round(benchmark.stats.stats.mean / series * 1e9, 1)
    store.close()


@pytest.mark.parametrize(
    ("series", "steps"),
    [(500, 40), pytest.param(50_000, 200, marks=LARGE), pytest.param(500_000, 30, marks=LARGE)],
)
def bench_replay(benchmark, tmp_path, series, steps):
    store = Database.open(tmp_path / "data")
    refs = store.appender().series(labels_of(store, series))
    written = fill(store, refs, steps)
    copies = iter(range(100))

    def killed_copy():
        target = tmp_path / f"copy{next(copies)}"
        shutil.copytree(tmp_path / "data", target)
        return (target, DatabaseOptions()), {}

    again = benchmark.pedantic(Database.open, setup=killed_copy, rounds=2)
    assert again.statistics().series == series
    assert again.bounds() == (0, (steps - 1) * STEP_MS)
    benchmark.extra_info["million_samples_per_second"] = round(written / benchmark.stats.stats.min / 1e6, 2)
    again.close()
    store.close()


@pytest.mark.parametrize("series", [1000, pytest.param(200_000, marks=LARGE)])
def bench_new_series(benchmark, tmp_path, series):
    store = Database.open(tmp_path / "data")
    labels = labels_of(store, series)
    times = np.full(series, STEP_MS, dtype=np.int64)
    values = values_at(1, series)

    def create():
        appender = store.appender()
        refs = appender.series(labels)
        appender.append(refs, times, values)
        return appender.commit()

    result = benchmark.pedantic(create, rounds=1)
    assert result.samples == series == store.statistics().series
    benchmark.extra_info["us_per_series"] = round(benchmark.stats.stats.mean / series * 1e6, 2)
    store.close()
