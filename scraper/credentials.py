"""The headers and certificates that an HTTP client block asks for.

Secrets in files are read for every request, so that they may be rotated without a reload.
"""

import base64
import os
import ssl
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from model.errors import ConfigError
from scraper.client_config import Authorization, BasicAuth, ClientConfig, Secret, TlsConfig

SENSITIVE: Final = frozenset({"authorization", "cookie", "www-authenticate"})
_VERSIONS: Final = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
Headers = list[tuple[str, str]]
Stamp = tuple[tuple[str, int, int], ...]
"""Path, modification time and size of each file that TLS reads."""


def check_references(client: ClientConfig) -> None:
    """Refuse references to a secret manager: there is none."""
    blocks = [client.basic_auth, client.authorization, client.tls, client.oauth2]
    for block in blocks:
        names = () if block is None else (name for name in block.__slots__ if name.endswith("_ref"))
        if any(getattr(block, name) for name in names):
            raise ConfigError("cannot use secret ref without manager")


def request_headers(client: ClientConfig) -> Headers:
    """Credentials and configured headers for one request.

    Raises:
        OSError: a secret's file cannot be read.
    """
    headers: Headers = []
    if client.basic_auth is not None:
        headers.append(("Authorization", _basic(client.basic_auth)))
    if client.authorization is not None:
        value = _authorization(client.authorization)
        if value:
            headers.append(("Authorization", value))
    for name, values in client.http_headers.items():
        texts = [*values.values, *(secret.text for secret in values.secrets), *map(_read, values.files)]
        headers.extend((name, text) for text in texts)
    return headers


def _basic(auth: BasicAuth) -> str:
    username = _read(auth.username_file) if auth.username_file else auth.username
    password = _given(auth.password, auth.password_file)
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _authorization(auth: Authorization) -> str:
    credentials = _given(auth.credentials, auth.credentials_file)
    return f"{auth.type} {credentials}" if credentials else ""


def _given(secret: Secret, path: str) -> str:
    return _read(path) if path else secret.text


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8").strip()


def tls_stamp(tls: TlsConfig) -> Stamp:
    """What changes when a certificate is rotated."""
    return tuple(_stamps(tls))


def _stamps(tls: TlsConfig) -> Iterator[tuple[str, int, int]]:
    for path in filter(None, (tls.ca_file, tls.cert_file, tls.key_file)):
        status = os.stat(path)  # noqa: PTH116  # On every request: no Path is worth making.
        yield path, status.st_mtime_ns, status.st_size


def tls_context(tls: TlsConfig) -> ssl.SSLContext:
    """A client's context.

    Raises:
        OSError: a file cannot be read (`ssl.SSLError` is one: it holds no certificate).
    """
    if tls == TlsConfig():
        return _default_context()
    context = ssl.create_default_context(cafile=tls.ca_file or None, cadata=tls.ca or None)
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.min_version:
        context.minimum_version = _VERSIONS[tls.min_version]
    if tls.max_version:
        context.maximum_version = _VERSIONS[tls.max_version]
    if tls.cert_file or tls.cert:
        _load_certificate(context, tls)
    return context


@cache
def _default_context() -> ssl.SSLContext:
    """One for all that say nothing about TLS: to read the authorities takes tens of milliseconds."""
    return ssl.create_default_context()


def _load_certificate(context: ssl.SSLContext, tls: TlsConfig) -> None:
    """OpenSSL reads certificates from files only: texts pass through a directory that nobody else reads."""
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for name, path, text in (("cert", tls.cert_file, tls.cert), ("key", tls.key_file, tls.key.text)):
            if not path:
                path = str(Path(directory, name))  # noqa: PLW2901
                Path(path).write_text(text, encoding="utf-8")
            paths.append(path)
        context.load_cert_chain(*paths)
