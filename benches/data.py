"""Samples, label sets and stores that more than one bench works on, and how figures are noted."""

import numpy as np

from kernels import LabelFrame
from model.relabel import Action, RelabelRule

START_MS = 1_699_999_200_000  # A multiple of two hours.
INTERVAL_MS = 15_000
SAMPLES = 120
SCRAPE = 5_000  # Samples of one target.

RULES = (
    RelabelRule(source_labels=("__name__",), regex="go_.*", action=Action.DROP),
    RelabelRule(
        source_labels=("path", "code"), regex="/(.*);(.)..", target_label="route", replacement="${1}_${2}xx"
    ),
)


def note_each(benchmark, units, what="sample"):
    """The median time of one unit, beside the figures of the whole."""
    if benchmark.stats:
        benchmark.extra_info[f"ns_per_{what}"] = round(benchmark.stats.stats.median / units * 1e9, 2)


# ---- samples


def values_of(mix, series, samples=SAMPLES):
    """[series, samples] of constants, counters or gauges of two decimals; mixed is 5, 3 and 2 of ten."""
    random = np.random.default_rng(1)
    shape = (series, samples)
    columns = {
        "constant": np.repeat(random.integers(0, 100, (series, 1)), samples, axis=1).astype(np.float64),
        "counter": np.cumsum(random.integers(0, 50, shape), axis=1).astype(np.float64),
        "gauge": np.round(random.normal(50, 5, shape), 2),
    }
    if mix != "mixed":
        return columns[mix]
    kind = np.arange(series)[:, None] % 10
    return np.where(kind < 5, columns["constant"], np.where(kind < 8, columns["counter"], columns["gauge"]))


def aligned_samples(mix, series, jitter_ms=0):
    """The same flattened, scraped on time or a little off."""
    times = START_MS + np.arange(SAMPLES, dtype=np.int64) * INTERVAL_MS + np.zeros((series, 1), np.int64)
    times += np.random.default_rng(2).integers(-jitter_ms, jitter_ms + 1, times.shape)
    return times.ravel(), values_of(mix, series).ravel(), np.arange(0, series * SAMPLES + 1, SAMPLES)


# ---- stores


def store_labels(symbols, series, metrics=100):
    """Series of targets with five hundred each."""
    rows = [
        [
            ("__name__", f"metric_{n % metrics}"),
            ("instance", f"host{n // 500}:9100"),
            ("job", "node"),
            ("id", f"{n}"),
        ]
        for n in range(series)
    ]
    return LabelFrame.from_labels(symbols, rows)


def values_at(step, series):
    """Counters and gauges as a page mixes them."""
    numbers = np.arange(series, dtype=np.float64)
    return np.where(numbers % 2, numbers * 10 + step * 7, np.round(np.sin(numbers + step), 3))


def fill_store(store, refs, scrapes):
    """Commit `scrapes` scrapes of every target; the samples written."""
    for scrape in range(scrapes):
        for start in range(0, len(refs), SCRAPE):
            part = refs[start : start + SCRAPE]
            appender = store.appender()
            appender.append(part, np.full(len(part), scrape * INTERVAL_MS), values_at(scrape, len(part)))
            appender.commit()
    return scrapes * len(refs)


# ---- new series


def new_series(symbols, rows):
    """Label sets as a page brings them, for two rules to look at."""
    return LabelFrame.from_labels(
        symbols,
        [
            [
                ("__name__", f"requests_{row % 50}_total"),
                ("path", f"/p{row % 97}"),
                ("code", str(200 + row % 5)),
                ("pod", f"pod-{row}"),
            ]
            for row in range(rows)
        ],
    )
