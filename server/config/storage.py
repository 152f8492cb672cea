"""The `storage` section: what of the store can be changed by a reload."""

from dataclasses import dataclass
from typing import Any, Final

import yaml

from model.errors import ConfigError
from server.config.kinds import DURATION, FLOAT, INT, SIZE, Scalar
from server.config.nodes import Reading
from server.config.schema import Key, Schema

CHUNK_ENCODINGS: Final = ("xor", "xor2")


@dataclass(frozen=True, slots=True)
class RetentionConfig:
    """How long and how much; 0 is no limit."""

    time_ms: int = 0
    size_bytes: int = 0
    percentage: float = 0.0


@dataclass(frozen=True, slots=True)
class ChunkEncodingConfig:
    """How samples are packed."""

    floats: str = ""


@dataclass(frozen=True, slots=True)
class TsdbConfig:
    """The store on this machine's disk."""

    out_of_order_time_window_ms: int = 0
    stale_series_compaction_threshold: float = 0.0
    chunk_encoding: ChunkEncodingConfig = ChunkEncodingConfig()
    retention: RetentionConfig | None = None  # None leaves the flags in force.


@dataclass(frozen=True, slots=True)
class ExemplarsConfig:
    """The circular buffer of exemplars."""

    max_exemplars: int = 100_000


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """The whole section."""

    tsdb: TsdbConfig = TsdbConfig()
    exemplars: ExemplarsConfig | None = None


def build_retention(**values: Any) -> RetentionConfig:
    """Check that the percentage is one."""
    retention = RetentionConfig(**values)
    if not 0 <= retention.percentage <= 100:
        raise ConfigError(
            "storage.tsdb.retention.percentage: want a number between 0 and 100, "
            f"got {retention.percentage:g}"
        )
    return retention


def build_tsdb(printed_window_ms: int | None = None, **values: Any) -> TsdbConfig:
    """Check the threshold; `printed_window_ms` is the window as status/config of Prometheus spells it."""
    if printed_window_ms is not None:
        values.setdefault("out_of_order_time_window_ms", printed_window_ms)
    tsdb = TsdbConfig(**values)
    if not 0 <= tsdb.stale_series_compaction_threshold <= 1:
        raise ConfigError(
            "storage.tsdb.stale_series_compaction_threshold: want a ratio between 0 and 1, "
            f"got {tsdb.stale_series_compaction_threshold:g}"
        )
    return tsdb


def _encoding(node: yaml.ScalarNode, _: Reading) -> str:
    if node.value not in ("", *CHUNK_ENCODINGS):
        raise ConfigError(f'storage.tsdb.chunk_encoding.floats: want "xor" or "xor2", got "{node.value}"')
    return str(node.value)


RETENTION: Final = Schema(
    build_retention,
    (
        Key("time", DURATION, "time_ms"),
        Key("size", SIZE, "size_bytes"),
        Key("percentage", FLOAT),
    ),
)
TSDB: Final = Schema(
    build_tsdb,
    (
        Key("out_of_order_time_window", DURATION, "out_of_order_time_window_ms"),
        Key("outofordertimewindow", INT, "printed_window_ms", hidden=True),
        Key("stale_series_compaction_threshold", FLOAT),
        Key("chunk_encoding", Schema(ChunkEncodingConfig, (Key("floats", Scalar("string", _encoding)),))),
        Key("retention", RETENTION),
    ),
)
STORAGE: Final = Schema(
    StorageConfig,
    (
        Key("tsdb", TSDB),
        Key("exemplars", Schema(ExemplarsConfig, (Key("max_exemplars", INT, always=True),))),
    ),
)
