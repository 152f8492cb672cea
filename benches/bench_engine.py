"""Speed of whole questions over a store that costs nothing: what remains is the engine and its kernels."""

from contextlib import contextmanager

import numpy as np
import pytest

from kernels import LabelFrame, Symbols
from model.samples import InstantColumn, SeriesBatch
from promql.engine import Engine

SCRAPE_MS = 15_000
SAMPLES = STEPS = 240
START_MS, STEP_MS = 5 * 60_000, 13_500

SERIES = pytest.mark.parametrize("series", [100, pytest.param(10_000, marks=pytest.mark.large)])


class FreeStore:
    """Counters that rise by one a second; every selector finds all of them."""

    def __init__(self, series):
        self.symbols = Symbols()
        rows = [[("__name__", "m_total"), ("a", str(i % 10)), ("i", str(i))] for i in range(series)]
        self.labels = LabelFrame.from_labels(self.symbols, rows)
        self.timestamps_ms = np.tile(np.arange(SAMPLES, dtype=np.int64) * SCRAPE_MS, series)
        self.values = self.timestamps_ms / 1000
        self.offsets = np.arange(series + 1, dtype=np.int64) * SAMPLES

    @contextmanager
    def querier(self, min_ms, max_ms):
        yield self

    def select(self, matchers, hints):
        return self

    def batches(self, samples_max):
        rows = max(1, samples_max // SAMPLES)
        for begin in range(0, len(self.labels), rows):
            end = min(begin + rows, len(self.labels))
            samples = slice(begin * SAMPLES, end * SAMPLES)
            offsets = self.offsets[: end - begin + 1]
            yield slice(begin, end), SeriesBatch(self.timestamps_ms[samples], self.values[samples], offsets)

    def latest(self, at_ms, lookback_ms):
        series = len(self.labels)
        return InstantColumn(np.full(series, at_ms), np.ones(series), np.ones(series, dtype=np.bool_))


def over_an_hour(engine, query):
    return engine.range(query, START_MS, START_MS + (STEPS - 1) * STEP_MS, STEP_MS)


def bench_an_instant_question_of_one_series(benchmark):
    engine = Engine(FreeStore(1))
    result = benchmark(engine.instant, "m_total", START_MS)
    assert result.data.values.tolist() == [[1.0]]


@SERIES
def bench_a_streamed_sum_of_rates(benchmark, series):
    engine = Engine(FreeStore(series))
    result = benchmark(over_an_hour, engine, "sum by (a) (rate(m_total[5m]))")
    np.testing.assert_allclose(result.data.values, series / 10)


@SERIES
def bench_a_matrix_of_rates(benchmark, series):
    engine = Engine(FreeStore(series))
    result = benchmark(over_an_hour, engine, "rate(m_total[5m])")
    assert result.data.values.shape == (series, STEPS)
    np.testing.assert_allclose(result.data.values, 1.0)


@SERIES
def bench_a_product_of_matched_vectors(benchmark, series):
    engine = Engine(FreeStore(series))
    result = benchmark(over_an_hour, engine, "m_total / on (i) m_total")
    assert len(result.data) == series
    assert np.nanmin(result.data.values) == 1.0
