"""Azure's ways to sign in, for remote write."""

from dataclasses import dataclass
from typing import Any, Final

from model.errors import ConfigError
from scraper.client_config import Secret
from server.config.kinds import BOOL, PATH, SECRET, STRING
from server.config.schema import Key, Schema

CLOUDS: Final = ("AzureChina", "AzureGovernment", "AzurePublic")


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """An identity that the machine has."""

    client_id: str = ""


@dataclass(frozen=True, slots=True)
class WorkloadIdentity:
    """An identity that the cluster gives."""

    client_id: str = ""
    tenant_id: str = ""
    token_file_path: str = ""


@dataclass(frozen=True, slots=True)
class AzureOAuth:
    """An application with a secret."""

    client_id: str = ""
    client_secret: Secret = Secret()
    tenant_id: str = ""


@dataclass(frozen=True, slots=True)
class AzureSdk:
    """Whatever the environment says."""

    tenant_id: str = ""


@dataclass(frozen=True, slots=True)
class AzureCertificate:
    """An application with a certificate."""

    client_id: str = ""
    certificate_path: str = ""
    certificate_password: Secret = Secret()
    tenant_id: str = ""
    send_certificate_chain: bool = False


@dataclass(frozen=True, slots=True)
class AzureAd:
    """One cloud and exactly one way to sign in."""

    cloud: str = "AzurePublic"
    scope: str = ""
    managed_identity: ManagedIdentity | None = None
    workload_identity: WorkloadIdentity | None = None
    oauth: AzureOAuth | None = None
    sdk: AzureSdk | None = None
    certificate: AzureCertificate | None = None


def build_azure(**values: Any) -> AzureAd:
    """Check that there is one way to sign in."""
    config = AzureAd(**values)
    if config.cloud not in CLOUDS:
        raise ConfigError("must provide a cloud in the Azure AD config")
    ways = (
        config.managed_identity,
        config.workload_identity,
        config.oauth,
        config.sdk,
        config.certificate,
    )
    given = sum(way is not None for way in ways)
    if given == 0:
        raise ConfigError(
            "must provide an Azure Managed Identity, Azure Workload Identity, Azure OAuth, "
            "Azure SDK or Azure certificate in the Azure AD config"
        )
    if given > 1:
        raise ConfigError("cannot provide more than one way to sign in in the Azure AD config")
    return config


AZURE_AD: Final = Schema(
    build_azure,
    (
        Key("managed_identity", Schema(ManagedIdentity, (Key("client_id", STRING),))),
        Key(
            "workload_identity",
            Schema(
                WorkloadIdentity,
                (Key("client_id", STRING), Key("tenant_id", STRING), Key("token_file_path", PATH)),
            ),
        ),
        Key(
            "oauth",
            Schema(
                AzureOAuth, (Key("client_id", STRING), Key("client_secret", SECRET), Key("tenant_id", STRING))
            ),
        ),
        Key("sdk", Schema(AzureSdk, (Key("tenant_id", STRING),))),
        Key(
            "certificate",
            Schema(
                AzureCertificate,
                (
                    Key("client_id", STRING),
                    Key("certificate_path", PATH),
                    Key("certificate_password", SECRET),
                    Key("tenant_id", STRING),
                    Key("send_certificate_chain", BOOL),
                ),
            ),
        ),
        Key("cloud", STRING),
        Key("scope", STRING),
    ),
)
