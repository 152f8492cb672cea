"""The flags of `cardinal serve`: Prometheus' names and defaults.

One table serves the parser, the API and the documents. A flag that Prometheus has and Cardinal does not need
yet is accepted all the same, so that a unit file keeps working; the help says so, and a start that sets one
is warned.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from model.durations import format_duration, parse_duration
from model.errors import ConfigError

BYTES_PER_UNIT: Final[dict[str, int]] = {
    "B": 1,
    **{f"{letter}{i}B": 1 << 10 * n for n, letter in enumerate("KMGTPE", 1) for i in ("", "i")},
}


class FlagKind(Enum):
    """How a flag's text is read."""

    TEXT = "string"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DURATION = "duration"
    SIZE = "size"
    TEXTS = "repeated string"


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `default` is written as a user would write it."""

    name: str
    kind: FlagKind
    default: str
    help: str
    obeyed: bool = True  # False: accepted for compatibility, without effect yet.
    hidden: bool = False  # Only in the long help.
    agent: bool = False  # Only for agents; a server refuses it.


def parse_size(text: str) -> int:
    """Bytes of `512MB`; every unit is a power of 1024."""
    match = re.fullmatch(r"([0-9]{1,18})([KMGTPE]?i?B)", text)
    if match is None or match[2] not in BYTES_PER_UNIT:
        raise ConfigError(f'want a size such as "512MB", got "{text}"')
    return int(match[1]) * BYTES_PER_UNIT[match[2]]


def format_size(size: int) -> str:
    """`1536MiB`: the largest unit that divides it, `0B` for zero."""
    for n, letter in reversed(list(enumerate("KMGTPE", 1))):
        if size and size % 1024**n == 0:
            return f"{size // 1024**n}{letter}iB"
    return f"{size}B"


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError(text)
    return int(text)


def parse_flag(flag: Flag, text: str) -> Any:  # noqa: ANN401 -- the kind says which type.
    """The value of `flag` written as `text`.

    Raises:
        ConfigError: it cannot be read as the flag's kind.
    """
    try:
        match flag.kind:
            case FlagKind.TEXT:
                return text
            case FlagKind.TEXTS:
                return tuple(part for part in text.split(",") if part)
            case FlagKind.BOOLEAN:
                return {"true": True, "false": False}[text]
            case FlagKind.INTEGER:
                return _integer(text)
            case FlagKind.DURATION:
                return parse_duration(text) if text else 0
            case FlagKind.SIZE:
                return parse_size(text) if text != "0" else 0
    except (KeyError, ValueError, ConfigError) as error:
        article = "an" if flag.kind is FlagKind.INTEGER else "a"
        raise ConfigError(f'--{flag.name}: want {article} {flag.kind.value}, got "{text}"') from error


def render_flag(flag: Flag, value: Any) -> str:  # noqa: ANN401 -- the kind says which type.
    """`value` as `status/flags` shows it."""
    match flag.kind:
        case FlagKind.BOOLEAN:
            return "true" if value else "false"
        case FlagKind.DURATION:
            return format_duration(value)
        case FlagKind.SIZE:
            return format_size(value)
        case FlagKind.TEXTS:
            return ",".join(value)
        case _:
            return str(value)


Row = tuple[str, FlagKind, str, str]


def _flags(*rows: Row, obeyed: bool = True, agent: bool = False) -> tuple[Flag, ...]:
    return tuple(
        Flag(name, kind, default, text, obeyed=obeyed, agent=agent, hidden=agent or name in HIDDEN)
        for name, kind, default, text in rows
    )


HIDDEN: Final = frozenset(
    (
        *("scrape.adjust-timestamps", "scrape.timestamp-tolerance", "scrape.discovery-reload-interval"),
        *("auto-gomaxprocs", "auto-gomemlimit", "auto-gomemlimit.ratio", "auto-gomemlimit.refresh-interval"),
        *(
            f"storage.tsdb.{name}"
            for name in (
                *("min-block-duration", "max-block-duration", "max-block-chunk-segment-size"),
                *("wal-segment-size", "wal-compression", "wal-compression-type", "samples-per-chunk"),
                *("allow-overlapping-compaction", "block-reload-interval"),
                "delayed-compaction.max-percent",
            )
        ),
    )
)
"""Flags that only `--help-long` shows."""


TEXT, BOOLEAN, INTEGER = FlagKind.TEXT, FlagKind.BOOLEAN, FlagKind.INTEGER
DURATION, SIZE, TEXTS = FlagKind.DURATION, FlagKind.SIZE, FlagKind.TEXTS

OBEYED = _flags(
    ("config.file", TEXT, "prometheus.yml", "Configuration file."),
    ("config.auto-reload", BOOLEAN, "false", "Reload when the configuration changes."),
    ("config.auto-reload-interval", DURATION, "30s", "How often to look for a change."),
    ("storage.tsdb.path", TEXT, "data/", "Directory of the store."),
    (
        "storage.tsdb.retention.time",
        DURATION,
        "",
        "How long samples are kept; 15d where neither time nor size is set.",
    ),
    ("storage.tsdb.no-lockfile", BOOLEAN, "false", "Do not lock the data directory."),
    ("storage.tsdb.wal-compression", BOOLEAN, "true", "Compress the write-ahead log."),
    ("storage.tsdb.wal-compression-type", TEXT, "snappy", "Compression of the log: snappy or zstd."),
    ("storage.tsdb.wal-segment-size", SIZE, "128MB", "Size of a log segment, 10MB to 256MB."),
    ("storage.tsdb.samples-per-chunk", INTEGER, "120", "Samples a chunk aims at."),
    ("web.listen-address", TEXTS, "0.0.0.0:9090", "Address to answer on; may be repeated."),
    ("web.external-url", TEXT, "", "URL under which others reach this server."),
    ("web.route-prefix", TEXT, "", "Prefix of all paths; that of the external URL by default."),
    ("web.enable-lifecycle", BOOLEAN, "false", "Allow reload and shutdown over HTTP."),
    ("web.cors.origin", TEXT, ".*", "Anchored pattern of origins that may ask."),
    ("query.lookback-delta", DURATION, "5m", "How far back an instant question looks for a sample."),
    ("query.timeout", DURATION, "2m", "Longest time a question may take."),
    ("query.max-concurrency", INTEGER, "20", "Questions answered at once."),
    ("query.max-samples", INTEGER, "50000000", "Samples one question may hold at once."),
    ("scrape.adjust-timestamps", BOOLEAN, "true", "Align scrape times that are almost on the interval."),
    ("scrape.timestamp-tolerance", DURATION, "2ms", "How far a scrape time may be moved."),
    ("scrape.discovery-reload-interval", DURATION, "5s", "How often new targets are taken up."),
    ("enable-feature", TEXTS, "", "Experimental features, separated by commas."),
    ("log.level", TEXT, "info", "debug, info, warn or error."),
    ("log.format", TEXT, "logfmt", "logfmt or json."),
)

ACCEPTED = _flags(
    (
        "alertmanager.drain-notification-queue-on-shutdown",
        BOOLEAN,
        "true",
        "Send waiting alerts before ending.",
    ),
    ("alertmanager.notification-batch-size", INTEGER, "256", "Alerts sent at once."),
    ("alertmanager.notification-queue-capacity", INTEGER, "10000", "Alerts that may wait."),
    ("auto-gomaxprocs", BOOLEAN, "true", "Go only."),
    ("auto-gomemlimit", BOOLEAN, "true", "Go only."),
    ("auto-gomemlimit.ratio", TEXT, "0.9", "Go only."),
    ("auto-gomemlimit.refresh-interval", DURATION, "0s", "Go only."),
    ("rules.alert.for-grace-period", DURATION, "10m", "Least time between a restored alert and its firing."),
    ("rules.alert.for-outage-tolerance", DURATION, "1h", "Longest outage over which alerts are restored."),
    ("rules.alert.resend-delay", DURATION, "1m", "Least time before an alert is sent again."),
    ("rules.max-concurrent-evals", INTEGER, "4", "Rules evaluated at once."),
    ("storage.remote.flush-deadline", DURATION, "1m", "How long to wait for remote writes at the end."),
    ("storage.remote.read-concurrent-limit", INTEGER, "10", "Remote reads answered at once."),
    ("storage.remote.read-max-bytes-in-frame", INTEGER, "1048576", "Bytes in one frame of a remote read."),
    ("storage.remote.read-sample-limit", INTEGER, "50000000", "Samples one remote read may return."),
    ("storage.tsdb.allow-overlapping-compaction", BOOLEAN, "true", "Merge blocks that overlap."),
    ("storage.tsdb.block-reload-interval", DURATION, "1m", "How often blocks are looked for."),
    ("storage.tsdb.delay-compact-file.path", TEXT, "", "List of blocks that may be compacted."),
    ("storage.tsdb.delayed-compaction.max-percent", INTEGER, "10", "Longest random delay of a compaction."),
    ("storage.tsdb.head-chunks-write-queue-size", INTEGER, "0", "Queue of chunk writes."),
    ("storage.tsdb.max-block-chunk-segment-size", SIZE, "512MB", "Size of a chunk file in a block."),
    ("storage.tsdb.max-block-duration", DURATION, "", "Longest block."),
    ("storage.tsdb.min-block-duration", DURATION, "2h", "Shortest block."),
    ("storage.tsdb.retention.size", SIZE, "0", "Bytes of blocks that are kept."),
    ("web.console.libraries", TEXT, "console_libraries", "Console libraries."),
    ("web.console.templates", TEXT, "consoles", "Console templates."),
    ("web.enable-admin-api", BOOLEAN, "false", "Allow deletion and snapshots over HTTP."),
    ("web.enable-otlp-receiver", BOOLEAN, "false", "Take OTLP metrics."),
    ("web.enable-remote-write-receiver", BOOLEAN, "false", "Take remote writes."),
    ("web.page-title", TEXT, "Cardinal", "Title of the pages."),
    ("web.max-connections", INTEGER, "512", "Connections at once."),
    ("web.max-notifications-subscribers", INTEGER, "16", "Listeners for notifications."),
    ("web.read-timeout", DURATION, "5m", "Longest time to read a request."),
    ("web.remote-write-receiver.accepted-protobuf-messages", TEXTS, "", "Remote write messages taken."),
    ("web.search.max-limit", INTEGER, "10000", "Longest answer of the search API."),
    ("web.user-assets", TEXT, "", "Directory of static files."),
    obeyed=False,
)

REFUSED: Final[Mapping[str, str]] = {
    "agent": "agent mode is not served; scrape with remote_write from a full server instead",
    "web.config.file": "TLS and authentication are not served yet; leave it out and put a proxy in front",
}
"""Flags whose silent absence would do harm, and what to do."""

AGENT = (
    *_flags(
        ("agent", BOOLEAN, "false", "Agent mode. Refused where set."),
        ("web.config.file", TEXT, "", "TLS and authentication. Refused where set: not served yet."),
    ),
    *_flags(
        ("storage.agent.path", TEXT, "data-agent/", "Directory of an agent."),
        ("storage.agent.wal-segment-size", SIZE, "0", "Size of an agent's log segment."),
        ("storage.agent.wal-compression", BOOLEAN, "true", "Compress an agent's log."),
        ("storage.agent.wal-compression-type", TEXT, "snappy", "Compression of an agent's log."),
        ("storage.agent.wal-truncate-frequency", DURATION, "2h", "How often an agent's log is cut."),
        ("storage.agent.retention.min-time", DURATION, "5m", "Least age of what an agent may drop."),
        ("storage.agent.retention.max-time", DURATION, "4h", "Age at which an agent drops."),
        ("storage.agent.no-lockfile", BOOLEAN, "false", "Do not lock an agent's directory."),
        ("storage.agent.checkpoint-from-in-memory-series", BOOLEAN, "false", "How an agent checkpoints."),
        ("storage.agent.checkpoint-batch-size", INTEGER, "1000", "Series an agent checkpoints at once."),
        agent=True,
    ),
)

GONE: Final[Mapping[str, Flag]] = {
    flag.name: flag
    for flag in _flags(
        ("alertmanager.timeout", DURATION, "10s", "Set it in the configuration file."),
        ("storage.tsdb.allow-overlapping-blocks", BOOLEAN, "true", "Always on."),
        ("storage.tsdb.retention", DURATION, "", "Use storage.tsdb.retention.time."),
        ("storage.tsdb.use-lockfile", BOOLEAN, "true", "Use storage.tsdb.no-lockfile."),
        ("web.local-assets", TEXT, "", "There are none."),
        obeyed=False,
    )
}
"""Flags of Prometheus 2 that 3 does not have: read, ignored and warned about."""

FLAGS: Final[Mapping[str, Flag]] = {
    flag.name: flag for flag in sorted(OBEYED + ACCEPTED + AGENT, key=lambda flag: flag.name)
}
