"""The `alerting` section: which Alertmanagers hear of alerts, and in which words."""

from dataclasses import dataclass
from typing import Any, Final

import yaml

from model.errors import ConfigError
from model.relabel import RelabelRule
from scraper.client_config import ClientConfig
from scraper.discovery.config import DiscoveryConfig
from server.config.discovery import DISCOVERY, check_addresses
from server.config.http_client import HTTP_CLIENT
from server.config.kinds import DURATION, STRING, ListOf, Scalar
from server.config.nodes import Reading
from server.config.relabel import ALERT_RULES, ALERTMANAGER_RULES
from server.config.schema import Inline, Key, Schema
from server.config.sigv4 import SIGV4, SigV4


@dataclass(frozen=True, slots=True)
class AlertmanagerConfig:
    """One group of Alertmanagers."""

    scheme: str = "http"
    path_prefix: str = "/"
    timeout_ms: int = 10_000
    api_version: str = "v2"
    relabel_rules: tuple[RelabelRule, ...] = ()
    alert_relabel_rules: tuple[RelabelRule, ...] = ()
    sigv4: SigV4 | None = None
    discovery: DiscoveryConfig = DiscoveryConfig()
    client: ClientConfig = ClientConfig()


@dataclass(frozen=True, slots=True)
class AlertingConfig:
    """Rules over all alerts, and every group of Alertmanagers."""

    alert_relabel_rules: tuple[RelabelRule, ...] = ()
    alertmanagers: tuple[AlertmanagerConfig, ...] = ()


def build_alertmanager(**values: Any) -> AlertmanagerConfig:
    """Check one group."""
    config = AlertmanagerConfig(**values)
    client = config.client
    if config.sigv4 is not None and (client.basic_auth or client.authorization or client.oauth2):
        raise ConfigError("at most one of basic_auth, authorization, oauth2, & sigv4 must be configured")
    if not config.relabel_rules:
        check_addresses(config.discovery)
    return config


def _api_version(node: yaml.ScalarNode, _: Reading) -> str:
    if node.value != "v2":
        raise ConfigError(f"expected Alertmanager api version to be one of [v2] but got {node.value}")
    return str(node.value)


ALERTMANAGER: Final = Schema(
    build_alertmanager,
    (
        Inline("client", HTTP_CLIENT),
        Key("sigv4", SIGV4),
        Key("scheme", STRING),
        Key("path_prefix", STRING),
        Key("timeout", DURATION, "timeout_ms", always=True),
        Key("api_version", Scalar("config.AlertmanagerAPIVersion", _api_version), always=True),
        Key("relabel_configs", ALERTMANAGER_RULES, "relabel_rules"),
        Key("alert_relabel_configs", ALERT_RULES, "alert_relabel_rules"),
        Inline("discovery", DISCOVERY),
    ),
    "config.AlertmanagerConfig",
)

ALERTING: Final = Schema(
    AlertingConfig,
    (
        Key("alert_relabel_configs", ALERT_RULES, "alert_relabel_rules"),
        Key(
            "alertmanagers",
            ListOf(ALERTMANAGER, "config.AlertmanagerConfigs", "empty or null alertmanager config section"),
        ),
    ),
)
