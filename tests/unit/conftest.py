"""Unit tests run without sockets, processes and servers: what needs one belongs to tests/integration."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tenacity import wait_none

_OUTSIDE = {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.fork", "os.posix_spawn"}
_guarded: list[str] = []


def _refuse(event: str, _arguments: object) -> None:
    if _guarded and event in _OUTSIDE:
        pytest.fail(f"{_guarded[-1]} uses {event}: move it to tests/integration")


sys.addaudithook(_refuse)


@pytest.fixture(autouse=True)
def nothing_outside(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that opens a connection or starts a process."""
    _guarded.append(request.node.nodeid)
    yield
    _guarded.pop()


@pytest.fixture(autouse=True)
def own_aws_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Clients know nothing of this machine's AWS configuration, credentials and proxies."""
    for name in ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends that fail are tried again at once."""
    for strategy in (
        "util.retry._backoff",
        "delivery.circuit_breaker._while_closed",
        "delivery.circuit_breaker._while_open",
    ):
        monkeypatch.setattr(f"watcher.{strategy}", wait_none())
