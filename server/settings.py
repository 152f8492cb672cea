"""What the flags and the file mean to the parts that the composition root joins."""

import socket
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from kernels import Regex
from model.durations import DAY_MS, format_duration
from model.errors import ConfigError, StorageError
from promql.engine import EngineOptions
from promql.options import ParserOptions
from server.config import Config
from server.config.storage import RetentionConfig
from server.flags import FLAGS, format_size, render_flag
from tsdb.options import Compression, DatabaseOptions

RETENTION_DEFAULT_MS: Final = 15 * DAY_MS
BLOCK_MS_MAX: Final = 31 * DAY_MS
SEGMENT_BYTES: Final = (10 << 20, 256 << 20)
PARSER_FEATURES: Final = {
    "promql-experimental-functions": "experimental_functions",
    "promql-extended-range-selectors": "extended_range_selectors",
    "promql-binop-fill-modifiers": "binop_fill_modifiers",
}
KNOWN_FEATURES: Final = frozenset(
    (*PARSER_FEATURES, "promql-delayed-name-removal", "promql-duration-expr", "auto-reload-config")
)

Flags = Mapping[str, Any]
"""Every flag's value by its name without dashes."""


def check_flags(flags: Flags) -> None:
    """What one flag's kind cannot tell.

    Raises:
        ConfigError: a value outside its bounds.
    """
    log_compression(flags)
    least, most = SEGMENT_BYTES
    if not least <= (got := flags["storage.tsdb.wal-segment-size"]) <= most:
        raise ConfigError(f"--storage.tsdb.wal-segment-size: want 10MB to 256MB, got {format_size(got)}")
    for name in ("query.max-concurrency", "query.max-samples", "query.timeout", "query.lookback-delta"):
        if flags[name] < 1:
            raise ConfigError(f"--{name}: want a positive value, got {render_flag(FLAGS[name], flags[name])}")
    if flags["config.auto-reload-interval"] < 1000:
        raise ConfigError("--config.auto-reload-interval: want at least 1s")
    if flags["storage.tsdb.samples-per-chunk"] < 1:
        raise ConfigError("--storage.tsdb.samples-per-chunk: want at least 1")
    if (url := flags["web.external-url"]) and (urlsplit(url).scheme not in ("http", "https") or "'" in url):
        raise ConfigError(f'--web.external-url: want "http://host:port/path", got "{url}"')
    try:
        Regex(flags["web.cors.origin"])
    except ValueError as error:
        raise ConfigError(f"--web.cors.origin: {error}") from error


def shown_flags(flags: Flags, retention: RetentionConfig) -> dict[str, str]:
    """Every flag as `status/flags` shows it, the computed ones as they are in force."""
    shown = {name: render_flag(FLAGS[name], value) for name, value in flags.items()}
    shown["storage.tsdb.retention.time"] = format_duration(retention.time_ms)
    if not flags["storage.tsdb.max-block-duration"]:
        longest_ms = min(BLOCK_MS_MAX, retention.time_ms // 10 or BLOCK_MS_MAX)
        shown["storage.tsdb.max-block-duration"] = format_duration(longest_ms)
    return shown


def retention_of(flags: Flags, config: Config) -> RetentionConfig:
    """The file's retention where it has one, else the flags', else 15 days."""
    if config.storage.tsdb.retention is not None:
        return config.storage.tsdb.retention
    time_ms, size = flags["storage.tsdb.retention.time"], flags["storage.tsdb.retention.size"]
    if not time_ms and not size:
        time_ms = RETENTION_DEFAULT_MS
    return RetentionConfig(time_ms, size)


def describe_retention(retention: RetentionConfig) -> str:
    """As `status/runtimeinfo` shows it."""
    parts = []
    if retention.time_ms:
        parts.append(format_duration(retention.time_ms))
    if retention.size_bytes:
        parts.append(format_size(retention.size_bytes))
    if retention.percentage:
        parts.append(f"{retention.percentage:g}%")
    return " or ".join(parts)


def log_compression(flags: Flags) -> Compression:
    """How log records are compressed."""
    if not flags["storage.tsdb.wal-compression"]:
        return "none"
    match flags["storage.tsdb.wal-compression-type"]:
        case "snappy":
            return "snappy"
        case "zstd":
            return "zstd"
        case other:
            raise ConfigError(f'--storage.tsdb.wal-compression-type: want "snappy" or "zstd", got "{other}"')


def database_options(flags: Flags, retention: RetentionConfig) -> DatabaseOptions:
    """What the store is told."""
    return DatabaseOptions(
        retention_ms=retention.time_ms,
        samples_per_chunk=flags["storage.tsdb.samples-per-chunk"],
        wal_segment_bytes=flags["storage.tsdb.wal-segment-size"],
        wal_compression=log_compression(flags),
        lockfile=not flags["storage.tsdb.no-lockfile"],
    )


def engine_options(flags: Flags) -> EngineOptions:
    """What the engine is told."""
    features = set(flags["enable-feature"])
    return EngineOptions(
        samples_max=flags["query.max-samples"],
        timeout_s=flags["query.timeout"] / 1000,
        lookback_delta_ms=flags["query.lookback-delta"],
        max_concurrency=flags["query.max-concurrency"],
        delayed_name_removal="promql-delayed-name-removal" in features,
        parser=ParserOptions(**{field: name in features for name, field in PARSER_FEATURES.items()}),
    )


def external_url_of(flags: Flags) -> str:
    """The URL under which others reach us, without a slash at its end."""
    if url := flags["web.external-url"]:
        return str(url).rstrip("/")
    port = flags["web.listen-address"][0].rpartition(":")[2]
    return f"http://{socket.gethostname()}:{port}"


def route_prefix_of(flags: Flags) -> str:
    """Empty, or a path with a slash at its beginning and none at its end."""
    prefix = flags["web.route-prefix"] or urlsplit(external_url_of(flags)).path
    return "/" + prefix.strip("/") if prefix.strip("/") else ""


def listen(address: str) -> socket.socket:
    """A listening socket at `host:port`.

    Raises:
        StorageError: the address cannot be had.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]") or "0.0.0.0"  # noqa: S104 -- Prometheus' default: every interface.
    try:
        return socket.create_server((host, int(port)), family=_family(host), backlog=1024, reuse_port=False)
    except (OSError, ValueError) as error:
        raise StorageError(f"--web.listen-address: cannot listen on {address}: {error}") from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
