"""A remote and a forge whose certificate an authority of one's own signed."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from contextlib import suppress

import pytest

from prdgen.flows import exchange, forge_wanted
from prdgen.forge.errors import ForgeDenied, ForgeUntrusted
from prdgen.git.errors import RemoteDenied, RemoteUntrusted

from .remotes import FAR, with_status

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")


@pytest.fixture
def files(tmp_path):
    """A key and a certificate that nobody trusts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
            "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]  # fmt: skip
    subprocess.run(make, check=True, capture_output=True)
    return key, certificate


@pytest.fixture
async def secured(files):
    """The address of a server that lets nobody in, and the file of its certificate."""
    key, certificate = files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    answer = with_status("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"')

    async def serve(reader, writer):
        with suppress(
            asyncio.IncompleteReadError, ConnectionError
        ):  # who does not trust it goes away
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "localhost", 0, ssl=context)
    yield f"https://localhost:{server.sockets[0].getsockname()[1]}", certificate
    server.close()


async def asked(house, remote, forge):
    """What the remote's look and the forge's end with."""
    with pytest.raises(remote) as at_remote:
        await exchange.run(house.app)
    with pytest.raises(forge) as at_forge:
        async with forge_wanted.opened(house.app) as opened:
            await opened.open_pulls()
    return at_remote.value, at_forge.value


async def test_one_variable_has_both_trusted(houses, repo, secured, monkeypatch):
    """Without it both say that the certificate is not trusted, and how it is; with it both are asked."""
    address, certificate = secured
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"):
        monkeypatch.delenv(name, raising=False)
    house = await houses(
        repo, **{**FAR, "remote": f"{address}/team/prds.git"}, remote_token="s3cret-token", forge="gitea"
    )  # fmt: skip
    for error in await asked(house, RemoteUntrusted, ForgeUntrusted):
        assert "certificate" in error.message
        assert "SSL_CERT_FILE" in error.hint
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for error in await asked(house, RemoteDenied, ForgeDenied):
        assert "start the server again" in error.hint
