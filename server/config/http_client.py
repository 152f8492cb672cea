"""The HTTP client block, which jobs, discovery, Alertmanagers and remote storage share."""

from typing import Any, Final

from model.errors import ConfigError
from scraper.client_config import (
    Authorization,
    BasicAuth,
    ClientConfig,
    HeaderValues,
    OAuth2,
    Proxy,
    Secret,
    TlsConfig,
)
from server.config.kinds import ANYTHING, BOOL, PATH, SECRET, STRING, STRINGS, URL, ListOf, MapOf, Scalar
from server.config.schema import Inline, Key, Schema

RESERVED_HEADERS: Final = frozenset(
    {
        "authorization", "host", "content-encoding", "content-length", "content-type", "user-agent",
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "www-authenticate",
        "accept-encoding", "x-prometheus-remote-write-version", "x-prometheus-remote-read-version",
        "x-prometheus-scrape-timeout-seconds", "x-amz-date", "x-amz-security-token",
        "x-amz-content-sha256",
    }
)  # fmt: skip
TLS_VERSIONS: Final = ("TLS10", "TLS11", "TLS12", "TLS13")
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SIGNATURE_ALGORITHMS: Final = ("RS256", "RS384", "RS512")


def canonical_header(name: str) -> str:
    """`x-some-thing` as `X-Some-Thing`."""
    return "-".join(part.capitalize() for part in name.split("-"))


def build_tls(**values: Any) -> TlsConfig:
    """Check that each file comes in one form, and that certificate and key come together."""
    tls = TlsConfig(**values)
    for name in ("ca", "cert", "key"):
        if sum(bool(getattr(tls, name + form)) for form in ("", "_file", "_ref")) > 1:
            raise ConfigError(f"at most one of {name}, {name}_file & {name}_ref must be configured")
    has_cert, has_key = tls.cert or tls.cert_file or tls.cert_ref, tls.key or tls.key_file or tls.key_ref
    if has_cert and not has_key:
        raise ConfigError(
            "exactly one of key or key_file must be configured when a client certificate is configured"
        )
    if has_key and not has_cert:
        raise ConfigError(
            "exactly one of cert or cert_file must be configured when a client key is configured"
        )
    if tls.min_version and tls.max_version and tls.max_version < tls.min_version:
        raise ConfigError(
            "tls_config.max_version must be greater than or equal to tls_config.min_version "
            "if both are specified"
        )
    return tls


def _tls_version(text: str) -> str:
    if text and text not in TLS_VERSIONS:
        raise ConfigError(f"unknown TLS version: {text}")
    return text


TLS_VERSION: Final = Scalar("config.TLSVersion", lambda node, _: _tls_version(node.value))

TLS: Final = Schema(
    build_tls,
    (
        Key("ca", STRING),
        Key("cert", STRING),
        Key("key", SECRET),
        Key("ca_file", PATH),
        Key("cert_file", PATH),
        Key("key_file", PATH),
        Key("ca_ref", STRING),
        Key("cert_ref", STRING),
        Key("key_ref", STRING),
        Key("server_name", STRING),
        Key("insecure_skip_verify", BOOL),
        Key("min_version", TLS_VERSION),
        Key("max_version", TLS_VERSION),
    ),
)


def build_proxy(**values: Any) -> Proxy:
    """Check which proxy settings go together."""
    proxy = Proxy(**values)
    if proxy.proxy_connect_header and not (proxy.proxy_url or proxy.proxy_from_environment):
        raise ConfigError(
            "if proxy_connect_header is configured, "
            "proxy_url or proxy_from_environment must also be configured"
        )
    if proxy.proxy_from_environment and proxy.proxy_url:
        raise ConfigError("if proxy_from_environment is configured, proxy_url must not be configured")
    if proxy.proxy_from_environment and proxy.no_proxy:
        raise ConfigError("if proxy_from_environment is configured, no_proxy must not be configured")
    if proxy.no_proxy and not proxy.proxy_url:
        raise ConfigError("if no_proxy is configured, proxy_url must also be configured")
    return proxy


PROXY: Final = Schema(
    build_proxy,
    (
        Key("proxy_url", URL),
        Key("no_proxy", STRING),
        Key("proxy_from_environment", BOOL),
        Key("proxy_connect_header", MapOf(ListOf(SECRET))),
    ),
)


def build_basic_auth(**values: Any) -> BasicAuth:
    """Check that user name and password each come in one form."""
    auth = BasicAuth(**values)
    for name in ("username", "password"):
        if sum(bool(getattr(auth, name + form)) for form in ("", "_file", "_ref")) > 1:
            raise ConfigError(
                f"at most one of basic_auth {name}, {name}_file & {name}_ref must be configured"
            )
    return auth


BASIC_AUTH: Final = Schema(
    build_basic_auth,
    (
        Key("username", STRING),
        Key("username_file", PATH),
        Key("username_ref", STRING),
        Key("password", SECRET),
        Key("password_file", PATH),
        Key("password_ref", STRING),
    ),
)


def build_authorization(**values: Any) -> Authorization:
    """Check type and credentials."""
    auth = Authorization(**values)
    auth = Authorization(
        auth.type.strip() or "Bearer", auth.credentials, auth.credentials_file, auth.credentials_ref
    )
    if sum(map(bool, (auth.credentials, auth.credentials_file, auth.credentials_ref))) > 1:
        raise ConfigError("at most one of authorization credentials & credentials_file must be configured")
    if auth.type.lower() == "basic":
        raise ConfigError('authorization type cannot be set to "basic", use "basic_auth" instead')
    return auth


AUTHORIZATION: Final = Schema(
    build_authorization,
    (
        Key("type", STRING),
        Key("credentials", SECRET),
        Key("credentials_file", PATH),
        Key("credentials_ref", STRING),
    ),
)


def build_oauth2(**values: Any) -> OAuth2:
    """Check that there is one secret and somewhere to send it."""
    oauth2 = OAuth2(**values)
    if not oauth2.client_id:
        raise ConfigError("oauth2 client_id must be configured")
    if not oauth2.token_url:
        raise ConfigError("oauth2 token_url must be configured")
    stem = "client_certificate_key" if oauth2.grant_type == JWT_BEARER else "client_secret"
    if sum(bool(getattr(oauth2, stem + form)) for form in ("", "_file", "_ref")) > 1:
        raise ConfigError(f"at most one of oauth2 {stem}, {stem}_file & {stem}_ref must be configured")
    if oauth2.signature_algorithm and oauth2.signature_algorithm not in SIGNATURE_ALGORITHMS:
        wanted = ", ".join(SIGNATURE_ALGORITHMS)
        raise ConfigError(
            f"oauth2 signature_algorithm: want one of {wanted}, got {oauth2.signature_algorithm}"
        )
    return oauth2


OAUTH2: Final = Schema(
    build_oauth2,
    (
        Key("client_id", STRING, always=True),
        Key("client_secret", SECRET),
        Key("client_secret_file", PATH),
        Key("client_secret_ref", STRING),
        Key("client_certificate_key_id", STRING),
        Key("client_certificate_key", SECRET),
        Key("client_certificate_key_file", PATH),
        Key("client_certificate_key_ref", STRING),
        Key("signature_algorithm", STRING),
        Key("iss", STRING),
        Key("audience", STRING),
        Key("claims", MapOf(ANYTHING)),
        Key("grant_type", STRING),
        Key("scopes", STRINGS),
        Key("token_url", STRING, always=True),
        Key("endpoint_params", MapOf(STRING)),
        Key("tls_config", TLS, "tls"),
        Inline("proxy", PROXY),
    ),
)

HEADER_VALUES: Final = Schema(
    HeaderValues, (Key("values", STRINGS), Key("secrets", ListOf(SECRET)), Key("files", ListOf(PATH)))
)


def build_client(
    bearer_token: Secret | None = None, bearer_token_file: str = "", **values: Any
) -> ClientConfig:
    """Check that one credential is given, and turn a bearer token into the authorization it means."""
    has_bearer = bool(bearer_token) or bool(bearer_token_file)
    if bearer_token and bearer_token_file:
        raise ConfigError("at most one of bearer_token & bearer_token_file must be configured")
    if has_bearer and ("basic_auth" in values or "oauth2" in values):
        raise ConfigError(
            "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"
        )
    if has_bearer and "authorization" in values:
        raise ConfigError("authorization is not compatible with bearer_token & bearer_token_file")
    if len({"basic_auth", "oauth2", "authorization"} & values.keys()) > 1:
        raise ConfigError("at most one of basic_auth, oauth2 & authorization must be configured")
    for name in values.get("http_headers", ()):
        if name.lower() in RESERVED_HEADERS:
            raise ConfigError(f'setting header "{canonical_header(name)}" is not allowed')
    if has_bearer:
        values["authorization"] = Authorization("Bearer", bearer_token or Secret(), bearer_token_file)
    return ClientConfig(**values)


HTTP_CLIENT: Final = Schema(
    build_client,
    (
        Key("basic_auth", BASIC_AUTH),
        Key("authorization", AUTHORIZATION),
        Key("oauth2", OAUTH2),
        Key("bearer_token", SECRET, hidden=True),
        Key("bearer_token_file", PATH, hidden=True),
        Key("tls_config", TLS, "tls"),
        Key("follow_redirects", BOOL, always=True),
        Key("enable_http2", BOOL, always=True),
        Inline("proxy", PROXY),
        Key("http_headers", MapOf(HEADER_VALUES)),
    ),
)
