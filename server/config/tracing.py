"""The `tracing` section: where spans go."""

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from model.errors import ConfigError
from scraper.client_config import TlsConfig
from server.config.http_client import RESERVED_HEADERS, TLS, canonical_header
from server.config.kinds import BOOL, DURATION, FLOAT, STRING, MapOf, Scalar
from server.config.nodes import Reading
from server.config.schema import Key, Schema


@dataclass(frozen=True, slots=True)
class TracingConfig:
    """The whole section."""

    endpoint: str
    client_type: str = "grpc"
    sampling_fraction: float = 0.0
    insecure: bool = False
    tls: TlsConfig = TlsConfig()
    headers: dict[str, str] = field(default_factory=dict)
    compression: str = ""
    timeout_ms: int = 0  # 0 is ten seconds.


def build_tracing(endpoint: str = "", **values: Any) -> TracingConfig:
    """Check endpoint and headers."""
    for name in values.get("headers", ()):
        if name.lower() == "authorization":
            raise ConfigError("custom authorization header configuration is not yet supported")
        if name.lower() in RESERVED_HEADERS:
            raise ConfigError(f"{canonical_header(name)} is a reserved header. It must not be changed")
    if not endpoint:
        raise ConfigError("tracing endpoint must be set")
    return TracingConfig(endpoint, **values)


def one_of(*options: str, what: str) -> Scalar[str]:
    """One of a few words."""

    def parse(node: yaml.ScalarNode, _: Reading) -> str:
        if node.value not in options:
            raise ConfigError(f"{what}: want one of {', '.join(options)}, got {node.value}")
        return str(node.value)

    return Scalar("string", parse)


TRACING: Final = Schema(
    build_tracing,
    (
        Key("client_type", one_of("grpc", "http", what="tracing client_type")),
        Key("endpoint", STRING),
        Key("sampling_fraction", FLOAT),
        Key("insecure", BOOL),
        Key("tls_config", TLS, "tls"),
        Key("headers", MapOf(STRING)),
        Key("compression", one_of("", "gzip", what="tracing compression")),
        Key("timeout", DURATION, "timeout_ms"),
    ),
)
