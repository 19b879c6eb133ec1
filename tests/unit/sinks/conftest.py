"""Webhooks and their receivers on real sockets, and AWS's services by moto."""

import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any

import boto3
import pytest

from tests.moto import CREDENTIALS
from tests.support import ManualClock
from tests.unit.sinks.receivers import PATIENCE, Receiver
from tests.unit.sinks.webhooks import KEY, Sinks
from watcher.config.sinks import WebhookSinkSettings
from watcher.sinks.webhook.sink import WebhookSink


@pytest.fixture(autouse=True)
def own_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sinks know nothing of this machine's AWS configuration and proxies."""
    for name in ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """Start a receiver that answers by a script; it stops with the test."""
    receivers: list[Receiver] = []

    def start(*script: Any, **options: Any) -> Receiver:
        receiver = Receiver(*script, **options)
        receivers.append(receiver)
        return receiver

    yield start
    for receiver in receivers:
        receiver.close()


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(f"{KEY}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def webhook_for() -> Iterator[Sinks]:
    """Build webhook sinks for a URL, and close them."""
    sinks: list[WebhookSink] = []

    def build(url: str, clock: ManualClock | None = None, timeout: float = PATIENCE, **settings: Any) -> WebhookSink:
        given = {"name": "hook", "allow_private": True, "concurrency": 1, **settings}
        limits = {"connect_timeout": timeout, "read_timeout": timeout}
        sinks.append(WebhookSink(WebhookSinkSettings(url=url, **given), clock, **limits))
        return sinks[-1]

    yield build
    for sink in sinks:
        sink.close()


@pytest.fixture
def client(moto_server: str) -> Iterator[Callable[[str], Any]]:
    """A plain client of a service at moto, to look at what arrived there."""
    clients: list[Any] = []

    def build(service: str) -> Any:
        made = boto3.client(service, endpoint_url=moto_server, region_name="us-east-1")
        clients.append(made)
        return made

    yield build
    for made in clients:
        made.close()


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
    """What a receiver needs to show the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context
