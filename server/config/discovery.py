"""Service discovery sections: static groups in full, every other mechanism by the keys all of them share.

A mechanism that is not built is still read and checked as far as its section is a list of mappings with
well-formed shared keys, so that a file written for Prometheus loads; using it puts a line on the list of what
is not supported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from model.errors import ConfigError
from model.names import is_label_name
from scraper.discovery.config import DiscoveryConfig, MechanismConfig, StaticGroup
from server.config.http_client import HTTP_CLIENT
from server.config.kinds import ANYTHING, DURATION, STRING, STRINGS, Kind, ListOf, MapOf, Plain
from server.config.nodes import Reading, entries, located
from server.config.schema import Key, Schema

MECHANISMS: Final = (
    "aws", "azure", "consul", "digitalocean", "dns", "docker", "dockerswarm", "ec2", "ecs",
    "elasticache", "eureka", "file", "gce", "hetzner", "http", "ionos", "kubernetes", "kuma",
    "lightsail", "linode", "marathon", "msk", "nerve", "nomad", "oci", "openstack", "outscale",
    "ovhcloud", "puppetdb", "rds", "scaleway", "serverset", "stackit", "triton", "uyuni", "vultr",
)  # fmt: skip

_SECRET_KEYS: Final = frozenset(
    {
        "password", "token", "bearer_token", "client_secret", "secret", "secret_key", "private_key",
        "api_key", "apikey", "credentials", "key", "application_secret",
        "application_credential_secret", "consumer_key", "api_token", "auth_token",
        "service_account_key",
    }
)  # fmt: skip
_SHARED_KEYS: Final[Mapping[str, Kind[Any]]] = {
    **{
        key.name: key.kind
        for key in HTTP_CLIENT.every_key()
        if key.name not in ("authorization", "basic_auth")
    },
    "refresh_interval": DURATION,
}


def build_static(targets: tuple[str, ...] = (), labels: Mapping[str, str] | None = None) -> StaticGroup:
    """Check the label names of a static group."""
    for name in labels or {}:
        if not is_label_name(name):
            raise ConfigError(f'"{name}" is not a valid label name')
    return StaticGroup(targets, labels or {})


STATIC: Final = Schema(
    build_static,
    (Key("targets", STRINGS, always=True), Key("labels", MapOf(STRING, null_value=""))),
    "struct",
)


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One element of `<name>_sd_configs`."""

    name: str

    @property
    def go_type(self) -> str:
        """What Prometheus' messages call it."""
        return f"*{self.name}.SDConfig"

    def decode(self, node: yaml.Node, reading: Reading) -> MechanismConfig | None:
        """The settings as they stand; the shared ones are checked."""
        if not isinstance(node, yaml.MappingNode):
            reading.mismatch(node, self.go_type)
            return None
        for key, child, _ in entries(node):
            if kind := _SHARED_KEYS.get(key.value):
                with located(child, key.value):
                    kind.decode(child, reading)
        return MechanismConfig(self.name, ANYTHING.decode(node, reading))

    def render(self, value: MechanismConfig) -> Plain:
        """The settings as they stand, secrets masked."""
        return mask(value.settings)


def mask(value: Plain) -> Plain:
    """Hide what a key with a secret's name holds."""
    if isinstance(value, Mapping):
        return {
            name: "<secret>" if name in _SECRET_KEYS and isinstance(part, str) and part else mask(part)
            for name, part in value.items()
        }
    return [mask(part) for part in value] if isinstance(value, list) else value


def _elements(name: str) -> ListOf[MechanismConfig]:
    key = f"{name}_sd_configs"
    return ListOf(Mechanism(name), f"[]*{name}.SDConfig", f"empty or null section in {key}")


def build_discovery(
    static: tuple[StaticGroup, ...] = (), **others: tuple[MechanismConfig, ...]
) -> DiscoveryConfig:
    """All mechanisms of one job in one value."""
    return DiscoveryConfig(static, tuple(config for name in MECHANISMS for config in others.get(name, ())))


class DiscoverySchema(Schema[DiscoveryConfig]):
    """Every mechanism fills the one attribute `others`, so this section prints itself."""

    def render(self, value: DiscoveryConfig) -> dict[str, Plain]:
        """One list per mechanism in use."""
        plain: dict[str, Plain] = {}
        for config in value.others:
            plain.setdefault(f"{config.mechanism}_sd_configs", []).append(mask(config.settings))
        if value.static:
            plain["static_configs"] = [STATIC.render(group) for group in value.static]
        return plain


DISCOVERY: Final = DiscoverySchema(
    build_discovery,
    (
        *(Key(f"{name}_sd_configs", _elements(name), name) for name in MECHANISMS),
        Key(
            "static_configs",
            ListOf(STATIC, "[]*targetgroup.Group", "empty or null section in static_configs"),
            "static",
        ),
    ),
)


def check_addresses(discovery: DiscoveryConfig) -> None:
    """Refuse a static address with a slash: without relabelling nothing can make a host of it."""
    for group in discovery.static:
        for address in group.targets:
            if "/" in address:
                raise ConfigError(f'"{address}" is not a valid hostname')
