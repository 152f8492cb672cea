"""Short ways to fill a store and to ask an engine over it."""

import struct

from promql.engine import Engine, EngineOptions
from promql.options import EVERYTHING
from promql.testscript.series import parse_series
from tests.promql.memory import MemoryStore

MINUTE_MS = 60_000


def loaded(text: str, step_ms: int = MINUTE_MS) -> MemoryStore:
    """A store with the series lines of `text`, one value every step from the epoch."""
    store = MemoryStore()
    rows = []
    for line in filter(None, map(str.strip, text.splitlines())):
        series = parse_series(line)
        points = zip(series.values, series.present, strict=True)
        samples = [(place * step_ms, value) for place, (value, is_there) in enumerate(points) if is_there]
        rows.append((dict(series.labels), samples))
    store.load(rows)
    return store


def engine_over(text: str, **options) -> Engine:
    """An engine with every part of the language switched on."""
    return Engine(loaded(text), EngineOptions(**{"parser": EVERYTHING, **options}))


def instant(engine: Engine, query: str, at_ms: int) -> dict[tuple, float]:
    """Label pairs to value."""
    data = engine.instant(query, at_ms).data
    return dict(zip(data.labels.rows(), data.values[:, 0].tolist(), strict=True))


def ranged(
    engine: Engine, query: str, start_ms: int, end_ms: int, step_ms: int
) -> dict[tuple, dict[int, float]]:
    """Label pairs to time to value."""
    result = engine.range(query, start_ms, end_ms, step_ms)
    times = result.grid.times_ms().tolist()
    rows = zip(
        result.data.labels.rows(), result.data.values.tolist(), result.data.present.tolist(), strict=True
    )
    return {
        labels: {
            time: value for time, value, is_there in zip(times, values, present, strict=True) if is_there
        }
        for labels, values, present in rows
    }


def bits(value: float) -> bytes:
    """What two floats must share to be the same, NaN included."""
    return struct.pack("<d", value) if value == value else b"NaN"
