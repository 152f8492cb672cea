"""How to talk to an HTTP server: what jobs, discovery, Alertmanagers and remote storage all can set."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that no log, page or message may show."""

    text: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return "<secret>" if self.text else ""


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """A user name and a password, each given in place, in a file, or by reference to a secret manager."""

    username: str = ""
    username_file: str = ""
    username_ref: str = ""
    password: Secret = Secret()
    password_file: str = ""
    password_ref: str = ""


@dataclass(frozen=True, slots=True)
class Authorization:
    """An `Authorization` header: a type and its credentials."""

    type: str = "Bearer"
    credentials: Secret = Secret()
    credentials_file: str = ""
    credentials_ref: str = ""


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """Certificates and versions. Files are paths; the other forms are PEM texts."""

    ca: str = ""
    cert: str = ""
    key: Secret = Secret()
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    ca_ref: str = ""
    cert_ref: str = ""
    key_ref: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False
    min_version: str = ""
    max_version: str = ""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Through which proxy requests go."""

    proxy_url: str = field(default="", repr=False)  # May hold a password.
    no_proxy: str = ""
    proxy_from_environment: bool = False
    proxy_connect_header: dict[str, tuple[Secret, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Client credentials, or a signed assertion, to be exchanged for a token."""

    client_id: str = ""
    client_secret: Secret = Secret()
    client_secret_file: str = ""
    client_secret_ref: str = ""
    client_certificate_key_id: str = ""
    client_certificate_key: Secret = Secret()
    client_certificate_key_file: str = ""
    client_certificate_key_ref: str = ""
    signature_algorithm: str = ""
    iss: str = ""
    audience: str = ""
    claims: dict[str, object] = field(default_factory=dict)
    grant_type: str = ""
    scopes: tuple[str, ...] = ()
    token_url: str = ""
    endpoint_params: dict[str, str] = field(default_factory=dict)
    tls: TlsConfig = TlsConfig()
    proxy: Proxy = Proxy()


@dataclass(frozen=True, slots=True)
class HeaderValues:
    """All values that one header gets."""

    values: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """The HTTP client block of a configuration."""

    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    oauth2: OAuth2 | None = None
    tls: TlsConfig = TlsConfig()
    follow_redirects: bool = True
    enable_http2: bool = True
    proxy: Proxy = Proxy()
    http_headers: dict[str, HeaderValues] = field(default_factory=dict)
