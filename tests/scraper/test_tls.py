"""Scrapes over TLS: whom to trust, and what happens when that changes."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from scraper.client_config import ClientConfig, TlsConfig
from scraper.errors import RequestError
from scraper.http import HttpClient
from tests.scraper.site import Site, application

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")


def certificate(directory: Path, name: str) -> tuple[Path, Path]:
    cert, key = directory / f"{name}.pem", directory / f"{name}.key"
    options = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(
        ["openssl", *options.split(), "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
        timeout=30,
    )
    return cert, key


@pytest.fixture
async def secure(tmp_path):
    cert, key = certificate(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    site = Site()
    site.page = "a 1\n"
    runner = web.AppRunner(application(site), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"https://localhost:{runner.addresses[0][1]}/metrics", cert
    finally:
        await runner.cleanup()


async def body_of(url: str, client: HttpClient) -> bytes:
    return bytes((await client.get(url, {}, 5.0)).body)


async def test_a_server_is_trusted_by_its_authority_or_not_at_all(secure, tmp_path):
    url, cert = secure
    trusting = (
        TlsConfig(ca_file=str(cert)),
        TlsConfig(ca=cert.read_text()),
        TlsConfig(insecure_skip_verify=True),
    )
    for tls in trusting:
        client = HttpClient(ClientConfig(tls=tls))
        assert await body_of(url, client) == b"a 1\n"
        await client.close()
    for tls in (TlsConfig(), TlsConfig(ca_file=str(cert), server_name="other")):
        client = HttpClient(ClientConfig(tls=tls))
        with pytest.raises(RequestError, match="tls: "):
            await body_of(url, client)
        await client.close()


async def test_a_rotated_authority_counts_from_the_next_request(secure, tmp_path):
    url, cert = secure
    trusted = tmp_path / "trusted.pem"
    shutil.copy(cert, trusted)
    client = HttpClient(ClientConfig(tls=TlsConfig(ca_file=str(trusted))))
    assert await body_of(url, client) == b"a 1\n"
    other, _ = certificate(tmp_path, "other")
    shutil.copy(other, trusted)
    with pytest.raises(RequestError, match="tls: "):
        await body_of(url, client)
    shutil.copy(cert, trusted)
    assert await body_of(url, client) == b"a 1\n"
    await client.close()
