"""Small ways to write to a store and to ask it for everything."""

import numpy as np

from kernels import LabelFrame, Matcher
from model.storage import SelectHints
from tsdb.database import Database
from tsdb.options import DatabaseOptions

EVERYTHING = Matcher("__name__", "!=", "")
FIRST_MS, LAST_MS = -(1 << 62), 1 << 62


def open_store(disk, **options):
    return Database.open("unused", DatabaseOptions(**options), disk=disk)


def frame(store, *rows):
    return LabelFrame.from_labels(store.symbols, [list(row.items()) for row in rows])


def metric(name, **labels):
    return {"__name__": name, **labels}


def scrape(store, time_ms, values):
    """One transaction: values by metric name, all at one time."""
    appender = store.appender()
    refs = appender.series(frame(store, *(metric(name) for name in values)))
    times = np.full(len(refs), time_ms, dtype=np.int64)
    appender.append(refs, times, np.array(list(values.values()), dtype=np.float64))
    return appender.commit()


def selected(store, *matchers, min_ms=FIRST_MS, max_ms=LAST_MS, samples_max=1000):
    """Labels to samples of everything that matches."""
    with store.querier(min_ms, max_ms) as querier:
        return read(querier, *matchers, min_ms=min_ms, max_ms=max_ms, samples_max=samples_max)


def read(querier, *matchers, min_ms=FIRST_MS, max_ms=LAST_MS, samples_max=1000):
    series = querier.select(matchers or [EVERYTHING], SelectHints(min_ms, max_ms))
    rows = series.labels.rows()
    found = {}
    for where, batch in series.batches(samples_max):
        for row, start, stop in zip(rows[where], batch.offsets[:-1], batch.offsets[1:], strict=True):
            times = batch.timestamps_ms[start:stop].tolist()
            found[row] = list(zip(times, batch.values[start:stop].tolist(), strict=True))
    return found


def by_name(found):
    return {dict(row)["__name__"]: samples for row, samples in found.items() if samples}


def samples_of(store, name, **bounds):
    return by_name(selected(store, Matcher("__name__", "=", name), **bounds)).get(name, [])
