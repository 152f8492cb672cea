"""The store from the outside: a commit with its log, new series, and a start after a kill."""

import shutil

import numpy as np
import pytest

from benches.data import INTERVAL_MS, fill_store, note_each, store_labels, values_at
from tsdb.database import Database
from tsdb.options import DatabaseOptions

LARGE = pytest.mark.large


@pytest.mark.parametrize(("series", "commits"), [(500, 20), pytest.param(5000, 400, marks=LARGE)])
def bench_commit_of_a_scrape(benchmark, tmp_path, series, commits):
    store = Database.open(tmp_path / "data")
    refs = store.appender().series(store_labels(store.symbols, series))
    steps = iter(range(commits + 1))
    values = [values_at(step, series) for step in range(2)]

    def commit():
        step = next(steps)
        appender = store.appender()
        appender.append(refs, np.full(series, step * INTERVAL_MS), values[step % 2])
        return appender.commit()

    result = benchmark.pedantic(commit, rounds=commits, iterations=1)
    assert result.samples == series
    note_each(benchmark, series)
    store.close()


@pytest.mark.parametrize(
    ("series", "steps"),
    [(500, 40), pytest.param(50_000, 200, marks=LARGE), pytest.param(500_000, 30, marks=LARGE)],
)
def bench_replay(benchmark, tmp_path, series, steps):
    store = Database.open(tmp_path / "data")
    refs = store.appender().series(store_labels(store.symbols, series))
    written = fill_store(store, refs, steps)
    copies = iter(range(100))

    def killed_copy():
        target = tmp_path / f"copy{next(copies)}"
        shutil.copytree(tmp_path / "data", target)
        return (target, DatabaseOptions()), {}

    again = benchmark.pedantic(Database.open, setup=killed_copy, rounds=2)
    assert again.statistics().series == series
    assert again.bounds() == (0, (steps - 1) * INTERVAL_MS)
    note_each(benchmark, written)
    again.close()
    store.close()


@pytest.mark.parametrize("series", [1000, pytest.param(200_000, marks=LARGE)])
def bench_new_series(benchmark, tmp_path, series):
    store = Database.open(tmp_path / "data")
    labels = store_labels(store.symbols, series)
    times = np.full(series, INTERVAL_MS, dtype=np.int64)
    values = values_at(1, series)

    def create():
        appender = store.appender()
        refs = appender.series(labels)
        appender.append(refs, times, values)
        return appender.commit()

    result = benchmark.pedantic(create, rounds=1)
    assert result.samples == series == store.statistics().series
    note_each(benchmark, series, "series")
    store.close()
