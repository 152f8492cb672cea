"""What the store has done, in plain numbers; the server exports them under Prometheus' names.

Field names are those names without `prometheus_tsdb_`, so that the export is a loop. Numbers that are a state
rather than a history (series, chunks, bounds) are asked of the database when somebody looks.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class DurationSum:
    """How often something was done and how long it took in all."""

    count: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one more."""
        self.count += 1
        self.seconds += seconds


@dataclass(slots=True)
class Counters:
    """Each number only grows, apart from those of the last start and the current segment."""

    # Samples and series of the head.
    head_series_created_total: int = 0
    head_series_removed_total: int = 0
    head_series_not_found_total: int = 0
    head_chunks_removed_total: int = 0
    head_samples_appended_total: Counter[str] = field(default_factory=Counter[str])  # By type: float.
    out_of_order_samples_total: Counter[str] = field(default_factory=Counter[str])
    out_of_bound_samples_total: Counter[str] = field(default_factory=Counter[str])
    too_old_samples_total: Counter[str] = field(default_factory=Counter[str])
    duplicate_samples_total: int = 0  # Ours: the same time with another value.
    head_appenders_created_total: int = 0
    head_active_appenders: int = 0
    head_truncations_total: int = 0
    head_truncations_failed_total: int = 0
    head_gc_duration_seconds: DurationSum = field(default_factory=DurationSum)

    # Chunk files.
    mmap_chunks_total: int = 0
    mmap_chunk_corruptions_total: int = 0

    # The log.
    wal_fsync_duration_seconds: DurationSum = field(default_factory=DurationSum)
    wal_page_flushes_total: int = 0
    wal_completed_pages_total: int = 0
    wal_truncations_total: int = 0
    wal_truncations_failed_total: int = 0
    wal_truncate_duration_seconds: DurationSum = field(default_factory=DurationSum)
    wal_segment_current: int = 0
    wal_writes_failed_total: int = 0
    wal_record_parts_bytes_written_total: int = 0
    wal_record_bytes_saved_total: Counter[str] = field(default_factory=Counter[str])  # By compression.
    wal_corruptions_total: int = 0
    wal_replay_unknown_refs_total: Counter[str] = field(default_factory=Counter[str])  # By record type.
    checkpoint_creations_total: int = 0
    checkpoint_creations_failed_total: int = 0
    checkpoint_deletions_total: int = 0
    checkpoint_deletions_failed_total: int = 0

    # The last start.
    data_replay_duration_seconds: float = 0.0
    clean_start: int = -1  # 1 the lock file was absent, 0 it was left behind, -1 there is no lock.
    wal_records_skipped: Counter[str] = field(default_factory=Counter[str])  # Ours: kinds not stored yet.

    def snapshot(self) -> dict[str, Any]:
        """Every number by its name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}
