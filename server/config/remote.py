"""`remote_write` and `remote_read`: other stores that samples go to and come from."""

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from model.errors import ConfigError
from model.relabel import RelabelRule
from scraper.client_config import ClientConfig
from server.config.azure import AZURE_AD, AzureAd
from server.config.http_client import HTTP_CLIENT, RESERVED_HEADERS, canonical_header
from server.config.kinds import BOOL, DURATION, INT, PATH, STRING, UINT, URL, ListOf, MapOf, Scalar
from server.config.nodes import Reading
from server.config.relabel import WRITE_RULES
from server.config.schema import Inline, Key, Schema
from server.config.sigv4 import SIGV4, SigV4

PROTOBUF_MESSAGES: Final = ("prometheus.WriteRequest", "io.prometheus.write.v2.Request")


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """How samples wait and leave."""

    capacity: int = 10_000
    max_shards: int = 50
    min_shards: int = 1
    max_samples_per_send: int = 2_000
    batch_send_deadline_ms: int = 5_000
    min_backoff_ms: int = 30
    max_backoff_ms: int = 5_000
    retry_on_http_429: bool = False
    sample_age_limit_ms: int = 0


@dataclass(frozen=True, slots=True)
class MetadataConfig:
    """How metadata leaves."""

    send: bool = True
    send_interval_ms: int = 60_000
    max_samples_per_send: int = 2_000


@dataclass(frozen=True, slots=True)
class GoogleIam:
    """Google's identity."""

    credentials_file: str = ""


@dataclass(frozen=True, slots=True)
class RemoteWriteConfig:
    """One place that samples are sent to."""

    url: str = field(repr=False)  # May hold a password.
    remote_timeout_ms: int = 30_000
    headers: dict[str, str] = field(default_factory=dict)
    write_relabel_rules: tuple[RelabelRule, ...] = ()
    name: str = ""
    send_exemplars: bool = False
    send_native_histograms: bool = False
    round_robin_dns: bool = False
    failed_request_logging: bool = False
    protobuf_message: str = PROTOBUF_MESSAGES[0]
    client: ClientConfig = ClientConfig(enable_http2=False)
    queue: QueueConfig = QueueConfig()
    metadata: MetadataConfig = MetadataConfig()
    sigv4: SigV4 | None = None
    azuread: AzureAd | None = None
    google_iam: GoogleIam | None = None


@dataclass(frozen=True, slots=True)
class RemoteReadConfig:
    """One place that questions are passed on to."""

    url: str = field(repr=False)  # May hold a password.
    remote_timeout_ms: int = 60_000
    chunked_read_limit_bytes: int = 50_000_000
    headers: dict[str, str] = field(default_factory=dict)
    read_recent: bool = False
    required_matchers: dict[str, str] = field(default_factory=dict)
    name: str = ""
    client: ClientConfig = ClientConfig()
    filter_external_labels: bool = True


def check_headers(headers: dict[str, str]) -> None:
    """Refuse headers that the client itself sets."""
    for name in headers:
        if name.lower() == "authorization":
            raise ConfigError(
                "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, "
                "azuread or google_iam parameter"
            )
        if name.lower() in RESERVED_HEADERS:
            raise ConfigError(f"{canonical_header(name)} is a reserved header. It must not be changed")


def build_queue(**values: Any) -> QueueConfig:
    """Check that the numbers make a queue."""
    queue = QueueConfig(**values)
    for name in ("capacity", "max_shards", "min_shards", "max_samples_per_send"):
        if getattr(queue, name) <= 0:
            raise ConfigError(f"remote write queue {name} must be positive")
    if queue.min_shards > queue.max_shards:
        raise ConfigError("remote write queue min_shards must not be greater than max_shards")
    if queue.max_backoff_ms < queue.min_backoff_ms:
        raise ConfigError("remote write queue max_backoff must not be less than min_backoff")
    return queue


def build_remote_write(url: str = "", **values: Any) -> RemoteWriteConfig:
    """Check address, headers, and that there is one way to sign in."""
    if not url:
        raise ConfigError("url for remote_write is empty")
    config = RemoteWriteConfig(url, **values)
    check_headers(config.headers)
    client = config.client
    ways = (
        client.basic_auth,
        client.authorization,
        client.oauth2,
        config.sigv4,
        config.azuread,
        config.google_iam,
    )
    if sum(way is not None for way in ways) > 1:
        raise ConfigError(
            "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam "
            "must be configured"
        )
    return config


def build_remote_read(url: str = "", **values: Any) -> RemoteReadConfig:
    """Check address and headers."""
    if not url:
        raise ConfigError("url for remote_read is empty")
    config = RemoteReadConfig(url, **values)
    check_headers(config.headers)
    return config


def build_write_client(**values: Any) -> ClientConfig:
    """The client block, with HTTP/2 off unless asked for."""
    return HTTP_CLIENT.build(**{"enable_http2": False, **values})


def check_names(configs: tuple[RemoteWriteConfig, ...] | tuple[RemoteReadConfig, ...], what: str) -> None:
    """Refuse one name for two."""
    names = [config.name for config in configs if config.name]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f'found multiple remote {what} configs with job name "{name}"')


def _message(node: yaml.ScalarNode, _: Reading) -> str:
    if node.value not in PROTOBUF_MESSAGES:
        supported = ", ".join(PROTOBUF_MESSAGES)
        raise ConfigError(
            f"invalid protobuf_message value: unknown type for remote write protobuf message {node.value}, "
            f"supported: {supported}"
        )
    return str(node.value)


QUEUE: Final = Schema(
    build_queue,
    (
        Key("capacity", INT),
        Key("max_shards", INT),
        Key("min_shards", INT),
        Key("max_samples_per_send", INT),
        Key("batch_send_deadline", DURATION, "batch_send_deadline_ms"),
        Key("min_backoff", DURATION, "min_backoff_ms"),
        Key("max_backoff", DURATION, "max_backoff_ms"),
        Key("retry_on_http_429", BOOL),
        Key("sample_age_limit", DURATION, "sample_age_limit_ms"),
    ),
)
METADATA: Final = Schema(
    MetadataConfig,
    (
        Key("send", BOOL, always=True),
        Key("send_interval", DURATION, "send_interval_ms", always=True),
        Key("max_samples_per_send", INT),
    ),
)
GOOGLE_IAM: Final = Schema(GoogleIam, (Key("credentials_file", PATH),))
REMOTE_WRITE: Final = Schema(
    build_remote_write,
    (
        Key("url", URL),
        Key("remote_timeout", DURATION, "remote_timeout_ms"),
        Key("headers", MapOf(STRING)),
        Key("write_relabel_configs", WRITE_RULES, "write_relabel_rules"),
        Key("name", STRING),
        Key("send_exemplars", BOOL),
        Key("send_native_histograms", BOOL),
        Key("round_robin_dns", BOOL),
        Key("failed_request_logging", BOOL),
        Key("protobuf_message", Scalar("config.RemoteWriteProtoMsg", _message)),
        Inline("client", Schema(build_write_client, HTTP_CLIENT.keys)),
        Key("queue_config", QUEUE, "queue"),
        Key("metadata_config", METADATA, "metadata"),
        Key("sigv4", SIGV4),
        Key("azuread", AZURE_AD),
        Key("google_iam", GOOGLE_IAM),
    ),
    "config.RemoteWriteConfig",
)
REMOTE_READ: Final = Schema(
    build_remote_read,
    (
        Key("url", URL),
        Key("remote_timeout", DURATION, "remote_timeout_ms"),
        Key("chunked_read_limit", UINT, "chunked_read_limit_bytes"),
        Key("headers", MapOf(STRING)),
        Key("read_recent", BOOL),
        Key("required_matchers", MapOf(STRING)),
        Key("name", STRING),
        Inline("client", HTTP_CLIENT),
        Key("filter_external_labels", BOOL, always=True),
    ),
    "config.RemoteReadConfig",
)
REMOTE_WRITES: Final = ListOf(
    REMOTE_WRITE, "[]*config.RemoteWriteConfig", "empty or null remote write config section"
)
REMOTE_READS: Final = ListOf(
    REMOTE_READ, "[]*config.RemoteReadConfig", "empty or null remote read config section"
)
