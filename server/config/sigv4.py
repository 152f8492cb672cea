"""Amazon's request signing, for remote write and Alertmanagers."""

from dataclasses import dataclass
from typing import Any, Final

from model.errors import ConfigError
from scraper.client_config import Secret
from server.config.kinds import BOOL, SECRET, STRING
from server.config.schema import Key, Schema


@dataclass(frozen=True, slots=True)
class SigV4:
    """Keys and role; all empty means the default credentials."""

    region: str = ""
    access_key: str = ""
    secret_key: Secret = Secret()
    profile: str = ""
    role_arn: str = ""
    external_id: str = ""
    use_fips_sts_endpoint: bool = False


def build_sigv4(**values: Any) -> SigV4:
    """Check that a key comes with its secret."""
    sigv4 = SigV4(**values)
    if bool(sigv4.access_key) != bool(sigv4.secret_key):
        raise ConfigError(
            "must provide a AWS SigV4 Access key and Secret Key "
            "if credentials are specified in the SigV4 config"
        )
    return sigv4


SIGV4: Final = Schema(
    build_sigv4,
    (
        Key("region", STRING),
        Key("access_key", STRING),
        Key("secret_key", SECRET),
        Key("profile", STRING),
        Key("role_arn", STRING),
        Key("external_id", STRING),
        Key("use_fips_sts_endpoint", BOOL),
    ),
)
