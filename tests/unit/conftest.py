"""Unit tests run without sockets, processes and servers: what needs one belongs to tests/integration."""

import os
import sys
from collections.abc import Generator, Iterator

import pytest
from tenacity import wait_none

_OUTSIDE = {"socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.fork", "os.posix_spawn"}
_is_running = False


def _refuse(event: str, _arguments: object) -> None:
    if event in _OUTSIDE and _is_running:
        pytest.fail(f"a unit test uses {event}: move it to tests/integration")


sys.addaudithook(_refuse)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """Fail a test that opens a connection or starts a process."""
    global _is_running  # noqa: PLW0603 - an audit hook can't be taken back
    _is_running = True
    try:
        return (yield)
    finally:
        _is_running = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Reports without keywords, which nobody reads: a third of what each worker of pytest-xdist sends."""
    report = yield
    report.keywords = {}
    return report


@pytest.fixture(autouse=True, scope="session")
def own_aws_configuration() -> Iterator[None]:
    """Clients know nothing of this machine's AWS configuration, credentials and proxies."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backends that fail are tried again at once."""
    for strategy in (
        "util.retry.BACKOFF",
        "delivery.circuit_breaker.WHILE_CLOSED",
        "delivery.circuit_breaker.WHILE_OPEN",
    ):
        monkeypatch.setattr(f"watcher.{strategy}", wait_none())
