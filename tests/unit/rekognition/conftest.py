"""Servers that stop and clients that close with their test."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.rekognition.servers import Aws, Server
from watcher.rekognition import build_client


@pytest.fixture(autouse=True)
def own_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Clients know nothing of this machine's AWS configuration, credentials and proxies."""
    for name in ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start a server that answers every request with these bytes, or follows `script(server, sock)`."""
    servers: list[Server] = []

    def start(
        answer: bytes = b"", script: Callable[[Server, socket.socket], None] | None = None, **options: Any
    ) -> Server:
        def answer_all(server: Server, sock: socket.socket) -> None:
            while server.read_request(sock):
                sock.sendall(answer)

        server = Server(script or answer_all, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Any]]:
    """Build clients, and close them."""
    clients: list[Any] = []

    def build(endpoint_url: str, *, concurrency: int = 4, **settings: Any) -> Any:
        client = build_client(Aws(endpoint_url=endpoint_url, **settings), concurrency=concurrency)
        clients.append(client)
        return client

    yield build
    for client in clients:
        client.close()
