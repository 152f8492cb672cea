"""`prometheus_tsdb_*`: what the store has done, and its state now."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client.core import Metric, SummaryMetricFamily

from server.metrics.families import by_label, counter, gauge
from tsdb.counters import DurationSum
from tsdb.database import Database

OURS: Final = {
    "duplicate_samples_total": "cardinal_duplicate_samples_total",
    "wal_records_skipped": "cardinal_wal_records_skipped_total",
}


def store_metrics(database: Database) -> Iterator[Metric]:
    """`prometheus_tsdb_*`: the store's counters, and its state now."""
    for name, value in database.counters.snapshot().items():
        full = OURS.get(name, f"prometheus_tsdb_{name}")
        text = f"The store's {name.removesuffix('_total').replace('_', ' ')}."
        match value:
            case Counter():
                label = "compression" if "bytes_saved" in name else "type"
                yield by_label(full, text, label, value.items())
            case DurationSum():
                yield SummaryMetricFamily(full, text, count_value=value.count, sum_value=value.seconds)
            case _ if name.endswith("_total"):
                yield counter(full, text, value)
            case _:
                yield gauge(full, text, value)
    statistics = database.statistics(0)
    state = {
        "head_series": statistics.series,
        "head_chunks": statistics.chunks,
        "head_min_time": statistics.min_ms,
        "head_max_time": statistics.max_ms,
        "head_min_time_seconds": statistics.min_ms // 1000,
        "head_max_time_seconds": statistics.max_ms // 1000,
        "lowest_timestamp": statistics.min_ms,
        "lowest_timestamp_seconds": statistics.min_ms // 1000,
        "wal_storage_size_bytes": database.log_bytes(),
        "head_chunks_storage_size_bytes": database.chunk_file_bytes(),
    }
    for name, value in state.items():
        yield gauge(f"prometheus_tsdb_{name}", f"The store's {name.replace('_', ' ')} now.", value)
