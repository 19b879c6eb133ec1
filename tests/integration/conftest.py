"""Servers that stop, and clients that close, with their test; nothing knows of this machine's AWS configuration."""

import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.integration.support.servers import ANSWER, SESSION_ID, Aws, Script, Server, reply, without_botocores_sender
from watcher.rekognition import build_client


@pytest.fixture(autouse=True)
def own_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing here knows of this machine's AWS configuration, credentials and proxies."""
    for name in ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def way() -> str:
    """`reused`: the test's first call goes over a connection that has carried one, which does not count."""
    return "fresh"


@pytest.fixture
def serve(way: str) -> Iterator[Callable[..., Server]]:
    """Start a server that answers every request with these bytes, or follows `script(server, sock)`."""
    servers: list[Server] = []

    def start(answer: bytes = b"", script: Script | None = None, **options: Any) -> Server:
        def answer_all(server: Server, sock: socket.socket) -> None:
            while server.read_request(sock):
                sock.sendall(answer)

        server = Server(script or answer_all, warms_up=way == "reused", **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect(way: str) -> Iterator[Callable[..., Any]]:
    """Build clients, and close them."""
    clients: list[Any] = []

    def build(endpoint_url: str, *, concurrency: int = 4, **settings: Any) -> Any:
        aws = Aws(endpoint_url=endpoint_url, **settings)
        client = build_client(aws, concurrency=concurrency)
        clients.append(client)
        if way == "reused":
            client.get_face_liveness_session_results(SessionId=SESSION_ID)
        return client

    with without_botocores_sender():
        yield build
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    if which("openssl") is None:
        pytest.skip("no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """What a server needs to show the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def secure(serve: Callable[..., Server], tls: ssl.SSLContext) -> Server:
    """A server with the certificate, that answers every request."""
    return serve(reply(ANSWER), context=tls)
