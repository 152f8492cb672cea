"""What a database may be told. The defaults are Prometheus' own."""

from dataclasses import dataclass
from typing import Final, Literal

from model.errors import ConfigError
from tsdb.wal.format import PAGE_BYTES

Compression = Literal["none", "snappy", "zstd"]

CHUNK_RANGE_MS: Final = 7_200_000


@dataclass(frozen=True, slots=True)
class DatabaseOptions:
    """Settings that hold from open to close."""

    retention_ms: int = 0  # Samples older than the newest by more than this go; 0 keeps all.
    chunk_range_ms: int = CHUNK_RANGE_MS  # No chunk crosses a multiple of it.
    samples_per_chunk: int = 120
    wal_segment_bytes: int = 128 << 20  # A multiple of the page.
    wal_compression: Compression = "snappy"  # Prometheus 2.42 cannot read zstd.
    wal_sync_interval_ms: int = 0  # Sync the log this often; 0 leaves it to segment ends and close.
    chunk_file_bytes: int = 128 << 20
    lockfile: bool = True

    def __post_init__(self) -> None:
        if self.wal_segment_bytes < PAGE_BYTES or self.wal_segment_bytes % PAGE_BYTES:
            raise ConfigError(
                f"wal segment size: want a positive multiple of {PAGE_BYTES} bytes, "
                f"got {self.wal_segment_bytes}"
            )
        for name in ("retention_ms", "wal_sync_interval_ms"):
            if (got := getattr(self, name)) < 0:
                raise ConfigError(f"{name}: want a positive number or 0, got {got}")
        for name in ("chunk_range_ms", "samples_per_chunk", "chunk_file_bytes"):
            if (got := getattr(self, name)) < 1:
                raise ConfigError(f"{name}: want a positive number, got {got}")
