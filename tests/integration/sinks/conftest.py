"""Webhooks and their receivers on real sockets, and AWS's services by moto."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.integration.support.receivers import PATIENCE, Receiver
from tests.integration.support.webhooks import KEY, Sinks
from tests.moto import CREDENTIALS
from tests.support import ManualClock
from watcher.config.sinks import WebhookSinkSettings
from watcher.sinks.webhook.sink import WebhookSink


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moto takes."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


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
